"""What the archive does on events: writes one OCFL version for each ``archive.requested``, and checks fixity when asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import unquote

from prometheus_client import Counter
from sqlalchemy import Connection, delete, insert, select, update

from services.archive import audit, catalogue, fixity, ocfl
from services.archive.inventory import Version
from services.archive.models import archive_fixity_checks, archive_fixity_outcomes
from services.archive.planning import plan_version
from services.archive.snapshot import object_id_of, take
from services.shared import events, jobs, names, telemetry, timestamps
from services.shared.context import Context
from services.shared.jobs import Job
from services.shared.models import submissions
from services.shared.objects import ObjectMissing, ObjectsUnavailable
from services.shared.worker import Effect, Hopeless, Retry, handles

BATCH = 100
SLICE_SECONDS = 0.5
SLICE_OBJECTS = 500
FIXITY_OUTCOMES = Counter("mottak_fixity_outcomes_total", "Archive objects checked, by outcome", ["outcome"])
log = telemetry.logger("archive")


@handles(names.ARCHIVE_STORE)
def store(job: Job, context: Context) -> Effect | None:
    """Write the version that an event asks for, then tell that it is stored. Running again finds the same version."""
    if job.submission is None or job.event is None:
        raise Hopeless("archiving needs the event that asked for it")
    with context.database.read() as tx:
        snapshot = take(tx, job.submission, job.event.seq)
        known = catalogue.known(tx, snapshot.object_id, begun=job.attempts > 1 or job.failed_before)
    plan = plan_version(snapshot)
    try:
        stored = ocfl.write_version(context.archive_objects, snapshot.object_id, plan, context.objects, known)
    except ObjectsUnavailable as fault:
        raise Retry(f"a store does not answer: {fault}", outage=True) from fault
    except (ocfl.SourceDamaged, ocfl.ArchiveDamaged, ObjectMissing) as fault:
        log.error("archiving_refused", submission=job.submission, why=str(fault))
        raise Hopeless(f"{type(fault).__name__}: {fault}") from fault
    version = Version(stored.version, plan.created, plan.cause, {})

    def effect(tx: Connection) -> None:
        catalogue.put_version(tx, stored, version, snapshot.submission)
        data = {"object": stored.object_id, "version": stored.name, "digest": stored.digest}
        events.record(tx, snapshot.submission["id"], names.ARCHIVE_STORED, actor=audit.ACTOR, data=data)

    return effect


@handles(names.ARCHIVE_FIXITY)
def check_fixity(job: Job, context: Context) -> Effect | None:
    """Check one object, or a slice of all or of those due: what is to be archived meanwhile need not wait until every byte of the archive has been read."""
    check_id = str(job.data["check"])
    if job.data.get("audit"):
        return _audit_slice(context, check_id)
    with context.database.read() as tx:
        only = tx.execute(select(archive_fixity_checks.c.object).where(archive_fixity_checks.c.id == check_id)).scalar_one()
    if only is not None:
        outcomes, last = [check_one(context, only)], None
    else:
        outcomes, last = _check_slice(context, _all_objects(context, str(job.data.get("after", ""))))
        if last is None:
            outcomes += _unknown_objects(context)

    def effect(tx: Connection) -> None:
        for outcome in outcomes:
            _keep(tx, check_id, outcome)
        if last is not None:
            jobs.enqueue(tx, names.ARCHIVE_FIXITY, key=f"fixity-{check_id}", data={"check": check_id, "after": last})
        else:
            _finish(tx, check_id)

    return effect


def _audit_slice(context: Context, check_id: str) -> Effect:
    with context.database.read() as tx:
        due = audit.due(tx, check_id)
    outcomes, last = _check_slice(context, iter(due))
    # A store that cannot be asked now is asked in the next pass.
    is_away = any(outcome.state == fixity.COULD_NOT_CHECK for outcome in outcomes)

    def effect(tx: Connection) -> None:
        for outcome in outcomes:
            _keep(tx, check_id, outcome)
        if (last is not None or len(due) == audit.BATCH) and not is_away:
            audit.enqueue(tx, check_id)
        else:
            _finish(tx, check_id)

    return effect


def _finish(tx: Connection, check_id: str) -> None:
    states = tx.execute(select(archive_fixity_outcomes.c.outcome).where(archive_fixity_outcomes.c.check_id == check_id).distinct()).scalars()
    finished = {"finished_at": timestamps.now(), "outcome": fixity.worst(states)}
    tx.execute(update(archive_fixity_checks).where(archive_fixity_checks.c.id == check_id).values(finished))


def _check_slice(context: Context, objects: Iterator[str]) -> tuple[list[fixity.Outcome], str | None]:
    """Check objects until the slice's time is up; also the last one checked, or None when none are left."""
    deadline = time.monotonic() + SLICE_SECONDS
    outcomes: list[fixity.Outcome] = []
    for object_id in objects:
        if outcomes and (time.monotonic() > deadline or len(outcomes) >= SLICE_OBJECTS):
            return outcomes, outcomes[-1].object_id
        outcomes.append(check_one(context, object_id))
    return outcomes, None


