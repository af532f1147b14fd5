"""The one gate for every move: ``record()`` checks it, appends the event to the chain, updates the row and puts jobs for those who hear it.

The event is at once the timeline people see, the audit log and the outbox (house, ideas 1 and 2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from sqlalchemy import Connection, RowMapping, insert, select, update

from services.shared import jobs, lifecycle, names, telemetry, timestamps
from services.shared.models import events, submissions

GENESIS_HASH = "0" * 64


class MoveNotAllowed(Exception):
    """The submission is no longer in a state from which this move is allowed."""

    def __init__(self, submission: str, event_type: str, status: str) -> None:
        super().__init__(f"{event_type} is not allowed from {status}")
        self.submission, self.event_type, self.status = submission, event_type, status


@dataclass(frozen=True)
class Event:
    """One row of the story. ``data`` is JSON; ``hash`` covers all fields but ``id`` and itself."""

    id: int
    submission: str
    seq: int
    prev_hash: str
    hash: str
    at: str
    type: str
    actor: str
    trace: str | None
    data: dict[str, Any]


def chain_hash(fields: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the RFC 8785 form of an event's fields without ``id`` and ``hash``."""
    covered = {name: fields[name] for name in ("submission", "seq", "prev_hash", "at", "type", "actor", "trace", "data")}
    return hashlib.sha256(rfc8785.dumps(covered)).hexdigest()


def locked(tx: Connection, submission: str) -> RowMapping:
    """The submission's row, with all versions of its reference locked until the transaction ends. Raises LookupError."""
    query = select(submissions).where(submissions.c.id == submission)
    if tx.dialect.name != "sqlite":  # SQLite's write transactions are alone already
        root = select(submissions.c.root).where(submissions.c.id == submission).scalar_subquery()
        tx.execute(select(submissions.c.id).where(submissions.c.id == root).with_for_update())
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise LookupError(submission)
    return row


def record(
    tx: Connection,
    submission: str,
    event_type: str,
    *,
    actor: str,
    data: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Event:
    """Append one event to a submission's story, in the caller's transaction.

    ``changes`` are columns of ``submissions`` to set with it. Raises MoveNotAllowed when the table of moves forbids it.
    """
    row = locked(tx, submission)
    new_values = dict(changes or {})
    move = lifecycle.MOVES.get(event_type)
    if move is not None:
        if row["status"] not in move.sources:
            raise MoveNotAllowed(submission, event_type, row["status"])
        new_values["status"] = move.target
    event = _append(tx, row, event_type, actor, dict(data or {}), new_values)
    _consequences(tx, row, event, new_values)
    return event


def record_or_drop(
    tx: Connection,
    submission: str,
    event_type: str,
    *,
    actor: str,
    data: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Event | None:
    """As ``record``, but a move that is no longer allowed (withdrawn meanwhile) leaves a timeline row and returns None."""
    try:
        return record(tx, submission, event_type, actor=actor, data=data, changes=changes)
    except MoveNotAllowed as refusal:
        record(tx, submission, names.MOVE_DROPPED, actor=actor, data={"wanted": event_type, "status": refusal.status})
        return None


def _append(tx: Connection, row: RowMapping, event_type: str, actor: str, data: dict[str, Any], new_values: dict[str, Any]) -> Event:
    fields = {
        "submission": row["id"],
        "seq": row["head_seq"] + 1,
        "prev_hash": row["head_hash"],
        "at": timestamps.now(),
        "type": event_type,
        "actor": actor,
        "trace": telemetry.current_trace() or row["trace"],
        "data": data,
    }
    fields["hash"] = chain_hash(fields)
    (event_id,) = tx.execute(insert(events).values(fields)).inserted_primary_key or (None,)
    _clear_facts(event_type, new_values)
    _set_facts(event_type, fields["at"], new_values)
    tx.execute(update(submissions).where(submissions.c.id == row["id"]).values(head_seq=fields["seq"], head_hash=fields["hash"], **new_values))
    event = Event(id=int(event_id), **fields)
    for handler in names.SUBSCRIBERS.get(event_type, ()):
        jobs.enqueue(tx, handler, key=row["root"], submission=row["id"], event=event.id)
    return event


def _clear_facts(event_type: str, new_values: dict[str, Any]) -> None:
    """Being accepted (again) needs a new archive version and new deliveries; being held takes back that it is with its agencies."""
    if event_type == names.SUBMISSION_ACCEPTED:
        new_values.update(stored_at=None, queued_at=None)
    elif event_type == names.SUBMISSION_HELD:
        new_values.update(queued_at=None)


def _set_facts(event_type: str, at: str, new_values: dict[str, Any]) -> None:
    if event_type == names.ARCHIVE_STORED:
        new_values["stored_at"] = at
    elif event_type == names.DELIVERIES_QUEUED:
        new_values["queued_at"] = at


def _consequences(tx: Connection, before: RowMapping, event: Event, new_values: dict[str, Any]) -> None:
    """What follows in the same transaction, so that no reader ever sees it half done."""
    after = {**before, **new_values}
    if event.type == names.SUBMISSION_ACCEPTED:
        _supersede_earlier(tx, before, event)
        record(tx, event.submission, names.ARCHIVE_REQUESTED, actor=event.actor, data={"why": "acceptance", "event": event.seq})
    elif event.type in (names.ARCHIVE_STORED, names.DELIVERIES_QUEUED):
        joined = after["stored_at"] is not None and after["queued_at"] is not None
        if joined and after["status"] in lifecycle.MOVES[names.SUBMISSION_ROUTED].sources:
            record(tx, event.submission, names.SUBMISSION_ROUTED, actor=event.actor)
    elif event.type == names.DELIVERY_ANSWERED:
        record(tx, event.submission, names.ARCHIVE_REQUESTED, actor=event.actor, data={"why": "answer", "event": event.seq})
    elif event.type in (names.SUBMISSION_WITHDRAWN, names.SUBMISSION_SUPERSEDED) and before["complete_at"] is not None:
        record(tx, event.submission, names.ARCHIVE_REQUESTED, actor=event.actor, data={"why": "ending", "event": event.seq})


def _supersede_earlier(tx: Connection, row: RowMapping, accepted: Event) -> None:
    """An accepted version goes out of force only in the transaction that accepts its correction."""
    if row["version"] == 1:
        return
    earlier = tx.execute(
        select(submissions.c.id)
        .where(submissions.c.root == row["root"], submissions.c.version < row["version"])
        .where(submissions.c.status.not_in(lifecycle.ENDED))
        .order_by(submissions.c.version)
    ).scalars()
    for submission in list(earlier):
        record(tx, submission, names.SUBMISSION_SUPERSEDED, actor=accepted.actor, data={"by": accepted.submission})


def story_of(tx: Connection, submission: str) -> list[Event]:
    """All events of one submission, in order."""
    rows = tx.execute(select(events).where(events.c.submission == submission).order_by(events.c.seq)).mappings()
    return [Event(**row) for row in rows]


def verify_chain(chain: list[Event]) -> int | None:
    """Recompute a story's chain; returns the ``seq`` of the first event that does not fit, or None when all do."""
    previous = GENESIS_HASH
    for position, event in enumerate(chain, start=1):
        if event.seq != position or event.prev_hash != previous or chain_hash(vars(event)) != event.hash:
            return position
        previous = event.hash
    return None
