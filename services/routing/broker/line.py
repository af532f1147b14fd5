"""One agency's line to the broker: publishes what it is given and believes nothing but the broker's confirmation.

A message is persistent, mandatory and the stored snapshot itself, so that a retry sends the same bytes under the same id.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import pika
from pika.channel import Channel
from pika.spec import Basic
from prometheus_client import Counter, Gauge

from services.routing import models
from services.routing.broker.connection import BackOff, parameters
from services.routing.broker.definitions import WORK
from services.routing.messages import RECALL_TYPE, WORK_TYPE
from services.shared import telemetry
from services.shared.faults import tell

CONTENT_TYPE: Final = "application/cloudevents+json"
CONFIRM_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0

CONNECTED: Final = Gauge("mottak_relay_connected", "Whether this relay has a channel to the agency's virtual host", ["agency"])
NOT_PUBLISHED: Final = Counter("mottak_publish_failures_total", "Times that publishing failed and is tried again", ["agency", "cause"])
log = telemetry.logger("relay")


@dataclass(frozen=True)
class Sent:
    """A message on its way. ``written`` is when it came into the books, ``began`` when it was sent (nanoseconds)."""

    id: str
    written: str
    trace: str | None
    began: int


class Line:
    """A connection in a thread of its own, for as long as it takes. At most one batch is on its way.

    ``changed`` is called whenever there may be something to do for whoever keeps the books: it is open, or the broker has answered. ``is_ready``, ``send``,
    ``confirmed``, ``written``, ``look`` and ``stop`` are for that thread; everything else runs in the line's own, as pika asks.
    """

    def __init__(self, broker_url: str, agency: str, changed: Callable[[], None]) -> None:
        self._agency, self._changed = agency, changed
        self._parameters = parameters(broker_url, agency)
        self._stopping = threading.Event()
        self._back_off = BackOff()
        # Guards what both threads see: the connection (which may be replaced meanwhile), whether there is room, what is confirmed but not in the books yet.
        self._lock = threading.Lock()
        self._connection: pika.SelectConnection | None = None
        self._free = False
        self._confirmed: list[Sent] = []
        self._channel: Channel | None = None
        # By delivery tag, as far as the broker has not answered.
        self._in_flight: dict[int, Sent] = {}
        self._sent_at = 0.0
        self._last_tag = 0
        self._refused: dict[str, str] = {}

    def run(self) -> None:
        """Connect and publish until stopped; reconnect for as long as it takes."""
        while not self._stopping.is_set():
            try:
                self._run_connection()
            except Exception as fault:  # noqa: BLE001 - told, and tried again
                tell(log, "relay_fault", fault, agency=self._agency)
            self._stopping.wait(self._back_off.next())

    def is_ready(self) -> bool:
        """Whether it would publish at once: open, nothing on its way, nothing confirmed that the books do not know of."""
        with self._lock:
            return self._free and not self._confirmed

    def send(self, messages: Sequence[Mapping[Any, Any]]) -> None:
        """Publish a batch (``id, kind, body, created_at``), in its order."""
        with self._lock:
            self._free = False
        self._call(partial(self._publish, messages))

    def confirmed(self) -> list[Sent]:
        """What the broker has, and the books do not know of yet."""
        with self._lock:
            return list(self._confirmed)

    def written(self, sent: Sequence[Sent]) -> None:
        """The books know of these, the first of ``confirmed``."""
        with self._lock:
            del self._confirmed[: len(sent)]

    def look(self) -> None:
        """Give up a connection on which the broker has been silent for too long."""
        self._call(self._look)

    def stop(self) -> None:
        """Finish what is on its way, take nothing new."""
        self._stopping.set()
        self._call(self._close_when_answered)

    def _call(self, what: Callable[[], None]) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.ioloop.add_callback_threadsafe(lambda: self._guarded(what))

    def _guarded(self, what: Callable[[], None]) -> None:
        """No exception leaves the connection's loop: whatever fails ends in a new connection after a while."""
        try:
            what()
        except Exception as fault:  # noqa: BLE001 - told, and tried again
            tell(log, "relay_fault", fault, agency=self._agency)
            self._give_up("fault", type(fault).__name__)

    def _run_connection(self) -> None:
        self._channel, self._in_flight, self._last_tag, self._refused = None, {}, 0, {}
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
                self._connection, self._free = None, False
                connection.ioloop.close()
            self._changed()

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
        self._make_room()

    def _make_room(self) -> None:
        with self._lock:
            self._free = True
        self._changed()

    def _publish(self, messages: Sequence[Mapping[Any, Any]]) -> None:
        if self._stopping.is_set() or self._channel is None or not self._channel.is_open:
            return  # the books have it still
        self._sent_at = time.monotonic()
        for message in messages:
            properties = properties_of(message)
            self._last_tag += 1
            trace = (properties.headers or {}).get("traceparent")
            self._in_flight[self._last_tag] = Sent(message["id"], message["created_at"], trace, time.time_ns())
            self._channel.basic_publish(WORK, WORK, message["body"].encode("utf-8"), properties, mandatory=True)

    def _returned(self, _channel: Channel, method: Basic.Return, properties: pika.BasicProperties, _body: bytes) -> None:
        """Nobody's queue took it; its confirmation comes after this and means nothing."""
        self._refused[str(properties.message_id)] = f"unroutable: {method.reply_text}"

    def _answered(self, method: Basic.Ack | Basic.Nack) -> None:
        tags = [tag for tag in self._in_flight if tag == method.delivery_tag or (method.multiple and tag <= method.delivery_tag)]
        for tag in tags:
            sent = self._in_flight.pop(tag)
            if isinstance(method, Basic.Ack) and sent.id not in self._refused:
                with self._lock:
                    self._confirmed.append(sent)
            else:
                self._refused.setdefault(sent.id, "the broker said no")
        if self._in_flight:
            return
        if self._refused:
            self._give_up("refused", "; ".join(sorted(set(self._refused.values()))))
        elif self._stopping.is_set():
            self._close_when_answered()
        else:
            self._back_off.reset()
            self._make_room()

    def _look(self) -> None:
        if self._in_flight and time.monotonic() - self._sent_at > CONFIRM_SECONDS:
            self._give_up("silence", "the broker does not answer")

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
