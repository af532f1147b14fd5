"""``mottak consume AGENCY``: a real consumer of an agency's queue, for agencies to learn from and for trying the whole way.

Two threads: one owns the connection and answers heartbeats, the other does the work (which may take long) and hands everything that concerns
the connection back to it. Work is acknowledged only after our receipt for it was confirmed by the broker; so whatever dies on the way comes again.
"""

from __future__ import annotations

import hashlib
import json
import queue
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click
import pika
from pika.adapters.blocking_connection import BlockingChannel

from services.command.calls import CALL_IS_WRONG, NOT_REACHABLE, data_folder
from services.command.client import Client, NotReachable, Refused
from services.command.remote import client
from services.routing.broker.connection import BackOff
from services.routing.broker.definitions import RECEIPTS, WORK
from services.routing.messages import RECALL_TYPE, WORK_TYPE

RECEIPT_TYPE: Final = "no.nyemetoder.mottak.receipt.v1"
PREFETCH: Final = 5
REMEMBERED: Final = 100_000
# A broker that cannot be reached so long at the start is told to whoever called us.
FIRST_CONNECTION_SECONDS: Final = 30.0


class Lost(Exception):
    """The connection over which a piece of work came is gone, or we are: it comes again."""


@dataclass
class Consumer:
    """Takes work from one queue until stopped.

    ``api`` fetches documents (None: they are left alone), ``folder`` is where they are kept (None: they are only verified), ``told`` hears of each message,
    ``limit`` is after how many messages to stop.
    """

    url: str
    agency: str
    api: Client | None
    told: Callable[[dict[str, Any]], None]
    folder: Path | None = None
    queue_name: str = WORK
    receipts: str = RECEIPTS
    confirm: bool = True
    limit: int | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    settled: int = 0
    _work: queue.Queue[tuple[int, int, bytes] | None] = field(default_factory=queue.Queue)
    # Grows with every connection: what was taken over an earlier one cannot be acknowledged any more.
    _connection_number: int = 0
    # Work that this process has done already; it comes again when the acknowledgement was lost.
    _seen: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Consume; reconnect with back-off for as long as it takes. Raises AMQPError when the broker cannot be reached even once."""
        worker = threading.Thread(target=self._work_off, name="work", daemon=True)
        worker.start()
        began, back_off = time.monotonic(), BackOff()
        while not self.stopping.is_set():
            before = self._connection_number
            try:
                self._consume()
            except (pika.exceptions.AMQPError, OSError):
                if self._connection_number == 0 and time.monotonic() - began > FIRST_CONNECTION_SECONDS:
                    raise
            if self._connection_number > before:
                back_off.reset()
            self.stopping.wait(back_off.next())
        self._work.put(None)
        worker.join(30.0)

    def _consume(self) -> None:
        parameters = pika.URLParameters(self.url)
        parameters.heartbeat, parameters.blocked_connection_timeout, parameters.socket_timeout = 30, 30, 5
        self._connection = pika.BlockingConnection(parameters)
        try:
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
            self._channel.basic_qos(prefetch_count=PREFETCH)
            self._connection_number += 1
            number = self._connection_number
            for method, _, body in self._channel.consume(self.queue_name, inactivity_timeout=0.5):
                if self.stopping.is_set():
                    return
                if method is not None:
                    self._work.put((number, method.delivery_tag, body or b""))
        finally:
            if self._connection.is_open:
                self._connection.close()

    def _work_off(self) -> None:
        while (item := self._work.get()) is not None and not self.stopping.is_set():
            number, tag, body = item
            if number != self._connection_number:
                continue  # it comes again over the new connection
            try:
                receipt = self._handle_patiently(number, body)
                settle = partial(self._settle, number, tag, receipt)
            except Lost:
                continue  # it comes again over the new connection
            except (ValueError, KeyError, TypeError, AttributeError) as fault:
                # Not ours to understand: to the dead letters, where somebody looks.
                self.told({"type": "unreadable", "reason": f"{type(fault).__name__}: {fault}"})
                settle = partial(self._bury, number, tag)
            try:
                self._connection.add_callback_threadsafe(settle)
            except pika.exceptions.ConnectionWrongStateError:
                continue  # lost meanwhile: it comes again

    def _handle_patiently(self, number: int, body: bytes) -> dict[str, Any] | None:
        """Do one message, however long the system is away: giving it back would count as a failed delivery. Raises Lost, ValueError, KeyError."""
        back_off = BackOff()
        while number == self._connection_number and not self.stopping.is_set():
            try:
                return self._handle(body)
            except NotReachable:
                self.stopping.wait(back_off.next())
        raise Lost

    def _handle(self, body: bytes) -> dict[str, Any] | None:
        """Do one message. Returns the receipt to send, or None. Raises NotReachable, ValueError, KeyError."""
        message = json.loads(body)
        data = message["data"]
        if message["type"] == RECALL_TYPE:
            self.told({"type": "recall", "reference": message.get("subject"), **data})
            return None
        if message["type"] != WORK_TYPE:
            raise ValueError(f"unknown type {message['type']}")
        if message["id"] not in self._seen:
            documents = [self._fetch(message["subject"], document) for document in data["documents"]] if self.api else []
            told = {key: data[key] for key in ("delivery", "role", "task", "respond_by")}
            self.told({"type": "work", "reference": message["subject"], **told, "documents": documents})
            if len(self._seen) > REMEMBERED:
                self._seen.clear()
            self._seen.add(message["id"])
        return _receipt(self.agency, message) if self.confirm else None

    def _fetch(self, reference: str, document: dict[str, Any]) -> dict[str, Any]:
        """Fetch a document with the agency's own token and compare its SHA-256. Raises NotReachable, or ValueError when it is not what was announced."""
        api, digest, size = self.api, hashlib.sha256(), 0
        if api is None or not document["href"].startswith(f"{api.url}/"):
            raise ValueError(f"a document is not where the API is: {document['href']}")
        target = self.folder and self.folder / reference / document["id"]
        try:
            if target:
                target.parent.mkdir(parents=True, exist_ok=True)
            with (target or Path("/dev/null")).open("wb") as file:
                for piece in api.stream(document["href"].removeprefix(api.url)):
                    digest.update(piece)
                    size += file.write(piece)
        except Refused as refused:
            if refused.status in (409, 429) or refused.status >= 500:
                raise NotReachable(api.url) from refused
            raise ValueError(f"{document['id']}: {refused}") from refused
        if digest.hexdigest() != document["sha256"] or size != document["size"]:
            raise ValueError(f"{document['id']} is not what was announced")
        return {"name": document["name"], "size": size, "sha256": document["sha256"], "verified": True}

    # What follows runs in the thread of the connection.

    def _settle(self, number: int, tag: int, receipt: dict[str, Any] | None) -> None:
        if number != self._connection_number:
            return
        if receipt is not None:
            _publish(self._channel, self.receipts, receipt)
        self._channel.basic_ack(tag)
        self.settled += 1
        if self.limit is not None and self.settled >= self.limit:
            self.stopping.set()

    def _bury(self, number: int, tag: int) -> None:
        if number == self._connection_number:
            self._channel.basic_reject(tag, requeue=False)


