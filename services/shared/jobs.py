"""The ``jobs`` table is the truth about work: what is waiting, who holds it, what failed (house, idea 2).

A job is claimed in a short transaction, worked on outside any transaction, and finished together with its effect, only if its lease token still holds.
Jobs with the same key run one at a time and in order.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, literal_column, or_, select, text, update

from services.shared import identifiers, telemetry, timestamps
from services.shared.database import leave_word
from services.shared.models import events, jobs, submissions

LEASE_SECONDS = 60.0
MAX_ATTEMPTS = 8
ATTENTION_ATTEMPTS = 3  # from here on the secretariat is shown that something does not succeed
BACK_OFF_FIRST_SECONDS = 1.0
BACK_OFF_LIMIT_SECONDS = 600.0
OUTAGE_LIMIT_SECONDS = 20.0
ATTENTION_SECONDS = 60.0  # an outage that delays a submission longer than this is shown, too


_EVENT_FIELDS = ("id", "seq", "type", "at", "actor", "trace", "data")
# In the words of the partial indexes: with bound values neither database can tell that they may be used, and a claim reads every job there ever was.
_UNFINISHED: Any = (literal_column("'ready'"), literal_column("'leased'"))


def _claim_statement(*, shared_fairly: bool = False) -> Any:
    """The oldest due job of some handlers becomes ours, unless an earlier one of its key is unfinished. ``UPDATE … RETURNING``: one round for both ends,
    which also brings the event that it came from.

    ``shared_fairly``: passes over those whose sender has as many running as ``most``.
    """
    candidate, earlier = jobs.alias("candidate"), jobs.alias("earlier")
    now: Any = bindparam("now")
    due = or_(
        and_(candidate.c.state == "ready", candidate.c.due_at <= now),
        and_(candidate.c.state == "leased", candidate.c.lease_until <= now),
    )
    first_of_key = ~exists().where(earlier.c.key == candidate.c.key, earlier.c.id < candidate.c.id, earlier.c.state.in_(_UNFINISHED))
    handlers: Any = bindparam("handlers", expanding=True)
    waiting = select(candidate.c.id).where(candidate.c.state.in_(_UNFINISHED), candidate.c.handler.in_(handlers), due, first_of_key)
    if shared_fairly:
        running, sent = jobs.alias("running"), submissions.alias("sent")
        busy = (
            select(sent.c.owner)
            .join(running, running.c.submission == sent.c.id)
            .where(running.c.state.in_(_UNFINISHED), running.c.lease_until > now, running.c.handler.in_(handlers))
            .group_by(sent.c.owner)
            .having(func.count() >= bindparam("most"))
        )
        theirs = submissions.alias("theirs")
        waiting = waiting.outerjoin(theirs, theirs.c.id == candidate.c.submission).where(or_(theirs.c.id.is_(None), theirs.c.owner.not_in(busy)))
    oldest = waiting.order_by(candidate.c.due_at, candidate.c.id).limit(1).with_for_update(skip_locked=True, of=candidate).scalar_subquery()
    cause = (select(events.c[name]).where(events.c.id == jobs.c.event).scalar_subquery().label(f"event_{name}") for name in _EVENT_FIELDS)
    leased = {"state": "leased", "attempts": jobs.c.attempts + 1, "lease_token": bindparam("token"), "lease_until": bindparam("until")}
    return update(jobs).where(jobs.c.id == oldest).values(leased).returning(jobs, *cause)


# Put together once: building a statement costs SQLAlchemy more than running it does.
_ENQUEUE = insert(jobs)
_CLAIM = _claim_statement()
_CLAIM_FAIRLY = _claim_statement(shared_fairly=True)
_FAIR_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('mottak.jobs.fair'))")
_FINISH = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.state == "leased", jobs.c.lease_token == bindparam("token"))
    .values(state="done", finished_at=bindparam("now"), lease_token=None, lease_until=None, last_error=None)
)


@dataclass(frozen=True)
class JobEvent:
    """The event a job came from."""

    id: int
    seq: int
    type: str
    at: str
    actor: str
    trace: str | None
    data: dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A claimed job. ``event`` is None for work that no event asked for; then ``data`` says what to do."""

    id: int
    handler: str
    key: str
    submission: str | None
    event: JobEvent | None
    data: dict[str, Any]
    attempts: int
    token: str
    created_at: str = ""
    failed_before: bool = False


