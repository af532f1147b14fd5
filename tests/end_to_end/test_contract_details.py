"""Smaller promises of the contract, each through the real process."""

from __future__ import annotations

import json
import secrets
import stat
from datetime import UTC, datetime

import pytest
import requests

from samples.builders.attachments import mail
from tests.end_to_end import raw
from tests.end_to_end.agency import delivery_of, settled, take
from tests.end_to_end.material import good_docx, good_json, good_revurdering
from tests.end_to_end.system import System, attachment_part, form_part, problem_of

pytestmark = pytest.mark.timeout(300)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def test_tokens_of_the_demo_actors_are_for_their_owner_only(system: System) -> None:
    file = system.data / "tokens.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(json.loads(file.read_text())) == {"leverandor", "forslagsstiller", "dmp", "fhi", "sykehusinnkjop", "sekretariat", "arkivar"}


def test_health_says_of_each_store_whether_it_works_and_no_addresses(system: System) -> None:
    told = requests.get(f"{system.url}/healthz", timeout=30)
    assert told.status_code == 200
    assert set(told.json()["stores"].values()) == {"ok"}
    assert not [word for word in (*system.inside, "127.0.0.1", "localhost") if word in told.text]
    assert str(system.data) not in told.text


def test_a_json_form_may_come_as_a_plain_field(system: System) -> None:
    body = raw.multipart(b'Content-Disposition: form-data; name="form"\r\nContent-Type: application/json\r\n\r\n' + good_json())
    answer = raw.talk(system, raw.submission_head(system, len(body)) + body)
    assert answer.status == 202, answer.body
    assert system.client("leverandor").wait_until_settled(json.loads(answer.body)["id"])["status"] == "routed"


def test_the_secretariat_may_send_the_e_mail_that_carries_the_form(system: System) -> None:
    message = mail("Anmodning", "Vedlagt.", datetime.now(UTC), [("Anmodning.docx", WORD, good_docx())])
    problem_of(system.post("leverandor", [form_part(message, "oversendelse.eml")]), 415, "type_not_allowed")
    view = settled(system, message, actor="sekretariat", name="oversendelse.eml", on_behalf_of="310000019")
    assert (view["status"], view["form_type"]) == ("routed", "anmodning"), view["errors"]
    assert [document["path"] for document in view["documents"] if document["role"] == "form"] == ["oversendelse.eml"]


def test_a_supplier_other_than_the_sender_is_a_warning_and_changes_no_owner(system: System) -> None:
    view = settled(system, good_json(supplier_orgnr="974761122"))
    assert view["status"] == "routed"
    assert view["submitter"]["id"] == "310000019"
    assert [error["pointer"] for error in view["errors"] if error["severity"] == "warning"] == ["/supplier_orgnr"]


def test_the_trace_of_the_sender_goes_all_the_way_to_the_agency(system: System) -> None:
    trace = secrets.token_hex(16)
    answer = system.post("leverandor", [form_part(good_json())], traceparent=f"00-{trace}-{secrets.token_hex(8)}-01")
    assert answer.headers["traceparent"].split("-")[1] == trace
    system.client("leverandor").wait_until_settled(answer.json()["id"])
    dmp = system.client("dmp")
    work = take(dmp, "dmp", answer.json()["id"])
    assert work["traceparent"].split("-")[1] == trace
    dmp.post(f"/api/v1/leases/{work['lease']}/confirm", {})
    refusal = system.post("leverandor", [attachment_part(b"x", "a.txt")], traceparent=f"00-{trace}-{secrets.token_hex(8)}-01")
    assert refusal.json()["trace_id"] == trace


def test_the_first_document_an_agency_fetches_shows_that_its_work_arrived(system: System) -> None:
    view = settled(system, good_revurdering())
    dmp = system.client("dmp")
    dmp.download(f"{view['links']['self']}/documents/{view['documents'][0]['id']}")
    seen = system.client("leverandor").get(view["links"]["self"])
    assert [delivery_of(seen, agency)["state"] for agency in ("dmp", "sykehusinnkjop")] == ["delivered", "queued"]


def test_an_agency_lists_what_was_sent_to_it_and_nothing_else(system: System) -> None:
    view = settled(system, good_json())
    assert view["reference"] in {item["reference"] for item in system.client("dmp").get("/api/v1/submissions", limit=100)["items"]}
    held = settled(system, good_json(supplier_orgnr="310000018"))
    assert held["reference"] not in {item["reference"] for item in system.client("dmp").get("/api/v1/submissions", limit=100)["items"]}


def test_another_language_of_the_form_is_the_language_of_its_errors(system: System) -> None:
    english = settled(system, good_json(language="en", supplier_orgnr="310000018"))
    norwegian = settled(system, good_json(supplier_orgnr="310000018"))
    paths = [view["links"]["self"] for view in (english, norwegian)]
    headers = {"Authorization": f"Bearer {system.token('leverandor')}", "Accept-Language": ""}
    told = [requests.get(system.url + path, headers=headers, timeout=30).json()["errors"][0]["message"] for path in paths]
    assert told[0] != told[1]


def test_all_errors_are_told_at_once_in_the_order_of_the_form(system: System) -> None:
    view = settled(system, good_json(contact_email=None, supplier_orgnr="310000018", atc_code="feil", dossier_expected=None, prognosis=None))
    pointers = [error["pointer"] for error in view["errors"] if error["severity"] == "error"]
    assert set(pointers) >= {"/contact_email", "/supplier_orgnr", "/atc_code", "/dossier_expected", "/prognosis"}
    fields = list(_schema(system)["properties"])
    order = [fields.index(pointer.split("/")[1]) for pointer in pointers]
    assert order == sorted(order)
    assert all(error["field"] for error in view["errors"])


def _schema(system: System) -> dict[str, dict[str, object]]:
    schema: dict[str, dict[str, object]] = requests.get(f"{system.url}/api/v1/forms/anmodning/1.0/schema", timeout=30).json()
    return schema