def _publish(channel: BlockingChannel, exchange: str, receipt: dict[str, Any]) -> None:
    properties = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika has no types
        message_id=receipt["id"], type=receipt["type"], content_type="application/cloudevents+json", delivery_mode=pika.DeliveryMode.Persistent.value
    )
    channel.basic_publish(exchange, "", json.dumps(receipt).encode("utf-8"), properties, mandatory=True)


def _receipt(agency: str, message: dict[str, Any]) -> dict[str, Any]:
    """A confirmation; its id comes from the delivery's, so that the same confirmation always has the same."""
    receipt = {
        "specversion": "1.0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"confirmed:{message['id']}")),
        "source": f"/{agency}/mottak-consume",
        "type": RECEIPT_TYPE,
        "subject": message["subject"],
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"delivery": message["data"]["delivery"], "outcome": "confirmed"},
    }
    if message.get("traceparent"):
        receipt["traceparent"] = message["traceparent"]
    return receipt


@click.command()
@click.argument("agency")
@click.option("--url", help="amqp://user:password@host/agency-<id>")
@click.option(
    "--from",
    "brokers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take the address from this brokers.json (default: this system's own).",
)
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the documents in this folder; else they are only verified.")
@click.option("--no-documents", is_flag=True, help="Leave the documents where they are (needs no token).")
@click.option("--no-confirm", is_flag=True, help="Take the work without a receipt.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many messages.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def consume(
    agency: str, url: str | None, brokers: Path | None, keep: Path | None, no_documents: bool, no_confirm: bool, count: int | None, as_json: bool
) -> None:
    """Take AGENCY's work from RabbitMQ, fetch and verify its documents (MOTTAK_URL, MOTTAK_TOKEN), and confirm it, until stopped."""
    place = {"url": url, "queue": WORK, "receipts": RECEIPTS} if url else _place_of(agency, brokers or data_folder() / "brokers.json")
    if place is None:
        click.echo("Say where the broker is: --url, or --from with a brokers.json that knows the agency.", err=True)
        sys.exit(CALL_IS_WRONG)

    def show(told: dict[str, Any]) -> None:
        click.echo(json.dumps(told, ensure_ascii=False) if as_json else _line(told))

    consumer = Consumer(
        place["url"], agency, None if no_documents else client(), show, keep, place["queue"], place["receipts"], confirm=not no_confirm, limit=count
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        consumer.stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        consumer.run()
    except (pika.exceptions.AMQPError, OSError) as nobody:
        click.echo(f"The broker cannot be reached: {type(nobody).__name__}", err=True)
        sys.exit(NOT_REACHABLE)


def _place_of(agency: str, brokers: Path) -> dict[str, str] | None:
    try:
        place: dict[str, str] | None = json.loads(brokers.read_text(encoding="utf-8")).get(agency)
    except (OSError, ValueError, AttributeError):
        return None
    return place


def _line(told: dict[str, Any]) -> str:
    if told["type"] == "work":
        return f"{told['reference']}  {told['task']} ({told['role']})  {len(told['documents'])} documents verified  {told['delivery']}"
    return "  ".join(f"{key}={value}" for key, value in told.items() if value is not None)
