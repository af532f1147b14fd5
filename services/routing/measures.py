"""Facts about the agencies' queues, asked at scrape time (``services.shared.measures``): read from unfinished rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Connection, func, select, text

from services.routing.broker.definitions import agencies_of
from services.routing.models import messages, outbox
from services.shared import timestamps
from services.shared.actors import Actors
from services.shared.measures import Measure

_UNDONE = text("state <> 'done'")


def measures(actors: Actors) -> Measure:
    """What waits for each agency that takes work, and what its broker does not have yet."""
    agencies = agencies_of(actors)

    def ask(tx: Connection, now: str) -> Iterator[Metric]:
        queued = select(messages.c.agency, func.count(), func.min(messages.c.created_at)).where(_UNDONE).group_by(messages.c.agency)
        depth = GaugeMetricFamily("mottak_agency_queue_depth", "Work and recalls that an agency has not confirmed", labels=["agency"])
        age = GaugeMetricFamily("mottak_agency_queue_oldest_seconds", "Age of the oldest that an agency has not confirmed", labels=["agency"])
        yield from _told(tx.execute(queued).all(), agencies, now, depth, age)
        waiting = (
            select(outbox.c.agency, func.count(), func.min(messages.c.created_at))
            .join(messages, messages.c.id == outbox.c.message)
            .group_by(outbox.c.agency)
        )
        rows = GaugeMetricFamily("mottak_outbox_rows", "Messages that the broker does not have yet", labels=["agency"])
        lag = GaugeMetricFamily("mottak_outbox_oldest_seconds", "Age of the oldest message that the broker does not have yet", labels=["agency"])
        yield from _told(tx.execute(waiting).all(), agencies, now, rows, lag)

    return ask


def _told(found: Iterable[Any], agencies: list[str], now: str, count: GaugeMetricFamily, age: GaugeMetricFamily) -> Iterator[Metric]:
    """Both gauges for every agency, nought where nothing waits."""
    waits = {agency: (number, oldest) for agency, number, oldest in found}
    for agency in agencies:
        number, oldest = waits.get(agency, (0, now))
        count.add_metric([agency], number)
        age.add_metric([agency], max(0.0, timestamps.seconds_between(oldest, now)))
    yield from (count, age)
