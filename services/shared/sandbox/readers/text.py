"""Plain text and comma-separated values: searched; pictures: only looked at from outside."""

from __future__ import annotations

import codecs
import time
from typing import TYPE_CHECKING

from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_CHUNK = 1 << 20
_OVERLAP = 64  # a number may lie across the border of two chunks


def read(opening: FileOpening, document: Document) -> None:
    """Search the text, as far as the policy's bytes and seconds go."""
    limits = opening.policy.opening
    encoding = _encoding(document)
    started, before, searched = time.process_time(), b"", 0
    while chunk := document.stream.read(_CHUNK):
        if b"\0" in chunk and not encoding.startswith("utf-16"):
            raise Refused("type_mismatch", found="binary")
        document.read((before + chunk).decode(encoding, "replace"), part="text")
        before = chunk[-_OVERLAP:]
        searched += len(chunk)
        if searched >= limits.searched_bytes or time.process_time() - started > limits.search_seconds:
            if searched < document.size:
                document.text_searched = False
                document.note("text_too_long_to_search")
            return


def read_image(opening: FileOpening, document: Document) -> None:
    """A picture is kept as it is: no pixel is decoded here, and words in it cannot be searched."""
    document.text_searched = False
    document.stream.seek(max(0, document.size - 64))
    tail = document.stream.read()
    if b"IEND" not in tail and b"\xff\xd9" not in tail and b"\x3b" not in tail:  # the ends of PNG, JPEG and GIF
        document.note("picture_without_end")


def _encoding(document: Document) -> str:
    head = document.stream.read(4)
    document.stream.seek(0)
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    return "utf-8"
