"""What agencies say over the broker: read from every agency's virtual host, checked, and taken by the same function as over HTTP.

A receipt is acknowledged only after the books have it. What cannot be used goes to ``mottak.dead`` with its reason, and as a job onto the
secretariat's board: sent again from there, it is read again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from typing import Any, Final

import pika
from pika.adapters.blocking_connection import BlockingChannel
from prometheus_client import Counter
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from services.routing import receipts
from services.routing.broker.connection import LOOK_SECONDS, BackOff, parameters
from services.routing.broker.dead import DeadLetters
from services.routing.broker.definitions import DEAD, INBOX, agencies_of
from services.routing.messages import SOURCE, traceparent_of
from services.routing.models import deliveries
from services.shared import jobs, names, spans, telemetry
from services.shared.context import Context
from services.shared.faults import tell
from services.shared.models import jobs as jobs_table
from services.shared.models import submissions
from services.shared.problems import Problem

PREFETCH: Final = 50
# What one agency can put onto the board; what comes after that is found in ``mottak.dead`` only.
MAX_ON_BOARD: Final = 200
REASON_HEADER: Final = "x-mottak-reason"
CODE_HEADER: Final = "x-mottak-code"

TAKEN: Final = Counter("mottak_receipts_total", "Receipts that came over the broker", ["agency", "outcome"])
log = telemetry.logger("receipts")


def run_receipts(context: Context, stop: threading.Event) -> None:
    """Take the receipts of all agencies, and note their dead letters, until told to stop. Several may run. Raises ValueError when the settings name no broker."""
    if context.settings.broker_url is None:
        raise ValueError("no broker is set")
    readers = [reader(context, agency, stop) for agency in agencies_of(context.actors) for reader in (Reader, DeadLetters)]
    threads = [threading.Thread(target=reader.run, name="receipts", daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@dataclass(frozen=True)
class Received:
    """A message of an agency, not acknowledged yet."""

    tag: int
    properties: pika.BasicProperties
    body: bytes


class Reader:
    """Takes one agency's receipts, one after the other, in a thread of its own."""

    def __init__(self, context: Context, agency: str, stop: threading.Event) -> None:
        self._context, self._agency, self._stop = context, agency, stop
        self._parameters = parameters(str(context.settings.broker_url), agency)
        self._back_off = BackOff()

    def run(self) -> None:
        """Consume until told to stop; reconnect for as long as it takes."""
        while not self._stop.is_set():
            try:
                self._consume()
            except (pika.exceptions.AMQPError, OSError) as lost:
                log.warning("broker_lost", agency=self._agency, reason=f"{type(lost).__name__}: {lost}")
            except Exception as fault:  # noqa: BLE001 - told, and tried again
                tell(log, "receipts_fault", fault, agency=self._agency)
            self._stop.wait(self._back_off.next())

    def _consume(self) -> None:
        connection = pika.BlockingConnection(self._parameters)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_qos(prefetch_count=PREFETCH)
            self._back_off.connected()
            batch: list[Received] = []
            for method, properties, body in channel.consume(INBOX, inactivity_timeout=LOOK_SECONDS):
                if self._stop.is_set():
                    return
                if method is None or properties is None or body is None:
                    continue  # nothing came for a while
                batch.append(Received(method.delivery_tag, properties, body))
                if len(batch) < PREFETCH and channel.get_waiting_message_count():
                    continue
                if self._taken(channel, batch):
                    channel.basic_ack(batch[-1].tag, multiple=True)
                    self._back_off.reset()
                batch = []
        finally:
            if connection.is_open:
                connection.close()

    def _taken(self, channel: BlockingChannel, batch: list[Received]) -> bool:
        """Take what came. While the database does not answer it is kept here: giving it back would count as a failed delivery."""
        while not self._stop.is_set():
            try:
                refused = self._take(batch)
            except (SQLAlchemyError, OSError) as fault:
                tell(log, "receipts_wait", fault, agency=self._agency)
                channel.connection.sleep(self._back_off.next())
                continue
            for received, problem in refused:
                self._bury(channel, received, problem)
            return True
        return False

    def _take(self, batch: list[Received]) -> list[tuple[Received, Problem]]:
        """All that came together is taken in one transaction. Returns what cannot be used; it stands on the board already."""
        refused: list[tuple[Received, Problem]] = []
        outcomes: list[str] = []
        readable: list[tuple[Received, dict[str, Any]]] = []
        for received in batch:
            try:
                readable.append((received, receipts.read(received.body, self._context.settings.schemas)))
            except Problem as problem:
                if not is_our_own(received.body):
                    refused.append((received, problem))
        about = {"messaging.system": "rabbitmq", "messaging.destination.name": INBOX, "mottak.agency": self._agency}
        with self._context.database.write() as tx:
            for received, data, trace in self._in_lock_order(tx, readable):
                with spans.span(f"receive {INBOX}", "consumer", parent=trace, attributes=about) as span:
                    found = self._take_one(tx, received, data)
                    if found is not None:
                        span.failed(found.code)
                if found is None:
                    outcomes.append(data["outcome"])
                else:
                    refused.append((received, found))
            for received, _ in refused:
                _leave_for_worker(tx, self._agency, received.body, is_refused=True)
        for outcome in (*outcomes, *["refused"] * len(refused)):
            TAKEN.labels(agency=self._agency, outcome=outcome).inc()
        return refused

    def _in_lock_order(self, tx: Connection, readable: list[tuple[Received, dict[str, Any]]]) -> list[tuple[Received, dict[str, Any], str | None]]:
        """In the order of their submissions, as everybody locks them; what concerns the same one stays as it came. The third is the trace each belongs
        to: as its agency says, else that of the work it is about."""
        ids = [data["delivery"] for _, data in readable]
        query = select(deliveries.c.id, deliveries.c.root, submissions.c.trace).join(submissions, submissions.c.id == deliveries.c.submission)
        rows = {row.id: row for row in tx.execute(query.where(deliveries.c.id.in_(ids)))}
        found = []
        for received, data in readable:
            row = rows.get(data["delivery"])
            its_own = trace_in(received)
            found.append((row.root if row else "", received, data, its_own or (traceparent_of(row.id, row.trace) if row and row.trace else None)))
        return [item[1:] for item in sorted(found, key=lambda item: item[0])]

    def _take_one(self, tx: Connection, received: Received, data: dict[str, Any]) -> Problem | None:
        """The problem when it cannot be used. The others of the transaction are not touched by it."""
        if (data.get("answer") or {}).get("documents"):
            # Documents are opened in the box, which takes its time: a worker does that.
            _leave_for_worker(tx, self._agency, received.body, is_refused=False)
            return None
        try:
            with tx.begin_nested():
                receipts.take(tx, self._agency, data, by=None, actors=self._context.actors)
        except Problem as problem:
            return problem
        except SQLAlchemyError:
            raise
        except Exception:
            # Our fault, not the agency's: a worker tries again, and parks it where it is seen.
            log.exception("receipt_fault", agency=self._agency, delivery=data["delivery"])
            _leave_for_worker(tx, self._agency, received.body, is_refused=False)
        return None

    def _bury(self, channel: BlockingChannel, received: Received, problem: Problem) -> None:
        log.warning("receipt_refused", agency=self._agency, code=problem.code)
        reasons = {CODE_HEADER: problem.code, REASON_HEADER: receipts.reason_of(problem)[:2000]}
        properties = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika has no types
            message_id=received.properties.message_id,
            content_type=received.properties.content_type,
            delivery_mode=pika.DeliveryMode.Persistent.value,
            headers={**(received.properties.headers or {}), **reasons},
        )
        channel.basic_publish(DEAD, "", received.body, properties, mandatory=True)


