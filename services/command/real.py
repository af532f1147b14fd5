"""``mottak up --ends real``: the real servers and one process per service as in production, behind a local gateway, on this machine.

A small supervisor restarts what dies. Everything is kept under the data folder; the same folder resumes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from services.command import assemble
from services.command.gateway import Gateway
from services.command.servers import clamd, postgres, rabbitmq, seaweedfs
from services.command.servers.clamd import Clamd
from services.command.servers.ports import kept_ports
from services.command.servers.postgres import Postgres
from services.command.servers.process import NotStarted, ServerMissing, ServerProcess
from services.command.servers.rabbitmq import RabbitmqServer
from services.command.servers.seaweedfs import REGION, Seaweed
from services.command.up import PortInUse
from services.routing.broker import definitions as broker
from services.shared import telemetry
from services.shared.context import open_actors
from services.shared.identity.issuer import LocalIssuer
from services.shared.paths import PATHS
from services.shared.sandbox import Policy
from services.shared.secrets_files import write_secret
from services.shared.settings import Settings
from services.shared.web.server import make_server

OBJECTS_BUCKET: Final = "mottak-incoming"
ARCHIVE_BUCKET: Final = "mottak-archive"
LOOK_SECONDS: Final = 0.2
# A server that is killed while it starts is started again, at our own start as later.
START_TRIES: Final = 3
# A process that keeps dying is started again ever more slowly.
RESTART_SECONDS: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
SETTLED_SECONDS: Final = 30.0
# Processes in each pool: opening and archiving of one submission must not wait for those of another.
WORKERS: Final = {"validation": 2, "archive": 2, "routing": 1}
log = telemetry.logger("supervisor")


class Startable(Protocol):
    """A server or a process that can be started again."""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""

    def start(self) -> None:
        """Start it; returns when it is ready."""

    def stop(self) -> None:
        """Stop it cleanly."""


@dataclass
class Watched:
    """One thing that the supervisor keeps running."""

    name: str
    part: Startable
    deaths: int = 0
    started_at: float = field(default_factory=time.monotonic)
    again_at: float | None = None


def missing_programs() -> list[str]:
    """What the real ends need and this machine does not have: a sentence each, with the package that brings it."""
    missing = []
    for look_for in (postgres.programs, rabbitmq.program, seaweedfs.program, clamd.program):
        try:
            look_for()
        except ServerMissing as told:
            missing.append(str(told))
    return missing


class Servers:
    """The real servers under one folder."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        policy = Policy.load(settings.schemas / "policy")
        self.agencies = broker.agencies_of(open_actors(settings))
        self.passwords = broker.passwords(folder / "broker-passwords.json", self.agencies)
        hashes = {user: broker.password_hash(password) for user, password in self.passwords.items()}
        check = broker.broker_url("127.0.0.1", 0, self.passwords[broker.OUR_USER], vhost=broker.OUR_VHOST).replace(":0/", ":{port}/")
        self.postgres = Postgres(folder / "postgres", port=kept_ports(folder / "ports.json", ["postgres"])["postgres"])
        self.rabbitmq = RabbitmqServer(folder / "rabbitmq", broker.definitions(self.agencies, hashes), check)
        self.seaweed = Seaweed(folder / "seaweedfs", (OBJECTS_BUCKET, ARCHIVE_BUCKET))
        self.clamd = Clamd(folder / "clamd", policy)

    def parts(self) -> dict[str, Startable]:
        """By name."""
        return {"postgres": self.postgres, "rabbitmq": self.rabbitmq, "seaweedfs": self.seaweed, "clamd": self.clamd}

    def start(self) -> None:
        """One after the other, from a thread that lives on: a server dies with the thread that started it (PR_SET_PDEATHSIG), and so with us."""
        for name, part in self.parts().items():
            for tries_left in reversed(range(START_TRIES)):
                try:
                    part.start()
                    break
                except NotStarted:
                    if not tries_left:
                        raise
                    log.warning("not_started", name=name, tries_left=tries_left)

    def stop(self) -> None:
        """All of them."""
        for part in self.parts().values():
            part.stop()

    def settings_on(self, settings: Settings) -> Settings:
        """The settings with these servers as ends."""
        return replace(
            settings,
            workers=WORKERS["validation"],
            database_url=self.postgres.url(),
            objects_url=self.seaweed.url(OBJECTS_BUCKET),
            archive_url=self.seaweed.url(ARCHIVE_BUCKET),
            objects_access_key=self.seaweed.keys.access_key,
            objects_secret_key=self.seaweed.keys.secret_key,
            objects_region=REGION,
            scanner=f"clamd:{self.clamd.address}",
            broker_url=broker.broker_url("127.0.0.1", self.rabbitmq.port, self.passwords[broker.OUR_USER]),
        )


