"""The worker's side of the box: starts the zygote, keeps it running, and has children forked.

No parser is imported here. Any thread may call; up to `limits.children` submissions are opened at a time, the others wait.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import structlog

from services.shared.sandbox.conversation import Conversation, Opened, end_child
from services.shared.sandbox.places import Places
from services.shared.sandbox.policy import Limits, Policy
from services.shared.sandbox.protocol import BoxCrashed, BoxUnavailable, Incoming

__all__ = ["Box", "Opened"]

_log = structlog.get_logger(__name__)
_START_SECONDS = 60
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


@dataclass
class _Zygote:
    process: subprocess.Popen[bytes]
    control: socket.socket
    owner: int


class Box:
    """Opens files from outside in children that can do nothing else.

    `scratch_root`: folder on disk for extracted files. `allow_unconfined`: start even where Landlock or seccomp is missing (said loudly). `tables`: a box that can also
    read workbooks as tables (role `table`): what that needs weighs 7 MB, so the boxes that run all the time do without.
    """

    def __init__(self, policy: Policy, scratch_root: Path, allow_unconfined: bool = False, *, tables: bool = False) -> None:
        self._policy = policy
        self._tables = tables
        self.scratch_root = scratch_root.absolute()
        self._allow_unconfined = allow_unconfined
        self._zygote: _Zygote | None = None
        self._lock = threading.Lock()
        self._places = Places(policy.limits.children)

    def start(self) -> None:
        """Start the zygote if it does not run. Raises BoxUnavailable where it cannot be confined."""
        with self._lock:
            self._running_zygote()

    def stop(self) -> None:
        """End the zygote and all its children."""
        with self._lock:
            self._end_zygote()

    def __enter__(self) -> Box:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def zygote_pid(self) -> int | None:
        """Process id of the zygote (for figures and health), or None when it does not run."""
        zygote = self._zygote
        return zygote.process.pid if zygote and zygote.process.poll() is None else None

    def open_submission(self, files: Sequence[Incoming], *, owner: str | None = None, limits: Limits | None = None) -> Opened:
        """Open all files of one submission.

        `owner`: whose they are, as in `submissions.owner`; one has half of the places at most, None (what is no sender's) may have all. A file that kills its child gets a finding and the others are opened in a new child. Raises BoxUnavailable, and BoxCrashed
        when the box itself died (try again).
        """
        limits = limits or self._policy.limits
        with self._places.one(owner):
            scratch = Path(tempfile.mkdtemp(prefix="opening-", dir=self._ready_scratch_root()))
            try:
                return Conversation(self.child, self._policy, limits, files, scratch).run()
            except BaseException:
                shutil.rmtree(scratch, ignore_errors=True)
                raise

    @contextlib.contextmanager
    def child(self, scratch: Path) -> Iterator[tuple[socket.socket, socket.socket]]:
        """A fresh child as (link to it, watch on it); it is dead and reaped when the block is left. Raises BoxCrashed."""
        link, childs_link = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        watch, zygotes_watch = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        folder = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with self._lock:
                zygote = self._running_zygote()
                try:
                    socket.send_fds(zygote.control, [b"fork"], [childs_link.fileno(), zygotes_watch.fileno(), folder])
                except OSError as error:
                    self._end_zygote()
                    raise BoxCrashed("the zygote is gone") from error
        except BaseException:
            link.close()
            watch.close()
            raise
        finally:
            os.close(folder)
            childs_link.close()
            zygotes_watch.close()
        try:
            yield link, watch
        finally:
            link.close()
            end_child(watch)
            watch.close()

    def _ready_scratch_root(self) -> Path:
        self.scratch_root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.scratch_root

    def _running_zygote(self) -> _Zygote:
        zygote = self._zygote
        if zygote and zygote.owner == os.getpid():
            if zygote.process.poll() is None:
                return zygote
            _log.warning("box_zygote_died", returncode=zygote.process.returncode)
            self._end_zygote()
        self._zygote = self._start_zygote()
        return self._zygote

    def _start_zygote(self) -> _Zygote:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(_PACKAGE_ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MALLOC_ARENA_MAX": "1",
        }
        command = [sys.executable, "-s", "-P", "-m", "services.shared.sandbox.zygote", str(theirs.fileno()), str(self._ready_scratch_root())]
        command += ["tables"] if self._tables else []
        process = subprocess.Popen(
            command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True
        )
        theirs.close()
        zygote = _Zygote(process, ours, os.getpid())
        try:
            ours.settimeout(_START_SECONDS)
            ours.send(self._policy.source.encode())
            message = ours.recv(1 << 16)
            ours.settimeout(None)
            answer = json.loads(message) if message else {}
        except OSError as error:
            _stop_process(zygote)
            raise BoxUnavailable(f"the zygote does not start: {error}") from error
        if not answer.get("ready"):
            _stop_process(zygote)
            raise BoxUnavailable(f"the zygote ended while starting, with {process.returncode}")
        if answer["missing"]:
            self._without_confinement(zygote, answer["missing"])
        _log.info("box_started", pid=process.pid, landlock_abi=answer["landlock"])
        return zygote

    def _without_confinement(self, zygote: _Zygote, missing: list[str]) -> None:
        if not self._allow_unconfined:
            _stop_process(zygote)
            raise BoxUnavailable(f"this machine has no {' and no '.join(missing)}; the settings do not allow opening files without")
        _log.critical("box_unconfined", missing=missing, meaning="files from outside are opened with less protection than they should be")

    def _end_zygote(self) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote and zygote.owner == os.getpid():
            _stop_process(zygote)
        elif zygote:
            zygote.control.close()  # inherited through a fork: it serves our parent


def _stop_process(zygote: _Zygote) -> None:
    zygote.control.close()
    try:
        zygote.process.wait(5)
    except subprocess.TimeoutExpired:
        zygote.process.kill()
        zygote.process.wait()
