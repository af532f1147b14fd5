"""What routing does when others' events come: route, recall, route by hand, confirm late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, bindparam, select

from services.routing import answers, cases, deliveries, models, outbox, receipts
from services.routing.decide import GATE, Decision, Delivery, Hold, decide
from services.routing.facts import History
from services.routing.progress import confirm_when_all_have
from services.routing.table import COPY, PRIMARY, RoutingTable, destinations, load_table
from services.shared import events, lifecycle, names, timestamps, words
from services.shared.context import Context
from services.shared.jobs import Job
from services.shared.models import events as story
from services.shared.models import submissions
from services.shared.problems import Problem
from services.shared.worker import Effect, Hopeless, Retry, handles

ACTOR = deliveries.ACTOR
# Put together once: building a statement costs SQLAlchemy more than running it does.
_SUBMISSION = select(*(submissions.c[name] for name in ("id", "form_type", "answers", "received_at", "submitter_kind"))).where(
    submissions.c.id == bindparam("submission_id")
)
_HOLDS = select(story.c.data).where(story.c.submission == bindparam("of_submission"), story.c.type == names.SUBMISSION_HELD, story.c.actor == ACTOR)
_RECALL_REASONS = {
    names.SUBMISSION_WITHDRAWN: "withdrawn",
    names.SUBMISSION_SUPERSEDED: "superseded",
    names.SUBMISSION_REJECTED: "rejected",
}


@handles(names.ROUTING_ROUTE)
def route(job: Job, context: Context) -> Effect:
    """Decide who gets an accepted submission, and in one transaction send it to them or hold it for the secretariat."""
    table = load_table(context.settings.schemas / "routing")
    with context.database.read() as tx:
        submission = dict(tx.execute(_SUBMISSION, {"submission_id": job.submission}).mappings().one())
        settled = _settled_gates(tx, submission["id"])
    key = table.source.case_key(submission["form_type"], submission["answers"])
    alone = _decide(table, submission, settled, possible_duplicate=False)

    def effect(tx: Connection) -> None:
        row = events.locked(tx, submission["id"])
        if row["status"] != lifecycle.ACCEPTED:
            events.record(tx, row["id"], names.MOVE_DROPPED, actor=ACTOR, data={"wanted": names.DELIVERIES_QUEUED, "status": row["status"]})
            return
        # Whether another open case is about the same is known for certain only here.
        twin = cases.claim(tx, key, row)
        decision = alone if twin is None else _decide(table, submission, settled, possible_duplicate=True)
        facts = {**_said(decision), "table": table.digest, "possible_duplicate_of": twin}
        if decision.held is not None:
            events.record(tx, row["id"], names.SUBMISSION_HELD, actor=ACTOR, data={**_hold_data(decision.held), **facts})
            return
        agencies = {delivery.agency for delivery in decision.deliveries}
        earlier = deliveries.of_root(tx, row["root"])
        # It was held and accepted again: who is not named any more gives its open work back, unless the secretariat gave it.
        others = {old["id"] for old in earlier if old["agency"] not in agencies and not old["by_hand"]}
        wanted = [_wanted(delivery) for delivery in decision.deliveries]
        deliveries.queue(tx, row, wanted, earlier, taken_from=others, **_where(context), facts=facts)

    return effect


@handles(names.ROUTING_RECALL)
def recall(job: Job, context: Context) -> Effect:
    """Take back what agencies have of a submission that was withdrawn, superseded or rejected."""
    if job.event is None or job.submission is None:
        raise Hopeless("a recall without an event")
    submission, reason = job.submission, _RECALL_REASONS[job.event.type]
    replaced_by = job.event.data.get("by")

    def effect(tx: Connection) -> None:
        row = events.locked(tx, submission)
        every = deliveries.of_root(tx, row["root"])
        newer = {delivery["agency"]: delivery["id"] for delivery in every if delivery["submission"] == replaced_by}
        for delivery in every:
            if delivery["submission"] == submission and delivery["state"] in models.OPEN:
                deliveries.recall(tx, delivery, reason, replaced_by=newer.get(delivery["agency"]), broker=context.settings.broker_url is not None)

    return effect


@handles(names.ROUTING_BY_HAND)
def route_by_hand(job: Job, context: Context) -> Effect:
    """Send a submission where the secretariat wants it.

    The event's data: ``agency``, ``role`` (``primary|copy``), ``reason``, and ``task`` if it is another than the agency usually gets. A
    new primary takes the place of primaries that rules chose, unless one was returned: then it takes that one's place.
    """
    if job.event is None or job.submission is None:
        raise Hopeless("nobody says where to")
    table = load_table(context.settings.schemas / "routing")
    asked = job.event.data
    actor = table.actors.get(str(asked.get("agency", "")))
    if actor is None or not actor.takes_work or asked.get("role") not in (PRIMARY, COPY):
        raise Hopeless(f"{asked.get('agency')!r} as {asked.get('role')!r} is no destination")
    submission, agency, role = job.submission, actor.id, asked["role"]
    wanted = {
        "agency": agency,
        "role": role,
        "task": asked.get("task") or _suggested_task(context, submission, agency, role) or _usual_task(table, agency, role),
        "rules": [{"id": "sekretariat", "reason": asked["reason"], "row": None}],
        "respond_by": None,
        "by_hand": True,
    }

    def effect(tx: Connection) -> None:
        row = events.locked(tx, submission)
        if row["status"] not in (lifecycle.HELD, *lifecycle.IN_FORCE):
            events.record(tx, row["id"], names.MOVE_DROPPED, actor=ACTOR, data={"wanted": names.DELIVERIES_QUEUED, "status": row["status"]})
            return
        earlier = deliveries.of_root(tx, row["root"])
        own = [old for old in earlier if old["submission"] == submission]
        taken_from: set[str] = set()
        if role == PRIMARY and not any(old["state"] == models.RETURNED for old in own):
            taken_from = {old["id"] for old in own if old["role"] == PRIMARY and not old["by_hand"] and old["agency"] != agency}
        deliveries.queue(tx, row, [wanted], earlier, taken_from=taken_from, **_where(context), facts={})

    return effect


@handles(names.ROUTING_CONFIRM)
def confirm_late(job: Job, context: Context) -> Effect:
    """The agencies confirmed before the archive had stored the submission: confirm it as soon as it is routed."""
    if job.submission is None:
        raise Hopeless("no submission")
    submission = job.submission
    with context.database.read() as tx:
        status = tx.execute(select(submissions.c.status).where(submissions.c.id == submission)).scalar_one()
    if status == lifecycle.ACCEPTED:
        # However long the archive is away: waiting for it is no failure of ours.
        raise Retry("not archived yet", outage=True)
    return lambda tx: confirm_when_all_have(tx, submission)


@handles(names.ROUTING_RECEIPT)
def take_receipt(job: Job, context: Context) -> None:
    """Take a receipt that came over the broker and could not be taken there at once: its documents are to be opened, or it was refused.

    The job's data: ``agency`` and the message's ``body`` (text). What is wrong with it parks the job, for the secretariat to see.
    """
    agency = str(job.data["agency"])
    try:
        data = receipts.read(str(job.data["body"]).encode("utf-8"), context.settings.schemas)
        with answers.prepared(context, agency, data, words.DEFAULT) as documents, context.database.write() as tx:
            receipts.take(tx, agency, data, by=None, actors=context.actors, documents=documents)
    except Problem as problem:
        if problem.status >= 500:
            raise Retry(receipts.reason_of(problem)) from problem
        raise Hopeless(f"{agency}: {receipts.reason_of(problem)}") from problem


@handles(names.ROUTING_DEAD_LETTER)
def send_dead_letter_again(job: Job, context: Context) -> Effect:
    """Publish once more what the agency's program would not take, unless the agency has done it meanwhile. The job's data: ``agency``, ``message`` (its id)."""
    if context.settings.broker_url is None:
        raise Hopeless("no broker is set")
    agency, message = str(job.data["agency"]), str(job.data["message"])

    def effect(tx: Connection) -> None:
        outbox.send_one_again(tx, message, agency)

    return effect


def _decide(table: RoutingTable, submission: Mapping[str, Any], settled: frozenset[str], *, possible_duplicate: bool) -> Decision:
    received_on = timestamps.norwegian_date(submission["received_at"])
    history = History(submitter_kind=submission["submitter_kind"], possible_duplicate=possible_duplicate)
    facts = table.source.facts(submission["form_type"], submission["answers"], received_on, history)
    return decide(table, facts, received_on, settled=settled)


def _settled_gates(tx: Connection, submission: str) -> frozenset[str]:
    """Rows of gates that held the submission before somebody accepted it again: that was the secretariat's decision about them."""
    holds = tx.execute(_HOLDS, {"of_submission": submission}).scalars()
    return frozenset(rule["row"] for data in holds if data.get("code") == GATE for rule in data["rules"])


