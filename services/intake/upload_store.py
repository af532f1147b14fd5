"""Taking in large files piece by piece: every piece is an object of its own, and the upload's row says how far it has come.

A row is moved on only when the bytes before that place are durable. Of two who write to the same upload, the one who began last wins (a sender that lost its
connection comes back before we have noticed); what the other still brings is thrown away.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping, delete, insert, select, update

from services.shared import identifiers, timestamps, uploads
from services.shared.context import Context
from services.shared.identity import Identity
from services.shared.models import upload_parts
from services.shared.models import uploads as table
from services.shared.objects import ObjectsUnavailable
from services.shared.objects.port import Readable
from services.shared.problems import Problem
from services.shared.web.server import BodyCutOff, BodyTooSlow

ALGORITHMS: Final = ("sha256", "sha1")
# A PATCH of any length is kept in slices: whoever is killed while it comes loses one slice, not all.
SLICE_BYTES: Final = 64 * 1024 * 1024
# Bytes are removed a while after an upload has expired, when no PATCH can still be writing to it.
GRACE_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class Checksum:
    """What ``Upload-Checksum`` says of a piece."""

    algorithm: str
    digest: bytes

    @staticmethod
    def parse(header: str) -> Checksum:
        """Read ``<algorithm> <base64>`` (tus 1.0, checksum). Raises Problem ``checksum_not_known`` (400)."""
        algorithm, _, encoded = header.strip().partition(" ")
        try:
            digest = base64.b64decode(encoded.strip(), validate=True)
        except ValueError as fault:
            raise Problem("checksum_not_known", 400, known=", ".join(ALGORITHMS)) from fault
        if algorithm not in ALGORITHMS or len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
            raise Problem("checksum_not_known", 400, known=", ".join(ALGORITHMS))
        return Checksum(algorithm, digest)


@dataclass(frozen=True)
class _Piece:
    """A durable object that the row does not count yet."""

    start: int
    size: int
    key: str


def create(context: Context, identity: Identity, length: int, sent_metadata: str | None, name: str | None) -> RowMapping:
    """A new upload of ``length`` bytes. Raises Problem ``upload_too_large`` (413)."""
    limit = context.policy.sizes.upload_file_bytes
    if length > limit:
        raise Problem("upload_too_large", 413, limit=limit)
    now = timestamps.now()
    upload = identifiers.new_id()
    row = {
        "id": upload,
        "owner": identity.owner,
        "length": length,
        "received": 0,
        "sent_metadata": sent_metadata,
        "name": name,
        "state": uploads.OPEN,
        "created_at": now,
        "expires_at": timestamps.later(now, uploads.KEPT_SECONDS),
    }
    with context.database.write() as tx:
        tx.execute(insert(table).values(row))
        return uploads.find(tx, upload, (identity.owner,))


def append(context: Context, identity: Identity, upload: str, offset: int, length: int, stream: Readable, checksum: Checksum | None) -> RowMapping:
    """Add the ``length`` bytes of a stream at ``offset``; returns the row when they are durable.

    What came before a connection broke is kept, unless it has a checksum, which only the whole piece can meet. Raises Problem.
    """
    _check_store(context)
    writer = _begin(context, identity, upload, offset, length)
    uncounted: list[_Piece] = []
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    end, at = offset + length, offset
    try:
        while at < end:
            taken = _Slice(stream, min(SLICE_BYTES, end - at), digest)
            key = f"{uploads.prefix_of(upload)}{at:016d}-{writer}"
            uncounted.append(_Piece(at, 0, key))
            size = _put(context, key, taken)
            uncounted[-1] = _Piece(at, size, key)
            at += size
            if size and checksum is None:
                _count(context, upload, writer, uncounted)
                uncounted.clear()
            if taken.fault is not None:
                raise taken.fault
        if checksum is not None and digest is not None:
            if digest.digest() != checksum.digest:
                raise Problem("checksum_mismatch", 460)
            _count(context, upload, writer, uncounted)
            uncounted.clear()
    finally:
        for piece in uncounted:
            context.objects.delete(piece.key)
    with context.database.read() as tx:
        return uploads.find(tx, upload, (identity.owner,))


def _check_store(context: Context) -> None:
    try:
        context.objects.check()
    except ObjectsUnavailable as fault:
        raise Problem("store_unavailable", 503) from fault


def _begin(context: Context, identity: Identity, upload: str, offset: int, length: int) -> str:
    """Become the one who writes, from here on. Returns the proof of it. Raises Problem."""
    writer = identifiers.new_token()
    with context.database.write() as tx:
        row = uploads.find(tx, upload, (identity.owner,))
        if row["state"] != uploads.OPEN:
            raise Problem("upload_used", 409)
        if offset != row["received"]:
            raise Problem("upload_offset_mismatch", 409)
        if offset + length > row["length"]:
            raise Problem("upload_too_large", 413, limit=row["length"])
        tx.execute(update(table).where(table.c.id == upload).values(writer=writer))
    return writer


def _put(context: Context, key: str, taken: Readable) -> int:
    try:
        return context.objects.put(key, taken).size
    except ObjectsUnavailable as fault:
        raise Problem("store_unavailable", 503) from fault


def _count(context: Context, upload: str, writer: str, pieces: list[_Piece]) -> None:
    """Move the row on over durable pieces, if we are still the one who writes. Raises Problem ``upload_offset_mismatch`` (409)."""
    if not pieces:
        return
    end = pieces[-1].start + pieces[-1].size
    with context.database.write() as tx:
        ours = update(table).where(table.c.id == upload, table.c.writer == writer, table.c.state == uploads.OPEN, table.c.received == pieces[0].start)
        if tx.execute(ours.values(received=end)).rowcount != 1:
            raise Problem("upload_offset_mismatch", 409)
        rows = [{"upload": upload, "start": piece.start, "size": piece.size, "object_key": piece.key} for piece in pieces]
        tx.execute(insert(upload_parts), rows)


def end(context: Context, identity: Identity, upload: str) -> None:
    """Throw an upload away. Its row stays until the sweep, which then also finds what a PATCH that was still writing left. Raises Problem."""
    with context.database.write() as tx:
        row = uploads.find(tx, upload, (identity.owner,))
        if row["state"] != uploads.OPEN:
            raise Problem("upload_used", 409)
        tx.execute(update(table).where(table.c.id == upload).values(state=uploads.ENDED, writer=None))
        tx.execute(delete(upload_parts).where(upload_parts.c.upload == upload))
    uploads.remove_pieces(context, upload)


def sweep(context: Context) -> int:
    """Remove uploads whose time is over, with their bytes. Returns how many went."""
    over = timestamps.later(timestamps.now(), -GRACE_SECONDS)
    with context.database.read() as tx:
        found = list(tx.execute(select(table.c.id).where(table.c.expires_at <= over).limit(1000)).scalars())
    for upload in found:
        for key in list(context.objects.list(uploads.prefix_of(upload))):
            context.objects.delete(key)
        with context.database.write() as tx:
            tx.execute(delete(upload_parts).where(upload_parts.c.upload == upload))
            tx.execute(delete(table).where(table.c.id == upload))
    return len(found)


class _Slice:
    """The next bytes of a body. A break ends it like an end, so that what came is stored; ``fault`` then says what happened."""

    def __init__(self, stream: Readable, size: int, digest: hashlib._Hash | None) -> None:
        self._stream, self._left, self._digest = stream, size, digest
        self.fault: Problem | None = None

    def read(self, size: int = -1, /) -> bytes:
        if self._left == 0 or self.fault is not None:
            return b""
        try:
            piece = self._stream.read(self._left if size < 0 else min(size, self._left))
            if not piece:
                raise BodyCutOff
        except (BodyCutOff, BodyTooSlow) as fault:
            self.fault = fault
            return b""
        self._left -= len(piece)
        if self._digest is not None:
            self._digest.update(piece)
        return piece