def trace_in(received: Received) -> str | None:
    """The ``traceparent`` that a receipt came with: in its headers, or in the event itself."""
    said = (received.properties.headers or {}).get("traceparent") or json.loads(received.body).get("traceparent")
    return said if isinstance(said, str) and telemetry.trace_of(said) else None


def is_our_own(body: bytes) -> bool:
    """Whether this is work that we sent, come back because the agency bound its two exchanges to each other: not worth anybody's time."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("source") == SOURCE


def _leave_for_worker(tx: Connection, agency: str, body: bytes, *, is_refused: bool) -> None:
    """Put a receipt as a job: once, however often it is delivered, and not more of an agency than the board can show."""
    key = f"receipt:{agency}:{hashlib.sha256(body).hexdigest()}"
    same = select(jobs_table.c.id).where(jobs_table.c.key == f"routing:{key}")
    if tx.execute(same.limit(1)).first() is not None:
        return
    waiting = select(func.count()).where(
        jobs_table.c.handler == names.ROUTING_RECEIPT, jobs_table.c.state != "done", jobs_table.c.key.startswith(f"routing:receipt:{agency}:")
    )
    if is_refused and tx.execute(waiting).scalar_one() >= MAX_ON_BOARD:
        return
    text = body[: receipts.MAX_BYTES].decode("utf-8", "replace").replace("\0", "�")
    about = _submission_of(tx, agency, text)
    jobs.enqueue(tx, names.ROUTING_RECEIPT, key=key, submission=about, data={"agency": agency, "body": text})


def _submission_of(tx: Connection, agency: str, text: str) -> str | None:
    """The submission a receipt is about, as far as it says so and the delivery is the agency's."""
    try:
        delivery = json.loads(text)["data"]["delivery"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    if not isinstance(delivery, str):
        return None
    query = select(deliveries.c.submission).where(deliveries.c.id == delivery, deliveries.c.agency == agency)
    return tx.execute(query).scalar_one_or_none()
