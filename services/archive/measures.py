"""A fact about the archive, asked at scrape time (``services.shared.measures``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Connection, func, literal, select

from services.archive import audit
from services.archive.models import archive_objects
from services.shared import timestamps
from services.shared.measures import MOST

# What falls due is read within hours; a day and a half unread means that nobody reads.
GRACE_SECONDS: Final = 36 * 3600.0


def measure(tx: Connection, now: str) -> Iterator[Metric]:
    """How many objects the rolling audit should have read by now."""
    grace = timestamps.later(now, -GRACE_SECONDS)
    unread = archive_objects.c.read_at == ""
    # Two conditions that the index of what was read serves, each cut off; the first is of what nobody has read yet, which is little.
    late = (
        unread & (archive_objects.c.stored_at < grace),
        (archive_objects.c.read_at > "") & (archive_objects.c.read_at < timestamps.later(grace, -audit.PERIOD_SECONDS)),
    )
    counts = [select(literal(1)).select_from(archive_objects).where(condition).limit(MOST).subquery() for condition in late]
    overdue = GaugeMetricFamily(
        "mottak_archive_overdue_objects", "Archive objects that should have been read again by now (at most 1000 are counted)"
    )
    overdue.add_metric([], min(MOST, sum(tx.execute(select(func.count()).select_from(each)).scalar_one() for each in counts)))
    yield overdue
