"""What every object store must do. Keys are ``/``-separated, each part of letters, digits and ``-_.=%:``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

CHUNK = 256 * 1024
_PART = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9\-_.=%:]{1,255}"
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")


class ObjectMissing(LookupError):
    """No object has that key."""


class ObjectExists(Exception):
    """The key is written already, with other bytes, and may not be replaced."""


class ObjectsUnavailable(Exception):
    """The store did not answer: try again later."""


class Readable(Protocol):
    """Anything that gives its bytes a piece at a time."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most ``size`` of them; none at the end."""


@dataclass(frozen=True)
class Stored:
    """What was written: its size in bytes and its digests (hex). ``tag``: the store's own name for exactly these bytes (S3's ETag), if it has one."""

    size: int
    sha256: str
    sha512: str
    tag: str | None = field(default=None, compare=False)


class Objects(Protocol):
    """Bytes by key. What ``put``, ``put_bytes`` and ``copy_from`` wrote survives loss of power when they return.

    A store elsewhere compares what arrives with a digest that is sent along, and refuses anything else.
    """

    def put(self, key: str, stream: Readable) -> Stored:
        """Write all of a stream, a piece at a time. The same key may be written again with the same bytes."""

    def put_bytes(self, key: str, data: bytes, *, replaces: bytes | None = None) -> bool:
        """Write small bytes; False when they lay there already. A key with any bytes but these and those to be replaced raises ObjectExists; ObjectMissing when what is
        to be replaced is not there."""

    def together(self) -> AbstractContextManager[None]:
        """What this thread puts inside the block survives loss of power when the block ends, and not before: cheaper than each by itself."""

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """A stream of the bytes from an offset on. Raises ObjectMissing; reading on raises ObjectsUnavailable when the store does not answer."""

    def file(self, key: str) -> BinaryIO:
        """All bytes as a real file with ``fileno()``, as the box needs; from a store elsewhere they are fetched first. Raises ObjectMissing."""

    def read_bytes(self, key: str) -> bytes:
        """All bytes of a small object. Raises ObjectMissing."""

    def size(self, key: str) -> int | None:
        """Size in bytes, or None when there is no such object."""

    def has(self, key: str) -> bool:
        """Whether there is such an object. Cheaper than ``size``: of a store elsewhere, yes may be some seconds old."""

    def copy_from(self, source: Objects, source_key: str, key: str, known: Stored | None = None) -> Stored:
        """Copy from another store (or this one). The digests are of the bytes that were read and written, or ``known`` where the store itself says that they were copied.

        ``known``: what was told when the source was written, with its tag.
        """

    def list(self, prefix: str) -> Iterator[str]:
        """Keys that begin with ``prefix``, in order."""

    def delete(self, key: str) -> None:
        """Remove; nothing happens when it is not there."""

    def check(self) -> None:
        """Raise ObjectsUnavailable when nothing could be written now."""


def check_key(key: str) -> None:
    """Raises ValueError for a key that could leave its root or is not portable."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")


class Hashing:
    """Counts and digests what passes through it."""

    def __init__(self) -> None:
        self.size = 0
        self._sha256, self._sha512 = hashlib.sha256(), hashlib.sha512()

    def update(self, piece: bytes) -> None:
        """Take in one more piece."""
        self.size += len(piece)
        self._sha256.update(piece)
        self._sha512.update(piece)

    def stored(self) -> Stored:
        """What has passed so far."""
        return Stored(self.size, self._sha256.hexdigest(), self._sha512.hexdigest())
