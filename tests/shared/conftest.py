"""What the tests of the core begin with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from services.shared import events, identifiers, lifecycle, names, timestamps
from services.shared.database import Database
from services.shared.models import submissions


def add_submission(database: Database, *, root: str | None = None, version: int = 1, reference: str | None = None, **values: Any) -> str:
    """A submission that was just received, with its first event."""
    new_id = identifiers.new_id()
    row = {
        "id": new_id,
        "root": root or new_id,
        "reference": reference or identifiers.new_reference(2026),
        "version": version,
        "status": lifecycle.RECEIVED,
        "owner": "organisation:310000019",
        "submitter": {"kind": "organisation", "id": "310000019", "name": "Eksempel", "country": "NO"},
        "received_at": timestamps.now(),
        "access": "restricted",
        "errors": [],
        "head_seq": 0,
        "head_hash": events.GENESIS_HASH,
    } | values
    with database.write() as tx:
        tx.execute(insert(submissions).values(row))
        events.record(tx, new_id, names.SUBMISSION_RECEIVED, actor="organisation:310000019")
    return new_id