def check_one(context: Context, object_id: str) -> fixity.Outcome:
    """Check one object now, against store and database; counts and logs what it finds."""
    expected = _expected(context, object_id)
    outcome = fixity.check_object(context.archive_objects, object_id, expected)
    if outcome.state == fixity.DAMAGED and (since := _expected(context, object_id)) != expected:
        # A version was begun, and perhaps ended, while it was read: what the database knew was older than what lay there.
        outcome = fixity.check_object(context.archive_objects, object_id, since)
    return _told(outcome)


def _expected(context: Context, object_id: str) -> fixity.Expected:
    with context.database.read() as tx:
        return catalogue.expected(tx, object_id)


def check_all(context: Context) -> Iterator[fixity.Outcome]:
    """Check every object of the catalogue, then name what lies in the store and in no catalogue."""
    for object_id in _all_objects(context):
        yield check_one(context, object_id)
    yield from _unknown_objects(context)


def _told(outcome: fixity.Outcome) -> fixity.Outcome:
    FIXITY_OUTCOMES.labels(outcome=outcome.state).inc()
    if outcome.state != fixity.INTACT:
        log.error("fixity", **outcome.as_json())
    return outcome


def _all_objects(context: Context, after: str = "") -> Iterator[str]:
    while True:
        with context.database.read() as tx:
            ids = catalogue.object_ids(tx, after=after, limit=BATCH)
        yield from ids
        if len(ids) < BATCH:
            return
        after = ids[-1]


def _unknown_objects(context: Context) -> Iterator[fixity.Outcome]:
    """Objects in the store that nobody asked for: neither in the catalogue nor being written."""
    try:
        roots = list(ocfl.object_roots(context.archive_objects))
    except (OSError, ObjectsUnavailable) as fault:
        yield _told(fixity.Outcome("store", reason=f"{type(fault).__name__}: {fault}"[:500]))
        return
    for root in roots:
        object_id = unquote(root.rpartition("/")[2])
        with context.database.read() as tx:
            known = catalogue.find(tx, object_id) is not None or catalogue.is_being_written(tx, object_id)
        if not known or ocfl.object_root(object_id) != root:
            yield _told(fixity.Outcome(root[:200], extra=[root]))


def _keep(tx: Connection, check_id: str, outcome: fixity.Outcome) -> None:
    if outcome.state == fixity.INTACT:
        catalogue.mark_read(tx, outcome.object_id, outcome.head, timestamps.now())
    where = (archive_fixity_outcomes.c.check_id == check_id, archive_fixity_outcomes.c.object == outcome.object_id)
    tx.execute(delete(archive_fixity_outcomes).where(*where))
    tx.execute(
        insert(archive_fixity_outcomes).values(
            check_id=check_id, object=outcome.object_id, outcome=outcome.state, found=outcome.as_json(), checked_at=timestamps.now()
        )
    )


def settle_unfinished(context: Context) -> int:
    """Roll forward what a crash cut off, for every reference with an unfinished archive job; call it at start. Returns how many objects were looked at."""
    with context.database.read() as tx:
        query = select(submissions.c.root).where(catalogue.has_unfinished_request()).distinct()
        roots = list(tx.execute(query).scalars())
    for root in roots:
        try:
            ocfl.settle(context.archive_objects, ocfl.object_root(object_id_of(root)))
        except ocfl.ArchiveDamaged as fault:
            log.error("archive_damaged", object=object_id_of(root), why=str(fault))
    return len(roots)
