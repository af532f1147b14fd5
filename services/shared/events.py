"""The one gate for every move: ``record()`` checks it, appends the event to the chain, updates the row and puts jobs for those who hear it.

The event is at once the timeline people see, the audit log and the outbox (house, ideas 1 and 2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.shared import canonical, jobs, lifecycle, names, telemetry, timestamps
from services.shared.models import events, submissions

GENESIS_HASH = "0" * 64

# What is run for every event is put together once: building a statement costs SQLAlchemy more than running it does.
_THIS = submissions.c.id == bindparam("submission_id")
_HEAD_COLUMNS = ("id", "root", "version", "status", "complete_at", "stored_at", "queued_at", "head_seq", "head_hash", "trace")


def _locking(columns: Iterable[str]) -> Select[Any]:
    """Columns of a submission's row, with all versions of its reference locked: the first version's row is the lock of them all.

    Both rows are named in the lock, the root first: whoever had to wait then reads this row as it was left, too. (SQLite's write transactions are alone already.)
    """
    this, root = submissions.alias("this"), submissions.alias("root")
    query = select(*(this.c[name] for name in columns)).join(root, root.c.id == this.c.root).where(this.c.id == bindparam("submission_id"))
    return query.with_for_update(of=[root, this], key_share=True)


_ROW = _locking(submissions.c.keys())
_HEAD = _locking(_HEAD_COLUMNS)
# What a row says of a story that has not begun.
_BEGINNING: dict[str, Any] = {
    "status": lifecycle.RECEIVED,
    "complete_at": None,
    "stored_at": None,
    "queued_at": None,
    "head_seq": 0,
    "head_hash": GENESIS_HASH,
}
_BEGIN: dict[str, Any] = {
    # What was written is asked back: PostgreSQL's driver does not count it.
    name: dialect.insert(submissions).on_conflict_do_nothing(index_elements=["reference", "version"]).returning(submissions.c.id)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_APPEND = insert(events).returning(events.c.seq, events.c.id)
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
    row = tx.execute(query, {"submission_id": submission}).mappings().one_or_none()
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
    additions = _Additions(tx, head)
    event = additions.add(event_type, actor, data or {}, changes or {})
    _consequences(tx, head, additions, event)
    additions.write()
    return Event(id=additions.ids[event["seq"]], **event)


def begin(tx: Connection, row: Mapping[str, Any], *, actor: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Put in a new submission's row together with its first event, that it was received. ``row`` need not say where its story begins.

    Returns the row as it stands, or None when another submission has its reference and version; then nothing was written.
    """
    additions = _Additions(tx, {**_BEGINNING, **row})
    additions.add(names.SUBMISSION_RECEIVED, actor, data, {})
    if tx.execute(_BEGIN[tx.dialect.name], additions.head).first() is None:
        return None
    additions.write(row_stands=True)
    return additions.head


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


class _Additions:
    """What is added to one submission's story in a transaction: gathered first, then written in as few statements as it takes.

    ``head`` is the locked row and follows what is added; ``ids`` are those of the events that were written, by ``seq``.
    """

    def __init__(self, tx: Connection, head: Mapping[Any, Any]) -> None:
        self._tx, self.head = tx, dict(head)
        self.ids: dict[int, int] = {}
        self._events: list[dict[str, Any]] = []
        self._changes: dict[str, Any] = {}

    def add(self, event_type: str, actor: str, data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """One event more; its fields, without the id it gets when it is written. Raises MoveNotAllowed."""
        new_values = dict(changes)
        move = lifecycle.MOVES.get(event_type)
        if move is not None:
            if self.head["status"] not in move.sources:
                raise MoveNotAllowed(self.head["id"], event_type, self.head["status"])
            new_values["status"] = move.target
        fields = {
            "submission": self.head["id"],
            "seq": self.head["head_seq"] + 1,
            "prev_hash": self.head["head_hash"],
            "at": timestamps.now(),
            "type": event_type,
            "actor": actor,
            "trace": telemetry.current_trace() or self.head["trace"],
            "data": dict(data),
        }
        fields["hash"] = chain_hash(fields)
        _clear_facts(event_type, new_values)
        _set_facts(event_type, fields["at"], new_values)
        new_values.update(head_seq=fields["seq"], head_hash=fields["hash"])
        self._events.append(fields)
        self._changes.update(new_values)
        self.head.update(new_values)
        return fields

    def write(self, *, row_stands: bool = False) -> None:
        """Write what was gathered since the last time, and jobs for those who hear it. ``row_stands``: the submission's row says it already."""
        gathered, self._events = self._events, []
        changes, self._changes = self._changes, {}
        if not gathered:
            return
        self.ids.update((seq, event_id) for seq, event_id in self._tx.execute(_APPEND, gathered))
        if not row_stands:
            self._tx.execute(_CHANGE, {"submission_id": self.head["id"], **changes})
        jobs.enqueue_all(
            self._tx,
            [
                jobs.new_job(handler, key=self.head["root"], submission=self.head["id"], event=self.ids[event["seq"]])
                for event in gathered
                for handler in names.SUBSCRIBERS.get(event["type"], ())
            ],
        )


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


def _consequences(tx: Connection, before: Mapping[Any, Any], additions: _Additions, event: Mapping[str, Any]) -> None:
    """What follows in the same transaction, so that no reader ever sees it half done."""
    kind, head = event["type"], additions.head
    if kind == names.SUBMISSION_ACCEPTED:
        if head["version"] > 1:
            additions.write()  # in the order in which it happens: others' jobs of the same key come between
            _supersede_earlier(tx, head, event)
        _request_archiving(additions, event, "acceptance")
    elif kind in (names.ARCHIVE_STORED, names.DELIVERIES_QUEUED):
        joined = head["stored_at"] is not None and head["queued_at"] is not None
        if joined and head["status"] in lifecycle.MOVES[names.SUBMISSION_ROUTED].sources:
            additions.add(names.SUBMISSION_ROUTED, event["actor"], {}, {})
    elif kind == names.DELIVERY_ANSWERED:
        _request_archiving(additions, event, "answer")
    elif kind in (names.SUBMISSION_WITHDRAWN, names.SUBMISSION_SUPERSEDED) and before["complete_at"] is not None:
        _request_archiving(additions, event, "ending")


def _request_archiving(additions: _Additions, event: Mapping[str, Any], why: str) -> None:
    additions.add(names.ARCHIVE_REQUESTED, event["actor"], {"why": why, "event": event["seq"]}, {})


def _supersede_earlier(tx: Connection, head: Mapping[Any, Any], accepted: Mapping[str, Any]) -> None:
    """An accepted version goes out of force only in the transaction that accepts its correction."""
    for submission in list(tx.execute(_EARLIER, {"of_root": head["root"], "before_version": head["version"]}).scalars()):
        record(tx, submission, names.SUBMISSION_SUPERSEDED, actor=accepted["actor"], data={"by": accepted["submission"]})


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
