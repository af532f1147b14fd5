"""multipart/form-data, a piece at a time: werkzeug's sans-IO decoder feeds whoever reads the part, so no file is ever held or spooled.

(Flask's own form parser writes every file to a temporary one before the view is called.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData, Preamble

from services.shared.objects.port import Readable
from services.shared.problems import Problem

PIECE = 64 * 1024
MAX_PARTS = 1000


class Part:
    """One part. Read it to its end (or leave it) before taking the next.

    ``filename`` is None for a plain field.
    """

    def __init__(self, source: _Events, name: str, filename: str | None, headers: Headers) -> None:
        self.name, self.filename, self.headers = name, filename, headers
        self._source, self._ended = source, False

    @property
    def media_type(self) -> str:
        """The declared type, without parameters, or ``""``."""
        return parse_options_header(self.headers.get("Content-Type", ""))[0].lower()

    def read(self, size: int = -1, /) -> bytes:
        """The next piece (its size is the decoder's, not ``size``), or ``b""`` at the part's end."""
        while not self._ended:
            event = self._source.next()
            if not isinstance(event, Data):
                raise Problem("multipart_malformed", 400)
            self._ended = not event.more_data
            if event.data:
                return event.data
        return b""

    def text(self, limit: int = 64 * 1024) -> str:
        """A field's value. Raises Problem when it is longer than ``limit`` bytes or not UTF-8."""
        pieces: list[bytes] = []
        size = 0
        while piece := self.read():
            size += len(piece)
            if size > limit:
                raise Problem("field_too_long", 413, name=self.name, limit=limit)
            pieces.append(piece)
        try:
            return b"".join(pieces).decode("utf-8")
        except UnicodeDecodeError as fault:
            raise Problem("multipart_malformed", 400) from fault

    def skip(self) -> None:
        """Read what is left and forget it."""
        while self.read():
            pass


class _Events:
    """Pulls the decoder's events out of a stream."""

    def __init__(self, stream: Readable, boundary: bytes) -> None:
        self._stream = stream
        self._decoder = MultipartDecoder(boundary, max_parts=MAX_PARTS)
        self._ended = False

    def next(self) -> Event:
        """The next event. Raises Problem when the stream is no multipart body."""
        try:
            while isinstance(event := self._decoder.next_event(), NeedData):
                if self._ended:
                    raise Problem("multipart_malformed", 400)
                piece = self._stream.read(PIECE)
                self._ended = not piece
                self._decoder.receive_data(piece or None)
            return event
        except RequestEntityTooLarge as fault:
            raise Problem("too_many_parts", 413, limit=MAX_PARTS) from fault
        except (ValueError, KeyError, UnicodeError) as fault:
            raise Problem("multipart_malformed", 400) from fault


def read_parts(stream: Readable, content_type: str | None) -> Iterator[Part]:
    """The parts of a body in order. Raises Problem (``multipart_expected``, ``multipart_malformed``, ``too_many_parts``)."""
    media_type, options = parse_options_header(content_type or "")
    boundary: Any = options.get("boundary")
    if media_type.lower() != "multipart/form-data" or not boundary:
        raise Problem("multipart_expected", 415)
    source = _Events(stream, boundary.encode("utf-8", "replace"))
    while not isinstance(event := source.next(), Epilogue):
        if isinstance(event, Preamble):
            continue
        if isinstance(event, Field | File):
            part = Part(source, event.name, event.filename if isinstance(event, File) else None, event.headers)
            yield part
            part.skip()
        else:
            raise Problem("multipart_malformed", 400)
