"""Consumers of an agency's queue that behave as badly as a real one may: they crash, give work back, acknowledge late, say the same twice."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pika
import requests
from pika.adapters.blocking_connection import BlockingChannel

from tests.prove.load import Memory
from tests.prove.real_system import RealSystem

WORK_TYPE = "no.nyemetoder.mottak.work.v1"
RECEIPT_TYPE = "no.nyemetoder.mottak.receipt.v1"
# Fewer than the queue's delivery limit, so that giving back alone never makes a dead letter.
MOST_GIVEN_BACK = 3


class Consumer(threading.Thread):
    """Takes an agency's work over AMQP; confirms it over AMQP, or over HTTP. Goes on whatever happens to the broker.

    ``seen`` counts how often each delivery came, ``confirmed`` holds those whose receipt somebody acknowledged.
    """

    def __init__(self, system: RealSystem, memory: Memory, agency: str, seed: str, *, over_http: bool) -> None:
        super().__init__(name=f"{agency}-{seed}", daemon=True)
        self._system, self._memory, self._agency, self._over_http = system, memory, agency, over_http
        self._chance = random.Random(seed)
        self._place: dict[str, str] = json.loads(Path(system.data / "brokers.json").read_text(encoding="utf-8"))[agency]
        self.stopping = threading.Event()
        self.seen: Counter[str] = Counter()
        self.ids: dict[str, set[str]] = {}
        self.confirmed: set[str] = set()
        self.crashes = self.given_back = self.late = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._consume()
            except (pika.exceptions.AMQPError, OSError, requests.RequestException):
                self.stopping.wait(0.5)
            except Exception as fault:
                # A fault of the proof's own must fail the proof, not end a thread unseen.
                self._memory.faults.append(f"{self.name}: {type(fault).__name__}: {fault}")
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
        delivery = message["data"]["delivery"]
        if self._over_http:
            self._confirm_over_http(delivery)
        else:
            self._confirm_over_amqp(channel, message)
        self.confirmed.add(delivery)

    def _confirm_over_amqp(self, channel: BlockingChannel, message: dict[str, Any]) -> None:
        receipt: dict[str, Any] = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/{self._agency}/proof",
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

    def _confirm_over_http(self, delivery: str) -> None:
        """Until it is answered: a receipt that nobody answered was not given."""
        while True:
            response = requests.post(
                f"{self._system.url}/api/v1/deliveries/{delivery}/receipts",
                json={"outcome": "confirmed"},
                headers={"Authorization": f"Bearer {self._system.token(self._agency)}"},
                timeout=(5, 30),
            )
            if response.status_code in (200, 201, 202):
                return
            if response.status_code != 503:
                self._memory.faults.append(f"receipt {delivery}: {response.status_code} {response.text[:300]}")
                raise requests.RequestException(str(response.status_code))
            self.stopping.wait(1.0)


def crash(connection: pika.BlockingConnection) -> None:
    """End a connection as a process does that is killed: without a word of goodbye."""
    transport: Any = connection._impl._transport
    transport._sock.shutdown(socket.SHUT_RDWR)
