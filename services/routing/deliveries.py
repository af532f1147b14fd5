"""The books: makes and recalls deliveries inside the caller's transaction, with the submission locked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from services.routing import messages, models, outbox
from services.routing.models import deliveries
from services.routing.progress import queued_when_all_are
from services.shared import events, identifiers, names, spans, timestamps
from services.shared.database import once_committed
from services.shared.models import documents, grants

ACTOR = "routing"
# Put together once: building a statement costs SQLAlchemy more than running it does.
_DOCUMENTS = (
    select(*(documents.c[name] for name in (*messages.DOCUMENT_KEYS, "scan", "scan_note")))
    .where(documents.c.submission == bindparam("of_submission"))
    .order_by(documents.c.position)
)
_OF_ROOT = select(deliveries).where(deliveries.c.root == bindparam("of_root")).order_by(deliveries.c.created_at, deliveries.c.id)
_NEW_DELIVERIES, _NEW_GRANTS, _NEW_MESSAGES = insert(deliveries), insert(grants), insert(models.messages)


def of_root(tx: Connection, root: str) -> list[RowMapping]:
    """Every delivery of all versions of a reference, oldest first."""
    return list(tx.execute(_OF_ROOT, {"of_root": root}).mappings())


def queue(
    tx: Connection,
    submission: Mapping[Any, Any],
    wanted: Sequence[Mapping[Any, Any]],
    earlier: Sequence[Mapping[Any, Any]],
    *,
    taken_from: Collection[str] = (),
    public_url: str,
    broker: bool,
    facts: Mapping[Any, Any],
) -> None:
    """Send a submission to agencies: deliveries, grants, messages, and the one event that tells of them.

    Without a broker they are queued with the commit. With one (``broker``) they are only planned: what the broker is to have stands in the
    outbox, and ``deliveries.queued`` is told when it has the last.

    ``submission`` is its row as ``events.locked`` gave it, with nothing recorded since. ``wanted`` rows hold ``agency``, ``role``, ``task``,
    ``rules``, ``respond_by`` and may hold ``by_hand``; ``earlier`` is what ``of_root`` gives. Who has it in this role already keeps it, and who
    has answered is asked again only by hand. Recalled before anything is sent: open work on earlier versions, the same agencies' open work in
    another role, and the deliveries in ``taken_from`` (ids). ``facts`` go into the event beside ``deliveries``.
    """
    now = timestamps.now()
    recalled = False
    new = _new_rows(submission["id"], wanted, earlier, models.PENDING if broker else models.QUEUED)
    replaced = {row["agency"]: row["delivery"] for row in new}
    for old in earlier:
        if old["state"] not in models.OPEN:
            continue
        if old["submission"] != submission["id"]:
            recall(tx, old, "superseded", replaced_by=replaced.get(old["agency"]), broker=broker)
            recalled = True
        elif old["agency"] in replaced or old["id"] in taken_from:
            recall(tx, old, "rerouted", replaced_by=replaced.get(old["agency"]), broker=broker)
            recalled = True
    if new:
        granted = {old["agency"] for old in earlier if old["submission"] == submission["id"]}
        _insert(tx, submission, new, granted, public_url, now)
        if broker:
            outbox.put(tx, [(row["delivery"], row["agency"]) for row in new])
    told = [{key: value for key, value in row.items() if key != "by_hand"} for row in new]
    event = names.DELIVERIES_PLANNED if broker else names.DELIVERIES_QUEUED
    known = None if recalled else submission
    events.record(tx, submission["id"], event, actor=ACTOR, data={"deliveries": told, **facts}, known=known)
    if broker and not new:
        queued_when_all_are(tx, submission["id"])


def recall(tx: Connection, delivery: Mapping[Any, Any], reason: str, *, broker: bool, replaced_by: str | None = None) -> None:
    """Take one piece of open work back and tell the agency on the same queue. Its own message, if nobody has it done, leaves the queue."""
    now = timestamps.now()
    submission = events.locked(tx, delivery["submission"])
    tx.execute(update(deliveries).where(deliveries.c.id == delivery["id"]).values(state=models.RECALLED))
    its_messages = update(models.messages).where(models.messages.c.delivery == delivery["id"])
    tx.execute(its_messages.values(state=models.DONE, lease=None, lease_until=None))
    message_id = identifiers.new_id()
    message = messages.recall(message_id, delivery["id"], submission, reason=reason, replaced_by=replaced_by, at=now)
    tx.execute(insert(models.messages).values(_posted(tx, message, delivery["agency"], models.RECALL, now)))
    if broker:
        # The work itself may be on its way this moment, so it is always taken back, also when the broker is not known to have it.
        outbox.remove(tx, delivery["id"])
        outbox.put(tx, [(message_id, delivery["agency"])])
    data = {"delivery": delivery["id"], "agency": delivery["agency"], "why": reason, "replaced_by": replaced_by}
    events.record(tx, delivery["submission"], names.DELIVERY_RECALLED, actor=ACTOR, data=data)


def _new_rows(submission: str, wanted: Sequence[Mapping[Any, Any]], earlier: Sequence[Mapping[Any, Any]], state: str) -> list[dict[str, Any]]:
    """The deliveries to make, as they stand in the event (and ``by_hand``): all that are wanted but those that stand already."""
    new: list[dict[str, Any]] = []
    for row in wanted:
        before = [old for old in earlier if old["agency"] == row["agency"]]
        standing = models.OPEN if row.get("by_hand") else models.LIVE
        if any(old["submission"] == submission and old["role"] == row["role"] and old["state"] in standing for old in before):
            continue
        new.append(
            {
                "delivery": identifiers.new_id(),
                **{key: row[key] for key in ("agency", "role", "task", "respond_by")},
                "rules": list(row["rules"]),
                "replaces": before[-1]["id"] if before else None,
                "state": state,
                "by_hand": bool(row.get("by_hand")),
            }
        )
    return new


def _insert(
    tx: Connection, submission: Mapping[Any, Any], new: Sequence[Mapping[Any, Any]], granted: Collection[str], public_url: str, now: str
) -> None:
    """Write the rows of new deliveries. ``granted`` are agencies that may read the submission already."""
    common = {"submission": submission["id"], "root": submission["root"], "created_at": now}
    columns = ("agency", "role", "task", "state", "by_hand", "respond_by", "replaces")
    tx.execute(_NEW_DELIVERIES, [{"id": row["delivery"], **common, **{key: row[key] for key in columns}} for row in new])
    to_grant = [{"submission": submission["id"], "agency": row["agency"], "since": now} for row in new if row["agency"] not in granted]
    if to_grant:
        tx.execute(_NEW_GRANTS, to_grant)
    attached = list(tx.execute(_DOCUMENTS, {"of_submission": submission["id"]}).mappings())
    work = [messages.work(row, submission, attached, public_url=public_url, at=now) for row in new]
    tx.execute(_NEW_MESSAGES, [_posted(tx, message, message["data"]["agency"], models.WORK, now) for message in work])


def _posted(tx: Connection, message: Mapping[Any, Any], agency: str, kind: str, now: str) -> dict[str, Any]:
    """A message's row, ready to be taken."""
    if "traceparent" in message:
        about = {"mottak.agency": agency, "messaging.message.id": message["id"]}
        once_committed(tx, lambda: spans.mark(f"create {kind}", message["traceparent"], about))
    return {
        "id": message["id"],
        "delivery": message["data"]["delivery"],
        "agency": agency,
        "kind": kind,
        "body": messages.to_text(message),
        "created_at": now,
        "state": models.READY,
    }
