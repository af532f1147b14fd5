"""Facts about the whole system, asked at scrape time: how much work waits and since when, what is stuck, which ends answer.

One process exports them (the scheduler; embedded, the only one there is), so that nothing is counted twice. Every query reads unfinished rows by an index or is cut
off at ``MOST``: none costs more as the archive grows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, literal, select, text

from services.shared import lifecycle, telemetry, timestamps
from services.shared.models import jobs, submissions

if TYPE_CHECKING:  # Context names these facts' type
    from services.shared.context import Context

Measure = Callable[[Connection, str], Iterable[Metric]]
"""(transaction, now) -> metrics; a service's own are given to Context by whoever assembles the services."""

# What is counted is never counted further than this: "a thousand or more" is all that anybody needs to know.
MOST: Final = 1000
KEPT_SECONDS: Final = 1.0
# Written out: an index of unfinished rows is used only when the condition is seen to be its own.
_UNFINISHED: Final = text("state IN ('ready', 'leased')")
_PARKED: Final = text("state = 'parked'")
log = telemetry.logger("measures")


class SystemFacts(Collector):
    """The facts, kept for a second so that nobody who scrapes can make the database work."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._kept: Sequence[Metric] = ()
        self._until = 0.0

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when it is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The facts as they are now, or were a second ago. A database that is away leaves those that are not its own."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._kept = list(self._asked())
                self._until = time.monotonic() + KEPT_SECONDS
            return self._kept

    def _asked(self) -> Iterator[Metric]:
        context, found = self._context, list[Metric]()
        checks: dict[str, Callable[[], object]] = {"objects": context.objects.check, "archive": context.archive_objects.check}
        if not context.scanner.passes_unscanned:
            checks["scanner"] = context.scanner.answers
        answers = {end: _works(check) for end, check in checks.items()}
        try:
            found = self._from_database()
        except Exception as fault:  # noqa: BLE001 - whatever it is, the database did not tell, and the rest is told all the same
            log.warning("facts_not_read", why=type(fault).__name__)
        answers["database"] = bool(found)
        up = GaugeMetricFamily("mottak_end_up", "Whether a store or the scanner answers", labels=["end"])
        for end, answered in answers.items():
            up.add_metric([end], float(answered))
        yield up
        yield from found

    def _from_database(self) -> list[Metric]:
        now = timestamps.now()
        with self._context.database.read() as tx:
            return [metric for measure in (of_jobs, of_submissions, *self._context.measures) for metric in measure(tx, now)]


def of_jobs(tx: Connection, now: str) -> Iterator[Metric]:
    """Work of each handler: due, waiting for a later try, being done, parked; and since when the oldest is unfinished."""
    counted = GaugeMetricFamily("mottak_jobs", "Unfinished work, by what it waits for", labels=["service", "handler", "state"])
    oldest = GaugeMetricFamily("mottak_oldest_job_seconds", "Age of the oldest unfinished work", labels=["service", "handler"])
    parked = GaugeMetricFamily("mottak_parked_jobs", "Work that failed for good and waits for the secretariat", labels=["service", "handler"])
    is_due = (jobs.c.state == "ready") & (jobs.c.due_at <= now)
    unfinished = (
        select(jobs.c.handler, jobs.c.state, is_due.label("due"), func.count(), func.min(jobs.c.created_at))
        .where(_UNFINISHED)
        .group_by(jobs.c.handler, jobs.c.state, text("due"))
    )
    since: dict[str, str] = {}
    for handler, state, due, count, created in tx.execute(unfinished):
        counted.add_metric([_service(handler), handler, "leased" if state == "leased" else "due" if due else "waiting"], count)
        since[handler] = min(created, since.get(handler, created))
    for handler, created in since.items():
        oldest.add_metric([_service(handler), handler], max(0.0, timestamps.seconds_between(created, now)))
    for handler, count in tx.execute(select(jobs.c.handler, func.count()).where(_PARKED).group_by(jobs.c.handler)):
        parked.add_metric([_service(handler), handler], count)
    yield from (counted, oldest, parked)


def of_submissions(tx: Connection, now: str) -> Iterator[Metric]:
    """Submissions in each state that something is to follow on, and those that have been there for too long."""
    there = GaugeMetricFamily(
        "mottak_submissions", "Submissions in a state that something is to follow on (at most 1000 are counted)", labels=["status"]
    )
    stuck = GaugeMetricFamily(
        "mottak_stuck_submissions", "Submissions longer in a state than its threshold (at most 1000 are counted)", labels=["status"]
    )
    for status, limit in lifecycle.STUCK_AFTER_SECONDS.items():
        in_state = select(literal(1)).where(submissions.c.status == status)
        late = in_state.where(submissions.c.received_at < timestamps.later(now, -limit))
        for metric, query in ((there, in_state), (stuck, late)):
            metric.add_metric([status], tx.execute(select(func.count()).select_from(query.limit(MOST).subquery())).scalar_one())
    yield from (there, stuck)


def _service(handler: str) -> str:
    return str(handler).partition(".")[0]


def _works(check: Callable[[], object]) -> bool:
    try:
        return check() is not False
    except Exception:  # noqa: BLE001 - whatever is wrong, it does not work
        return False
