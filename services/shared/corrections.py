"""A correction names the version it replaces; which one that is, and whether it may be replaced now, is asked when it is handed in and when it is only checked."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, RowMapping, bindparam, select

from services.shared import events, lifecycle
from services.shared.identity import Identity
from services.shared.models import submissions
from services.shared.problems import Problem

# A correction that was withdrawn or rejected leaves what it was to correct in force, and that may be corrected again.
_STANDING: Final = select(submissions.c.id).where(submissions.c.root == bindparam("of_root"), submissions.c.status.not_in(lifecycle.ENDED)).limit(1)


def replaced_version(tx: Connection, identity: Identity, replaces: str, *, is_secretariat: bool, lock: bool) -> RowMapping:
    """The version that a correction replaces: ``replaces`` is its id, or a reference for the newest. ``lock``: nobody else may replace it in this transaction.

    Raises Problem: not there or not theirs, not the newest, a correction is being checked, or all versions have ended.
    """
    wanted = replaces.lower()
    by_reference = wanted.startswith("nm-")
    condition = submissions.c.reference == wanted.upper() if by_reference else submissions.c.id == wanted
    found = tx.execute(select(submissions.c.id, submissions.c.root, submissions.c.owner).where(condition).limit(1)).one_or_none()
    if found is None or (found.owner != identity.owner and not is_secretariat):
        raise Problem("replaced_not_found", 404)
    if lock:
        events.locked(tx, found.root)
    newest = tx.execute(select(submissions).where(submissions.c.root == found.root).order_by(submissions.c.version.desc()).limit(1)).mappings().one()
    if not by_reference and newest["id"] != wanted:
        raise Problem("copy_out_of_date", 409, reference=newest["reference"])
    if newest["version"] > 1 and newest["status"] in lifecycle.UNREAD:
        raise Problem("correction_in_progress", 409, reference=newest["reference"])
    if newest["status"] in lifecycle.ENDED and tx.execute(_STANDING, {"of_root": found.root}).first() is None:
        raise Problem("move_not_allowed", 409)
    return newest