def commands() -> dict[str, list[str]]:
    """The processes of production by name, each as the arguments of ``mottak``."""
    found = {service: ["serve", service] for service, _ in PATHS}
    for service, count in WORKERS.items():
        found[f"worker-{service}"] = ["worker", service, "--concurrency", str(count)]
    return found | {name: [name] for name in ("relay", "receipts", "scheduler")}


def processes(settings: Settings, ports: Mapping[str, int], metrics_ports: Mapping[str, int], folder: Path) -> dict[str, Startable]:
    """The processes of production that have a port for their metrics, each started by its own command with its settings in its environment."""
    program = [sys.executable, "-m", "services.command.main"]
    environment = settings.as_environment()
    found: dict[str, Startable] = {}
    for name, arguments in commands().items():
        if name not in metrics_ports:
            continue  # its like runs on other hosts
        its_own = {"PORT": str(ports.get(name, settings.port)), "MOTTAK_METRICS_PORT": str(metrics_ports[name])}
        found[name] = ServerProcess(name, [*program, *arguments], folder / name, ready=lambda: True, environment={**environment, **its_own})
    return found


class Supervisor:
    """Starts again what died, with a growing pause for what keeps dying.

    Each part has a thread of its own: a server that takes long to come back holds up nobody else. What a thread started dies with it
    (PR_SET_PDEATHSIG), so the threads live until ``end``.
    """

    def __init__(self, parts: Mapping[str, Startable], told: Callable[[], None]) -> None:
        self.watched = [Watched(name, part) for name, part in parts.items()]
        self._told = told
        self._telling = threading.Lock()
        self._stopping, self._ending = threading.Event(), threading.Event()
        self._idle = threading.Barrier(len(self.watched) + 1)
        self._threads = [threading.Thread(target=self._watch, args=(each,), name=f"supervisor-{each.name}", daemon=True) for each in self.watched]

    def start(self) -> None:
        """Begin to watch what is running already."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Start nothing any more. Returns when nothing is being started; what runs goes on until ``end``."""
        if not self._stopping.is_set() and any(thread.is_alive() for thread in self._threads):
            self._stopping.set()
            self._idle.wait()

    def end(self) -> None:
        """Let the threads end, and with them what they started and is still there."""
        self._ending.set()

    def _watch(self, each: Watched) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self._look_at(each)
        self._idle.wait()
        self._ending.wait()

    def _look_at(self, each: Watched) -> None:
        now = time.monotonic()
        if each.part.pid is not None:
            if each.deaths and now - each.started_at > SETTLED_SECONDS:
                each.deaths = 0
            return
        if each.again_at is None:
            pause = RESTART_SECONDS[min(each.deaths, len(RESTART_SECONDS) - 1)]
            each.deaths, each.again_at = each.deaths + 1, now + pause
            log.warning("died", name=each.name, deaths=each.deaths, again_in_seconds=pause)
        if now < each.again_at:
            return
        each.again_at = None
        try:
            each.part.start()
        except Exception:
            log.exception("not_started", name=each.name)
        each.started_at = time.monotonic()
        with self._telling:
            self._told()


