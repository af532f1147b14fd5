"""What follows for a submission when its deliveries move on: queued everywhere, confirmed by everybody who must."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from services.routing import models
from services.routing.models import deliveries
from services.shared import events, identifiers, jobs, lifecycle, names
from services.shared.models import events as story

ACTOR = "routing"
_PLANS = (names.DELIVERIES_PLANNED, names.DELIVERIES_QUEUED, names.SUBMISSION_HELD)
# Put together once: building a statement costs SQLAlchemy more than running it does.
_NEWEST_PLAN = (
    select(story.c.type).where(story.c.submission == bindparam("of_submission"), story.c.type.in_(_PLANS)).order_by(story.c.seq.desc()).limit(1)
)
_ITS_DELIVERIES = (
    select(deliveries.c.id, deliveries.c.agency, deliveries.c.state, _NEWEST_PLAN.scalar_subquery().label("newest_plan"))
    .where(deliveries.c.submission == bindparam("of_submission"))
    .order_by(deliveries.c.created_at, deliveries.c.id)
)


def queued_when_all_are(tx: Connection, submission: str) -> None:
    """Tell that the planned deliveries of a submission are queued, if none of them is pending any more.

    Only once for each plan, and not for a plan that a hold came after: being queued would lift the hold. While it is held, each one that is queued is told by itself.
    """
    row = events.locked(tx, submission)
    found = tx.execute(_ITS_DELIVERIES, {"of_submission": submission}).all()
    if row["status"] == lifecycle.HELD:
        _tell_each(tx, submission, [(delivery.id, delivery.agency) for delivery in found if delivery.state == models.QUEUED])
        row = events.locked(tx, submission)  # its story may be longer now
    if any(delivery.state == models.PENDING or delivery.newest_plan != names.DELIVERIES_PLANNED for delivery in found):
        return
    told = [{"delivery": delivery.id, "agency": delivery.agency} for delivery in found if delivery.state in models.LIVE]
    events.record(tx, submission, names.DELIVERIES_QUEUED, actor=ACTOR, data={"deliveries": told}, known=row)
    if any(delivery.state in (models.CONFIRMED, models.ANSWERED) for delivery in found):
        confirm_when_all_have(tx, submission)


def _tell_each(tx: Connection, submission: str, queued: list[tuple[str, str]]) -> None:
    """Tell of the deliveries that are queued and that nobody was told of."""
    said = select(story.c.data).where(story.c.submission == submission, story.c.type.in_((names.DELIVERIES_QUEUED, names.DELIVERY_QUEUED)))
    known: set[str] = set()
    for data in tx.execute(said).scalars():
        known |= {data["delivery"]} if "delivery" in data else {each["delivery"] for each in data["deliveries"]}
    for delivery, agency in queued:
        if delivery not in known:
            events.record(tx, submission, names.DELIVERY_QUEUED, actor=ACTOR, data={"delivery": delivery, "agency": agency})


def confirm_when_all_have(tx: Connection, submission: str) -> None:
    """Make a routed submission confirmed when every primary has confirmed or answered.

    When it is not archived yet, a job looks at it again.
    """
    row = events.locked(tx, submission)
    primaries = select(deliveries.c.state).where(deliveries.c.submission == submission, deliveries.c.role == "primary")
    states = [state for state in tx.execute(primaries).scalars() if state in models.LIVE]
    if not states or not all(state in (models.CONFIRMED, models.ANSWERED) for state in states):
        return
    if row["status"] == lifecycle.ROUTED:
        events.record(tx, submission, names.SUBMISSION_CONFIRMED, actor=ACTOR)
    elif row["status"] == lifecycle.ACCEPTED and row["queued_at"] is not None:
        jobs.enqueue(tx, names.ROUTING_CONFIRM, key=f"confirm:{identifiers.new_id()}", submission=submission)
