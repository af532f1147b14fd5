"""A clamd that does with each connection what a script says, over real TCP, and remembers what it said of which bytes."""

from __future__ import annotations

import hashlib
import itertools
import socket
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

# What it can do with one connection. After the whole stream was read: these words. The others break off in one way or another.
OK: Final = "stream: OK\0"
INFECTIONS: Final = ("stream: Win.Test.EICAR_HDB-1 FOUND\0", "stream: Heuristics.Phishing.Email FOUND\0")
# Told as found, or as an error, but the file was not looked at, or not all of it.
UNDECIDED: Final = (
    "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
    "stream: Heuristics.Limits.Exceeded.MaxScanTime FOUND\0",
    "stream: Heuristics.Encrypted.Zip FOUND\0",
    "stream: Heuristics.OLE2.ContainsMacros FOUND\0",
    "INSTREAM size limit exceeded. ERROR\0",
)
# No verdict, or half of one, or two.
SENSELESS: Final = (
    "stream: Can't allocate memory ERROR\0",
    "UNKNOWN COMMAND\0",
    "HTTP/1.1 200 OK\r\n\r\n\0",
    "stream: OK",
    "stream: OK\n\0",
    "stream: OK\0stream: Evil FOUND\0",
    "stream: Evil FOUND\0stream: OK\0",
    "stream: \0",
    "\0",
    "",
)
SAID: Final = (OK, *INFECTIONS, *UNDECIDED, *SENSELESS)
CLOSED: Final = "closed at once"
CLOSED_MIDWAY: Final = "closed in the middle"
TOO_LARGE: Final = "called too large before it is all there"
HANGS: Final = "hangs after all was sent"
HANGS_MIDWAY: Final = "hangs in the middle of its answer"
BREAKS: Final = (CLOSED, CLOSED_MIDWAY, TOO_LARGE, HANGS, HANGS_MIDWAY)


class ScriptedClamd:
    """Listens where clamd would. ``script`` is used up, an act for each connection; then everything is OK.

    ``last`` tells, by the SHA-256 of a file, what was done when it last came whole.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.script: deque[str] = deque()
        self._last: dict[str, tuple[int, str]] = {}
        self._ending = threading.Event()
        threading.Thread(target=self._serve, name="scripted-clamd", daemon=True).start()

    def follow(self, script: Iterable[str]) -> None:
        """Begin anew with this script."""
        self.script, self._last = deque(script), {}

    @property
    def last(self) -> dict[str, str]:
        """SHA-256 of a file -> the act."""
        return {digest: act for digest, (_, act) in self._last.items()}

    def close(self) -> None:
        """Let go of everybody who hangs, and listen no more."""
        self._ending.set()
        self._listener.close()

    def _serve(self) -> None:
        for number in itertools.count():
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            act = self.script.popleft() if self.script else OK
            threading.Thread(target=self._answer, args=(link, act, number), daemon=True).start()

    def _answer(self, link: socket.socket, act: str, number: int) -> None:
        with link, suppress(OSError):
            if act == CLOSED:
                return
            reader = link.makefile("rb")
            if reader.read(10) != b"zINSTREAM\0":
                return
            if act == CLOSED_MIDWAY:
                reader.read(8)
                return
            if act == TOO_LARGE:
                reader.read(8)
                link.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
            data = b""
            while length := int.from_bytes(head := reader.read(4), "big"):
                data += reader.read(length)
            if len(head) < 4:
                return  # whoever asked has given up
            # Before it is said: whoever acts on the answer finds it written here. One who was given up on comes too late.
            digest = hashlib.sha256(data).hexdigest()
            self._last[digest] = max(self._last.get(digest, (-1, "")), (number, act))
            if act in (HANGS, HANGS_MIDWAY):
                link.sendall(b"stream: " if act == HANGS_MIDWAY else b"")
                self._ending.wait(2.0)
            else:
                link.sendall(act.encode())
