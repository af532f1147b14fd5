"""Agency work over HTTP: taking work for a while, confirming it, giving it back (contract, section 3)."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from services.routing import models, receipts
from services.routing.models import deliveries, leases, messages
from services.routing.progress import queued_when_all_are
from services.shared import events, identifiers, names, timestamps
from services.shared.actors import Actors
from services.shared.database import Database
from services.shared.problems import Problem

MAX_ITEMS = 100
DEFAULT_ITEMS = 10
MAX_SECONDS = 12 * 3600
DEFAULT_SECONDS = 300


def take(database: Database, agency: str, *, limit: int, seconds: int) -> dict[str, Any]:
    """The oldest work that nobody holds: ``items``, each message with its ``lease``, and until when they are the caller's: ``lease_until``, None without any; two callers never get the same.

    ``limit`` 1..MAX_ITEMS, ``seconds`` 1..MAX_SECONDS. That an agency has got something for the first time is told in a second
    transaction, one that holds no message: so it never waits for a submission while a recall of that submission waits for the message.
    """
    with database.read() as tx:
        waiting = select(messages.c.seq).where(messages.c.agency == agency, messages.c.state != models.DONE, _free(timestamps.now()))
        if tx.execute(waiting.limit(1)).first() is None:
            return {"items": [], "lease_until": None}  # who asks again and again finds out without disturbing those who write
    with database.write() as tx:
        taken, until = _claim(tx, agency, limit, seconds)
    if taken:
        with database.write() as tx:
            _tell_delivered(tx, [row["delivery"] for row in taken if row["kind"] == models.WORK])
    return {"items": [{**json.loads(row["body"]), "lease": row["lease"]} for row in taken], "lease_until": until if taken else None}


def _claim(tx: Connection, agency: str, limit: int, seconds: int) -> tuple[list[dict[str, Any]], str]:
    now = timestamps.now()
    until = timestamps.later(now, seconds)
    query = (
        select(messages.c.seq, messages.c.delivery, messages.c.kind, messages.c.body)
        .where(messages.c.agency == agency, messages.c.state != models.DONE, _free(now))
        .order_by(messages.c.seq)
        .limit(limit)
    )
    taken: list[dict[str, Any]] = []
    for row in list(tx.execute(query.with_for_update(skip_locked=True)).mappings()):
        token = identifiers.new_token()
        tx.execute(update(messages).where(messages.c.seq == row["seq"]).values(state=models.LEASED, lease=token, lease_until=until))
        tx.execute(insert(leases).values(id=token, message=row["seq"], agency=agency, taken_at=now, until=until))
        taken.append({**row, "lease": token})
    return taken, until


def _free(now: str) -> Any:
    return or_(messages.c.state == models.READY, and_(messages.c.state == models.LEASED, messages.c.lease_until <= now))


def _tell_delivered(tx: Connection, delivery_ids: list[str]) -> None:
    untouched = deliveries.c.state.in_((models.PENDING, models.QUEUED))
    query = select(deliveries).where(deliveries.c.id.in_(delivery_ids), untouched).order_by(deliveries.c.root, deliveries.c.id)
    for row in list(tx.execute(query).mappings()):
        events.locked(tx, row["submission"])
        first = update(deliveries).where(deliveries.c.id == row["id"], untouched).values(state=models.DELIVERED)
        if tx.execute(first).rowcount:
            data = {"delivery": row["id"], "agency": row["agency"]}
            events.record(tx, row["submission"], names.DELIVERY_DELIVERED, actor=row["agency"], data=data)
            if row["state"] == models.PENDING:
                queued_when_all_are(tx, row["submission"])


def confirm(tx: Connection, agency: str, lease: str, *, by: str | None, actors: Actors) -> dict[str, Any]:
    """The agency has taken in what it leased: work becomes confirmed, a recall is done. Said again, it is answered the same.

    Raises Problem: ``not_found``, or ``lease_lost`` (409) when it ran out, was given back or the work was recalled.
    """
    held, message = _lease(tx, agency, lease)
    its_delivery = select(deliveries).where(deliveries.c.id == message["delivery"])
    events.locked(tx, tx.execute(its_delivery).mappings().one()["submission"])
    delivery = tx.execute(its_delivery).mappings().one()
    held, message = _lease(tx, agency, lease)
    # Over whichever way it was confirmed first: that one counts.
    already = message["kind"] == models.WORK and delivery["state"] in (models.CONFIRMED, models.ANSWERED)
    if held["outcome"] != models.CONFIRMED and not already:
        if held["outcome"] is not None or message["lease"] != lease or held["until"] <= timestamps.now():
            raise Problem("lease_lost", 409)
        tx.execute(update(leases).where(leases.c.id == lease).values(outcome=models.CONFIRMED))
        tx.execute(update(messages).where(messages.c.seq == message["seq"]).values(state=models.DONE))
    if message["kind"] == models.RECALL:
        return {"lease": lease, "delivery": delivery["id"], "outcome": models.CONFIRMED, "state": models.RECALLED}
    receipt = receipts.take(tx, agency, {"delivery": delivery["id"], "outcome": models.CONFIRMED}, by=by, actors=actors)
    return {"lease": lease, **receipt}


def release(tx: Connection, agency: str, lease: str) -> dict[str, Any]:
    """Give leased work back at once. Said again, or after it ran out, nothing changes.

    Raises Problem ``not_found``, or ``lease_lost`` when it was confirmed.
    """
    held, message = _lease(tx, agency, lease)
    if held["outcome"] == models.CONFIRMED:
        raise Problem("lease_lost", 409)
    if held["outcome"] is None:
        tx.execute(update(leases).where(leases.c.id == lease).values(outcome="released"))
        ours = and_(messages.c.seq == message["seq"], messages.c.lease == lease, messages.c.state == models.LEASED)
        tx.execute(update(messages).where(ours).values(state=models.READY, lease=None, lease_until=None))
    return {"lease": lease, "delivery": message["delivery"], "outcome": "released"}


def queue_of(tx: Connection, agency: str) -> dict[str, Any]:
    """How an agency's queue stands.

    ``depth`` (waiting), ``oldest`` (when the oldest that waits was sent, or None), ``in_work`` (leased now).
    """
    now = timestamps.now()
    mine = and_(messages.c.agency == agency, messages.c.state != models.DONE)
    depth, oldest = tx.execute(select(func.count(), func.min(messages.c.created_at)).where(mine, _free(now))).one()
    in_work = tx.execute(select(func.count()).where(mine, messages.c.state == models.LEASED, messages.c.lease_until > now)).scalar_one()
    return {"agency": agency, "depth": depth, "oldest": oldest, "in_work": in_work}


def _lease(tx: Connection, agency: str, lease: str) -> tuple[RowMapping, RowMapping]:
    held = tx.execute(select(leases).where(leases.c.id == lease, leases.c.agency == agency)).mappings().one_or_none()
    if held is None:
        raise Problem("not_found", 404)
    return held, tx.execute(select(messages).where(messages.c.seq == held["message"])).mappings().one()
