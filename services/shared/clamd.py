"""The scanner port on clamd: one file over its INSTREAM command (clamd(8)), in constant memory, and a verdict that does not lie.

Clean is only what clamd calls OK after it was given the whole file. What it gave up on (limits), could not look into (encrypted) or what holds macros is not scanned,
with a note that names why. Anything else that is not a signature's name (an error, an answer nobody knows, half an answer, none, one that came too early) is no verdict
at all: ScannerUnavailable, so the file waits. The client is our own because the published one takes a file over the limit for a broken pipe and needs a removed module.
"""

from __future__ import annotations

import re
import select
import socket
import time
from typing import BinaryIO, Final

from services.shared.sandbox import Policy
from services.shared.scanner import CLEAN, INFECTED, NOT_SCANNED, ScannerUnavailable, Verdict

_CHUNK: Final = 256 * 1024
_LONGEST_ANSWER: Final = 4096
_FOUND: Final = re.compile(r"stream: ([\x21-\x7e]{1,200}) FOUND")
_TOO_LARGE: Final = "INSTREAM size limit exceeded. ERROR"
# What clamd reports as found though it is no malware: it did not look at all of it, or cannot (clamd.conf(5): AlertExceedsMax, AlertEncrypted, AlertOLE2Macros).
_NOT_LOOKED_AT: Final = {
    "Heuristics.Limits.": "scan.limits",
    "Heuristics.Encrypted.": "scan.encrypted",
    "Heuristics.OLE2.ContainsMacros": "scan.macros",
}


def longest_stream(policy: Policy) -> int:
    """Bytes of the largest single file that any part of the policy lets in, and so may reach the scanner; clamd.conf is made from the same number."""
    sizes, opening = policy.sizes, policy.opening
    return max(
        sizes.form_bytes, sizes.multipart_file_bytes, sizes.upload_file_bytes, opening.member_bytes, opening.embedded_bytes, opening.message_bytes
    )


class ClamdScanner:
    """clamd at ``host:port``, or at a socket's path (begins with ``/``).

    ``longest_stream``: bytes, clamd's own StreamMaxLength; a longer file is not sent to its end. Times are seconds; ``scan_seconds`` is for a
    whole file, sending and waiting together.
    """

    passes_unscanned = False

    def __init__(self, address: str, *, longest_stream: int, connect_seconds: float = 5.0, scan_seconds: float = 300.0) -> None:
        self._address, self._longest = address, longest_stream
        self._connect_seconds, self._scan_seconds = connect_seconds, scan_seconds

    def scan(self, stream: BinaryIO) -> Verdict:
        """What clamd says of all bytes from the stream's position on. Raises ScannerUnavailable."""
        deadline = time.monotonic() + self._scan_seconds
        with self._connected() as link:
            try:
                return self._verdict(link, stream, deadline)
            except OSError as fault:
                raise ScannerUnavailable(f"clamd: {type(fault).__name__}") from fault

    def answers(self) -> bool:
        """Whether clamd is there and says so. Raises ScannerUnavailable when it cannot be reached."""
        deadline = time.monotonic() + self._connect_seconds
        with self._connected() as link:
            try:
                link.sendall(b"zPING\0")
                return _answer(link, deadline) == "PONG"
            except OSError as fault:
                raise ScannerUnavailable(f"clamd: {type(fault).__name__}") from fault

    def _connected(self) -> socket.socket:
        try:
            if self._address.startswith("/"):
                link = socket.socket(socket.AF_UNIX)
                link.settimeout(self._connect_seconds)
                try:
                    link.connect(self._address)
                except OSError:
                    link.close()
                    raise
                return link
            host, _, port = self._address.rpartition(":")
            return socket.create_connection((host.strip("[]"), int(port)), timeout=self._connect_seconds)
        except OSError as fault:
            raise ScannerUnavailable(f"clamd does not answer: {type(fault).__name__}") from fault

    def _verdict(self, link: socket.socket, stream: BinaryIO, deadline: float) -> Verdict:
        _send(link, b"zINSTREAM\0", deadline)
        sent = 0
        while piece := stream.read(_CHUNK):
            sent += len(piece)
            if sent > self._longest:
                return Verdict(NOT_SCANNED, "scan.too_large")
            if _has_answered(link):
                return self._early(link)
            try:
                _send(link, len(piece).to_bytes(4, "big") + piece, deadline)
            except (BrokenPipeError, ConnectionResetError):
                return self._early(link)
        if _has_answered(link):
            return self._early(link)
        _send(link, bytes(4), deadline)
        return _read_verdict(_answer(link, deadline))

    def _early(self, link: socket.socket) -> Verdict:
        """An answer before the file's end was sent says nothing about the file, but that it is too large."""
        if _answer(link, time.monotonic() + self._connect_seconds) == _TOO_LARGE:
            return Verdict(NOT_SCANNED, "scan.too_large")
        raise ScannerUnavailable("clamd answered before it had the whole file")


def _send(link: socket.socket, data: bytes, deadline: float) -> None:
    link.settimeout(_patience(deadline))
    link.sendall(data)


def _answer(link: socket.socket, deadline: float) -> str:
    """All that comes until clamd closes: one answer that ends with NUL and nothing after it."""
    taken = b""
    while True:
        link.settimeout(_patience(deadline))
        data = link.recv(_LONGEST_ANSWER)
        taken += data
        if len(taken) > _LONGEST_ANSWER:
            raise ScannerUnavailable("clamd's answer has no end")
        if not data:
            break
    if not taken.endswith(b"\0") or taken.count(b"\0") != 1:
        raise ScannerUnavailable("clamd closed without a whole answer" if taken else "clamd closed without an answer")
    return taken[:-1].decode("ascii", "backslashreplace")


def _patience(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise ScannerUnavailable("clamd took too long")
    return left


def _has_answered(link: socket.socket) -> bool:
    poll = select.poll()
    poll.register(link, select.POLLIN)
    return bool(poll.poll(0))


def _read_verdict(answer: str) -> Verdict:
    if answer == "stream: OK":
        return Verdict(CLEAN)
    if answer == _TOO_LARGE:
        return Verdict(NOT_SCANNED, "scan.too_large")
    found = _FOUND.fullmatch(answer)
    if found is None:
        raise ScannerUnavailable(f"clamd said {answer[:200]!r}")
    signature = found[1]
    for beginning, note in _NOT_LOOKED_AT.items():
        if signature.startswith(beginning):
            return Verdict(NOT_SCANNED, note)
    return Verdict(INFECTED, signature)
