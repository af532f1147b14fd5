"""What the broker is to have: the outbox beside the books. A row stands until the broker has confirmed its message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.routing import models
from services.routing.models import deliveries, messages, outbox, relays
from services.routing.progress import queued_when_all_are
from services.shared import notices, timestamps
from services.shared.models import submissions

# Under this name word is left for the relay (``notices``).
RELAY = "relay"

# Put together once: building a statement costs SQLAlchemy more than running it does.
_MESSAGES: Any = bindparam("of_messages", expanding=True)
_AGENCIES: Any = bindparam("for_agencies", expanding=True)
_BATCH = (
    select(*(messages.c[name] for name in ("id", "agency", "delivery", "kind", "body", "created_at")))
    .join(outbox, outbox.c.message == messages.c.id)
    .where(outbox.c.agency.in_(_AGENCIES))
    .order_by(messages.c.seq)
    .limit(bindparam("most"))
)
_PUT = insert(outbox)
_REMOVE = delete(outbox).where(outbox.c.message == bindparam("gone"))
_PENDING = (deliveries.c.id.in_(_MESSAGES), deliveries.c.state == models.PENDING)
# In the order of their ids, as everybody locks them: two relays never wait for each other in a circle.
_LOCK_ROOTS = (
    select(submissions.c.id)
    .where(submissions.c.id.in_(select(deliveries.c.root).where(*_PENDING)))
    .order_by(submissions.c.id)
    .with_for_update(key_share=True)
)
_QUEUED = update(deliveries).where(*_PENDING).values(state=models.QUEUED).returning(deliveries.c.submission)
_THERE = delete(outbox).where(outbox.c.message.in_(_MESSAGES))


def put(tx: Connection, sent: Sequence[tuple[str, str]]) -> None:
    """Have messages published: ``(message id, agency)``."""
    tx.execute(_PUT, [{"message": message, "agency": agency} for message, agency in sent])
    notices.leave(tx, RELAY)


def remove(tx: Connection, message: str) -> None:
    """This message need not be published any more."""
    tx.execute(_REMOVE, {"gone": message})


def batch(tx: Connection, agencies: Sequence[str], most: int) -> list[RowMapping]:
    """The oldest messages that the agencies' queues do not have yet: ``id, agency, delivery, kind, body, created_at``."""
    return list(tx.execute(_BATCH, {"for_agencies": agencies, "most": most}).mappings())


def confirmed(tx: Connection, message_ids: Sequence[str]) -> None:
    """The broker has these: their deliveries are queued, and a submission whose last one this was is told so."""
    these = {"of_messages": message_ids}
    tx.execute(_LOCK_ROOTS, these).all()
    queued = set(tx.execute(_QUEUED, these).scalars())
    tx.execute(_THERE, these)
    for submission in sorted(queued):
        queued_when_all_are(tx, submission)


def send_again(tx: Connection, agency: str) -> int:
    """Put everything that the agency has not done back into the outbox, after it purged or lost its queue. Returns how many.

    Consumers know a message by its id, so one that they have already does no harm.
    """
    there = select(outbox.c.message).where(outbox.c.message == messages.c.id).exists()
    undone = select(messages.c.id).where(messages.c.agency == agency, messages.c.state != models.DONE, ~there)
    lost = [(message, agency) for message in tx.execute(undone).scalars()]
    if lost:
        put(tx, lost)
    return len(lost)


def send_one_again(tx: Connection, message: str, agency: str) -> bool:
    """The same for one message; False when it is done, or no message of this agency."""
    there = select(outbox.c.message).where(outbox.c.message == messages.c.id).exists()
    undone = select(messages.c.id).where(messages.c.id == message, messages.c.agency == agency, messages.c.state != models.DONE, ~there)
    if tx.execute(undone).first() is None:
        return False
    put(tx, [(message, agency)])
    return True


def hold(tx: Connection, agency: str, holder: str, seconds: float) -> bool:
    """Become, or stay, the one relay of an agency for some seconds; False while another one is."""
    now = timestamps.now()
    until = timestamps.later(now, seconds)
    free = relays.c.agency == agency, (relays.c.holder == holder) | (relays.c.until <= now)
    if tx.execute(update(relays).where(*free).values(holder=holder, until=until)).rowcount:
        return True
    dialect = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    # What was written is asked back: PostgreSQL's driver does not count it.
    first = dialect(relays).values(agency=agency, holder=holder, until=until).on_conflict_do_nothing().returning(relays.c.agency)
    return tx.execute(first).first() is not None


def give_up(tx: Connection, holder: str) -> None:
    """Let another relay go on at once."""
    tx.execute(delete(relays).where(relays.c.holder == holder))
