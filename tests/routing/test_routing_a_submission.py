"""From accepted to the agencies' queues: what is sent, held, replaced and recalled."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import update

from services.routing import handlers
from services.routing.explain import explain
from services.shared import jobs, names
from services.shared.models import documents
from services.shared.settings import SCHEMAS
from tests.routing.conftest import NEW_SUBSTANCE, Desk


def valid(message: dict[str, Any]) -> None:
    kind = message["type"].split(".")[-2]
    schema = json.loads((SCHEMAS / "messages" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    bare = {key: value for key, value in message.items() if key != "lease"}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(bare)


def test_an_accepted_submission_reaches_its_agencies_with_reasons_and_access(desk: Desk) -> None:
    submission = desk.accepted()
    routing = desk.routing(submission)
    assert {agency: (part["role"], part["task"], part["state"]) for agency, part in routing.items()} == {
        "dmp": ("primary", "egnethetsvurdering", "queued"),
        "sykehusinnkjop": ("copy", "orientering", "queued"),
    }
    assert [rule["id"] for rule in routing["dmp"]["rules"]] == ["Q1"]
    assert "DMP" in routing["dmp"]["rules"][0]["reason"]
    assert desk.granted(submission) == {"dmp", "sykehusinnkjop"}
    assert desk.status(submission) == "routed"


def test_the_work_message_is_a_valid_cloud_event_with_everything_the_agency_needs(desk: Desk) -> None:
    submission = desk.accepted(errors=[{"pointer": "/atc_code", "code": "format_warn", "severity": "warning"}])
    (message,) = desk.lease("dmp")
    valid(message)
    row, data = desk.row(submission), message["data"]
    assert message["id"] == data["delivery"] == desk.routing(submission)["dmp"]["delivery"]
    assert message["subject"] == row["reference"]
    assert message["traceparent"].split("-")[1] == row["trace"]
    assert data["submission"] == {key: row[key] for key in data["submission"]}
    assert data["submission"]["answers"] == NEW_SUBSTANCE
    assert [document["role"] for document in data["documents"]] == ["form", "attachment"]
    for document in data["documents"]:
        assert document["href"] == f"https://mottak.test/api/v1/submissions/{submission}/documents/{document['id']}"
    assert data["replaces"] is None
    assert data["respond_by"] is None


@pytest.mark.parametrize(
    ("scan", "note", "is_named"),
    [
        ("clean", None, True),
        ("not_scanned", "scan.no_scanner", True),
        ("not_scanned", "scan.limits", False),
        ("infected", "Eicar", False),
        ("pending", None, False),
        ("not_scanned", None, False),
    ],
)
def test_only_what_was_found_clean_is_named_to_an_agency_or_came_where_no_scanner_is(desk: Desk, scan: str, note: str | None, is_named: bool) -> None:
    submission = desk.submission()
    with desk.database.write() as tx:
        tx.execute(update(documents).where(documents.c.submission == submission, documents.c.role == "attachment").values(scan=scan, scan_note=note))
    desk.record(submission, names.SUBMISSION_ACCEPTED, "validation")
    desk.work()
    (message,) = desk.lease("dmp")
    assert [document["role"] for document in message["data"]["documents"]] == (["form", "attachment"] if is_named else ["form"])


def test_a_second_lease_brings_the_same_message(desk: Desk) -> None:
    desk.accepted()
    (first,) = desk.lease("dmp")
    desk.post("dmp", f"/leases/{first['lease']}/release")
    (second,) = desk.lease("dmp")
    first.pop("lease"), second.pop("lease")
    assert json.dumps(first) == json.dumps(second)


def test_being_routed_waits_for_the_archive(desk: Desk) -> None:
    submission = desk.accepted(stored=False)
    assert desk.status(submission) == "accepted"
    desk.store(submission)
    assert desk.status(submission) == "routed"


def test_what_no_rule_knows_is_held_for_the_secretariat(desk: Desk) -> None:
    submission = desk.accepted({"method_type": ["annet"]}, form_type="forslag")
    assert desk.status(submission) == "held"
    assert desk.routing(submission) == {}
    assert desk.granted(submission) == set()
    (told,) = explain(desk.story(submission))
    assert told["outcome"] == "held"
    assert "velger aktør" in told["reason"]


def test_by_hand_an_agency_is_asked_what_the_gate_suggested(desk: Desk) -> None:
    submission = desk.accepted({"method_name": "Trykksensor"}, form_type="innspill")
    desk.work()
    assert desk.status(submission) == "held"
    desk.record(submission, names.ROUTED_BY_HAND, agency="fhi", role="primary", reason="Saken er hos FHI.")
    desk.work()
    (message,) = desk.lease("fhi")
    assert message["data"]["task"] == "innspill"


def test_the_secretariat_sends_a_held_submission_where_it_wants(desk: Desk) -> None:
    submission = desk.accepted({"method_type": ["annet"]}, form_type="forslag")
    desk.record(submission, names.ROUTED_BY_HAND, agency="fhi", role="primary", reason="Ligner en prosedyre.")
    desk.work()
    assert desk.status(submission) == "routed"
    (message,) = desk.lease("fhi")
    valid(message)
    assert message["data"]["task"] == "egnethetsvurdering"
    assert message["data"]["rules"] == [{"id": "sekretariat", "reason": "Ligner en prosedyre."}]


def test_a_second_open_case_about_the_same_is_held_until_the_secretariat_accepts_it(desk: Desk) -> None:
    first = desk.accepted()
    twin = desk.accepted({**NEW_SUBSTANCE, "active_substance": "Eksempel-mab", "indication": "Eksempelsykdom."})
    again = desk.accepted({**NEW_SUBSTANCE, "active_substance": "EKSEMPELMAB"})
    assert (desk.status(twin), desk.status(again)) == ("routed", "held")
    assert explain(desk.story(again))[0]["possible_duplicate_of"] == desk.row(first)["reference"]
    desk.record(again, names.SUBMISSION_ACCEPTED, reason="En annen pasientgruppe.")
    desk.work()
    desk.store(again)
    assert desk.status(again) == "routed"
    assert set(desk.routing(again)) == {"dmp", "sykehusinnkjop"}


def test_of_two_about_the_same_that_come_at_the_same_moment_one_is_held(desk: Desk) -> None:
    pairs = [[desk.submission({**NEW_SUBSTANCE, "active_substance": f"stoff {number}"}) for _ in range(2)] for number in range(5)]
    for submission in [submission for pair in pairs for submission in pair]:
        desk.record(submission, names.SUBMISSION_ACCEPTED, "validation")
    threads = [threading.Thread(target=desk.work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sorted(desk.status(submission) for submission in pair) for pair in pairs] == [["accepted", "held"]] * 5


def test_a_worker_killed_at_work_leaves_one_delivery_per_agency(desk: Desk) -> None:
    submission = desk.submission()
    desk.record(submission, names.SUBMISSION_ACCEPTED, "validation")
    with desk.database.write() as tx:
        job = jobs.claim(tx, [names.ROUTING_ROUTE], lease_seconds=0)
    assert job is not None
    handlers.route(job, desk.context)  # killed here: its effect never happens
    desk.work()
    assert [message["data"]["submission"]["id"] for message in desk.lease("dmp")] == [submission]
    assert len([event for event in desk.story(submission) if event.type == names.DELIVERIES_QUEUED]) == 1


def test_a_case_that_has_ended_is_no_duplicate(desk: Desk) -> None:
    first = desk.accepted()
    desk.record(first, names.SUBMISSION_WITHDRAWN)
    desk.work()
    assert desk.status(desk.accepted()) == "routed"


def test_a_correction_is_no_duplicate_of_what_it_corrects(desk: Desk) -> None:
    first = desk.accepted()
    second = desk.accepted(replaces=first)
    assert (desk.status(first), desk.status(second)) == ("superseded", "routed")


def test_a_correction_recalls_the_old_work_before_it_sends_the_new(desk: Desk) -> None:
    first = desk.accepted()
    (old,) = desk.lease("dmp")
    second = desk.accepted(replaces=first)
    back, new = desk.lease("dmp")
    valid(back)
    valid(new)
    assert back["type"] == "no.nyemetoder.mottak.recall.v1"
    assert back["data"] == {"delivery": old["id"], "reason": "superseded", "replaced_by": new["id"]}
    assert new["data"]["replaces"] == old["id"]
    assert new["data"]["submission"]["version"] == 2
    assert {part["state"] for part in desk.routing(first).values()} == {"recalled"}
    assert desk.routing(second)["dmp"]["state"] == "delivered"


def test_a_correction_that_goes_elsewhere_takes_the_work_from_the_first_agency(desk: Desk) -> None:
    first = desk.accepted({"method_type": ["prosedyre"]}, form_type="forslag")
    (old,) = desk.lease("fhi")
    desk.accepted({"method_type": ["medisinsk_utstyr_ce"]}, form_type="forslag", replaces=first)
    (back,) = desk.lease("fhi")
    (new,) = desk.lease("dmp")
    assert back["data"] == {"delivery": old["id"], "reason": "superseded", "replaced_by": None}
    assert new["data"]["replaces"] is None


def test_a_correction_that_is_held_takes_the_old_work_back_too(desk: Desk) -> None:
    first = desk.accepted({"method_type": ["prosedyre"]}, form_type="forslag")
    second = desk.accepted({"method_type": ["annet"]}, form_type="forslag", replaces=first)
    assert desk.status(second) == "held"
    assert desk.routing(first)["fhi"]["state"] == "recalled"


def test_withdrawn_work_leaves_the_queue_and_a_recall_comes(desk: Desk) -> None:
    submission = desk.accepted()
    delivery = desk.routing(submission)["dmp"]["delivery"]
    desk.record(submission, names.SUBMISSION_WITHDRAWN)
    desk.work()
    (message,) = desk.lease("dmp")
    valid(message)
    assert message["data"] == {"delivery": delivery, "reason": "withdrawn", "replaced_by": None}
    answer = desk.post("dmp", f"/leases/{message['lease']}/confirm")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "recalled")
    assert desk.lease("dmp") == []


def test_what_is_rejected_after_a_return_is_recalled_from_the_others(desk: Desk) -> None:
    submission = desk.accepted()
    delivery = desk.routing(submission)["dmp"]["delivery"]
    desk.post("dmp", f"/deliveries/{delivery}/receipts", {"outcome": "returned", "reason": "Feil form."})
    desk.record(submission, names.SUBMISSION_REJECTED, reason="Feil form.")
    desk.work()
    (message,) = desk.lease("sykehusinnkjop")
    assert message["data"]["reason"] == "rejected"


def test_a_submission_withdrawn_before_it_was_routed_goes_nowhere(desk: Desk) -> None:
    submission = desk.submission()
    desk.record(submission, names.SUBMISSION_ACCEPTED, "validation")
    desk.record(submission, names.SUBMISSION_WITHDRAWN)
    desk.work()
    assert desk.routing(submission) == {}
    assert desk.lease("dmp") == []
    assert names.MOVE_DROPPED in [event.type for event in desk.story(submission)]


def test_rerouting_takes_the_work_from_the_one_the_rules_chose(desk: Desk) -> None:
    submission = desk.accepted()
    (old,) = desk.lease("dmp")
    desk.record(submission, names.ROUTED_BY_HAND, agency="fhi", role="primary", reason="Hører til FHI.")
    desk.work()
    (back,) = desk.lease("dmp")
    assert back["data"] == {"delivery": old["id"], "reason": "rerouted", "replaced_by": None}
    assert [message["data"]["role"] for message in desk.lease("fhi")] == ["primary"]
    assert desk.routing(submission)["sykehusinnkjop"]["state"] == "queued"


def test_a_returned_part_is_given_to_another_while_the_rest_keep_theirs(desk: Desk) -> None:
    submission = desk.accepted({**NEW_SUBSTANCE, "tender_exists": True})
    delivery = desk.routing(submission)["dmp"]["delivery"]
    desk.post("dmp", f"/deliveries/{delivery}/receipts", {"outcome": "returned", "reason": "Ikke vår."})
    assert desk.status(submission) == "held"
    desk.record(submission, names.ROUTED_BY_HAND, agency="fhi", role="primary", reason="Prøv FHI.")
    desk.work()
    assert {agency: part["state"] for agency, part in desk.routing(submission).items()} == {
        "dmp": "returned",
        "sykehusinnkjop": "queued",
        "fhi": "queued",
    }
    assert desk.status(submission) == "routed"


def test_the_story_explains_where_it_went_and_why_in_three_languages(desk: Desk) -> None:
    submission = desk.accepted({**NEW_SUBSTANCE, "pd_l1_scheme": "ja", "gene_therapy_atmp": True})
    for language, word in (("nb", "forenklet"), ("nn", "forenkla"), ("en", "simplified")):
        (told,) = explain(desk.story(submission), language)
        assert told["outcome"] == "queued"
        assert word in told["deliveries"][0]["rules"][0]["reason"]
        assert told["tags"] == ["forenklet_pd_l1", "genterapi"]
        assert [note["id"] for note in told["notes"]] == ["Q16"]
        assert {row["row"] for row in told["replaced"]} == {"Q1", "Q2"}
