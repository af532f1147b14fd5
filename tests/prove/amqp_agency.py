"""Consumers of an agency's queue that behave as badly as a real one may: they crash, give work back, acknowledge late, say the same twice."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pika
import requests
from pika.adapters.blocking_connection import BlockingChannel

from tests.prove.real_system import RealSystem

WORK_TYPE = "no.nyemetoder.mottak.work.v1"
RECEIPT_TYPE = "no.nyemetoder.mottak.receipt.v1"
# Fewer than the queue's delivery limit, so that giving back alone never makes a dead letter.
MOST_GIVEN_BACK = 3


class Consumer(threading.Thread):
    """Takes an agency's work over AMQP; confirms it over AMQP, or over HTTP where ``confirm`` does that. Goes on whatever happens to the broker.

    ``place`` is the agency's of ``brokers.json``. ``confirm`` takes a delivery's id and returns whether it was answered; it may be asked again. ``poison`` says of a
    delivery's id how this consumer always refuses it: ``reject``, ``requeue``, or None. ``seen`` counts how often each delivery came, ``ids`` under which message ids.
    """

    def __init__(
        self,
        place: Mapping[str, str],
        agency: str,
        seed: str,
        faults: list[str],
        *,
        confirm: Callable[[str], bool] | None = None,
        poison: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        super().__init__(name=f"{agency}-{seed}", daemon=True)
        self._place, self.agency, self._faults, self._confirm_elsewhere, self._poison = place, agency, faults, confirm, poison
        self._chance = random.Random(seed)
        self.stopping = threading.Event()
        self.seen: Counter[str] = Counter()
        self.ids: dict[str, set[str]] = {}
        self.crashes = self.given_back = self.late = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._consume()
            except (pika.exceptions.AMQPError, OSError, requests.RequestException):
                self.stopping.wait(0.5)
            except Exception as fault:
                # A fault of the proof's own must fail the proof, not end a thread unseen.
                self._faults.append(f"{self.name}: {type(fault).__name__}: {fault}")
                self.stopping.wait(0.5)

    def _consume(self) -> None:
        parameters = pika.URLParameters(self._place["url"])
        parameters.heartbeat, parameters.blocked_connection_timeout, parameters.socket_timeout = 10, 15, 5
        connection = pika.BlockingConnection(parameters)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_qos(prefetch_count=5)
            for method, _, body in channel.consume(self._place["queue"], inactivity_timeout=0.3):
                if self.stopping.is_set():
                    return
                if method is not None and not self._take(channel, method, json.loads(body or b"{}")):
                    self.crashes += 1
                    crash(connection)
                    return
        finally:
            if connection.is_open:
                connection.close()

    def _take(self, channel: BlockingChannel, method: Any, message: dict[str, Any]) -> bool:
        """Do one message; False when this consumer crashes over it."""
        if message["type"] != WORK_TYPE:
            channel.basic_ack(method.delivery_tag)
            return True
        delivery = message["data"]["delivery"]
        self.seen[delivery] += 1
        self.ids.setdefault(delivery, set()).add(message["id"])
        refusal = self._poison(delivery)
        if refusal is not None:
            channel.basic_nack(method.delivery_tag, requeue=refusal == "requeue")
            return True
        what = self._chance.random()
        if what < 0.04:
            return False
        if what < 0.12 and self.seen[delivery] <= MOST_GIVEN_BACK:
            self.given_back += 1
            channel.basic_nack(method.delivery_tag, requeue=True)
            return True
        if what < 0.18:
            self.late += 1
            channel.connection.sleep(self._chance.uniform(0.5, 2.0))
        self._confirm(channel, message)
        if what > 0.96:
            return False  # confirmed, but never acknowledged: it comes again
        if what > 0.9:
            self._confirm(channel, message)
        channel.basic_ack(method.delivery_tag)
        return True

    def _confirm(self, channel: BlockingChannel, message: dict[str, Any]) -> None:
        """Until it is answered: a receipt that nobody took was not given."""
        if self._confirm_elsewhere is None:
            self._confirm_over_amqp(channel, message)
            return
        while not self._confirm_elsewhere(message["data"]["delivery"]):
            self.stopping.wait(1.0)

    def _confirm_over_amqp(self, channel: BlockingChannel, message: dict[str, Any]) -> None:
        receipt: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/{self.agency}/proof",
            "type": RECEIPT_TYPE,
            "subject": message["subject"],
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "datacontenttype": "application/json",
            "data": {"delivery": message["data"]["delivery"], "outcome": "confirmed"},
        }
        kept = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika has no types
            content_type="application/cloudevents+json", delivery_mode=2, message_id=receipt["id"], type=RECEIPT_TYPE
        )
        channel.basic_publish(self._place["receipts"], "", json.dumps(receipt).encode(), kept, mandatory=True)


def crash(connection: pika.BlockingConnection) -> None:
    """End a connection as a process does that is killed: without a word of goodbye."""
    transport: Any = connection._impl._transport
    transport._sock.shutdown(socket.SHUT_RDWR)


def confirm_over_http(system: RealSystem, agency: str, faults: list[str]) -> Callable[[str], bool]:
    """How an agency confirms over HTTP at a running system; an answer that may not be given is a fault."""

    def confirm(delivery: str) -> bool:
        response = requests.post(
            f"{system.url}/api/v1/deliveries/{delivery}/receipts",
            json={"outcome": "confirmed"},
            headers={"Authorization": f"Bearer {system.token(agency)}"},
            timeout=(5, 30),
        )
        if response.status_code not in (200, 503):
            faults.append(f"receipt {delivery}: {response.status_code} {response.text[:300]}")
        return response.status_code == 200

    return confirm
