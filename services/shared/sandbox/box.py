"""The worker's side of the box: starts the zygote, hands it files, watches the clock, checks what comes back.

No parser is imported here. Any thread may call; up to `limits.children` submissions are opened at a time, the others wait.
"""
from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from services.shared.sandbox.identity import HEAD_BYTES, identify
from services.shared.sandbox.names import clean_name
from services.shared.sandbox.policy import Limits, Policy
from services.shared.sandbox.protocol import (
    EXIT_NO_ROOM, EXIT_OUT_OF_MEMORY, Answer, BadAnswer, BoxCrashed, BoxUnavailable, FormReading, Frames, Incoming, OpenedDocument, Problem, read_answer, send_frame,
)

_log = structlog.get_logger(__name__)
_START_SECONDS = 60
_END_SECONDS = 20
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
_DESCRIPTORS_AT_A_TIME = 100  # the kernel takes at most 253 in one message


@dataclass(frozen=True)
class Opened:
    """What was found. Extracted files lie in a scratch folder until `discard()`, or until the end of a `with` block."""
    form: FormReading | None
    documents: list[OpenedDocument]
    findings: list[Problem]
    scratch: Path = field(repr=False)

    def discard(self) -> None:
        """Remove the scratch folder; may be called twice."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.discard()


@dataclass
class _Zygote:
    process: subprocess.Popen[bytes]
    control: socket.socket
    owner: int


@dataclass
class _Ending:
    """How a child ended: `reason` is None when it did all; else `time`, `memory`, `crash`, `bad_answer`; `at` is what it worked on."""
    reason: str | None
    at: str | None = None
    path: str = ""


class Box:
    """Opens files from outside in children that can do nothing else.

    `scratch_root`: folder on disk for extracted files. `allow_unconfined`: start even where Landlock or seccomp is missing (said loudly).
    """

    def __init__(self, policy: Policy, scratch_root: Path, allow_unconfined: bool = False) -> None:
        self._policy = policy
        self.scratch_root = scratch_root.absolute()
        self._allow_unconfined = allow_unconfined
        self._zygote: _Zygote | None = None
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(policy.limits.children)

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

    def open_submission(self, files: Sequence[Incoming], *, limits: Limits | None = None) -> Opened:
        """Open all files of one submission.

        A file that kills its child gets a finding and the others are opened in a new child. Raises BoxUnavailable, and BoxCrashed
        when the box itself died (try again).
        """
        limits = limits or self._policy.limits
        with self._room:
            scratch = Path(tempfile.mkdtemp(prefix="opening-", dir=self._ready_scratch_root()))
            try:
                return _Opening(self, self._policy, limits, files, scratch).run()
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
            _end_child(watch)
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
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(_PACKAGE_ROOT), "PYTHONDONTWRITEBYTECODE": "1",
                       "MALLOC_ARENA_MAX": "1"}
        command = [sys.executable, "-s", "-P", "-m", "services.shared.sandbox.zygote", str(theirs.fileno()), str(self._ready_scratch_root())]
        process = subprocess.Popen(command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   pass_fds=[theirs.fileno()], start_new_session=True)
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


class _Opening:
    """One submission on its way through one or more children."""

    def __init__(self, box: Box, policy: Policy, limits: Limits, files: Sequence[Incoming], scratch: Path) -> None:
        self._box = box
        self._policy = policy
        self._limits = limits
        self._files = list(files)
        self._scratch = scratch
        self._answers: dict[str, Answer] = {}
        self._deadline = time.monotonic() + limits.wall_seconds

    def run(self) -> Opened:
        """Children until every file has an answer."""
        while waiting := [file for file in self._files if file.id not in self._answers]:
            if time.monotonic() >= self._deadline:
                for file in waiting:
                    self._blame(file, "too_slow_to_open", {"reason": "submission"})
                break
            ending = self._one_child(waiting)
            guilty = next((file for file in waiting if file.id == ending.at), None)
            if guilty is None and ending.reason is not None:
                raise BoxCrashed(f"a child ended before it opened anything: {ending.reason}")
            if guilty is not None and guilty.id not in self._answers:
                self._blame_for(guilty, ending)
        answers = [self._answers[file.id] for file in self._files]
        return Opened(
            form=next((answer.form for answer in answers if answer.form), None),
            documents=[document for answer in answers for document in answer.documents],
            findings=[finding for answer in answers for finding in answer.findings],
            scratch=self._scratch,
        )

    def _one_child(self, waiting: Sequence[Incoming]) -> _Ending:
        with self._box.child(self._scratch) as (link, watch):
            try:
                self._send_files(link, waiting)
                return self._listen(link, watch, waiting)
            except (BrokenPipeError, ConnectionResetError):
                return _Ending("crash")

    def _send_files(self, link: socket.socket, waiting: Sequence[Incoming]) -> None:
        files = [{"id": file.id, "role": file.role, "name": file.name, "size": file.size, "folder": self._files.index(file)} for file in waiting]
        used = sum(document.size for answer in self._answers.values() for document in answer.documents if document.scratch_file)
        count = sum(len(answer.documents) - 1 for answer in self._answers.values())
        link.settimeout(self._limits.wall_seconds_per_file)
        send_frame(link, {"files": files, "limits": asdict(self._limits), "used_bytes": used, "used_documents": count})
        for start in range(0, len(waiting), _DESCRIPTORS_AT_A_TIME):
            with contextlib.ExitStack() as stack:
                descriptors = [stack.enter_context(_readable(file)).fileno() for file in waiting[start:start + _DESCRIPTORS_AT_A_TIME]]
                socket.send_fds(link, [b"f"], descriptors)

    def _listen(self, link: socket.socket, watch: socket.socket, waiting: Sequence[Incoming]) -> _Ending:
        frames = Frames(self._policy.opening.answer_bytes)
        at, path = None, ""
        file_deadline = time.monotonic() + self._limits.wall_seconds_per_file
        poll = select.poll()
        poll.register(link, select.POLLIN)
        while True:
            patience = min(file_deadline, self._deadline) - time.monotonic()
            if patience <= 0 or not poll.poll(patience * 1000):
                return _Ending("time", at, path)
            data = _received(link)
            if not data:
                return _Ending(_reason_of(_end_child(watch)), at, path)
            try:
                for message in frames.feed(data):
                    if "end" in message:
                        if any(file.id not in self._answers for file in waiting):
                            raise BadAnswer("not all files were answered")
                        return _Ending(None)
                    if "fault" in message:
                        _log.error("box_child_fault", document=at, fault=str(message["fault"])[:500])
                    elif "at" in message:
                        file = self._expected(message["at"], waiting)
                        if file.id != at:
                            file_deadline = time.monotonic() + self._limits.wall_seconds_per_file
                        at, path = file.id, str(message.get("path", ""))[:2000]
                    else:
                        file = self._expected(message.get("of"), waiting)
                        self._answers[file.id] = read_answer(message, file, self._folder(file), self._policy)
            except BadAnswer as problem:
                _log.error("box_bad_answer", document=at, problem=str(problem))
                return _Ending("bad_answer", at, path)

    def _expected(self, identifier: Any, waiting: Sequence[Incoming]) -> Incoming:
        file = next((file for file in waiting if file.id == identifier), None)
        if file is None or file.id in self._answers:
            raise BadAnswer("not a file that was asked about")
        return file

    def _blame_for(self, guilty: Incoming, ending: _Ending) -> None:
        code = {"time": "too_slow_to_open", "memory": "file_too_complex"}.get(ending.reason or "", "file_corrupt")
        detail: dict[str, str | int] = {"reason": ending.reason or "crash"}
        if ending.path and ending.path != guilty.name:
            detail["path"] = ending.path
        _log.warning("box_child_ended", document=guilty.id, reason=ending.reason)
        self._blame(guilty, code, detail)

    def _blame(self, file: Incoming, code: str, detail: dict[str, str | int]) -> None:
        shutil.rmtree(self._folder(file), ignore_errors=True)
        with _readable(file) as stream:
            file_type = identify(stream.read(HEAD_BYTES), file.name, self._policy)
        name = clean_name(file.name)
        document = OpenedDocument(
            id=file.id, parent=None, role=file.role, path=name, name=name, raw_name=file.name, size=file.size, scratch_file=None,
            media_type=file_type.media_type if file_type else "application/octet-stream", format=file_type.format if file_type else None,
            identity_numbers=(), text_searched=False, notes=("not_opened",))
        self._answers[file.id] = Answer((document,), (Problem(code, file.id, detail),), None)

    def _folder(self, file: Incoming) -> Path:
        return self._scratch / str(self._files.index(file))


def _readable(file: Incoming) -> Any:
    """The file as a stream of its own that can only be read, so that neither position nor bytes of the worker's are touched."""
    return open(f"/proc/self/fd/{file.stream.fileno()}", "rb", buffering=0)  # noqa: SIM115


