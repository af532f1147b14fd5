"""Large files that came in pieces (tus 1.0): finding one that may be used, reading it as one stream, and using it up.

Intake takes them in; a submission (intake) or an agency's answer (routing) uses them. Each may be used once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import BinaryIO

from sqlalchemy import Connection, RowMapping, delete, select, update

from services.shared import telemetry, timestamps
from services.shared.context import Context
from services.shared.models import upload_parts, uploads
from services.shared.objects import ObjectMissing, ObjectsUnavailable
from services.shared.objects.port import Readable
from services.shared.problems import Problem
from services.shared.web.incoming import FindUpload, Uploaded

OPEN = "open"
USED = "used"
ENDED = "ended"
# Contract, section 3: an upload is kept for 7 days. So is an Idempotency-Key, whose retry must recognise an upload that was used.
KEPT_SECONDS = 7 * 86400
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
log = telemetry.logger("uploads")


def prefix_of(upload: str) -> str:
    """Where an upload's pieces lie; ends with ``/``. Two characters of the id's random end spread the folders."""
    return f"uploads/{upload[-2:]}/{upload}/"


def find(tx: Connection, upload: str, owners: Collection[str]) -> RowMapping:
    """An upload of one of these owners, open or used. Raises Problem: ``upload_unknown`` (404), ``upload_expired`` (410)."""
    row = None
    if _ID.fullmatch(upload):
        row = tx.execute(select(uploads).where(uploads.c.id == upload)).mappings().one_or_none()
    if row is None or row["owner"] not in owners or row["state"] == ENDED:
        raise Problem("upload_unknown", 404)
    if row["expires_at"] <= timestamps.now():
        raise Problem("upload_expired", 410)
    return row


def finder(context: Context, owner: str, *, watched: Callable[[Readable], Readable] = lambda source: source, may_be_used: bool = False) -> FindUpload:
    """How a body's ``upload`` and ``form_upload`` fields find their bytes: ``watched`` sees them go by; with ``may_be_used`` one that was used is known by its digest."""

    def find_upload(wanted: str) -> Uploaded:
        with context.database.read() as tx:
            row = find(tx, wanted, (owner,))
        if may_be_used and row["state"] == USED:
            return Uploaded(row["id"], row["name"] or "", row["length"], None, row["sha256"])
        return Uploaded(row["id"], row["name"] or "", row["length"], watched(read(context, row)))

    return find_upload


def check_complete(row: RowMapping) -> None:
    """Raises Problem ``upload_incomplete`` (409) while bytes are missing."""
    if row["received"] < row["length"]:
        raise Problem("upload_incomplete", 409, received=row["received"], length=row["length"])


def read(context: Context, row: RowMapping) -> Joined:
    """The bytes of a complete upload that was not used yet. Raises Problem ``upload_incomplete``, ``upload_used`` (409)."""
    check_complete(row)
    if row["state"] == USED:
        raise Problem("upload_used", 409)
    with context.database.read() as tx:
        query = select(upload_parts.c.object_key).where(upload_parts.c.upload == row["id"]).order_by(upload_parts.c.start)
        keys = list(tx.execute(query).scalars())
    return Joined(context, keys)


class Joined:
    """Pieces as one stream, one after the other; only one is open at a time."""

    def __init__(self, context: Context, keys: list[str]) -> None:
        self._context = context
        self._waiting: Iterator[str] = iter(keys)
        self._piece: BinaryIO | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, ``b""`` at the end. Raises Problem when the upload was ended or used meanwhile, or the store does not answer."""
        try:
            while True:
                if self._piece is None:
                    key = next(self._waiting, None)
                    if key is None:
                        return b""
                    self._piece = self._context.objects.open(key)
                if data := self._piece.read(size):
                    return data
                self.close()
        except ObjectMissing as fault:
            raise Problem("upload_used", 409) from fault
        except ObjectsUnavailable as fault:
            raise Problem("store_unavailable", 503) from fault

    def close(self) -> None:
        """Let go of the piece that is open."""
        if self._piece is not None:
            self._piece.close()
            self._piece = None


def use(tx: Connection, upload: str, sha256: str) -> None:
    """Use an upload up, in the transaction that makes its bytes somebody's document. Raises Problem ``upload_used`` (409) when another was first."""
    unused = update(uploads).where(uploads.c.id == upload, uploads.c.state == OPEN, uploads.c.received == uploads.c.length)
    kept_until = timestamps.later(timestamps.now(), KEPT_SECONDS)
    if tx.execute(unused.values(state=USED, sha256=sha256, writer=None, expires_at=kept_until)).rowcount != 1:
        raise Problem("upload_used", 409)
    tx.execute(delete(upload_parts).where(upload_parts.c.upload == upload))


def remove_pieces(context: Context, upload: str) -> None:
    """Remove the bytes of an upload that was used or ended. What cannot be removed now, the sweep removes when the upload's row goes."""
    try:
        for key in list(context.objects.list(prefix_of(upload))):
            context.objects.delete(key)
    except Exception:
        log.exception("upload_pieces_left", upload=upload)
