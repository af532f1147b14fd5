"""A worker's link to the broker; loaded by Celery's workers alone, by its name in their settings (``wakeups.make_celery``)."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from celery.worker.consumer import Consumer

# Seconds between two tries to reach a broker that is away: the first, what each adds, the longest. Celery's own go up to 30, and no setting says otherwise.
RECONNECT_SECONDS: Final = {"interval_start": 0.5, "interval_step": 0.5, "interval_max": 3.0}


class SoonBack(Consumer):
    """Tries often enough that the pace is back as soon as the broker is."""

    def ensure_connected(self, conn: Any) -> Any:
        """Connect a kombu connection, however often it takes."""
        conn.ensure_connection = partial(conn.ensure_connection, **RECONNECT_SECONDS)
        return super().ensure_connected(conn)  # type: ignore[no-untyped-call]  # Celery has no types
