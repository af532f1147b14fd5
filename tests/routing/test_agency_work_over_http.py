"""Leases and receipts through the API, each agency with its own token."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from services.shared import names, timestamps
from tests.routing.conftest import NEW_SUBSTANCE, Desk


def about(substance: str, **more: Any) -> dict[str, Any]:
    return {**NEW_SUBSTANCE, "active_substance": substance, **more}


def test_work_comes_oldest_first_and_only_once(desk: Desk) -> None:
    sent = [desk.accepted(about(name)) for name in "abc"]
    first = desk.lease("dmp", limit=2)
    rest = desk.lease("dmp", limit=2)
    assert [message["data"]["submission"]["id"] for message in first + rest] == sent
    assert desk.lease("dmp") == []


def test_the_first_lease_makes_it_delivered(desk: Desk) -> None:
    submission = desk.accepted()
    desk.lease("dmp")
    assert {agency: part["state"] for agency, part in desk.routing(submission).items()} == {"dmp": "delivered", "sykehusinnkjop": "queued"}


def test_leases_taken_at_the_same_time_never_share_work(desk: Desk) -> None:
    expected = {desk.accepted(about(f"stoff {number}"), stored=False) for number in range(24)}
    seen: Counter[str] = Counter()
    lock, start = threading.Lock(), threading.Barrier(6)

    def consume() -> None:
        start.wait()
        while items := desk.lease("dmp", limit=3):
            with lock:
                seen.update(message["data"]["submission"]["id"] for message in items)

    threads = [threading.Thread(target=consume) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == Counter(expected)


def test_work_whose_lease_ran_out_comes_again_and_the_old_lease_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.accepted()
    (first,) = desk.lease("dmp", seconds=60)
    assert desk.lease("dmp") == []
    real_now = timestamps.now
    monkeypatch.setattr(timestamps, "now", lambda: timestamps.later(real_now(), 61))
    (second,) = desk.lease("dmp")
    assert second["id"] == first["id"]
    late = desk.post("dmp", f"/leases/{first['lease']}/confirm")
    assert (late.status_code, late.get_json()["code"]) == (409, "lease_lost")
    assert desk.post("dmp", f"/leases/{second['lease']}/confirm").status_code == 200


def test_released_work_comes_again(desk: Desk) -> None:
    desk.accepted()
    (first,) = desk.lease("dmp")
    for _ in range(2):
        assert desk.post("dmp", f"/leases/{first['lease']}/release").status_code == 200
    (second,) = desk.lease("dmp")
    assert second["lease"] != first["lease"]
    # The old lease gives nothing back a second time.
    desk.post("dmp", f"/leases/{first['lease']}/release")
    assert desk.lease("dmp") == []


def test_a_confirmation_counts_once_and_is_answered_the_same_again(desk: Desk) -> None:
    submission = desk.accepted()
    (message,) = desk.lease("dmp")
    first = desk.post("dmp", f"/leases/{message['lease']}/confirm")
    again = desk.post("dmp", f"/leases/{message['lease']}/confirm")
    over_receipt = desk.post("dmp", f"/deliveries/{message['id']}/receipts", {"outcome": "confirmed", "case_number": "26/1"})
    assert first.status_code == 200
    assert first.get_json() == again.get_json()
    assert over_receipt.get_json() == {key: value for key, value in first.get_json().items() if key != "lease"}
    assert [event.type for event in desk.story(submission)].count(names.DELIVERY_CONFIRMED) == 1
    assert desk.status(submission) == "confirmed"
    assert desk.lease("dmp") == []


def test_a_lease_that_ran_out_after_a_receipt_answers_what_the_receipt_did(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.accepted()
    (message,) = desk.lease("dmp", seconds=60)
    receipt = desk.post("dmp", f"/deliveries/{message['id']}/receipts", {"outcome": "confirmed"})
    real_now = timestamps.now
    monkeypatch.setattr(timestamps, "now", lambda: timestamps.later(real_now(), 61))
    confirmed = desk.post("dmp", f"/leases/{message['lease']}/confirm")
    assert confirmed.get_json() == {"lease": message["lease"], **receipt.get_json()}


def test_copies_do_not_decide_whether_a_submission_is_confirmed(desk: Desk) -> None:
    submission = desk.accepted()
    (copy,) = desk.lease("sykehusinnkjop")
    desk.post("sykehusinnkjop", f"/leases/{copy['lease']}/confirm")
    assert desk.status(submission) == "routed"
    (work,) = desk.lease("dmp")
    desk.post("dmp", f"/leases/{work['lease']}/confirm")
    assert desk.status(submission) == "confirmed"


def test_every_primary_must_confirm_or_answer(desk: Desk) -> None:
    submission = desk.accepted({**NEW_SUBSTANCE, "tender_exists": True})
    routing = desk.routing(submission)
    desk.post("dmp", f"/deliveries/{routing['dmp']['delivery']}/receipts", {"outcome": "confirmed"})
    assert desk.status(submission) == "routed"
    answer = {"outcome": "answered", "answer": {"prisnotat": "Kommer."}}
    desk.post("sykehusinnkjop", f"/deliveries/{routing['sykehusinnkjop']['delivery']}/receipts", answer)
    assert desk.status(submission) == "confirmed"
    assert desk.routing(submission)["sykehusinnkjop"]["state"] == "answered"


def test_a_confirmation_before_the_archive_is_done_counts_when_it_is(desk: Desk) -> None:
    submission = desk.accepted(stored=False)
    (message,) = desk.lease("dmp")
    desk.post("dmp", f"/leases/{message['lease']}/confirm")
    assert desk.status(submission) == "accepted"
    desk.store(submission)
    desk.work()
    assert desk.status(submission) == "confirmed"


def test_a_returned_primary_leaves_the_submission_to_the_secretariat(desk: Desk) -> None:
    submission = desk.accepted()
    delivery = desk.routing(submission)["dmp"]["delivery"]
    body = {"outcome": "returned", "reason": "Dette er en prosedyre.", "by": "Kari Saksbehandler"}
    first = desk.post("dmp", f"/deliveries/{delivery}/receipts", body)
    again = desk.post("dmp", f"/deliveries/{delivery}/receipts", body)
    assert first.get_json() == again.get_json()
    assert first.get_json()["state"] == "returned"
    assert desk.status(submission) == "held"
    held = [event for event in desk.story(submission) if event.type == names.SUBMISSION_HELD]
    assert len(held) == 1
    assert "Dette er en prosedyre." in held[0].data["reason"]["en"]
    assert desk.lease("dmp") == []


def test_saying_something_else_afterwards_is_refused(desk: Desk) -> None:
    delivery = desk.routing(desk.accepted())["dmp"]["delivery"]
    path = f"/deliveries/{delivery}/receipts"
    assert desk.post("dmp", path, {"outcome": "answered", "answer": {"text": "Egnet."}}).status_code == 200
    for body in ({"outcome": "returned", "reason": "Nei."}, {"outcome": "answered", "answer": {"text": "Uegnet."}}):
        refused = desk.post("dmp", path, body)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "receipt_contradicts")
    assert desk.post("dmp", path, {"outcome": "confirmed"}).get_json()["state"] == "answered"


def test_what_all_have_confirmed_can_be_returned_no_more(desk: Desk) -> None:
    submission = desk.accepted()
    delivery = desk.routing(submission)["dmp"]["delivery"]
    path = f"/deliveries/{delivery}/receipts"
    assert desk.post("dmp", path, {"outcome": "confirmed"}).get_json()["state"] == "confirmed"
    refused = desk.post("dmp", path, {"outcome": "returned", "reason": "Likevel ikke vår."})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "receipt_contradicts")
    assert (desk.status(submission), desk.routing(submission)["dmp"]["state"]) == ("confirmed", "confirmed")


def test_what_one_has_confirmed_may_come_back_while_others_have_not(desk: Desk) -> None:
    submission = desk.accepted(stored=False)
    delivery = desk.routing(submission)["dmp"]["delivery"]
    path = f"/deliveries/{delivery}/receipts"
    desk.post("dmp", path, {"outcome": "confirmed"})
    assert desk.post("dmp", path, {"outcome": "returned", "reason": "Likevel ikke vår."}).get_json()["state"] == "returned"
    assert desk.status(submission) == "held"


def test_an_answer_to_recalled_work_is_kept_but_nothing_follows(desk: Desk) -> None:
    submission = desk.accepted()
    delivery = desk.routing(submission)["dmp"]["delivery"]
    desk.record(submission, names.SUBMISSION_WITHDRAWN)
    desk.work()
    receipt = desk.post("dmp", f"/deliveries/{delivery}/receipts", {"outcome": "answered", "answer": {"text": "Egnet."}})
    assert (receipt.get_json()["state"], receipt.get_json()["applied"]) == ("recalled", False)
    assert desk.routing(submission)["dmp"]["state"] == "recalled"
    assert desk.status(submission) == "withdrawn"
    assert [event.data["answer"] for event in desk.story(submission) if event.type == names.DELIVERY_ANSWERED] == [{"text": "Egnet."}]
    # The recall itself still waits to be taken.
    assert len(desk.lease("dmp")) == 1


def test_a_recall_takes_leased_work_away(desk: Desk) -> None:
    submission = desk.accepted()
    (message,) = desk.lease("dmp")
    desk.record(submission, names.SUBMISSION_WITHDRAWN)
    desk.work()
    lost = desk.post("dmp", f"/leases/{message['lease']}/confirm")
    assert (lost.status_code, lost.get_json()["code"]) == (409, "lease_lost")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/outcome"),
        ({"outcome": "maybe"}, "/outcome"),
        ({"outcome": "returned"}, "/reason"),
        ({"outcome": "returned", "reason": "  "}, "/reason"),
        ({"outcome": "answered"}, "/answer"),
        ({"outcome": "confirmed", "case_number": 7}, "/case_number"),
        ({"outcome": "confirmed", "unknown": True}, "/unknown"),
        (
            {"outcome": "answered", "answer": {"documents": [{"upload": "u", "name": "a.pdf", "sha256": "x", "access": "public"}]}},
            "/answer/documents/0/sha256",
        ),
    ],
)
def test_a_receipt_that_does_not_follow_the_schema_is_refused_with_the_place(desk: Desk, body: dict[str, Any], pointer: str) -> None:
    submission = desk.accepted()
    delivery = desk.routing(submission)["dmp"]["delivery"]
    refused = desk.post("dmp", f"/deliveries/{delivery}/receipts", body)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "receipt_invalid")
    assert pointer in [error["pointer"] for error in refused.get_json()["errors"]]
    assert desk.routing(submission)["dmp"]["state"] == "queued"


def test_an_answer_with_a_document_that_was_never_uploaded_is_refused(desk: Desk) -> None:
    delivery = desk.routing(desk.accepted())["dmp"]["delivery"]
    document = {"upload": "u", "name": "a.pdf", "sha256": "0" * 64, "access": "public"}
    refused = desk.post("dmp", f"/deliveries/{delivery}/receipts", {"outcome": "answered", "answer": {"documents": [document]}})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "upload_unknown")


def test_another_agency_finds_nothing(desk: Desk) -> None:
    delivery = desk.routing(desk.accepted())["dmp"]["delivery"]
    (message,) = desk.lease("dmp")
    attempts = [
        desk.get("fhi", "/queues/dmp"),
        desk.post("fhi", "/queues/dmp/leases"),
        desk.post("fhi", f"/leases/{message['lease']}/confirm"),
        desk.post("fhi", f"/leases/{message['lease']}/release"),
        desk.post("fhi", f"/deliveries/{delivery}/receipts", {"outcome": "confirmed"}),
        desk.post("dmp", f"/deliveries/{delivery}/receipts", {"delivery": "another", "outcome": "confirmed"}),
        desk.get("dmp", "/queues/nobody"),
        desk.post("dmp", "/leases/unknown/confirm"),
    ]
    assert [attempt.status_code for attempt in attempts] == [404] * len(attempts)
    assert {attempt.get_json()["code"] for attempt in attempts} == {"not_found"}
    assert desk.post("dmp", f"/leases/{message['lease']}/confirm").status_code == 200


def test_without_the_right_scope_there_is_no_queue(desk: Desk) -> None:
    for person in ("leverandor", "sekretariat"):
        assert desk.get(person, "/queues/dmp").status_code == 403
    anonymous = desk.app.test_client().post("/api/v1/queues/dmp/leases")
    assert anonymous.status_code == 401


def test_the_queue_tells_how_it_stands(desk: Desk) -> None:
    assert desk.get("dmp", "/queues/dmp").get_json() == {"agency": "dmp", "depth": 0, "oldest": None, "in_work": 0}
    for name in "abc":
        desk.accepted(about(name))
    (taken,) = desk.lease("dmp", limit=1)
    stands = desk.get("dmp", "/queues/dmp").get_json()
    assert (stands["depth"], stands["in_work"]) == (2, 1)
    assert stands["oldest"] > taken["time"]


@pytest.mark.parametrize("body", [{"max": 0}, {"max": "ten"}, {"seconds": -1}, {"seconds": True}, {"max": 1.5}])
def test_a_meaningless_number_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    refused = desk.post("dmp", "/queues/dmp/leases", body)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "value_not_allowed")


def test_more_than_we_give_is_bounded(desk: Desk) -> None:
    desk.accepted()
    taken = desk.post("dmp", "/queues/dmp/leases", {"max": 10**9, "seconds": 10**12}).get_json()
    assert len(taken["items"]) == 1
    assert timestamps.seconds_between(timestamps.now(), taken["lease_until"]) <= 12 * 3600


def test_a_message_is_leased_as_the_event_it_is_with_its_lease_and_nothing_else(desk: Desk) -> None:
    desk.accepted()
    (message,) = desk.lease("dmp")
    envelope = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "traceparent", "data"}
    assert set(message) == envelope | {"lease"}


def test_what_is_wrong_with_a_receipt_is_told_once_and_only_that(desk: Desk) -> None:
    delivery = desk.routing(desk.accepted())["dmp"]["delivery"]
    path = f"/deliveries/{delivery}/receipts"

    def faults(body: dict[str, Any]) -> list[str]:
        return [error["pointer"] for error in desk.post("dmp", path, body).get_json()["errors"]]

    assert faults({}) == ["/outcome"]
    document = {"upload": "en"}
    assert faults({"outcome": "answered", "answer": {"documents": [document]}}) == [
        f"/answer/documents/0/{key}" for key in ("access", "name", "sha256")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{",
        b"\xff",
        b"null",
        b'{"answer": NaN}',
        b'{"reason": "\\u0000"}',
        b'{"reason": "\\ud800"}',
        b'{"a": 1e999}',
        b'{"a": ' + b"[" * 9999,
    ],
    ids=repr,
)
def test_a_body_that_is_no_json_object_is_refused(desk: Desk, data: bytes) -> None:
    delivery = desk.routing(desk.accepted())["dmp"]["delivery"]
    headers = {"Authorization": f"Bearer {desk.issuer.token('dmp')}"}
    for path in ("/queues/dmp/leases", f"/deliveries/{delivery}/receipts"):
        refused = desk.app.test_client().post(f"/api/v1{path}", data=data, headers=headers)
        assert (refused.status_code, refused.get_json()["code"]) == (400, "json_expected")


@pytest.mark.parametrize("strange", ["%00", "%ED%A0%80", "' OR 1=1 --", "x" * 5000, "%F0%9F%92%8A"])
def test_a_strange_name_in_the_address_is_simply_not_there(desk: Desk, strange: str) -> None:
    for path in (f"/queues/{strange}/leases", f"/leases/{strange}/confirm", f"/leases/{strange}/release"):
        assert desk.post("dmp", path).status_code == 404
    assert desk.post("dmp", f"/deliveries/{strange}/receipts", {"outcome": "confirmed"}).status_code == 404
