"""What lies in ``mottak.dead`` stands on the secretariat's board, too: work that an agency's program rejected, or gave back until the broker gave up.

The messages themselves stay in ``mottak.dead``. A second queue behind the same exchange tells us of each once; the agency cannot read or fill it. Sent again
from the board, the work goes into the agency's queue once more, under the same id.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Final

import pika
from pika.adapters.blocking_connection import BlockingChannel
from prometheus_client import Counter
from sqlalchemy import Connection, func, select

from services.routing.broker.connection import LOOK_SECONDS, BackOff, parameters
from services.routing.broker.definitions import NOTED, WORK
from services.routing.models import deliveries, messages
from services.shared import jobs, names, telemetry
from services.shared.context import Context
from services.shared.database import once_committed
from services.shared.faults import tell
from services.shared.models import jobs as jobs_table

# As for receipts: what comes after that is found in ``mottak.dead`` only.
MAX_ON_BOARD: Final = 200
# Why a queue lets go of a message (RabbitMQ, ``x-death``); what else there may be one day is told as "other".
REASONS: Final = ("rejected", "delivery_limit")

DEAD_LETTERS: Final = Counter("mottak_dead_letters_total", "Messages that went to an agency's dead letters without being taken", ["agency", "reason"])
log = telemetry.logger("dead_letters")


class DeadLetters:
    """Notes one agency's dead letters, in a thread and on a connection of its own: receipts do not depend on it."""

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
                tell(log, "dead_letters_fault", fault, agency=self._agency)
            self._stop.wait(self._back_off.next())

    def _consume(self) -> None:
        connection = pika.BlockingConnection(self._parameters)
        try:
            channel: BlockingChannel = connection.channel()
            channel.basic_qos(prefetch_count=1)
            for method, properties, body in channel.consume(NOTED, inactivity_timeout=LOOK_SECONDS):
                if self._stop.is_set():
                    return
                if method is None or properties is None or body is None:
                    continue  # nothing came for a while
                self._note(properties, body)
                channel.basic_ack(method.delivery_tag)
                self._back_off.reset()
        finally:
            if connection.is_open:
                connection.close()

    def _note(self, properties: pika.BasicProperties, body: bytes) -> None:
        deaths = (properties.headers or {}).get("x-death")
        if not deaths:
            return  # a receipt that we put there ourselves, which the board has already
        reason = str(deaths[0].get("reason"))
        reason = reason if reason in REASONS and deaths[0].get("queue") == WORK else "other"
        with self._context.database.write() as tx:
            once_committed(tx, lambda: DEAD_LETTERS.labels(agency=self._agency, reason=reason).inc())
            _put_on_board(tx, self._agency, _message_id(properties, body), reason)


def _message_id(properties: pika.BasicProperties, body: bytes) -> str:
    """The id of a message of ours; a text that is no message's when it is not one."""
    try:
        return str(properties.message_id or json.loads(body)["id"])[:36]
    except (ValueError, RecursionError, LookupError, TypeError):
        return "unknown"


def _put_on_board(tx: Connection, agency: str, message: str, reason: str) -> None:
    """As parked work, once until it is sent again."""
    key = f"dead:{agency}:{message}"
    of_agency = jobs_table.c.handler == names.ROUTING_DEAD_LETTER, jobs_table.c.state == "parked"
    if tx.execute(select(jobs_table.c.id).where(*of_agency, jobs_table.c.key == f"routing:{key}").limit(1)).first() is not None:
        return
    there = select(func.count()).where(*of_agency, jobs_table.c.key.startswith(f"routing:dead:{agency}:"))
    if tx.execute(there).scalar_one() >= MAX_ON_BOARD:
        return
    its_delivery = messages.join(deliveries, deliveries.c.id == messages.c.delivery)
    ours: Any = select(deliveries.c.submission).select_from(its_delivery).where(messages.c.id == message, messages.c.agency == agency)
    submission = tx.execute(ours).scalar_one_or_none()
    data = {"agency": agency, "message": message}
    jobs.park(tx, names.ROUTING_DEAD_LETTER, key=key, submission=submission, data=data, error=f"{agency}: dead_letter_{reason}: {message}")
