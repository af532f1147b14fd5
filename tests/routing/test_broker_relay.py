"""What goes out over a real RabbitMQ: when it is queued, in which form, and what happens when the broker does not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import func, select

from services.routing import models, outbox
from services.routing.broker.line import NOT_PUBLISHED
from services.shared import names
from services.shared.identity.issuer import LocalIssuer
from services.shared.settings import SCHEMAS
from tests.broker_server import OPERATOR, Broker, Gate, until
from tests.routing.conftest import NEW_SUBSTANCE, Desk, Posted


def schema_of(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / "messages" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def events_of(desk: Posted, submission: str, event_type: str) -> list[dict[str, Any]]:
    return [event.data for event in desk.story(submission) if event.type == event_type]


def about(substance: int) -> dict[str, Any]:
    """Answers about a substance of their own, so that none is taken for a duplicate."""
    return {**NEW_SUBSTANCE, "active_substance": f"eksempelmab-{substance}"}


def left(desk: Posted) -> int:
    with desk.database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(models.outbox)).scalar_one())


def test_work_is_pending_until_the_broker_has_all_of_it_and_then_the_submission_is_routed(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    agencies = set(posted.states(submission))
    assert set(posted.states(submission).values()) == {"pending"}
    assert posted.status(submission) == "accepted"
    with posted.running():
        posted.until_routed(submission)
    assert set(posted.states(submission).values()) == {"queued"}
    assert {agency: broker.depth(agency) for agency in broker.agencies} == {agency: int(agency in agencies) for agency in broker.agencies}
    assert len(events_of(posted, submission, names.DELIVERIES_QUEUED)) == 1
    assert left(posted) == 0


def test_what_the_agency_gets_is_the_stored_cloud_event(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    with posted.running():
        posted.until_routed(submission)
    delivery = posted.routing(submission)["dmp"]["delivery"]
    [(properties, body)] = broker.taken("dmp")
    assert (properties.message_id, properties.content_type, properties.delivery_mode) == (delivery, "application/cloudevents+json", 2)
    message = json.loads(body)
    schema_of("work").validate(message)
    assert message["id"] == message["data"]["delivery"] == delivery
    assert properties.type == message["type"]
    assert properties.headers["traceparent"] == message["traceparent"]
    with posted.database.read() as tx:
        assert tx.execute(select(models.messages.c.body).where(models.messages.c.id == delivery)).scalar_one().encode() == body


def test_a_recall_comes_on_the_same_queue_after_the_work(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    posted.record(submission, names.SUBMISSION_WITHDRAWN)
    posted.work()
    other = posted.accepted()
    with posted.running():
        posted.until_routed(other)
        posted.record(other, names.SUBMISSION_WITHDRAWN)
        posted.work()
        until(lambda: left(posted) == 0, "everything published")
    kinds = [(json.loads(body)["type"].split(".")[-2], json.loads(body)["subject"]) for _, body in broker.taken("dmp")]
    first, second = posted.row(submission)["reference"], posted.row(other)["reference"]
    # The first was withdrawn before the broker had it: only its recall is sent, in case it was on its way.
    assert kinds == [("recall", first), ("work", second), ("recall", second)]
    assert set(posted.states(submission).values()) == {"recalled"}
    assert not events_of(posted, submission, names.DELIVERIES_QUEUED)


def test_an_unroutable_message_stays_in_the_books_and_goes_out_when_there_is_a_queue(posted: Posted, broker: Broker) -> None:
    def refused() -> float:
        return float(NOT_PUBLISHED.labels(agency="dmp", cause="refused")._value.get())

    with broker.channel("dmp", user=OPERATOR) as operator:
        operator.queue_unbind("mottak.work", "mottak.work", "mottak.work")
        try:
            before = refused()
            with posted.running():
                submission = posted.accepted()
                until(lambda: refused() > before + 1, "the broker refuses it twice")
                assert posted.states(submission)["dmp"] == "pending"
                assert posted.status(submission) == "accepted"
                operator.queue_bind("mottak.work", "mottak.work", "mottak.work")
                posted.until_routed(submission)
        finally:
            operator.queue_bind("mottak.work", "mottak.work", "mottak.work")
    assert broker.depth("dmp") == 1


@pytest.fixture
def gate(broker: Broker) -> Iterator[Gate]:
    gate = Gate(broker.server.port)
    yield gate
    gate.close()


def test_a_broker_killed_between_publish_and_confirmation_gets_the_same_message_again(
    tmp_path: Path, issuer: LocalIssuer, broker: Broker, gate: Gate
) -> None:
    desk = Posted(tmp_path, issuer, broker_url=broker.url.replace(f":{broker.server.port}", f":{gate.port}"))
    with desk.running(receipts=False):
        first = desk.accepted()
        desk.until_routed(first)
        broker.taken("dmp")
        gate.answers.clear()  # from here on no confirmation arrives
        submission = desk.accepted(about(2))
        until(lambda: broker.depth("dmp") == 1, "the broker has the message")
        assert desk.states(submission)["dmp"] == "pending"
        broker.server.kill()
        gate.losing = True
        gate.answers.set()
        broker.server.start()
        gate.losing = False
        desk.until_routed(submission)
    delivery = desk.routing(submission)["dmp"]["delivery"]
    got = broker.taken("dmp")
    assert {properties.message_id for properties, _ in got} == {delivery}
    assert len(got) == 2
    assert len({body for _, body in got}) == 1
    assert left(desk) == 0
    desk.database.close()


def test_several_relays_keep_the_order_and_send_nothing_twice(posted: Posted, broker: Broker) -> None:
    before = [posted.accepted(about(number)) for number in range(10)]
    with posted.running(relays=3, receipts=False):
        submissions = before + [posted.accepted(about(number)) for number in range(10, 20)]
        for submission in submissions:
            posted.until_routed(submission)
    sent = [properties.message_id for properties, _ in broker.taken("dmp")]
    assert sent == [posted.routing(submission)["dmp"]["delivery"] for submission in submissions]


def test_what_an_agency_purged_can_be_sent_again(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    with posted.running():
        posted.until_routed(submission)
        with broker.channel("dmp") as agency:
            agency.queue_purge("mottak.work")
        with posted.database.write() as tx:
            assert outbox.send_again(tx, "dmp") == 1
        until(lambda: broker.depth("dmp") == 1, "the work is back")
    assert posted.states(submission)["dmp"] == "queued"


def test_work_taken_over_http_before_the_broker_has_it_counts(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    for agency in posted.states(submission):
        for item in posted.lease(agency):
            assert posted.post(agency, f"/leases/{item['lease']}/confirm").status_code == 200
    posted.work()
    assert set(posted.states(submission).values()) == {"confirmed"}
    assert posted.status(submission) == "confirmed"
    assert left(posted) == 0


def test_a_returned_primary_stays_held_when_the_broker_gets_the_other_copies_later(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    primary = next(delivery for delivery in posted.routing(submission).values() if delivery["role"] == "primary")
    answer = posted.post(
        primary["agency"],
        f"/deliveries/{primary['delivery']}/receipts",
        {"delivery": primary["delivery"], "outcome": "returned", "reason": "ikke vårt"},
    )
    assert answer.status_code == 200
    assert posted.status(submission) == "held"
    with posted.running():
        until(lambda: left(posted) == 0, "everything published")
        until(lambda: broker.depth(next(agency for agency in posted.states(submission) if agency != primary["agency"])) == 1, "the copy is there")
    assert posted.status(submission) == "held"
    # Everybody sees that the others have it, though the whole is held: nothing else would tell of it until an agency takes its copy.
    others = {agency: state for agency, state in posted.states(submission).items() if agency != primary["agency"]}
    assert others == dict.fromkeys(others, "queued")
    assert len(events_of(posted, submission, names.DELIVERY_QUEUED)) == len(others)


def test_a_consumer_that_dies_gets_the_work_again(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    with posted.running():
        posted.until_routed(submission)
    with broker.channel("dmp") as dying:
        method, _, first = next(iter(dying.consume("mottak.work")))
        assert not method.redelivered
    with broker.channel("dmp") as again:
        method, properties, second = next(iter(again.consume("mottak.work")))
        assert (second, method.redelivered, properties.headers["x-delivery-count"]) == (first, True, 1)
        again.basic_ack(method.delivery_tag)
    assert isinstance(properties, pika.BasicProperties)


def test_of_two_relays_one_at_a_time_publishes_for_an_agency(desk: Desk) -> None:
    def holds(holder: str) -> bool:
        with desk.database.write() as tx:
            return outbox.hold(tx, "dmp", holder, 60)

    assert (holds("first"), holds("second"), holds("first")) == (True, False, True)
    with desk.database.write() as tx:
        outbox.give_up(tx, "first")
    assert (holds("second"), holds("first")) == (True, False)
