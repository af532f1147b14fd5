"""What agencies say over the broker: read from every agency's virtual host, checked, and taken by the same function as over HTTP.

A receipt is acknowledged only after the books have it. What cannot be used goes to ``mottak.dead`` with its reason, and as a job onto the
secretariat's board: sent again from there, it is read again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any, Final

import pika
from pika.adapters.blocking_connection import BlockingChannel
from prometheus_client import Counter
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from services.routing import receipts
from services.routing.broker.connection import BackOff, parameters
from services.routing.broker.definitions import DEAD, INBOX, agencies_of
from services.routing.messages import SOURCE
from services.routing.models import deliveries
from services.shared import jobs, names, telemetry
from services.shared.context import Context
from services.shared.models import jobs as jobs_table
from services.shared.problems import Problem

PREFETCH: Final = 20
# What one agency can put onto the board; what comes after that is found in ``mottak.dead`` only.
MAX_ON_BOARD: Final = 200
REASON_HEADER: Final = "x-mottak-reason"
CODE_HEADER: Final = "x-mottak-code"

TAKEN: Final = Counter("mottak_receipts_total", "Receipts that came over the broker", ["agency", "outcome"])
log = telemetry.logger("receipts")


def run_receipts(context: Context, stop: threading.Event) -> None:
    """Take the receipts of all agencies until told to stop. Several may run. Raises ValueError when the settings name no broker."""
    if context.settings.broker_url is None:
        raise ValueError("no broker is set")
    readers = [Reader(context, agency, stop) for agency in agencies_of(context.actors)]
    threads = [threading.Thread(target=reader.run, name="receipts", daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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
            except Exception:
                log.exception("receipts_fault", agency=self._agency)
            self._stop.wait(self._back_off.next())

    def _consume(self) -> None:
        connection = pika.BlockingConnection(self._parameters)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_qos(prefetch_count=PREFETCH)
            for method, properties, body in channel.consume(INBOX, inactivity_timeout=0.5):
                if self._stop.is_set():
                    return
                if method is None or properties is None or body is None:
                    continue  # nothing came for a while
                if self._taken(channel, properties, body):
                    channel.basic_ack(method.delivery_tag)
                    self._back_off.reset()
        finally:
            if connection.is_open:
                connection.close()

    def _taken(self, channel: BlockingChannel, properties: pika.BasicProperties, body: bytes) -> bool:
        """Take one. While the database does not answer it is kept here: giving it back would count as a failed delivery of its own."""
        while not self._stop.is_set():
            try:
                refused = self._take(body)
            except (SQLAlchemyError, OSError):
                log.exception("receipt_waits", agency=self._agency)
                channel.connection.sleep(self._back_off.next())
                continue
            if refused is not None:
                self._bury(channel, properties, body, refused)
            return True
        return False

    def _take(self, body: bytes) -> Problem | None:
        """The problem when it cannot be used; then it stands on the board already."""
        context = self._context
        try:
            data = receipts.read(body, context.settings.schemas)
            if (data.get("answer") or {}).get("documents"):
                # Documents are opened in the box, which takes its time: a worker does that.
                with context.database.write() as tx:
                    _leave_for_worker(tx, self._agency, body, data)
            else:
                with context.database.write() as tx:
                    receipts.take(tx, self._agency, data, by=None, actors=context.actors)
        except Problem as problem:
            if is_our_own(body):
                return None
            with context.database.write() as tx:
                _leave_for_worker(tx, self._agency, body, None)
            TAKEN.labels(agency=self._agency, outcome="refused").inc()
            return problem
        TAKEN.labels(agency=self._agency, outcome=data["outcome"]).inc()
        return None

    def _bury(self, channel: BlockingChannel, properties: pika.BasicProperties, body: bytes, problem: Problem) -> None:
        reason = receipts.reason_of(problem)
        log.warning("receipt_refused", agency=self._agency, code=problem.code)
        headers = {**(properties.headers or {}), CODE_HEADER: problem.code, REASON_HEADER: reason[:2000]}
        kept = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika has no types
            message_id=properties.message_id, content_type=properties.content_type, delivery_mode=pika.DeliveryMode.Persistent.value, headers=headers
        )
        channel.basic_publish(DEAD, "", body, kept, mandatory=True)


def is_our_own(body: bytes) -> bool:
    """Whether this is work that we sent, come back because the agency bound its two exchanges to each other: not worth anybody's time."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("source") == SOURCE


def _leave_for_worker(tx: Connection, agency: str, body: bytes, data: Mapping[str, Any] | None) -> None:
    """Put a receipt as a job: once, however often it is delivered, and not more of an agency than the board can show."""
    key = f"receipt:{agency}:{hashlib.sha256(body).hexdigest()}"
    same = select(jobs_table.c.id).where(jobs_table.c.key == f"routing:{key}")
    if tx.execute(same.limit(1)).first() is not None:
        return
    waiting = select(func.count()).where(
        jobs_table.c.handler == names.ROUTING_RECEIPT, jobs_table.c.state != "done", jobs_table.c.key.startswith(f"routing:receipt:{agency}:")
    )
    if data is None and tx.execute(waiting).scalar_one() >= MAX_ON_BOARD:
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
