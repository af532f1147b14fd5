"""The rolling audit: every object's bytes are read again within a set period, what was written last first. It is a fixity check that the archive asks of itself.

A copy that the store made is believed by the store's word (``ocfl.py``); here its bytes are looked at, off the way of what is to be archived.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, insert, select

from services.archive import catalogue
from services.archive.models import archive_fixity_checks
from services.shared import identifiers, jobs, names, timestamps
from services.shared.context import Context

ACTOR: Final = "archive"
# How often whoever runs sweeps calls ``sweep``: what was written since is read then.
SWEEP_SECONDS: Final = 3600.0
# How long an object may lie unread.
PERIOD_SECONDS: Final = 90 * 24 * 3600.0
BATCH: Final = 100


def sweep(context: Context) -> str | None:
    """Begin a pass, unless one is under way or nothing is due. Returns the id of its check. A pass whose job was given up goes on."""
    check_id = identifiers.new_id()
    running = select(archive_fixity_checks.c.id).where(archive_fixity_checks.c.requested_by == ACTOR, archive_fixity_checks.c.finished_at.is_(None))
    with context.database.write() as tx:
        begun = tx.execute(running.limit(1)).scalar_one_or_none()
        if begun is not None and not jobs.is_waiting(tx, names.ARCHIVE_FIXITY, _key(begun)):
            enqueue(tx, begun)
            return str(begun)
        if begun is not None or not due(tx, check_id, limit=1):
            return None
        tx.execute(insert(archive_fixity_checks).values(id=check_id, object=None, requested_by=ACTOR, requested_at=timestamps.now()))
        enqueue(tx, check_id)
    return check_id


def enqueue(tx: Connection, check_id: str) -> None:
    """The next slice of a pass, behind what waits to be archived."""
    jobs.enqueue(tx, names.ARCHIVE_FIXITY, key=_key(check_id), data={"check": check_id, "audit": True})


def due(tx: Connection, check_id: str, *, limit: int = BATCH) -> list[str]:
    """The objects to be read next in a pass."""
    return catalogue.not_read_since(tx, timestamps.later(timestamps.now(), -PERIOD_SECONDS), check=check_id, limit=limit)


def _key(check_id: str) -> str:
    return f"fixity-{check_id}"