def new_job(
    handler: str, *, key: str, submission: str | None = None, event: int | None = None, data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The row of a job to ``enqueue_all``. ``key`` orders it within its service. Where spans are kept its data name the one that asks."""
    now = timestamps.now()
    return {
        "event": event,
        "data": dict(data or {}) | ({"traceparent": telemetry.current_traceparent()} if telemetry.current_span() else {}),
        "submission": submission,
        "handler": handler,
        "key": _key_of(handler, key),
        "state": "ready",
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }


def enqueue_all(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put jobs (``new_job``) in the caller's transaction, in their order; their services are woken when it commits."""
    if rows:
        tx.execute(_ENQUEUE, rows)
    for row in rows:
        leave_word(tx, _service_of(row["handler"]))


def enqueue(tx: Connection, handler: str, *, key: str, submission: str | None = None, data: Mapping[str, Any] | None = None) -> int:
    """Put one job that no event asked for in the caller's transaction; see ``new_job``. Returns its id."""
    made = tx.execute(_ENQUEUE, new_job(handler, key=key, submission=submission, data=data))
    leave_word(tx, _service_of(handler))
    return int((made.inserted_primary_key or (0,))[0])


def _service_of(handler: str) -> str:
    return handler.split(".")[0]


def _key_of(handler: str, key: str) -> str:
    return f"{_service_of(handler)}:{key}"


def park(tx: Connection, handler: str, *, key: str, submission: str | None, data: Mapping[str, Any], error: str) -> None:
    """Put something onto the secretariat's board that is done, with ``data``, when it is sent again from there (``redrive``) and not before."""
    job = enqueue(tx, handler, key=key, submission=submission, data=data)
    tx.execute(update(jobs).where(jobs.c.id == job).values(state="parked", last_error=error[:2000]))
    if submission is not None:
        tx.execute(update(submissions).where(submissions.c.id == submission).values(attention=f"{handler}: parked"))


def claim(tx: Connection, handlers: Sequence[str], *, lease_seconds: float = LEASE_SECONDS, most_of_one: int | None = None) -> Job | None:
    """Take the oldest due job of these handlers whose key nobody holds and that no earlier job of its key is waiting for, or None.

    ``most_of_one``: how many submissions of one owner may be worked on at a time by all who claim these handlers; those of others go before.

    A job whose lease ran out is taken over: its worker died, or lost it.
    """
    now = timestamps.now()
    token = identifiers.new_token()
    lease = {"handlers": list(handlers), "now": now, "token": token, "until": timestamps.later(now, lease_seconds)}
    if most_of_one is None:
        row = tx.execute(_CLAIM, lease).mappings().one_or_none()
    else:
        _one_at_a_time(tx)
        row = tx.execute(_CLAIM_FAIRLY, {**lease, "most": most_of_one}).mappings().one_or_none()
    if row is None:
        return None
    event = JobEvent(*(row[f"event_{name}"] for name in _EVENT_FIELDS)) if row["event"] is not None else None
    return Job(
        row["id"],
        row["handler"],
        row["key"],
        row["submission"],
        event,
        row["data"] or {},
        row["attempts"],
        token,
        created_at=row["created_at"],
        failed_before=row["last_error"] is not None,
    )


def _one_at_a_time(tx: Connection) -> None:
    """Two that claim at once would not see each other's. The lock ends with the transaction, which is one short statement more; SQLite writes one at a time anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(_FAIR_LOCK)


def extend(tx: Connection, job: Job, *, lease_seconds: float = LEASE_SECONDS) -> bool:
    """Keep a lease that is still ours; False when it was lost."""
    until = timestamps.later(timestamps.now(), lease_seconds)
    return bool(tx.execute(update(jobs).where(_ours(job)).values(lease_until=until)).rowcount)


def finish(tx: Connection, job: Job) -> bool:
    """Mark done, if the lease is still ours. The caller commits the effect in the same transaction, and only when this says True."""
    finished = bool(tx.execute(_FINISH, {"job": job.id, "token": job.token, "now": timestamps.now()}).rowcount)
    if finished and job.submission is not None and job.failed_before:
        ours = and_(submissions.c.id == job.submission, submissions.c.attention.startswith(f"{job.handler}: ", autoescape=True))
        tx.execute(update(submissions).where(ours).values(attention=None))
    return finished


def fail(tx: Connection, job: Job, error: str, *, permanent: bool = False, delay: float | None = None, outage: bool = False) -> str | None:
    """Put a failed job back with back-off and jitter, or park it where the secretariat sees it.

    ``outage``: what failed is not the job but something it stands on; the attempt does not count and the job is never parked for it.
    Returns the new state (``ready`` or ``parked``), or None when the lease was no longer ours.
    """
    now = timestamps.now()
    age = timestamps.seconds_between(job.created_at, now) if job.created_at else 0.0
    parked = not outage and (permanent or job.attempts >= MAX_ATTEMPTS)
    wait = delay if delay is not None else outage_wait(age) if outage else back_off(job.attempts)
    values = {
        "state": "parked" if parked else "ready",
        "attempts": job.attempts - 1 if outage else job.attempts,
        "last_error": error[:2000],
        "due_at": timestamps.later(now, wait),
        "lease_token": None,
        "lease_until": None,
    }
    if not tx.execute(update(jobs).where(_ours(job)).values(values)).rowcount:
        return None
    seen = parked or (age >= ATTENTION_SECONDS if outage else job.attempts >= ATTENTION_ATTEMPTS)
    if job.submission is not None and seen:
        tx.execute(update(submissions).where(submissions.c.id == job.submission).values(attention=f"{job.handler}: {values['state']}"))
    return str(values["state"])


def outage_wait(age: float) -> float:
    """Seconds to wait while something is away, for a job of that age: a quarter of it, so that the work is back soon after what it waits for; bounded."""
    ceiling = min(OUTAGE_LIMIT_SECONDS, max(BACK_OFF_FIRST_SECONDS, age / 4))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreading load, not a secret


def back_off(attempts: int) -> float:
    """Seconds to wait after the given number of attempts: doubles, bounded, with full jitter so that many do not come back at once."""
    ceiling = min(BACK_OFF_LIMIT_SECONDS, BACK_OFF_FIRST_SECONDS * 2 ** min(attempts, 16))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreading load, not a secret


def release_all_leases(tx: Connection) -> int:
    """Give back every lease at once: for the embedded end's start, when the only process that can hold one is ourselves."""
    given_back = update(jobs).where(jobs.c.state == "leased").values(state="ready", due_at=timestamps.now(), lease_token=None, lease_until=None)
    return int(tx.execute(given_back).rowcount)


def redrive(tx: Connection, submission: str | None = None) -> int:
    """Send parked jobs again (of one submission, or all), with their attempts counted anew. Returns how many."""
    condition = jobs.c.state == "parked"
    if submission is not None:
        condition = and_(condition, jobs.c.submission == submission)
        tx.execute(update(submissions).where(submissions.c.id == submission).values(attention=None))
    return int(tx.execute(update(jobs).where(condition).values(state="ready", attempts=0, due_at=timestamps.now())).rowcount)


def settle_parked(tx: Connection, job: int, *, again: bool) -> bool:
    """Try one parked job again that belongs to no submission, or let it be; False when there is none such."""
    values = {"state": "ready", "attempts": 0, "due_at": timestamps.now()} if again else {"state": "done", "finished_at": timestamps.now()}
    parked = update(jobs).where(jobs.c.id == job, jobs.c.state == "parked", jobs.c.submission.is_(None)).values(values)
    handler = tx.execute(parked.returning(jobs.c.handler)).scalar_one_or_none()
    if handler is not None and again:
        leave_word(tx, _service_of(handler))
    return handler is not None


def is_waiting(tx: Connection, handler: str, key: str) -> bool:
    """Whether a job with the ``key`` it was enqueued with is still to be done, without anybody's doing."""
    return tx.execute(select(jobs.c.id).where(jobs.c.key == _key_of(handler, key), jobs.c.state.in_(_UNFINISHED)).limit(1)).first() is not None


def next_due(tx: Connection, handlers: Sequence[str]) -> str | None:
    """When the next waiting job of these handlers is due or its lease ends, or None."""
    unfinished = jobs.c.state.in_(_UNFINISHED)
    soonest = select(func.min(func.coalesce(jobs.c.lease_until, jobs.c.due_at))).where(unfinished, jobs.c.handler.in_(handlers))
    return tx.execute(soonest).scalar_one_or_none()


def services_with_due_work(tx: Connection) -> set[str]:
    """The services that have a job to be taken now, first or again."""
    now = timestamps.now()
    due = or_(and_(jobs.c.state == "ready", jobs.c.due_at <= now), and_(jobs.c.state == "leased", jobs.c.lease_until <= now))
    return {_service_of(handler) for handler in tx.execute(select(jobs.c.handler).where(jobs.c.state.in_(_UNFINISHED), due).distinct()).scalars()}


def oldest_per_handler(tx: Connection) -> dict[str, str]:
    """Handler -> when its oldest unfinished job was made."""
    query = select(jobs.c.handler, func.min(jobs.c.created_at)).where(jobs.c.state.in_(_UNFINISHED)).group_by(jobs.c.handler)
    return {str(handler): str(created) for handler, created in tx.execute(query)}


def _ours(job: Job) -> Any:
    return and_(jobs.c.id == job.id, jobs.c.state == "leased", jobs.c.lease_token == job.token)
