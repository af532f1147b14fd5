"""``mottak up --ends real`` in a process of its own, and ways to kill any one of its processes or servers."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from services.command.servers.ports import free_ports
from tests.end_to_end.system import System
from tests.prove.real_stores import RealStores

# What is killed, and how often in proportion. "up" is the supervisor and gateway: with it everything dies at once, as on loss of power.
WEIGHTS: Mapping[str, int] = {
    "intake": 5,
    "validation": 2,
    "routing": 2,
    "archive": 1,
    "worker-validation": 2,
    "worker-validation child": 5,
    "worker-archive": 2,
    "worker-archive child": 4,
    "worker-routing": 2,
    "worker-routing child": 4,
    "relay": 5,
    "receipts": 4,
    "scheduler": 2,
    "zygote": 3,
    "postgres": 3,
    "postgres session": 2,
    "rabbitmq": 3,
    "seaweedfs": 3,
    "clamd": 3,
    "up": 1,
}
# What a server stops cleanly on; PostgreSQL's fast shutdown is SIGINT.
CLEAN_STOPS: Mapping[str, signal.Signals] = {
    "postgres": signal.SIGINT,
    "rabbitmq": signal.SIGTERM,
    "seaweedfs": signal.SIGINT,
    "clamd": signal.SIGTERM,
}
LONGEST_HANG_SECONDS = 6.0


class RealSystem(System):
    """The system on real servers. Processes are found as they are now, by the folder they work in."""

    scan = "clean"
    inside = ("postgres", "amqp", "rabbit", "s3", "clamd:")

    def __init__(self, data: Path, *, environment: Mapping[str, str] | None = None, options: Sequence[str] = ()) -> None:
        super().__init__(data, environment=environment)
        self._options = tuple(options)
        # Below the ports of outgoing connections: one of them could take it while the system is down.
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, *, wait: bool = True) -> None:
        """Start it; with ``wait`` only return when it can take a submission."""
        command = [sys.executable, "-c", "from services.command.main import main; main()", "up", "--ends", "real"]
        command += ["--data", str(self.data), "--port", str(self.port), *self._options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment, start_new_session=True)
        if wait:
            self.wait_until_ready()

    def runs(self) -> bool:
        """Whether it has not ended by itself."""
        return self.process is not None and self.process.poll() is None

    @property
    def supervisor(self) -> psutil.Process:
        """The process that started the others."""
        assert self.process is not None
        return psutil.Process(self.process.pid)

    def parts(self) -> dict[str, psutil.Process]:
        """What runs under the supervisor now, by its name there."""
        found = {}
        for child in self.supervisor.children():
            with contextlib.suppress(psutil.Error):
                if child.status() != psutil.STATUS_ZOMBIE:
                    found[Path(child.cwd()).name if child.name() != "postgres" else "postgres"] = child
        return found

    def find(self, target: str, chance: random.Random) -> psutil.Process | None:
        """The process to kill for a name in WEIGHTS, or None when it does not run just now."""
        if target == "up":
            return self.supervisor
        parts = self.parts()
        if target == "zygote":
            everything = [child for part in parts.values() for child in _below(part, deep=True)]
            zygotes = [child for child in everything if "sandbox" in " ".join(_words(child))]
            return chance.choice(zygotes) if zygotes else None
        name, _, below = target.partition(" ")
        part = parts.get(name)
        if part is None or not below:
            return part
        children = _below(part, deep=False)
        if below == "session":
            children = [child for child in children if "127.0.0.1(" in " ".join(_words(child))]
        return chance.choice(children) if children else None

    def of_this_system(self) -> list[psutil.Process]:
        """Every process that works for this data folder: by its command line, its folder or its environment."""
        found = []
        for process in psutil.process_iter():
            if process.pid == os.getpid():
                continue
            with contextlib.suppress(psutil.Error, OSError):
                inside = str(self.data) in " ".join(process.cmdline()) or process.cwd().startswith(str(self.data))
                if (inside or process.environ().get("MOTTAK_DATA") == str(self.data)) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def orphans(self) -> list[str]:
        """Processes of this system that the supervisor no longer stands above."""
        above = {self.supervisor.pid, *(child.pid for child in self.supervisor.children(recursive=True))}
        return [" ".join(_words(process))[:200] for process in self.of_this_system() if process.pid not in above]

    def wait_until_gone(self, seconds: float = 15.0) -> list[int]:
        """Give what was left behind a moment to end; returns who is still there after it."""
        deadline = time.monotonic() + seconds
        while (left := self.of_this_system()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return [process.pid for process in left]

    def stores(self) -> RealStores:
        """What lies on the servers, looked at without the system's help."""
        return RealStores(self.data, self.data.parent / "mirror")

    def logs(self) -> list[Path]:
        """What all our processes write; the servers' own logs are theirs."""
        return [self.log, *sorted(self.data.glob("processes/*/log"))]

    def told(self, name: str) -> str:
        """The address of an end, as ``servers.json`` has it."""
        told: dict[str, str] = json.loads((self.data / "servers.json").read_text(encoding="utf-8"))
        return told[name]


def _words(process: psutil.Process) -> list[str]:
    try:
        words: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return words


def _below(process: psutil.Process, *, deep: bool) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = process.children(recursive=deep)
    except psutil.Error:
        return []
    return children


class Killer:
    """Kills one thing after the other at random moments; remembers what and how."""

    def __init__(self, system: RealSystem, chance: random.Random) -> None:
        self._system, self._chance = system, chance
        self.done: list[str] = []
        self.left_behind: list[str] = []
        self.given_up = 0

    def strike(self) -> str | None:
        """Kill, stop or hang-and-kill one thing. Returns what was done, or None when it was not there to be killed."""
        target = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if not self._system.runs():
            # It gave up while it was starting, because what it needs was killed again and again: whoever runs it starts it anew.
            self.given_up += 1
            self._system.start(wait=False)
            return None
        process = self._system.find(target, self._chance)
        if process is None:
            return None
        if target == "up":
            return self._kill_all()
        how = self._how(target)
        try:
            if how == "hang":
                process.send_signal(signal.SIGSTOP)
                time.sleep(self._chance.uniform(1.0, LONGEST_HANG_SECONDS))
                process.send_signal(signal.SIGKILL)
            else:
                process.send_signal(CLEAN_STOPS[target] if how == "stop" else signal.SIGKILL)
        except psutil.NoSuchProcess:
            return None
        self.done.append(f"{target} ({how})")
        return self.done[-1]

    def _how(self, target: str) -> str:
        if target in CLEAN_STOPS:
            return self._chance.choices(("kill", "stop", "hang"), (5, 4, 1))[0]
        return "hang" if self._chance.random() < 0.04 else "kill"

    def _kill_all(self) -> str:
        self._system.kill()
        self.left_behind += [f"after {len(self.done)} kills: {pid}" for pid in self._system.wait_until_gone()]
        self._system.start(wait=False)
        self.done.append("up (kill)")
        return self.done[-1]
