"""A real ``mottak up`` in a process of its own, on a folder of its own and on either kind of ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text

EMBEDDED: Final = "embedded"
REAL: Final = "real"
SERVERS: Final = ("postgres", "rabbitmq", "seaweedfs", "clamd")
_PATIENCE_SECONDS = 180.0


class Answer(Exception):
    """The system answered with something else than was expected."""


class System:
    """A running system: its processes, and how to speak to it.

    ``ours`` and ``servers``: name -> process id. The servers' CPU is told beside ours; embedded there are none.
    """

    def __init__(self, ends: str, pid: int, port: int, data: Path) -> None:
        self.ends, self.port, self.data = ends, port, data
        self._tokens: dict[str, str] = json.loads((data / "tokens.json").read_text(encoding="utf-8"))
        # What the system told about its servers (contract, section 1); empty when it has none.
        self.told: dict[str, Any] = _told(data) if ends == REAL else {}
        running: dict[str, int] = self.told.get("processes", {"server": pid})
        self.ours = {name: process for name, process in running.items() if name not in SERVERS}
        self.servers = {name: process for name, process in running.items() if name in SERVERS}
        self._database = create_engine(self.told.get("database") or f"sqlite:///file:{data / 'mottak.sqlite3'}?mode=ro&uri=true")

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()

    def connection(self) -> http.client.HTTPConnection:
        """One client's connection; kept open between calls."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def post(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        actor: str,
        body: bytes | Iterable[bytes],
        content_type: str,
        length: int | None = None,
    ) -> dict[str, Any]:
        """Send a body as an actor and give the JSON answer. Raises Answer for anything but success."""
        size = length if length is not None else len(body) if isinstance(body, bytes) else 0
        headers = {"Authorization": f"Bearer {self._tokens[actor]}", "Content-Type": content_type, "Content-Length": str(size)}
        connection.request("POST", path, body=body, headers=headers)
        return _answer(connection)

    def lease(self, connection: http.client.HTTPConnection, agency: str) -> list[dict[str, Any]]:
        """All work that waits for the agency, at most 100."""
        answer = self.post(connection, f"/api/v1/queues/{agency}/leases", agency, b'{"max": 100, "seconds": 3600}', "application/json")
        items: list[dict[str, Any]] = answer["items"]
        return items

    def broker_of(self, agency: str) -> dict[str, str]:
        """The agency's own broker, as it is told: ``url``, ``queue``, ``receipts``."""
        brokers: dict[str, dict[str, str]] = json.loads((self.data / "brokers.json").read_text(encoding="utf-8"))
        return brokers[agency]

    def download(self, submission: str, document: str, actor: str) -> int:
        """Read a document to its end; its size."""
        with closing(self.connection()) as connection:
            headers = {"Authorization": f"Bearer {self._tokens[actor]}"}
            connection.request("GET", f"/api/v1/submissions/{submission}/documents/{document}", headers=headers)
            answer = connection.getresponse()
            size = 0
            while piece := answer.read(1 << 20):
                size += len(piece)
            if answer.status != 200:
                raise Answer(f"{answer.status}")
            return size

    def documents(self, submission: str) -> list[dict[str, Any]]:
        """The documents of a submission."""
        with closing(self.connection()) as connection:
            connection.request("GET", f"/api/v1/submissions/{submission}", headers={"Authorization": f"Bearer {self._tokens['leverandor']}"})
            documents: list[dict[str, Any]] = _answer(connection)["documents"]
            return documents

    def states(self) -> dict[str, int]:
        """How many submissions are in each state. Read beside the system, so that waiting for it costs it nothing."""
        with self._database.connect() as connection:
            rows = connection.execute(text("SELECT status, count(*) FROM submissions GROUP BY status")).all()
            return {str(status): int(count) for status, count in rows}

    def wait_until_routed(self, count: int, patience: float = 600.0) -> None:
        """Until so many submissions in all are routed, which means stored in the archive and in the agencies' queues. Raises Answer when one ends elsewhere."""
        deadline = time.monotonic() + patience
        while True:
            states = self.states()
            if elsewhere := states.keys() - {"received", "checking", "accepted", "routed"}:
                raise Answer(f"submissions ended as {elsewhere}: {states}")
            if states.get("routed", 0) >= count:
                return
            if time.monotonic() > deadline:
                raise Answer(f"after {patience} s: {states}")
            time.sleep(0.05)


def _answer(connection: http.client.HTTPConnection) -> dict[str, Any]:
    response = connection.getresponse()
    body = response.read()
    if response.status >= 300:
        raise Answer(f"{response.status}: {body[:500]!r}")
    answer: dict[str, Any] = json.loads(body)
    return answer


@contextmanager
def running(data: Path, started: list[float], ends: str = EMBEDDED) -> Iterator[System]:
    """Start it, wait until it answers, stop it at the end. Adds to ``started`` the seconds from exec to the first answer."""
    port = _free_port()
    began = time.monotonic()
    with (data.parent / f"{data.name}.log").open("ab") as log:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "mottak", "up", "--data", data, "--port", str(port), "--ends", ends],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        while not _is_up(port, data, ends, process.pid):
            if process.poll() is not None or time.monotonic() > began + _PATIENCE_SECONDS:
                raise Answer(f"it does not start ({process.poll()}): {(data.parent / f'{data.name}.log').read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.01)
        started.append(time.monotonic() - began)
        with closing(System(ends, process.pid, port, data)) as system:
            yield system
    finally:
        if process.poll() is not None:
            print(f"the system ended by itself with {process.returncode}", file=sys.stderr)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_up(port: int, data: Path, ends: str, pid: int) -> bool:
    """On the real ends also: every process has been started, and stands in the list with its own number."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/healthz")
            healthy = connection.getresponse().status == 200
        return healthy and (ends == EMBEDDED or _told(data)["processes"].get("gateway") == pid)
    except (OSError, http.client.HTTPException, ValueError):
        return False


def _told(data: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((data / "servers.json").read_text(encoding="utf-8"))
    return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
