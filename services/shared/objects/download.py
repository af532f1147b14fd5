"""A stream over HTTP that goes on where a broken connection left it."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from typing import Final

from services.shared.objects.port import CHUNK, ObjectExists, ObjectsUnavailable
from services.shared.objects.signed import Answer, Unreachable

_TRIES: Final = 4

Get = Callable[[int, str | None], Answer | None]
"""(offset, ETag it must still have) -> the answer, or None when the offset is at or beyond the end."""


class Download(io.RawIOBase):
    """An object's bytes from ``start`` on. The first request is made at once, so that what is missing is told when it is opened.

    Raises ObjectsUnavailable when the store does not answer even after some tries, or when the object was replaced while it was read.
    """

    def __init__(self, get: Get, start: int) -> None:
        self._get, self._position = get, start
        self._etag: str | None = None
        self._size: int | None = None
        self._response: Answer | None = None
        self._ask()

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes: the next read after a move is a request of its own."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move; nothing is asked before the next read."""
        wanted = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size or 0}[whence]
        if wanted != self._position:
            self._let_go()
            self._position = wanted
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, ``b""`` at the end; all that is left without a size."""
        if size >= 0:
            return self._read(size)
        pieces = []
        while piece := self._read(CHUNK):
            pieces.append(piece)
        return b"".join(pieces)

    def readall(self) -> bytes:
        """All that is left."""
        return self.read(-1)

    def readinto(self, buffer: object, /) -> int:
        """As ``read``, into a buffer."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typed as object by the class above, a buffer by its contract
        data = self._read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Let go of the connection."""
        self._let_go()
        super().close()

    def _read(self, size: int) -> bytes:
        if size == 0 or (self._size is not None and self._position >= self._size):
            return b""
        for attempt in range(1, _TRIES + 1):
            try:
                if self._response is None:
                    self._ask()
                data = self._response.read(size) if self._response is not None else b""
            except Unreachable as fault:
                self._let_go()
                if attempt == _TRIES:
                    raise ObjectsUnavailable(f"the object store broke off: {fault}") from fault
                time.sleep(random.uniform(0.1, 0.4) * attempt)  # noqa: S311 - jitter
            else:
                self._position += len(data)
                return data
        raise AssertionError("not reached")

    def _ask(self) -> None:
        try:
            self._response = self._get(self._position, self._etag)
        except ObjectExists as changed:
            raise ObjectsUnavailable("the object was replaced while it was read") from changed
        if self._response is None:
            self._size = self._position
        elif self._size is None:
            self._etag = self._response.headers.get("etag", "").strip('"') or None
            self._size = self._position + int(self._response.headers["content-length"])

    def _let_go(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()