class RunningReal:
    """A running system on real ends."""

    def __init__(self, data: Path, port: int, *, workers: bool = True) -> None:
        if missing := missing_programs():
            raise ServerMissing("\n".join(missing))
        self._lock = assemble.lock_data(data)
        shutil.rmtree(data / "scratch", ignore_errors=True)
        url = os.environ.get("MOTTAK_PUBLIC_URL", f"http://127.0.0.1:{port}")
        base = replace(Settings.embedded(data, port=port), public_url=url, issuer=f"{url}/issuer")
        self.servers = Servers(data / "servers", base)
        try:
            self.servers.start()
            self._prepare(data, base, workers=workers)
        except BaseException:
            self.servers.stop()
            raise

    def _prepare(self, data: Path, base: Settings, *, workers: bool) -> None:
        """What needs the servers: tables, tokens, keys, the list of processes."""
        self.settings = self.servers.settings_on(base)
        assemble.migrate(self.settings.database_url)
        self.context, issuer = assemble.make_context(self.settings)
        if issuer is None:
            raise ValueError("the real ends on this machine have an issuer of their own")
        self.issuer: LocalIssuer = issuer
        self.issuer.write_tokens(data / "tokens.json")
        self.context.receipt_signer.jwks()  # made here, before several processes could make it at once
        self.ports = kept_ports(data / "servers" / "service-ports.json", [service for service, _ in PATHS])
        self._metrics_ports = kept_ports(
            data / "servers" / "metrics-ports.json", [name for name in commands() if workers or not name.startswith("worker-")]
        )
        self._processes = processes(self.settings, self.ports, self._metrics_ports, data / "processes")
        broker.write_brokers_file(data / "brokers.json", "127.0.0.1", self.servers.rabbitmq.port, self.servers.agencies, self.servers.passwords)
        self._supervisor = Supervisor({**self.servers.parts(), **self._processes}, self._write_servers_file)
        self._server = make_server(Gateway(self.ports, self.settings.public_url, patience_seconds=self.context.policy.limits.patience_seconds), base)
        self._web = threading.Thread(target=self._server.serve, name="gateway", daemon=True)

    def start(self) -> None:
        """Start the processes, watch them, listen. Raises PortInUse."""
        try:
            self._server.prepare()
        except OSError as taken:
            self.servers.stop()
            raise PortInUse(str(self.settings.port)) from taken
        for process in self._processes.values():
            process.start()
        self._write_servers_file()  # before anybody can be answered: who waits for us may read it then
        self._supervisor.start()
        self._web.start()
        self._wait_until_all_answer()

    def stop(self) -> None:
        """Stop the gateway, then the processes, then the servers."""
        self._supervisor.stop()
        self._server.stop()
        threads = [threading.Thread(target=process.stop) for process in self._processes.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.context.database.close()
        self.servers.stop()
        self._supervisor.end()
        os.close(self._lock)

    def _wait_until_all_answer(self, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        for port in self.ports.values():
            while not assemble.answers(port):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"port {port} does not answer")
                time.sleep(0.05)

    def _write_servers_file(self) -> None:
        """``servers.json`` (contract, section 1), which holds keys."""
        parts = {**self.servers.parts(), **self._processes}
        told: dict[str, Any] = {
            "processes": {name: part.pid for name, part in parts.items() if part.pid is not None} | {"gateway": os.getpid()},
            "database": self.settings.database_url,
            "broker": self.settings.broker_url,
            "s3": {
                "endpoint": f"http://{self.servers.seaweed.endpoint}",
                "bucket": OBJECTS_BUCKET,
                "archive_bucket": ARCHIVE_BUCKET,
                "access_key": self.servers.seaweed.keys.access_key,
                "secret_key": self.servers.seaweed.keys.secret_key,
                "region": REGION,
                "metrics": self.servers.seaweed.metrics,
            },
            "clamd": self.servers.clamd.address,
            "metrics": {name: f"http://127.0.0.1:{port}/metrics" for name, port in self._metrics_ports.items()},
        }
        write_secret(self.settings.data / "servers.json", json.dumps(told, indent=1))


@contextmanager
def running_real(data: Path, *, port: int, workers: bool = True) -> Iterator[RunningReal]:
    """A system on real ends that runs for the length of the block."""
    system = RunningReal(data, port, workers=workers)
    try:
        system.start()
        yield system
    finally:
        system.stop()
