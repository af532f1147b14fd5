"""What agencies say over a real RabbitMQ: taken once, by the same rules as over HTTP; what cannot be used is seen by somebody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from services.shared import identifiers, names, timestamps
from services.shared.jobs import redrive
from services.shared.models import jobs
from tests.broker_server import OPERATOR, Broker, until
from tests.routing.conftest import Posted


def receipt(delivery: str, outcome: str = "confirmed", **data: Any) -> bytes:
    message = {
        "specversion": "1.0",
        "id": identifiers.new_id(),
        "source": "/dmp/sak",
        "type": "no.nyemetoder.mottak.receipt.v1",
        "time": timestamps.now(),
        "data": {"delivery": delivery, "outcome": outcome, **data},
    }
    return json.dumps(message).encode()


def parked(desk: Posted) -> list[dict[str, Any]]:
    with desk.database.read() as tx:
        return [dict(row) for row in tx.execute(select(jobs).where(jobs.c.handler == names.ROUTING_RECEIPT, jobs.c.state == "parked")).mappings()]


def test_a_receipt_confirms_the_delivery_with_the_agencys_case_number(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    with posted.running():
        posted.until_routed(submission)
        for agency, delivery in posted.routing(submission).items():
            broker.send_receipt(agency, receipt(delivery["delivery"], case_number="26/01234"))
        until(lambda: set(posted.states(submission).values()) == {"confirmed"}, "confirmed by everybody")
    posted.work()
    assert posted.status(submission) == "confirmed"
    told = [event for event in posted.story(submission) if event.type == names.DELIVERY_CONFIRMED]
    assert {event.data["case_number"] for event in told} == {"26/01234"}


def test_a_receipt_that_comes_again_counts_once_whichever_way_it_comes(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    with posted.running():
        posted.until_routed(submission)
        delivery = posted.routing(submission)["dmp"]["delivery"]
        body = receipt(delivery)
        assert posted.post("dmp", f"/deliveries/{delivery}/receipts", {"delivery": delivery, "outcome": "confirmed"}).status_code == 200
        for _ in range(3):
            broker.send_receipt("dmp", body)
        until(lambda: broker.depth("dmp", "mottak.inbox") == 0, "all are read")
        broker.send_receipt("dmp", receipt(delivery, "answered", answer={"conclusion": "egnet"}))
        until(lambda: posted.states(submission)["dmp"] == "answered", "answered")
    assert len([event for event in posted.story(submission) if event.type == names.DELIVERY_CONFIRMED]) == 1
    assert parked(posted) == []
    assert broker.taken("dmp", "mottak.dead") == []


def test_a_confirmation_before_our_books_know_that_the_broker_has_the_work_counts(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    assert set(posted.states(submission).values()) == {"pending"}
    for agency, delivery in posted.routing(submission).items():
        broker.send_receipt(agency, receipt(delivery["delivery"]))
    with posted.running(relays=0):
        until(lambda: set(posted.states(submission).values()) == {"confirmed"}, "confirmed")
    posted.work()
    assert posted.status(submission) == "confirmed"


POISON = {
    "no JSON": (b"\xff\xfe not json", "json_expected"),
    "NUL": (b'{"specversion": "1.0", "id": "\\u0000"}', "json_expected"),
    "no envelope": (json.dumps({"delivery": "x", "outcome": "confirmed"}).encode(), "receipt_invalid"),
    "unknown outcome": (receipt("01893f7a-0000-7000-8000-000000000000", "perhaps"), "receipt_invalid"),
    "no delivery of theirs": (receipt("01893f7a-0000-7000-8000-000000000000"), "not_found"),
    "endless nesting": (b"[" * 100_000, "json_expected"),
}


@pytest.mark.parametrize("what", POISON)
def test_what_is_no_receipt_goes_to_the_dead_letters_with_its_reason_and_onto_the_board(posted: Posted, broker: Broker, what: str) -> None:
    body, code = POISON[what]
    broker.send_receipt("dmp", body)
    with posted.running(relays=0):
        [(properties, dead)] = until(lambda: broker.taken("dmp", "mottak.dead"), "a dead letter")
    assert dead == body
    assert properties.headers["x-mottak-code"] == code
    assert properties.headers["x-mottak-reason"].startswith(f"{code}: ")
    posted.work()
    [job] = parked(posted)
    assert job["last_error"].startswith(f"dmp: {code}: ")


def test_an_agency_cannot_speak_for_another(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    delivery = posted.routing(submission)["dmp"]["delivery"]
    broker.send_receipt("fhi", receipt(delivery))
    with posted.running(relays=0):
        until(lambda: broker.taken("fhi", "mottak.dead"), "a dead letter")
    assert posted.states(submission)["dmp"] == "pending"
    posted.work()
    [job] = parked(posted)
    assert job["submission"] is None


def test_a_receipt_that_contradicts_is_shown_on_its_submission(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    with posted.running():
        posted.until_routed(submission)
        delivery = posted.routing(submission)["dmp"]["delivery"]
        broker.send_receipt("dmp", receipt(delivery, "answered", answer={"conclusion": "egnet"}))
        broker.send_receipt("dmp", receipt(delivery, "returned", reason="likevel ikke vårt"))
        until(lambda: broker.taken("dmp", "mottak.dead"), "a dead letter")
    posted.work()
    assert posted.states(submission)["dmp"] == "answered"
    assert posted.row(submission)["attention"].startswith(names.ROUTING_RECEIPT)


def test_a_receipt_with_documents_is_left_to_a_worker_who_opens_them(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    delivery = posted.routing(submission)["dmp"]["delivery"]
    document = {"upload": identifiers.new_id(), "name": "svar.pdf", "sha256": "0" * 64, "access": "restricted"}
    broker.send_receipt("dmp", receipt(delivery, "answered", answer={"documents": [document]}))
    with posted.running(relays=0):
        until(lambda: broker.depth("dmp", "mottak.inbox") == 0 and waiting(posted), "the receipt is a job")
    posted.work()
    [job] = parked(posted)
    assert job["last_error"].startswith("dmp: upload_unknown")


def on_board(desk: Posted) -> list[dict[str, Any]]:
    with desk.database.read() as tx:
        return [dict(row) for row in tx.execute(select(jobs).where(jobs.c.handler == names.ROUTING_DEAD_LETTER, jobs.c.state == "parked")).mappings()]


def test_work_that_an_agencys_program_rejects_stands_on_the_board_and_is_sent_again_from_there(posted: Posted, broker: Broker) -> None:
    submission = posted.accepted()
    with posted.running():
        posted.until_routed(submission)
        delivery = posted.routing(submission)["dmp"]["delivery"]
        with broker.channel("dmp") as channel:
            method, _, _ = until(lambda: (got := channel.basic_get("mottak.work")) and got[0] and got, "the work")
            channel.basic_reject(method.delivery_tag, requeue=False)
        [job] = until(lambda: on_board(posted), "it is on the board")
        assert (job["submission"], job["last_error"]) == (submission, f"dmp: dead_letter_rejected: {delivery}")
        assert posted.row(submission)["attention"] == "routing.dead_letter: parked"
        [(properties, _)] = broker.taken("dmp", "mottak.dead")  # where it stays until somebody takes it away
        assert properties.message_id == delivery
        with posted.database.write() as tx:
            assert redrive(tx, submission) == 1
        posted.work()
        [(again, _)] = until(lambda: broker.taken("dmp"), "it came once more")
        assert again.message_id == delivery
    assert on_board(posted) == []
    assert posted.row(submission)["attention"] is None


def test_a_receipt_that_cannot_be_used_stands_on_the_board_once(posted: Posted, broker: Broker) -> None:
    broker.send_receipt("dmp", b"no receipt")
    with posted.running(relays=0):
        until(lambda: broker.depth("dmp", "mottak.dead") == 1 and broker.depth("dmp", "mottak.noted") == 0, "it was noted")
    posted.work()
    assert len(parked(posted)) == 1
    assert on_board(posted) == []


def waiting(desk: Posted) -> bool:
    with desk.database.read() as tx:
        return tx.execute(select(jobs.c.id).where(jobs.c.handler == names.ROUTING_RECEIPT)).first() is not None


def test_work_that_an_agency_leads_back_to_us_is_left_out(posted: Posted, broker: Broker) -> None:
    with broker.channel("dmp") as agency:
        agency.exchange_bind("mottak.receipts", "mottak.work", "mottak.work")
    try:
        submission = posted.accepted()
        with posted.running():
            posted.until_routed(submission)
            delivery = posted.routing(submission)["dmp"]["delivery"]
            broker.send_receipt("dmp", receipt(delivery))
            until(lambda: posted.states(submission)["dmp"] == "confirmed", "the receipt after it is taken")
    finally:
        with broker.channel("dmp", user=OPERATOR) as operator:
            operator.exchange_unbind("mottak.receipts", "mottak.work", "mottak.work")
    assert broker.taken("dmp", "mottak.dead") == []
    assert len(broker.taken("dmp")) == 1
    assert not waiting(posted)
