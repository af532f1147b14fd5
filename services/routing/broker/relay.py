"""The relay: publishes what stands in the outbox, each agency's messages in their order, and believes nothing but the broker's confirmation.

A message is persistent, mandatory and the stored snapshot itself, so that a retry sends the same bytes under the same id. It leaves the outbox
only after its confirmation; whatever is unsure (a lost connection, a killed process) is sent again.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

import pika
from pika.channel import Channel
from pika.spec import Basic
from prometheus_client import Counter, Gauge

from services.routing import models, outbox
from services.routing.broker.connection import BackOff, parameters
from services.routing.broker.definitions import WORK, agencies_of
from services.routing.messages import RECALL_TYPE, WORK_TYPE
from services.shared import identifiers, metrics, spans, telemetry, timestamps
from services.shared.context import Context
from services.shared.faults import tell

CONTENT_TYPE: Final = "application/cloudevents+json"
BATCH: Final = 100
POLL_SECONDS: Final = 0.1
# What a relay that is killed costs its agencies at most, and a fifth more: the one that stands by asks so often.
LEASE_SECONDS: Final = 6.0
CONFIRM_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0

PUBLISHED: Final = Counter("mottak_published_total", "Messages that the broker confirmed", ["agency"])
CONNECTED: Final = Gauge("mottak_relay_connected", "Whether this relay has a channel to the agency's virtual host", ["agency"])
NOT_PUBLISHED: Final = Counter("mottak_publish_failures_total", "Times that publishing failed and is tried again", ["agency", "cause"])
log = telemetry.logger("relay")


def run_relay(context: Context, stop: threading.Event) -> None:
    """Publish until told to stop. Several may run: for each agency one at a time does the work, the others stand by.

    Raises ValueError when the settings name no broker.
    """
    if context.settings.broker_url is None:
        raise ValueError("no broker is set")
    holder = identifiers.new_token()
    lines = {agency: Line(context, agency, holder) for agency in agencies_of(context.actors)}
    nudged = threading.Event()
    context.database.add_commit_listener(lambda woken: nudged.set() if outbox.RELAY in woken else None)
    threads = [threading.Thread(target=line.run, name=f"relay-{agency}", daemon=True) for agency, line in lines.items()]
    for thread in threads:
        thread.start()
    while not stop.is_set():
        try:
            with context.database.read() as tx:
                waiting = outbox.waiting(tx)
            for agency in waiting & lines.keys():
                lines[agency].nudge()
        except Exception as fault:  # noqa: BLE001 - told, and tried again
            tell(log, "outbox_not_read", fault)
            stop.wait(1.0)
        nudged.wait(POLL_SECONDS)
        nudged.clear()
    for line in lines.values():
        line.stop()
    for thread in threads:
        thread.join(STOP_SECONDS)
    with context.database.write() as tx:
        outbox.give_up(tx, holder)


class Line:
    """One agency's line to the broker, in a thread and on a connection of its own.

    At most one batch is in flight. Everything but ``nudge`` and ``stop`` runs in the line's own thread, as pika asks.
    """

    def __init__(self, context: Context, agency: str, holder: str) -> None:
        self._context, self._agency, self._holder = context, agency, holder
        self._parameters = parameters(str(context.settings.broker_url), agency)
        self._stopping = threading.Event()
        self._back_off = BackOff()
        # Guards ``_connection`` only: it may be replaced while somebody nudges.
        self._lock = threading.Lock()
        self._connection: pika.SelectConnection | None = None
        self._channel: Channel | None = None
        # Delivery tag -> message id, as far as the broker has not answered.
        self._in_flight: dict[int, str] = {}
        # What is in flight, by message: when it was written, its trace, when it was sent (nanoseconds).
        self._written: dict[str, tuple[str, str | None, int]] = {}
        self._sent_at = 0.0
        self._last_tag = 0
        self._confirmed: list[str] = []
        self._refused: dict[str, str] = {}
        self._held_until = 0.0
        self._not_before = 0.0

    def run(self) -> None:
        """Connect and publish until stopped; reconnect for as long as it takes."""
        while not self._stopping.is_set():
            try:
                self._run_connection()
                self._keep_confirmed()
            except Exception as fault:  # noqa: BLE001 - told, and tried again
                tell(log, "relay_fault", fault, agency=self._agency)
            self._stopping.wait(self._back_off.next())

    def nudge(self) -> None:
        """There is something to publish."""
        self._call(self._look)

    def stop(self) -> None:
        """Finish what is in flight, take nothing new."""
        self._stopping.set()
        self._call(self._close_when_answered)

    def _call(self, what: Callable[[], None]) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.ioloop.add_callback_threadsafe(lambda: self._guarded(what))

    def _guarded(self, what: Callable[[], None]) -> None:
        """No exception leaves the connection's loop: whatever fails (the database, most likely) ends in a new connection after a while."""
        try:
            what()
        except Exception as fault:  # noqa: BLE001 - told, and tried again
            tell(log, "relay_fault", fault, agency=self._agency)
            self._give_up("fault", type(fault).__name__)

    def _run_connection(self) -> None:
        self._channel, self._in_flight, self._last_tag, self._refused, self._written = None, {}, 0, {}, {}
        connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=self._connected,
            on_open_error_callback=self._ended,
            on_close_callback=self._ended,
        )
        with self._lock:
            self._connection = connection
        try:
            connection.ioloop.start()
        finally:
            CONNECTED.labels(agency=self._agency).set(0)
            with self._lock:
                self._connection = None
                connection.ioloop.close()

    def _ended(self, connection: pika.SelectConnection, reason: BaseException) -> None:
        if not self._stopping.is_set():
            NOT_PUBLISHED.labels(agency=self._agency, cause="connection").inc()
            log.warning("broker_lost", agency=self._agency, reason=f"{type(reason).__name__}: {reason}")
        connection.ioloop.stop()

    def _connected(self, connection: pika.SelectConnection) -> None:
        connection.channel(on_open_callback=self._opened)

    def _opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(lambda _channel, reason: self._give_up("channel", str(reason)))
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(
            lambda frame: self._guarded(partial(self._answered, frame.method)), callback=lambda _frame: self._guarded(partial(self._ready, channel))
        )

    def _ready(self, channel: Channel) -> None:
        self._channel = channel
        self._back_off.connected()
        CONNECTED.labels(agency=self._agency).set(1)
        self._look()

    def _look(self) -> None:
        """Publish the next batch, unless one is in flight or another relay does it."""
        if self._channel is None or not self._channel.is_open or self._stopping.is_set():
            return
        if self._in_flight:
            if time.monotonic() - self._sent_at > CONFIRM_SECONDS:
                self._give_up("silence", "the broker does not answer")
            return
        if not self._hold():
            return
        with self._context.database.read() as tx:
            batch = outbox.batch(tx, self._agency, BATCH)
        seen: set[str] = set()
        for message in batch:
            # What takes work back is never in flight together with the work: their order must not depend on which of them is sent again.
            if message["delivery"] in seen:
                break
            seen.add(message["delivery"])
            self._publish(self._channel, message)

    def _hold(self) -> bool:
        """Be the one relay of this agency. Renewed well before it ends; who is not asks again only now and then."""
        now = time.monotonic()
        if now < self._held_until - LEASE_SECONDS / 2:
            return True
        if now < self._not_before:
            return False
        with self._context.database.write() as tx:
            held = outbox.hold(tx, self._agency, self._holder, LEASE_SECONDS)
        self._held_until, self._not_before = (now + LEASE_SECONDS, 0.0) if held else (0.0, now + LEASE_SECONDS / 5)
        return held

    def _publish(self, channel: Channel, message: Mapping[Any, Any]) -> None:
        self._sent_at = time.monotonic()
        self._last_tag += 1
        self._in_flight[self._last_tag] = message["id"]
        properties = properties_of(message)
        self._written[message["id"]] = (message["created_at"], (properties.headers or {}).get("traceparent"), time.time_ns())
        channel.basic_publish(WORK, WORK, message["body"].encode("utf-8"), properties, mandatory=True)

    def _returned(self, _channel: Channel, method: Basic.Return, properties: pika.BasicProperties, _body: bytes) -> None:
        """Nobody's queue took it; its confirmation comes after this and means nothing."""
        self._refused[str(properties.message_id)] = f"unroutable: {method.reply_text}"

    def _answered(self, method: Basic.Ack | Basic.Nack) -> None:
        tags = [tag for tag in self._in_flight if tag == method.delivery_tag or (method.multiple and tag <= method.delivery_tag)]
        for tag in tags:
            message = self._in_flight.pop(tag)
            if isinstance(method, Basic.Ack) and message not in self._refused:
                self._confirmed.append(message)
            else:
                self._refused.setdefault(message, "the broker said no")
        if not self._in_flight:
            self._keep_confirmed()
            if self._refused:
                self._give_up("refused", "; ".join(sorted(set(self._refused.values()))))
            elif self._stopping.is_set():
                self._close_when_answered()
            else:
                self._back_off.reset()
                self._look()

    def _keep_confirmed(self) -> None:
        """Write down what the broker has. What cannot be written down is sent again, which does no harm."""
        confirmed, self._confirmed = self._confirmed, []
        if confirmed:
            with self._context.database.write() as tx:
                outbox.confirmed(tx, confirmed)
            PUBLISHED.labels(agency=self._agency).inc(len(confirmed))
            now = timestamps.now()
            for message in confirmed:
                written, trace, began = self._written.pop(message, (now, None, 0))
                about = {
                    "messaging.system": "rabbitmq",
                    "messaging.destination.name": WORK,
                    "mottak.agency": self._agency,
                    "messaging.message.id": message,
                }
                spans.record(f"publish {WORK}", "producer", parent=trace, began=began, attributes=about)
                metrics.STEP_SECONDS.labels(step="routing.publish").observe(max(0.0, timestamps.seconds_between(written, now)))

    def _give_up(self, cause: str, reason: str) -> None:
        """Close the connection: what follows is the same as when it is lost."""
        if self._connection is not None and self._connection.is_open:
            if not self._stopping.is_set():
                NOT_PUBLISHED.labels(agency=self._agency, cause=cause).inc()
                log.warning("not_published", agency=self._agency, cause=cause, reason=reason)
            self._connection.close()

    def _close_when_answered(self) -> None:
        if self._connection is None or self._connection.is_closed or self._connection.is_closing:
            return
        if not self._in_flight:
            self._connection.close()
        elif time.monotonic() - self._sent_at > STOP_SECONDS / 2:
            self._connection.ioloop.stop()
        else:
            self._connection.ioloop.call_later(0.2, self._close_when_answered)


def properties_of(message: Mapping[Any, Any]) -> pika.BasicProperties:
    """What goes with a stored message (``id, kind, body, created_at``): the same every time it is sent."""
    trace = json.loads(message["body"]).get("traceparent")
    return pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika has no types
        message_id=message["id"],
        type=WORK_TYPE if message["kind"] == models.WORK else RECALL_TYPE,
        content_type=CONTENT_TYPE,
        delivery_mode=pika.DeliveryMode.Persistent.value,
        timestamp=int(datetime.fromisoformat(message["created_at"]).timestamp()),
        headers={"traceparent": trace} if trace else None,
        app_id="mottak",
    )
