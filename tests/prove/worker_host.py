"""Hosts that run workers and nothing else: each a group of processes without data, where the machine can in a network of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from tests.prove.forwarding import Forwarder

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
STOP_SECONDS = 45.0


def documented_commands() -> list[str]:
    """The commands of a worker host as the page for operators has them."""
    return re.findall(r"^    (mottak worker .+?) &$", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE)


def documented_settings() -> set[str]:
    """The settings of a worker host as the page for operators has them."""
    return set(re.findall(r"^    (MOTTAK_[A-Z_]+)=", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE))


def run(*words: str) -> None:
    """A command of the machine that must succeed."""
    subprocess.run(words, check=True, capture_output=True, timeout=30)


class Network:
    """A network namespace that reaches this machine over one cable, and there nothing but the given ports."""

    def __init__(self, number: int, ports: list[int]) -> None:
        self.name, self._end = f"mottak-{os.getpid()}-{number}", f"mk{os.getpid() % 100_000}-{number}"
        self.address, inside = f"10.213.{number}.1", f"10.213.{number}.2"
        run("ip", "netns", "add", self.name)
        try:
            run("ip", "link", "add", self._end, "type", "veth", "peer", "name", "cable", "netns", self.name)
            run("ip", "address", "add", f"{self.address}/30", "dev", self._end)
            run("ip", "link", "set", self._end, "up")
            run("ip", "-n", self.name, "address", "add", f"{inside}/30", "dev", "cable")
            run("ip", "-n", self.name, "link", "set", "cable", "up")
            run("ip", "-n", self.name, "link", "set", "lo", "up")
            self._forwarders = [Forwarder(self.address, port) for port in ports]
        except BaseException:
            self.remove()
            raise

    def cut(self) -> None:
        """Pull the cable: nothing arrives any more, and nobody is told."""
        run("ip", "link", "set", self._end, "down")

    def mend(self) -> None:
        """Put the cable back."""
        run("ip", "link", "set", self._end, "up")

    def remove(self) -> None:
        """Take it all away."""
        for forwarder in getattr(self, "_forwarders", ()):
            forwarder.close()
        with contextlib.suppress(subprocess.CalledProcessError):
            run("ip", "link", "delete", self._end)
        with contextlib.suppress(subprocess.CalledProcessError):
            run("ip", "netns", "delete", self.name)

    @staticmethod
    def can_be_made() -> bool:
        """Whether this machine lets us."""
        name = f"mottak-{os.getpid()}-try"
        try:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "netns", "delete", name)
        except (OSError, subprocess.CalledProcessError):
            return False
        return True


class WorkerHost:
    """The workers of one host. ``folder`` holds their log and an empty data folder, which is all they have on disk."""

    def __init__(self, name: str, folder: Path, told: Path, environment: Mapping[str, str], network: Network | None) -> None:
        self.name, self.network = name, network
        self.data, self.log = folder / name / "data", folder / name / "log"
        self.data.mkdir(parents=True)
        self.settings = {**settings_of(told, network.address if network else "127.0.0.1"), "MOTTAK_DATA": str(self.data), **environment}
        self._shell: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run the documented commands, all of them in one group."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        command = ["sh", "-c", " & ".join(documented_commands()) + " & wait"]
        if self.network is not None:
            command = ["ip", "netns", "exec", self.network.name, *command]
        with self.log.open("ab") as log:
            environment = {"PATH": path, "HOME": str(self.data), "LANG": "C.UTF-8", "MOTTAK_LOG_LEVEL": "INFO", **self.settings}
            self._shell = subprocess.Popen(
                command, cwd=self.data, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> float:
        """SIGTERM to each worker, as a service manager does; returns how many seconds the last one took."""
        assert self._shell is not None
        began = time.monotonic()
        for worker in psutil.Process(self._shell.pid).children():
            worker.terminate()
        self._shell.wait(STOP_SECONDS)
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL to everything at once."""
        if self._shell is None or self._shell.poll() is not None:
            return
        everything = [*psutil.Process(self._shell.pid).children(recursive=True), psutil.Process(self._shell.pid)]
        os.killpg(self._shell.pid, signal.SIGKILL)
        for process in everything:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._shell.wait(30)

    def done(self, begin: int = 0) -> Counter[str]:
        """Service -> how many jobs it has done, as its log says from a byte on."""
        found: Counter[str] = Counter()
        for line in self.log.read_bytes()[begin:].decode("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict) and told.get("event") == "job" and told["outcome"] == "done":
                    found[told["handler"].split(".")[0]] += 1
        return found

    def mark(self) -> int:
        """Where the log ends now."""
        return self.log.stat().st_size if self.log.exists() else 0

    def left_on_disk(self) -> list[str]:
        """Files that lie in its data folder."""
        return sorted(str(path.relative_to(self.data)) for path in self.data.rglob("*") if path.is_file())


def settings_of(told: Path, address: str) -> dict[str, str]:
    """What a worker host must be told, from ``servers.json`` of the system it works for, with the servers at another address of this machine."""
    servers = json.loads(told.read_text(encoding="utf-8"))
    s3 = servers["s3"]
    at = {
        "MOTTAK_DATABASE_URL": servers["database"],
        "MOTTAK_BROKER_URL": servers["broker"],
        "MOTTAK_OBJECTS_URL": f"{s3['endpoint']}/{s3['bucket']}",
        "MOTTAK_ARCHIVE_URL": f"{s3['endpoint']}/{s3['archive_bucket']}",
        "MOTTAK_SCANNER": f"clamd:{servers['clamd']}",
    }
    keys = {
        "MOTTAK_OBJECTS_ACCESS_KEY": s3["access_key"],
        "MOTTAK_OBJECTS_SECRET_KEY": s3["secret_key"],
        "MOTTAK_OBJECTS_REGION": s3["region"],
    }
    return {name: value.replace("127.0.0.1", address) for name, value in at.items()} | keys


def server_ports(told: Path) -> list[int]:
    """The ports of the servers that workers need."""
    words = " ".join(settings_of(told, "127.0.0.1").values())
    return sorted({int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", words)})


@contextlib.contextmanager
def two_hosts(folder: Path, told: Path, environment: Mapping[str, str]) -> Iterator[tuple[WorkerHost, WorkerHost]]:
    """Two hosts on the same servers, each in a network of its own where that can be had; nothing is left of them afterwards."""
    separate = shutil.which("ip") is not None and Network.can_be_made()
    networks: list[Network] = []
    hosts: list[WorkerHost] = []
    try:
        for number, name in enumerate(("a", "b"), 1):
            if separate:
                networks.append(Network(number, server_ports(told)))
            hosts.append(WorkerHost(name, folder, told, environment, networks[-1] if separate else None))
        yield hosts[0], hosts[1]
    finally:
        for host in hosts:
            host.kill()
        for network in networks:
            network.remove()
