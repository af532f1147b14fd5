"""One server process that we start: in its own group, with its log in its own folder, dead when we are."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None, use_errno=True)


class NotStarted(Exception):
    """A server did not become ready; the message ends with the last lines of its log."""


class ServerMissing(Exception):
    """A server's program is not on this machine; the message says which package brings it."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kill_left_overs(folder: Path) -> None:
    """Kill what an earlier run left behind on this folder.

    A server dies with us (PR_SET_PDEATHSIG), but not what it started itself. Known by the folder in its command line.
    """
    marks = (os.fsencode(folder), os.fsencode(folder) + b"/")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if any(argument.rpartition(b"=")[2] == marks[0] or argument.rpartition(b"=")[2].startswith(marks[1]) for argument in arguments):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def die_with_parent() -> None:
    """Have this process killed when the thread that started it ends, however it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class ServerProcess:
    """A process with a folder for its data and log.

    ``ready`` is asked until it says True; an exception means not yet. ``stop_signal`` is what it stops cleanly on.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
    ) -> None:
        self.name, self.command, self.folder = name, list(command), folder
        self._ready, self._environment, self._stop_signal, self._user = ready, environment, stop_signal, user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, *, seconds: float = 60.0) -> None:
        """Start it and wait until it is ready; what is left of an earlier one is killed first. Raises NotStarted, ServerMissing."""
        self.kill()
        self.folder.mkdir(parents=True, exist_ok=True)
        kill_left_overs(self.folder)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LANG": "C.UTF-8", **(self._environment or {})}
        try:
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    self.command,
                    cwd=self.folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                    user=self._user,
                    # Our own groups stay ours: with root's the server could read what is root's group's.
                    group=self._user,
                    extra_groups=[] if self._user else None,
                )
        except FileNotFoundError as missing:
            raise ServerMissing(f"{self.name}: {missing.filename} is not there") from missing
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.pid is None:
                break
            try:
                if self._ready():
                    return
            except Exception:  # noqa: BLE001, S110 - not ready yet, whatever the reason; the deadline bounds it
                pass
            time.sleep(0.05)
        last = (self.folder / "log").read_bytes()[-2000:].decode("utf-8", "replace")
        self.kill()
        raise NotStarted(f"{self.name} did not become ready:\n{last}")

    def stop(self, *, seconds: float = 30.0) -> None:
        """Stop cleanly, or kill it when that takes too long."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, self._stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kill the whole group at once, as a loss of power would."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
