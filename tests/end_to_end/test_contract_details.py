"""Smaller promises of the contract, each through the real process."""

from __future__ import annotations

import json
import secrets
import stat
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile

import pytest
import requests

from samples.builders.attachments import mail
from tests.end_to_end import raw
from tests.end_to_end.agency import delivery_of, settled, take
from tests.end_to_end.material import good_docx, good_json, good_revurdering
from tests.end_to_end.system import Part, System, attachment_part, form_part, problem_of

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


@pytest.mark.parametrize("name", ["blob", "skjema", ""])
def test_a_json_form_may_be_declared_as_what_it_is_whatever_its_name(system: System, name: str) -> None:
    head = f'Content-Disposition: form-data; name="form"; filename="{name}"\r\nContent-Type: application/json\r\n\r\n'.encode()
    body = raw.multipart(head + good_json())
    answer = raw.talk(system, raw.submission_head(system, len(body)) + body)
    assert answer.status == 202, answer.body
    view = system.client("leverandor").wait_until_settled(json.loads(answer.body)["id"])
    assert (view["status"], view["documents"][0]["name"]) == ("routed", f"{name or 'form'}.json")


def test_a_version_nobody_knows_is_told_with_the_name_of_the_file(system: System) -> None:
    [error] = settled(system, json.dumps({**json.loads(good_json()), "form_version": "0.1"}).encode())["errors"]
    assert (error["code"], "«skjema.json»" in error["message"]) == ("form_version_unknown", True)


def test_a_name_in_an_archive_that_cannot_be_used_is_told_as_it_is(system: System) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("a/../../notat.txt", "hei")
    [error] = settled(system, good_json(), attachment_part(packed.getvalue(), "arkiv.zip"))["errors"]
    assert (error["code"], "«arkiv.zip/a/notat.txt»" in error["message"]) == ("name_not_allowed", True)


def test_the_secretariat_may_send_the_e_mail_that_carries_the_form(system: System) -> None:
    message = mail("Anmodning", "Vedlagt.", datetime.now(UTC), [("Anmodning.docx", WORD, good_docx())])
    problem_of(system.post("leverandor", [form_part(message, "oversendelse.eml")]), 415, "type_not_allowed")
    view = settled(system, message, actor="sekretariat", name="oversendelse.eml", on_behalf_of="310000019")
    assert (view["status"], view["form_type"]) == ("routed", "anmodning"), view["errors"]
    assert [document["path"] for document in view["documents"] if document["role"] == "form"] == ["oversendelse.eml"]


def test_the_secretariat_cannot_hand_in_for_a_number_that_nobody_can_have(system: System) -> None:
    problem_of(system.post("sekretariat", [form_part(good_json())], fields={"on_behalf_of": "310000018"}), 422, "value_not_allowed")


@pytest.mark.parametrize(
    ("part", "welcome", "not_welcome"),
    [
        (form_part(b"hei", "skjema.txt"), [".docx", ".pdf", ".json"], [".png", ".eml"]),
        (attachment_part(b"hei", "a.xyz"), [".docx", ".png", ".zip"], []),
    ],
)
def test_who_sends_another_type_is_told_what_may_be_sent_there(system: System, part: Part, welcome: list[str], not_welcome: list[str]) -> None:
    parts = [part] if part[0] == "form" else [form_part(good_json()), part]
    detail = problem_of(system.post("leverandor", parts), 415, "type_not_allowed")["detail"]
    assert [extension for extension in (*welcome, *not_welcome) if extension in detail] == welcome


def test_what_lies_in_two_files_of_one_name_stands_under_each_ones_own_path(system: System) -> None:
    letter = mail("Oversendelse", "Se vedlegg.", datetime.now(UTC), [("notat.txt", "text/plain", b"Et notat.")])
    view = settled(system, good_json(), attachment_part(letter, "brev.eml"), attachment_part(letter + b"\n", "brev.eml"))
    assert view["status"] == "routed", view["errors"]
    paths = [document["path"] for document in view["documents"] if document["name"] in ("brev.eml", "notat.txt")]
    assert sorted(paths) == ["brev (2).eml", "brev (2).eml/notat.txt", "brev.eml", "brev.eml/notat.txt"]


def test_our_own_receipt_may_be_attached(system: System) -> None:
    view = settled(system, good_json())
    headers = {"Authorization": f"Bearer {system.token('leverandor')}", "Accept": "application/pdf"}
    receipt = requests.get(system.url + view["links"]["receipt"], headers=headers, timeout=60).content
    again = settled(system, good_json(), attachment_part(receipt, "kvittering.pdf"))
    assert again["status"] == "routed", again["errors"]


def test_a_message_that_is_not_what_it_should_be_is_refused(system: System) -> None:
    messages = f"{settled(system, good_json(contact_email=None))['links']['self']}/messages"
    for wrong, name in (({"to": 5}, "to"), ({"to": ""}, "to"), ({"request_correction": "yes"}, "request_correction")):
        told = requests.post(
            system.url + messages, json={"text": "Hei.", **wrong}, headers={"Authorization": f"Bearer {system.token('sekretariat')}"}, timeout=30
        )
        assert name in problem_of(told, 422, "value_not_allowed")["detail"]


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
