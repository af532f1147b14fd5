"""The one gate for every move: ``record()`` checks it, appends the event to the chain, updates the row and puts jobs for those who hear it.

The event is at once the timeline people see, the audit log and the outbox (house, ideas 1 and 2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select, update

from services.shared import canonical, jobs, lifecycle, names, telemetry, timestamps
from services.shared.models import events, submissions

GENESIS_HASH = "0" * 64

# What is run for every event is put together once: building a statement costs SQLAlchemy more than running it does.
_THIS = submissions.c.id == bindparam("submission_id")
_ROOT_LOCK = select(submissions.c.id).where(submissions.c.id == select(submissions.c.root).where(_THIS).scalar_subquery()).with_for_update()
_ROW = select(submissions).where(_THIS)
_HEAD = select(
    *(submissions.c[name] for name in ("id", "root", "version", "status", "complete_at", "stored_at", "queued_at", "head_seq", "head_hash", "trace"))
).where(_THIS)
_APPEND = insert(events)
_CHANGE = update(submissions).where(_THIS)
_STORY = select(events).where(events.c.submission == bindparam("submission_id")).order_by(events.c.seq)
_EARLIER = (
    select(submissions.c.id)
    .where(submissions.c.root == bindparam("of_root"), submissions.c.version < bindparam("before_version"))
    .where(submissions.c.status.not_in(lifecycle.ENDED))
    .order_by(submissions.c.version)
)


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
    return hashlib.sha256(canonical.dumps(covered)).hexdigest()


def locked(tx: Connection, submission: str) -> RowMapping:
    """The submission's row, with all versions of its reference locked until the transaction ends. Raises LookupError."""
    return _locked(tx, submission, _ROW)


def _locked(tx: Connection, submission: str, query: Select[Any]) -> RowMapping:
    this = {"submission_id": submission}
    if tx.dialect.name != "sqlite":  # SQLite's write transactions are alone already
        tx.execute(_ROOT_LOCK, this)
    row = tx.execute(query, this).mappings().one_or_none()
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
    known: Mapping[Any, Any] | None = None,
) -> Event:
    """Append one event to a submission's story, in the caller's transaction.

    ``changes`` are columns of ``submissions`` to set with it. ``known`` spares a look: the row as ``locked`` gave it in this transaction, when nothing
    has been recorded about the submission since. Raises MoveNotAllowed when the table of moves forbids it.
    """
    head = known if known is not None else _locked(tx, submission, _HEAD)
    return _record(tx, head, event_type, actor, dict(data or {}), dict(changes or {}))


def _record(tx: Connection, head: Mapping[Any, Any], event_type: str, actor: str, data: dict[str, Any], new_values: dict[str, Any]) -> Event:
    """``record`` on what is known of the locked row already."""
    move = lifecycle.MOVES.get(event_type)
    if move is not None:
        if head["status"] not in move.sources:
            raise MoveNotAllowed(head["id"], event_type, head["status"])
        new_values["status"] = move.target
    event = _append(tx, head, event_type, actor, data, new_values)
    _consequences(tx, head, {**head, **new_values, "head_seq": event.seq, "head_hash": event.hash}, event)
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


def _append(tx: Connection, row: Mapping[Any, Any], event_type: str, actor: str, data: dict[str, Any], new_values: dict[str, Any]) -> Event:
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
    event_id = (tx.execute(_APPEND, fields).inserted_primary_key or (0,))[0]
    _clear_facts(event_type, new_values)
    _set_facts(event_type, fields["at"], new_values)
    tx.execute(_CHANGE, {"submission_id": row["id"], "head_seq": fields["seq"], "head_hash": fields["hash"], **new_values})
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


def _consequences(tx: Connection, before: Mapping[Any, Any], after: Mapping[Any, Any], event: Event) -> None:
    """What follows in the same transaction, so that no reader ever sees it half done."""
    if event.type == names.SUBMISSION_ACCEPTED:
        _supersede_earlier(tx, before, event)
        _request_archiving(tx, after, event, "acceptance")
    elif event.type in (names.ARCHIVE_STORED, names.DELIVERIES_QUEUED):
        joined = after["stored_at"] is not None and after["queued_at"] is not None
        if joined and after["status"] in lifecycle.MOVES[names.SUBMISSION_ROUTED].sources:
            _record(tx, after, names.SUBMISSION_ROUTED, event.actor, {}, {})
    elif event.type == names.DELIVERY_ANSWERED:
        _request_archiving(tx, after, event, "answer")
    elif event.type in (names.SUBMISSION_WITHDRAWN, names.SUBMISSION_SUPERSEDED) and before["complete_at"] is not None:
        _request_archiving(tx, after, event, "ending")


def _request_archiving(tx: Connection, head: Mapping[Any, Any], event: Event, why: str) -> None:
    _record(tx, head, names.ARCHIVE_REQUESTED, event.actor, {"why": why, "event": event.seq}, {})


def _supersede_earlier(tx: Connection, row: Mapping[Any, Any], accepted: Event) -> None:
    """An accepted version goes out of force only in the transaction that accepts its correction."""
    if row["version"] == 1:
        return
    for submission in list(tx.execute(_EARLIER, {"of_root": row["root"], "before_version": row["version"]}).scalars()):
        record(tx, submission, names.SUBMISSION_SUPERSEDED, actor=accepted.actor, data={"by": accepted.submission})


def story_of(tx: Connection, submission: str) -> list[Event]:
    """All events of one submission, in order."""
    rows = tx.execute(_STORY, {"submission_id": submission}).mappings()
    return [Event(**row) for row in rows]


def verify_chain(chain: list[Event]) -> int | None:
    """Recompute a story's chain; returns the ``seq`` of the first event that does not fit, or None when all do."""
    previous = GENESIS_HASH
    for position, event in enumerate(chain, start=1):
        if event.seq != position or event.prev_hash != previous or chain_hash(vars(event)) != event.hash:
            return position
        previous = event.hash
    return None
