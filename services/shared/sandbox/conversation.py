"""One submission's way through one or more children: hands them the files, watches the clock and the disk, checks what they say."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import structlog

from services.shared.sandbox.identity import HEAD_BYTES, identify
from services.shared.sandbox.names import clean_name
from services.shared.sandbox.policy import Limits, Policy
from services.shared.sandbox.protocol import (
    EXIT_NO_ROOM,
    EXIT_OUT_OF_MEMORY,
    Answer,
    BadAnswer,
    BoxCrashed,
    FormReading,
    Frames,
    Incoming,
    OpenedDocument,
    Problem,
    read_answer,
    send_frame,
)

_log = structlog.get_logger(__name__)
_END_SECONDS = 20
_DISK_LOOK_SECONDS = 1.0
_DESCRIPTORS_AT_A_TIME = 100  # the kernel takes at most 253 in one message
_CODES = {
    "time": "too_slow_to_open",
    "memory": "file_too_complex",
    "disk": "archive_too_large",
    "crash": "file_too_complex",  # that a parser breaks does not mean that the file is damaged: most often it ran out of memory
    "bad_answer": "file_corrupt",
}

Child = Callable[[Path], AbstractContextManager[tuple[socket.socket, socket.socket]]]
"""Gives a fresh child for a scratch folder: the link to it and the watch on it."""


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


@dataclass(frozen=True)
class _Ending:
    """How a child ended: `reason` is None when it did all; else a key of `_CODES`; `at` is what it worked on."""

    reason: str | None
    at: str | None = None
    path: str = ""


class Conversation:
    """One submission. `child` gives a fresh child; `scratch` is the submission's own folder."""

    def __init__(self, child: Child, policy: Policy, limits: Limits, files: Sequence[Incoming], scratch: Path) -> None:
        self._child = child
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
        with self._child(self._scratch) as (link, watch):
            try:
                self._send_files(link, waiting)
                return self._listen(link, watch, waiting)
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                return _Ending("crash")  # before it opened anything

    def _send_files(self, link: socket.socket, waiting: Sequence[Incoming]) -> None:
        files = [{"id": file.id, "role": file.role, "name": file.name, "size": file.size, "folder": self._files.index(file)} for file in waiting]
        used = sum(document.size for answer in self._answers.values() for document in answer.documents if document.scratch_file)
        told = sum(document.text_bytes for answer in self._answers.values() for document in answer.documents)
        room = max(0, self._policy.opening.text_characters - told)
        count = sum(len(answer.documents) - 1 for answer in self._answers.values())
        link.settimeout(self._limits.wall_seconds_per_file)
        used_up = {"used_bytes": used, "used_documents": count, "text_characters": room}
        send_frame(link, {"files": files, "limits": asdict(self._limits), **used_up})
        for start in range(0, len(waiting), _DESCRIPTORS_AT_A_TIME):
            with contextlib.ExitStack() as stack:
                descriptors = [stack.enter_context(_readable(file)).fileno() for file in waiting[start : start + _DESCRIPTORS_AT_A_TIME]]
                socket.send_fds(link, [b"f"], descriptors)

    def _listen(self, link: socket.socket, watch: socket.socket, waiting: Sequence[Incoming]) -> _Ending:
        frames = Frames(self._policy.opening.answer_bytes)
        ending = _Ending(None)
        poll = select.poll()
        poll.register(link, select.POLLIN)
        file_deadline = time.monotonic() + self._limits.wall_seconds_per_file
        while True:
            patience = min(file_deadline, self._deadline) - time.monotonic()
            if patience <= 0:
                return replace(ending, reason="time")
            if not poll.poll(min(patience, _DISK_LOOK_SECONDS) * 1000):
                if self._disk_used() > self._policy.opening.unpacked_bytes:
                    return replace(ending, reason="disk")
                continue
            data = _received(link)
            if not data:
                return replace(ending, reason=_reason_of(end_child(watch)))
            try:
                for message in frames.feed(data):
                    if "end" in message:
                        self._refuse_unanswered(waiting)
                        return _Ending(None)
                    earlier, ending = ending, self._take(message, waiting, ending)
                    if ending.at != earlier.at:
                        file_deadline = time.monotonic() + self._limits.wall_seconds_per_file
            except BadAnswer as problem:
                _log.error("box_bad_answer", document=ending.at, problem=str(problem))
                return replace(ending, reason="bad_answer")

    def _take(self, message: Mapping[str, Any], waiting: Sequence[Incoming], ending: _Ending) -> _Ending:
        """One message of the child: where it is now, what it found, or what went wrong in our own code. Raises BadAnswer."""
        if "fault" in message:
            _log.error("box_child_fault", document=ending.at, fault=str(message["fault"])[:500])
        elif "at" in message:
            return _Ending(None, self._expected(message["at"], waiting).id, str(message.get("path", ""))[:2000])
        else:
            file = self._expected(message.get("of"), waiting)
            self._answers[file.id] = read_answer(message, file, self._folder(file), self._policy)
        return ending

    def _refuse_unanswered(self, waiting: Sequence[Incoming]) -> None:
        if any(file.id not in self._answers for file in waiting):
            raise BadAnswer("not all files were answered")

    def _disk_used(self) -> int:
        """Bytes under the scratch folder: a child that was taken over does not count what it writes."""
        total = 0
        for folder, _, names in os.walk(self._scratch):
            for name in names:
                with contextlib.suppress(OSError):
                    total += (Path(folder) / name).lstat().st_blocks * 512
        return total

    def _expected(self, identifier: Any, waiting: Sequence[Incoming]) -> Incoming:
        file = next((file for file in waiting if file.id == identifier), None)
        if file is None or file.id in self._answers:
            raise BadAnswer("not a file that was asked about")
        return file

    def _blame_for(self, guilty: Incoming, ending: _Ending) -> None:
        reason = ending.reason or "crash"
        detail: dict[str, str | int] = {"reason": reason}
        if ending.path and ending.path != guilty.name:
            detail["path"] = ending.path
        _log.warning("box_child_ended", document=guilty.id, reason=reason)
        self._blame(guilty, _CODES[reason], detail)

    def _blame(self, file: Incoming, code: str, detail: dict[str, str | int]) -> None:
        shutil.rmtree(self._folder(file), ignore_errors=True)
        with _readable(file) as stream:
            file_type = identify(stream.read(HEAD_BYTES), file.name, self._policy)
        name = clean_name(file.name)
        document = OpenedDocument(
            id=file.id,
            parent=None,
            role=file.role,
            path=name,
            name=name,
            raw_name=file.name,
            size=file.size,
            scratch_file=None,
            media_type=file_type.media_type if file_type else "application/octet-stream",
            format=file_type.format if file_type else None,
            identity_numbers=(),
            text_searched=False,
            notes=("not_opened",),
        )
        self._answers[file.id] = Answer((document,), (Problem(code, file.id, detail),), None)

    def _folder(self, file: Incoming) -> Path:
        return self._scratch / str(self._files.index(file))


def _readable(file: Incoming) -> BinaryIO:
    """The file as a stream of its own that can only be read, so that neither position nor bytes of the worker's are touched."""
    return Path(f"/proc/self/fd/{file.stream.fileno()}").open("rb", buffering=0)


def _received(link: socket.socket) -> bytes:
    try:
        return link.recv(1 << 16)
    except ConnectionResetError:
        return b""


def end_child(watch: socket.socket) -> int | None:
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
