"""The agency at the other end: leases over HTTP on the embedded ends, reads its own RabbitMQ queue on the real ones, and notes when each submission came."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from typing import Any, Final

import pika

from bench.system import REAL, System

AGENCY: Final = "dmp"
_LEASE_EVERY_SECONDS: Final = 0.02
_QUIET_SECONDS: Final = 1.0


class Agency:
    """Takes everything that comes, in a thread of its own, for the length of the block. ``came``: submission -> when (``time.monotonic``)."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._over = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._read if system.ends == REAL else self._lease, name="agency")
        self.came: dict[str, float] = {}

    def __enter__(self) -> Agency:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _lease(self) -> None:
        self._ready.set()
        with closing(self._system.connection()) as connection:
            while not self._over.is_set():
                for item in self._system.lease(connection, AGENCY):
                    self._note(item)
                self._over.wait(_LEASE_EVERY_SECONDS)

    def _read(self) -> None:
        """With nothing but what the agency was told: its address, its queue."""
        told = self._system.broker_of(AGENCY)
        with closing(pika.BlockingConnection(pika.URLParameters(told["url"]))) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=100)
            for method, _, body in channel.consume(told["queue"], inactivity_timeout=0.05):
                self._ready.set()
                if method is not None and body is not None:
                    self._note(json.loads(body))
                    channel.basic_ack(method.delivery_tag)
                elif self._over.is_set():
                    return

    def _note(self, message: dict[str, Any]) -> None:
        self.came[message["data"]["submission"]["id"]] = time.monotonic()


def take_everything(system: System) -> int:
    """Take all that waits for the agency. Returns how much it was."""
    with Agency(system) as agency:
        seen = -1
        while seen < len(agency.came):
            seen = len(agency.came)
            time.sleep(_QUIET_SECONDS)
    return len(agency.came)