def _suggested_task(context: Context, submission: str, agency: str, role: str) -> str | None:
    """What the gate that held this very submission last would have this agency do, if it named it."""
    with context.database.read() as tx:
        data = tx.execute(_HOLDS.order_by(story.c.seq.desc()).limit(1), {"of_submission": submission}).scalar_one_or_none()
    suggested = (choice for choice in (data or {}).get("suggest", ()) if (choice["agency"], choice["role"]) == (agency, role))
    return next((str(choice["task"]) for choice in suggested), None)


def _usual_task(table: RoutingTable, agency: str, role: str) -> str:
    """What the rules ask of this agency in this role, or else in any. What a gate suggests is about its own submissions only."""
    sending = [rule.then for rule in table.rules if "hold" not in rule.then]
    named = [row for then in sending for row in destinations(then) if row["agency"] == agency]
    same_role = [row for row in named if row["role"] == role]
    return str((same_role or named or [{"task": "orientering"}])[0]["task"])


def _where(context: Context) -> dict[str, Any]:
    """What sending depends on besides the submission."""
    return {"public_url": context.settings.public_url, "broker": context.settings.broker_url is not None}


def _wanted(delivery: Delivery) -> dict[str, Any]:
    return {
        "agency": delivery.agency,
        "role": delivery.role,
        "task": delivery.task,
        "rules": [reason.as_data() for reason in delivery.rules],
        "respond_by": delivery.respond_by,
    }


def _said(decision: Decision) -> dict[str, Any]:
    """What the decision says besides where to, for the event."""
    return {
        "tags": list(decision.tags),
        "notes": [reason.as_data() for reason in decision.notes],
        "replaced": [{"row": row, "by": list(by)} for row, by in decision.replaced],
    }


def _hold_data(hold: Hold) -> dict[str, Any]:
    data = asdict(hold)
    data["rules"] = [reason.as_data() for reason in hold.rules]
    return {**data, "reason": dict(hold.reason), "suggest": [dict(choice) for choice in hold.suggest]}