def _received(link: socket.socket) -> bytes:
    try:
        return link.recv(1 << 16)
    except ConnectionResetError:
        return b""


def _end_child(watch: socket.socket) -> int | None:
    """Kill the child if it still runs and wait until the zygote has reaped it: its exit code (negative: signal), None if the zygote died."""
    with contextlib.suppress(OSError):
        watch.send(b"k")
    watch.settimeout(_END_SECONDS)
    try:
        try:
            message = watch.recv(4096)
        except ConnectionResetError:
            message = watch.recv(4096)  # the zygote closed without reading our word; what it had said before comes after the error
        return int(json.loads(message)["ended"]) if message else None
    except OSError:
        return None


def _reason_of(exit_code: int | None) -> str:
    if exit_code is None:
        raise BoxCrashed("the zygote died")
    if exit_code == -signal.SIGXCPU:
        return "time"
    if exit_code == -signal.SIGKILL:
        return "memory"  # not by us: the machine itself was out of it
    if exit_code == EXIT_NO_ROOM:
        raise BoxCrashed("no room on the scratch disk")
    return "memory" if exit_code == EXIT_OUT_OF_MEMORY else "crash"


def _stop_process(zygote: _Zygote) -> None:
    zygote.control.close()
    try:
        zygote.process.wait(5)
    except subprocess.TimeoutExpired:
        zygote.process.kill()
        zygote.process.wait()
