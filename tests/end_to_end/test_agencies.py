"""Agency work over HTTP through a real process: lease, fetch, confirm, answer, return, and what the secretariat and the sender do meanwhile."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from samples.content.people import identity_number
from services.command.client import Client
from tests.broker_server import until
from tests.end_to_end.agency import delivery_of, settled, take
from tests.end_to_end.material import good_docx, good_forslag, good_json
from tests.end_to_end.system import System, attachment_part, problem_of

pytestmark = pytest.mark.timeout(300)
ENVELOPE = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "traceparent", "data"}
DATA = {"delivery", "agency", "role", "task", "respond_by", "replaces", "submission", "documents", "rules"}
SUBMISSION = {"id", "reference", "version", "form_type", "form_version", "received_at", "complete_at", "submitter", "answers", "errors"}
DOCUMENT = {"id", "role", "name", "media_type", "size", "sha256", "href"}


@pytest.fixture
def dmp(system: System) -> Client:
    return system.client("dmp")


@pytest.fixture
def secretariat(system: System) -> Client:
    return system.client("sekretariat")


def show(system: System, view: dict[str, Any]) -> dict[str, Any]:
    return system.client("sekretariat").wait_until_settled(view["id"])


def refused(system: System, actor: str, path: str, body: dict[str, Any], status: int, code: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {system.token(actor)}"}
    return problem_of(requests.post(system.url + path, json=body, headers=headers, timeout=60), status, code)


# Work ----------------------------------------------------------------------------------------------------------------------------------------------


def test_work_is_a_message_of_the_contract_whose_documents_the_agency_can_fetch(system: System, dmp: Client) -> None:
    view = settled(system, good_docx(), attachment_part(b"et vedlegg", "a.txt"), name="skjema.docx")
    work = take(dmp, "dmp", view["id"])
    assert set(work) >= ENVELOPE | {"lease"}
    assert (work["specversion"], work["source"], work["type"]) == ("1.0", "/nyemetoder/mottak/routing", "no.nyemetoder.mottak.work.v1")
    assert (work["subject"], work["datacontenttype"]) == (view["reference"], "application/json")
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", work["traceparent"])
    data = work["data"]
    assert set(data) == DATA
    assert work["id"] == data["delivery"] == delivery_of(view, "dmp")["delivery"]
    assert set(data["submission"]) == SUBMISSION
    assert data["submission"]["answers"] == view["answers"]
    assert {(document["name"], document["sha256"]) for document in data["documents"]} == {
        (file["name"], file["sha256"]) for file in view["documents"]
    }
    for document in data["documents"]:
        assert set(document) == DOCUMENT
        assert document["href"].startswith(system.url)
        assert len(dmp.download(document["href"].removeprefix(system.url))) == document["size"]
    dmp.post(f"/api/v1/leases/{work['lease']}/confirm", {})


def test_confirmed_by_its_primary_is_confirmed_and_saying_it_again_changes_nothing(system: System, dmp: Client) -> None:
    view = settled(system, good_json())
    assert delivery_of(view, "dmp")["state"] == "queued"
    work = take(dmp, "dmp", view["id"])
    assert delivery_of(show(system, view), "dmp")["state"] == "delivered"
    first = dmp.post(f"/api/v1/leases/{work['lease']}/confirm", {})
    assert dmp.post(f"/api/v1/leases/{work['lease']}/confirm", {}) == first
    receipt = {"outcome": "confirmed"}
    again = dmp.post(f"/api/v1/deliveries/{work['data']['delivery']}/receipts", receipt)
    assert again == dmp.post(f"/api/v1/deliveries/{work['data']['delivery']}/receipts", receipt)
    confirmed = show(system, view)
    assert confirmed["status"] == "confirmed"
    assert [delivery_of(confirmed, agency)["state"] for agency in ("dmp", "sykehusinnkjop")] == ["confirmed", "queued"]
    assert [event["type"] for event in confirmed["timeline"]].count("delivery.confirmed") == 1


def test_an_answer_makes_a_new_archive_version(system: System, dmp: Client) -> None:
    view = settled(system, good_json())
    delivery = delivery_of(view, "dmp")["delivery"]
    answer = {"outcome": "answered", "case_number": "26/01234", "answer": {"text": "Egnet for vurdering."}}
    headers = {"Authorization": f"Bearer {system.token('dmp')}"}
    told = requests.post(f"{system.url}/api/v1/deliveries/{delivery}/receipts", json=answer, headers=headers, timeout=60)
    assert told.status_code == 200, told.text
    assert dmp.post(f"/api/v1/deliveries/{delivery}/receipts", answer) == told.json()
    answered = show(system, view)
    assert (answered["status"], delivery_of(answered, "dmp")["state"]) == ("confirmed", "answered")
    assert answered["archive"]["version"] == "v2"
    refused(system, "dmp", f"/api/v1/deliveries/{delivery}/receipts", {**answer, "case_number": "26/09999"}, 409, "receipt_contradicts")


def test_an_agency_answers_for_nobody_else(system: System, dmp: Client) -> None:
    view = settled(system, good_json())
    delivery = delivery_of(view, "dmp")["delivery"]
    refused(system, "fhi", f"/api/v1/deliveries/{delivery}/receipts", {"outcome": "confirmed"}, 404, "not_found")
    refused(system, "sykehusinnkjop", f"/api/v1/deliveries/{delivery}/receipts", {"outcome": "confirmed"}, 404, "not_found")
    work = take(dmp, "dmp", view["id"])
    refused(system, "sykehusinnkjop", f"/api/v1/leases/{work['lease']}/confirm", {}, 404, "not_found")
    dmp.post(f"/api/v1/leases/{work['lease']}/release", {})


def test_work_that_was_given_back_is_taken_again_as_the_same_message(system: System, dmp: Client) -> None:
    view = settled(system, good_json())
    before = dmp.get("/api/v1/queues/dmp")
    assert {"depth", "oldest", "in_work"} <= set(before)
    first = take(dmp, "dmp", view["id"])
    assert dmp.get("/api/v1/queues/dmp")["depth"] == before["depth"] - 1
    dmp.post(f"/api/v1/leases/{first['lease']}/release", {})
    second = take(dmp, "dmp", view["id"])
    leases = first.pop("lease"), second.pop("lease")
    assert first == second
    refused(system, "dmp", f"/api/v1/leases/{leases[0]}/confirm", {}, 409, "lease_lost")
    dmp.post(f"/api/v1/leases/{leases[1]}/confirm", {})


def test_returned_by_its_primary_is_held_and_can_be_routed_by_hand(system: System, dmp: Client, secretariat: Client) -> None:
    view = settled(system, good_forslag(), actor="forslagsstiller")
    delivery = delivery_of(view, "dmp")["delivery"]
    dmp.post(f"/api/v1/deliveries/{delivery}/receipts", {"outcome": "returned", "reason": "Dette er en prosedyre."})
    held = show(system, view)
    assert (held["status"], delivery_of(held, "dmp")["state"]) == ("held", "returned")
    path = view["links"]["self"]
    refused(system, "sekretariat", f"{path}/route", {"version": 1, "reason": "x", "agency": "nav"}, 422, "value_not_allowed")
    secretariat.post(f"{path}/route", {"version": 1, "reason": "FHI vurderer prosedyrer.", "agency": "fhi", "role": "primary"})
    routed = wait_for(system, view, "routed")
    by_hand = delivery_of(routed, "fhi")
    assert (by_hand["role"], by_hand["state"], by_hand["rules"][0]["id"]) == ("primary", "queued", "sekretariat")
    fhi = system.client("fhi")
    fhi.post(f"/api/v1/leases/{take(fhi, 'fhi', view['id'])['lease']}/confirm", {})
    assert wait_for(system, view, "confirmed")["attention"] is None


def wait_for(system: System, view: dict[str, Any], status: str) -> dict[str, Any]:
    """The submission once it has the status and nothing waits to be done for it."""
    stores = system.stores()
    waiting = (
        "SELECT 1 FROM jobs WHERE submission = :id AND state IN ('ready', 'leased') UNION ALL SELECT 1 FROM routing_outbox o "
        "JOIN routing_messages m ON m.id = o.message JOIN routing_deliveries d ON d.id = m.delivery WHERE d.submission = :id"
    )
    until(lambda: not stores.rows(waiting, id=view["id"]), "nothing waits")
    stores.close()
    now = system.client("sekretariat").get(f"/api/v1/submissions/{view['id']}")
    assert now["status"] == status, now["timeline"]
    return now


# Withdrawing and correcting ------------------------------------------------------------------------------------------------------------------------


def test_withdrawn_work_is_recalled(system: System, dmp: Client) -> None:
    view = settled(system, good_json())
    delivery = delivery_of(view, "dmp")["delivery"]
    system.client("leverandor").post(f"{view['links']['self']}/withdraw", {"reason": "Sendt ved en feil."})
    gone = wait_for(system, view, "withdrawn")
    assert {delivery["state"] for delivery in gone["routing"]} == {"recalled"}
    assert gone["archive"]["version"] == "v2"
    message = take(dmp, "dmp", delivery, "recall")
    assert (message["data"]["delivery"], message["data"]["reason"], message["data"]["replaced_by"]) == (delivery, "withdrawn", None)
    dmp.post(f"/api/v1/leases/{message['lease']}/confirm", {})
    refused(system, "leverandor", f"{view['links']['self']}/withdraw", {}, 409, "move_not_allowed")


@pytest.mark.parametrize("by", ["id", "reference"])
def test_a_correction_takes_the_place_of_what_needed_it(by: str, system: System) -> None:
    wrong = settled(system, good_json(f"correct-{by}", supplier_orgnr="310000018"))
    assert wrong["status"] == "needs_correction"
    right = settled(system, good_json(f"correct-{by}"), replaces=wrong[by])
    assert (right["status"], right["version"], right["reference"]) == ("routed", 2, wrong["reference"])
    assert [(version["version"], version["status"]) for version in right["versions"]] == [(1, "superseded"), (2, "routed")]
    assert right["in_force"] == 2
    assert right["archive"]["object"] == f"urn:uuid:{wrong['id']}"
    assert system.client("leverandor").get(f"/api/v1/submissions/{wrong['reference']}")["id"] == right["id"]
    headers = {"Authorization": f"Bearer {system.token('leverandor')}"}
    stale = requests.post(
        f"{system.url}/api/v1/submissions",
        files=[("form", ("skjema.json", good_json()))],
        data={"replaces": wrong["id"]},
        headers=headers,
        timeout=60,
    )
    problem_of(stale, 409, "copy_out_of_date")


def test_a_correction_of_accepted_work_replaces_it_only_when_it_is_accepted(system: System, dmp: Client) -> None:
    first = settled(system, good_json("in-force"))
    bad = settled(system, good_json("in-force", supplier_orgnr="310000018"), replaces=first["id"])
    assert (bad["status"], bad["in_force"]) == ("needs_correction", 1)
    assert show(system, first)["status"] == "routed"
    good = settled(system, good_json("in-force", contact_title="Ny tittel"), replaces=bad["id"])
    assert (good["status"], good["version"], good["in_force"]) == ("routed", 3, 3)
    assert [version["status"] for version in good["versions"]] == ["superseded", "superseded", "routed"]
    old = wait_for(system, first, "superseded")
    assert {delivery["state"] for delivery in old["routing"]} == {"recalled"}
    work = take(dmp, "dmp", good["id"])
    assert work["data"]["replaces"] == delivery_of(old, "dmp")["delivery"]
    recall = take(dmp, "dmp", work["data"]["replaces"], "recall")
    assert (recall["data"]["reason"], recall["data"]["replaced_by"]) == ("superseded", work["data"]["delivery"])
    for message in (work, recall):
        dmp.post(f"/api/v1/leases/{message['lease']}/confirm", {})


def test_accepted_with_a_reason_keeps_its_errors_and_goes_on(system: System, secretariat: Client) -> None:
    view = settled(system, good_json(supplier_orgnr="310000018"))
    path = view["links"]["self"]
    refused(system, "sekretariat", f"{path}/accept", {"version": 2, "reason": "x"}, 409, "version_out_of_date")
    secretariat.post(f"{path}/accept", {"version": 1, "reason": "Nummeret er avklart på telefon."})
    accepted = wait_for(system, view, "routed")
    errors = [error for error in accepted["errors"] if error["severity"] == "error"]
    assert errors
    assert all(error["accepted_by"] for error in errors)
    assert accepted["complete_at"] > accepted["received_at"]
    assert any("avklart på telefon" in event["text"] for event in accepted["timeline"])
    refused(system, "sekretariat", f"{path}/accept", {"version": 1, "reason": "igjen"}, 409, "move_not_allowed")


def test_what_could_not_be_read_is_not_accepted(system: System) -> None:
    view = settled(system, b"{")
    refused(system, "sekretariat", f"{view['links']['self']}/accept", {"version": 1, "reason": "x"}, 409, "not_read")


def test_an_older_version_is_not_accepted(system: System) -> None:
    first = settled(system, good_json("older", supplier_orgnr="310000018"))
    settled(system, good_json("older", supplier_orgnr="310000018"), replaces=first["id"])
    refused(system, "sekretariat", f"{first['links']['self']}/accept", {"version": 1, "reason": "x"}, 409, "copy_out_of_date")


def test_a_possible_duplicate_is_held_and_rejected(system: System, secretariat: Client) -> None:
    settled(system, good_json("duplicate"))
    second = settled(system, good_json("duplicate"))
    assert second["status"] == "held"
    assert second["routing"] == []
    secretariat.post(f"{second['links']['self']}/reject", {"version": 1, "reason": "Samme sak er sendt før."})
    assert wait_for(system, second, "rejected")["in_force"] is None


def test_a_false_alarm_about_an_identity_number_is_released(system: System, secretariat: Client) -> None:
    view = settled(system, good_json(), attachment_part(f"Artikkelnummer {identity_number()}".encode(), "varer.txt"))
    assert view["status"] == "quarantined"
    (error,) = [error for error in view["errors"] if error["severity"] == "error"]
    assert error["code"] == "national_identity_number"
    document = next(document for document in view["documents"] if document["name"] == "varer.txt")
    assert error["document"] == document["id"]
    path = view["links"]["self"]
    form = view["documents"][0]["id"]
    refused(system, "sekretariat", f"{path}/release", {"version": 1, "reason": "x", "document": form}, 409, "nothing_to_release")
    refused(system, "sekretariat", f"{path}/release", {"version": 1, "reason": "x", "document": view["id"]}, 404, "not_found")
    secretariat.post(f"{path}/release", {"version": 1, "reason": "Det er et varenummer.", "document": document["id"]})
    assert wait_for(system, view, "routed")["errors"] == []


def test_an_identity_number_in_the_answers_is_neither_shown_nor_said(system: System) -> None:
    number = identity_number()
    view = settled(system, good_json(patient_population=f"Pasient {number}"))
    assert view["status"] == "quarantined"
    assert view["answers"] is None
    assert number not in str(view)


def test_a_message_asks_for_a_correction(system: System, secretariat: Client) -> None:
    settled(system, good_json("asked"))
    held = settled(system, good_json("asked"))
    path = held["links"]["self"]
    view = secretariat.post(f"{path}/messages", {"to": "submitter", "text": "Hva skiller denne fra den forrige?", "request_correction": True})
    assert view["status"] == "needs_correction"
    seen = system.client("leverandor").get(path)
    assert any("Hva skiller denne" in event["text"] for event in seen["timeline"])
    answer = system.client("leverandor").post(f"{path}/messages", {"text": "Det er en annen styrke."})
    assert answer["timeline"][-1]["type"] == "message.sent"


def test_nothing_is_left_undone_and_every_chain_verifies(system: System) -> None:
    stores = system.stores()
    assert stores.rows("SELECT handler, state, last_error FROM jobs WHERE state = 'parked'") == []
    assert stores.rows("SELECT id, attention FROM submissions WHERE attention IS NOT NULL") == []
    assert stores.broken_chains() == []
    stores.fetch()
    assert stores.ocfl_faults() == (len(stores.inventories()), [])
    stores.close()
