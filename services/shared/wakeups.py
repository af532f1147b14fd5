"""Celery carries wake-ups: "there is work for this service". What the work is stands in the jobs table (house, idea 2).

A wake-up may be lost, come twice or come late: the sweep sends one again for whatever is due. So Celery has no results, retries, ETAs or chords to get wrong.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Final

from celery import Celery
from kombu.entity import Exchange, Queue

from services.shared import telemetry
from services.shared.names import HANDLERS

WAKE: Final = "mottak.wake"
SERVICES: Final = tuple(sorted({handler.split(".")[0] for handler in HANDLERS}))
# A wake-up that nobody took in a minute is of no use: the sweep has sent another by then.
WAKE_UP_MILLISECONDS: Final = 60_000
# A submission may be large and its files slow to open; the lease in the jobs table, not this, says who works on it.
TASK_SECONDS: Final = 1500
SOFT_SHUTDOWN_SECONDS: Final = 25
log = telemetry.logger("wakeups")


def queue_of(service: str) -> str:
    """The queue that a service's workers listen on."""
    return f"wake.{service}"


def make_celery(broker_url: str, services: Sequence[str] = SERVICES) -> Celery:
    """The Celery application on a RabbitMQ broker, with one quorum queue per service; a worker names its own service alone."""
    app = Celery("mottak", broker=broker_url)
    # Topic and not direct: with quorum queues Celery's own delayed delivery needs it, and warns otherwise.
    exchange = Exchange("wake", type="topic", durable=True)
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": 3, "x-message-ttl": WAKE_UP_MILLISECONDS, "x-max-length": 10_000}
    app.conf.update(
        task_queues=[Queue(queue_of(service), exchange, routing_key=queue_of(service), queue_arguments=arguments) for service in services],
        task_default_exchange="wake",
        task_default_exchange_type="topic",
        task_default_queue_type="quorum",
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=TASK_SECONDS,
        worker_prefetch_multiplier=1,
        worker_soft_shutdown_timeout=SOFT_SHUTDOWN_SECONDS,
        # What is being worked on stands in the jobs table, so a lost broker is no reason to stop it: stopped work would wait for its lease to end.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_consumer="services.shared.wakeups_link:SoonBack",
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        # Our lines are JSON as they are.
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=5,
        broker_pool_limit=2,
    )
    return app


class Nudger:
    """Sends wake-ups from a thread of its own, so that no request waits for a broker. What cannot be sent is left to the sweep.

    Nor does a wake-up wait until the broker has confirmed the one before, which on a quorum queue is a write to disk: what is lost with a broker comes again.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, name="nudger", daemon=True)
        self._thread.start()

    def __call__(self, services: set[str]) -> None:
        """Wake the services; returns at once. Fits ``Database.add_commit_listener``."""
        # What has no queue need not be told.
        for service in services & set(SERVICES):
            # A broker that is away must not fill the memory: the sweep knows what is due better than a long queue.
            if self._waiting.qsize() < 1000:
                self._waiting.put(service)

    def stop(self) -> None:
        """Send what is waiting, then end."""
        self._waiting.put(None)
        self._thread.join(5)

    def _send(self) -> None:
        while (service := self._waiting.get()) is not None:
            try:
                self._app.send_task(WAKE, args=(service,), queue=queue_of(service), routing_key=queue_of(service), retry=False)
            except Exception as fault:  # noqa: BLE001 - whatever keeps it from being sent, the sweep sends another
                log.warning("wake_up_not_sent", service=service, why=type(fault).__name__)
