"""A real ``mottak up`` in a process of its own, on a folder and a port of its own, and ways to speak to it and to end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import requests

from services.command.client import Client
from tests.prove.stores import Stores

START_SECONDS = 120.0
Part = tuple[str, tuple[str | None, bytes] | tuple[str | None, bytes, str]]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class System:
    """The process, its data folder and its address. The same folder can be started again after it ended.

    ``scan`` is what a good file is found to be on these ends, ``inside`` what nobody may be told of them.
    """

    scan = "not_scanned"
    inside: tuple[str, ...] = ("sqlite",)

    def __init__(self, data: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        self._environment = {**os.environ, "MOTTAK_LOG_LEVEL": "WARNING", **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start it; with ``wait`` only return when it can take a submission."""
        command = [sys.executable, "-c", "from services.command.main import main; main()", "up", "--data", str(self.data), "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment, start_new_session=True)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Until ``/healthz`` says it can take a submission. Raises AssertionError when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            assert self.process is not None
            assert self.process.poll() is None, f"it ended while starting:\n{self.log.read_text(errors='replace')[-4000:]}"
            assert time.monotonic() < deadline, f"it did not start:\n{self.log.read_text(errors='replace')[-4000:]}"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether it can take a submission now."""
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """``kill -9`` of the process, and nothing else: what it had started must see to itself."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        """Ask it to end, and wait. Returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def processes_left(self) -> list[int]:
        """Ids of all processes that work on this data folder: their command lines name it."""
        running = psutil.process_iter(["pid", "cmdline"])
        return [int(process.info["pid"]) for process in running if any(str(self.data) in word for word in process.info["cmdline"] or ())]

    def wait_until_gone(self, seconds: float = 10.0) -> list[int]:
        """Give what was left behind a moment to end; returns who is still there after it."""
        deadline = time.monotonic() + seconds
        while (left := self.processes_left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def stores(self) -> Stores:
        """What lies in the stores, looked at without the system's help."""
        return Stores(self.data)

    def logs(self) -> list[Path]:
        """What all its processes write."""
        return [self.log]

    def tracebacks(self) -> list[str]:
        """What an unforeseen fault left in any log."""
        logs = {path: path.read_text(errors="replace") for path in self.logs()}
        return [f"{path}: {text[text.index('Traceback') :][:4000]}" for path, text in logs.items() if "Traceback" in text]

    def token(self, actor: str) -> str:
        """The token of a demo actor."""
        tokens: dict[str, str] = json.loads((self.data / "tokens.json").read_text(encoding="utf-8"))
        return tokens[actor]

    def client(self, actor: str, language: str = "nb") -> Client:
        """A client that speaks as a demo actor."""
        return Client(self.url, self.token(actor), language)

    def post(
        self, actor: str, parts: Sequence[Part], *, fields: Mapping[str, str] | None = None, path: str = "/api/v1/submissions", **headers: str
    ) -> requests.Response:
        """POST files from memory as a demo actor. ``headers`` are given with ``_`` for ``-``."""
        sent = {"Authorization": f"Bearer {self.token(actor)}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        # The first is for sending, too: a busy machine may let a large body wait.
        return requests.post(self.url + path, files=list(parts), data=dict(fields or {}), headers=sent, timeout=(60, 120))


def form_part(data: bytes, name: str = "skjema.json") -> Part:
    """The form's part of a body."""
    return ("form", (name, data))


def attachment_part(data: bytes, name: str) -> Part:
    """An attachment's part of a body."""
    return ("attachments", (name, data))


def problem_of(response: requests.Response, status: int, code: str) -> dict[str, Any]:
    """The problem a response must be: of that status and code, whole, and without anything of our inside."""
    assert response.status_code == status, (response.status_code, response.text[:500])
    body = whole_problem(response)
    assert body["code"] == code, body
    return body


def whole_problem(response: requests.Response) -> dict[str, Any]:
    """The problem in a response, every member of RFC 9457 and of the contract there."""
    assert response.status_code != 500, response.text[:2000]
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json", (response.status_code, response.headers, response.text[:300])
    body: dict[str, Any] = response.json()
    for member in ("type", "title", "status", "detail", "instance", "code", "trace_id", "errors"):
        assert member in body, (member, body)
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["detail"]
    assert isinstance(body["errors"], list)
    assert "Traceback" not in response.text
    assert "{" not in body["detail"], "a sentence with a hole in it"
    if response.status_code in (429, 503):
        assert "Retry-After" in response.headers
    return body
