"""The main job through a real process: every sample ends as its name says, and the contract's section 3 holds for what comes out."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import rfc8785
from joserfc import jws
from joserfc.jwk import KeySet

from samples.sample import ending_of
from services.command.samples import Outcome, attachments_of, sample_files, sender_of, submit_samples
from services.shared import lifecycle, timestamps
from tests.broker_server import until
from tests.end_to_end import raw
from tests.end_to_end.agency import send, settled
from tests.end_to_end.material import good_docx, good_forslag, good_json, written_samples
from tests.end_to_end.system import System, attachment_part, form_part, problem_of

VIEW = {
    "id", "reference", "version", "versions", "in_force", "form_type", "form_version", "language", "status", "attention", "received_at", "complete_at",
    "submitter", "on_behalf_of", "answers", "read_as", "errors", "documents", "routing", "archive", "timeline", "links",
}  # fmt: skip
ERROR = {"pointer", "field", "code", "message", "severity", "document", "accepted_by"}
DOCUMENT = {"id", "role", "parent", "path", "name", "media_type", "format", "size", "sha256", "scan", "scan_note", "access", "note"}
DELIVERY = {"delivery", "agency", "role", "task", "rules", "state", "respond_by"}
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def outcomes(system: System, folder: Path) -> dict[str, Outcome]:
    return {outcome.file.name: outcome for outcome in submit_samples(folder, system.client)}


def good(outcomes: dict[str, Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes.values() if ending_of(outcome.file.name).status == "routed"]


def views(outcomes: dict[str, Outcome]) -> list[dict[str, Any]]:
    return [outcome.view for outcome in outcomes.values() if outcome.view is not None]


def get(system: System, actor: str, path: str, **headers: str) -> requests.Response:
    sent = {"Authorization": f"Bearer {system.token(actor)}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.get(system.url + path, headers=sent, timeout=60)


# Samples -------------------------------------------------------------------------------------------------------------------------------------------


def test_every_sample_ends_as_its_name_says(outcomes: dict[str, Outcome]) -> None:
    wrong = {name: (outcome.became, outcome.errors) for name, outcome in outcomes.items() if not outcome.as_named}
    assert wrong == {}
    assert len(good(outcomes)) >= 6
    assert len(outcomes) - len(good(outcomes)) >= 8


def test_every_submission_has_the_shape_of_the_contract(outcomes: dict[str, Outcome]) -> None:
    for view in views(outcomes):
        assert set(view) >= VIEW, VIEW - set(view)
        assert view["status"] in lifecycle.STATES
        assert re.fullmatch(r"NM-20\d\d-[0-9A-Z]{6}", view["reference"])
        assert MOMENT.match(view["received_at"])
        assert {"id", "version", "status", "received_at"} <= set(view["versions"][0])
        for error in view["errors"]:
            assert set(error) == ERROR
            assert error["severity"] in ("error", "warning")
        for document in view["documents"]:
            assert set(document) == DOCUMENT
            assert document["role"] in ("form", "attachment", "extracted", "answer")
            assert document["scan"] in ("pending", "clean", "infected", "not_scanned")
        for delivery in view["routing"]:
            assert set(delivery) == DELIVERY
            assert all(set(rule) == {"id", "reason"} and rule["reason"] for rule in delivery["rules"])
        assert view["timeline"][0]["type"] == "submission.received"
        assert all(set(event) == {"at", "type", "by", "text"} and event["text"] for event in view["timeline"])


def test_a_good_sample_is_complete_archived_and_in_force(outcomes: dict[str, Outcome]) -> None:
    for outcome in good(outcomes):
        view = outcome.view
        assert view is not None
        assert view["complete_at"] == view["received_at"]
        assert view["in_force"] == 1
        assert view["archive"]["state"] == "stored"
        assert view["archive"]["object"] == f"urn:uuid:{view['id']}"
        assert view["archive"]["version"] == "v1"
        assert re.fullmatch("sha512:[0-9a-f]{128}", view["archive"]["digest"])
        assert [error for error in view["errors"] if error["severity"] == "error"] == []


def test_every_file_of_a_good_sample_was_given_to_the_scanner_of_these_ends(outcomes: dict[str, Outcome], system: System) -> None:
    for outcome in good(outcomes):
        assert outcome.view is not None
        assert {document["scan"] for document in outcome.view["documents"]} == {system.scan}, outcome.file.name


def test_documents_are_what_was_sent_and_what_lay_inside_points_to_where(outcomes: dict[str, Outcome], folder: Path) -> None:
    inside = 0
    for outcome in good(outcomes):
        assert outcome.view is not None
        sent = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in [outcome.file, *attachments_of(outcome.file)]}
        documents = {document["id"]: document for document in outcome.view["documents"]}
        assert {document["name"]: document["sha256"] for document in documents.values() if document["parent"] is None} == sent
        for document in documents.values():
            if document["role"] == "extracted":
                inside += 1
                assert document["path"].startswith(documents[document["parent"]]["path"] + "/")
    assert inside > 10


def test_a_check_tells_the_same_and_keeps_nothing(outcomes: dict[str, Outcome], system: System) -> None:
    stores = system.stores()
    before = (stores.rows("SELECT count(*) AS n FROM submissions"), stores.object_keys())
    for outcome in good(outcomes):
        assert outcome.view is not None
        checked = _checked(system, outcome)
        assert isinstance(checked["skipped"], list)
        for told in ("form_type", "form_version", "answers", "read_as"):
            assert checked[told] == outcome.view[told], (outcome.file.name, told)
        assert _findings(checked) == _findings(outcome.view)
        assert _files(checked) == _files(outcome.view)
        assert _routes(checked) == _routes(outcome.view), outcome.file.name
    assert (stores.rows("SELECT count(*) AS n FROM submissions"), stores.object_keys()) == before
    assert stores.unfinished() == []
    stores.close()


def _checked(system: System, outcome: Outcome) -> dict[str, Any]:
    sender = sender_of(outcome.file)
    return system.client(sender.actor).submit(outcome.file, attachments_of(outcome.file), path="/api/v1/checks", **sender.fields)


def _findings(told: dict[str, Any]) -> list[Any]:
    paths = {document["id"]: document["path"] for document in told["documents"]}
    return [(error["pointer"], error["code"], error["severity"], error["message"], paths.get(error["document"])) for error in told["errors"]]


def _files(told: dict[str, Any]) -> list[Any]:
    return sorted(
        (document["path"], document["role"], document["media_type"], document["format"], document["size"]) for document in told["documents"]
    )


def _routes(told: dict[str, Any]) -> list[Any]:
    return sorted(
        (delivery["agency"], delivery["role"], delivery["task"], [rule["id"] for rule in delivery["rules"]]) for delivery in told["routing"]
    )


def test_a_check_names_the_same_faults_as_the_submission(outcomes: dict[str, Outcome], system: System) -> None:
    for outcome in outcomes.values():
        if ending_of(outcome.file.name).status in ("needs_correction", "rejected") and outcome.view is not None:
            checked = _checked(system, outcome)
            assert [error[:4] for error in _findings(checked)] == [error[:4] for error in _findings(outcome.view)], outcome.file.name


def test_every_sample_file_was_sent(outcomes: dict[str, Outcome], folder: Path) -> None:
    assert sorted(outcomes) == [file.name for file in sample_files(folder)]


# Taking in -----------------------------------------------------------------------------------------------------------------------------------------


def test_the_202_says_where_the_submission_is(system: System) -> None:
    response = system.post("leverandor", [form_part(good_json())])
    body = response.json()
    assert response.status_code == 202
    assert set(body) == {"id", "reference", "version", "status", "links"}
    assert (body["version"], body["status"]) == (1, "received")
    assert get(system, "leverandor", response.headers["Location"]).json()["id"] == body["id"]
    assert get(system, "leverandor", f"/api/v1/submissions/{body['reference']}").json()["id"] == body["id"]
    assert get(system, "leverandor", f"/api/v1/submissions/{body['reference'].lower()}").json()["id"] == body["id"]


def test_a_repeated_post_with_the_same_key_gets_the_same_answer(system: System) -> None:
    parts = [form_part(good_json("same-key")), attachment_part(b"vedlegg", "a.txt")]
    first, second = (system.post("leverandor", parts, fields={"note": "x"}, Idempotency_Key='"same-1"') for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.json(), first.headers["Location"]) == (second.json(), second.headers["Location"])
    problem_of(system.post("leverandor", parts, fields={"note": "y"}, Idempotency_Key='"same-1"'), 422, "idempotency_key_reused")
    renamed = [parts[0], attachment_part(b"vedlegg", "b.txt")]
    problem_of(system.post("leverandor", renamed, fields={"note": "x"}, Idempotency_Key='"same-1"'), 422, "idempotency_key_reused")
    assert system.post("forslagsstiller", [form_part(good_forslag())], Idempotency_Key='"same-1"').status_code == 202


def test_a_key_whose_post_was_refused_may_be_used_again(system: System) -> None:
    form = good_json()
    problem_of(system.post("leverandor", [form_part(form), attachment_part(b"", "a.txt")], Idempotency_Key='"again-1"'), 422, "file_empty")
    assert system.post("leverandor", [form_part(form)], Idempotency_Key='"again-1"').status_code == 202


def test_a_twin_that_is_still_running_is_told_so(system: System) -> None:
    body = raw.multipart(raw.file_part(good_json("twin")))
    with raw.connect(system) as link:
        link.sendall(raw.submission_head(system, len(body), 'Idempotency-Key: "twin-1"') + body[:-20])
        stores = system.stores()
        until(lambda: stores.rows("SELECT 1 FROM intake_receipts WHERE key = 'twin-1'"), "the first is being received")
        stores.close()
        twin = raw.talk(system, raw.submission_head(system, len(body), 'Idempotency-Key: "twin-1"') + body)
        assert (twin.status, twin.problem()["code"]) == (409, "idempotency_in_progress")
        assert int(twin.headers["retry-after"]) > 0
        link.sendall(body[-20:])
        assert raw.read_answer(link).status == 202


def test_a_form_that_cannot_say_what_it_is_is_read_as_the_request_says(system: System) -> None:
    form = good_json().replace(b'"form_type": "anmodning",\n', b"")
    assert settled(system, form, form_type="anmodning")["status"] == "routed"


def test_the_secretariat_submits_for_another_and_the_other_sees_it(system: System) -> None:
    received = "2026-11-02T08:30:00Z"
    vendor = '{"kind": "organisation", "id": "310000019", "name": "Eksempel Legemidler AS", "country": "NO"}'
    view = settled(system, good_docx(), actor="sekretariat", name="skjema.docx", on_behalf_of=vendor, received_at=received)
    assert view["status"] == "routed"
    assert (view["on_behalf_of"]["id"], view["submitter"]["id"]) == ("310000019", "991324968")
    assert _moment(view["received_at"]) == _moment(view["complete_at"]) == _moment(received)
    assert get(system, "leverandor", view["links"]["self"]).status_code == 200
    assert get(system, "forslagsstiller", view["links"]["self"]).status_code == 404


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Reading -------------------------------------------------------------------------------------------------------------------------------------------


def test_texts_follow_accept_language(system: System) -> None:
    path = settled(system, good_json(supplier_orgnr="310000018"))["links"]["self"]
    told = {language: get(system, "leverandor", path, Accept_Language=language).json() for language in ("nb", "nn", "en-GB, en;q=0.9", "fr")}
    messages = {language: view["errors"][0]["message"] for language, view in told.items()}
    assert len({messages["nb"], messages["en-GB, en;q=0.9"]}) == 2
    assert messages["fr"] == messages["nb"]
    assert told["nn"]["timeline"][0]["text"] != told["en-GB, en;q=0.9"]["timeline"][0]["text"]
    titles = {
        language: get(system, "leverandor", "/api/v1/submissions/NM-2026-ZZZZZZ", Accept_Language=language).json()["title"]
        for language in ("nb", "nn", "en")
    }
    assert len(set(titles.values())) == 3


def test_a_document_comes_as_an_attachment_with_ranges_and_its_digest(system: System) -> None:
    data = b"Et vedlegg om \xc3\xa5rsoppf\xc3\xb8lging.\n" * 1000
    view = settled(system, good_json(), attachment_part(data, "Årsoppfølging æ.txt"))
    document = next(document for document in view["documents"] if document["role"] == "attachment")
    path = f"{view['links']['self']}/documents/{document['id']}"
    whole = get(system, "leverandor", path)
    assert (whole.status_code, whole.content, whole.headers["ETag"]) == (200, data, f'"{hashlib.sha256(data).hexdigest()}"')
    assert whole.headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%C3%85rsoppf%C3%B8lging" in whole.headers["Content-Disposition"]
    assert (whole.headers["X-Content-Type-Options"], whole.headers["Accept-Ranges"]) == ("nosniff", "bytes")
    part = get(system, "leverandor", path, Range="bytes=10-19")
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, data[10:20], f"bytes 10-19/{len(data)}")
    assert get(system, "leverandor", path, Range="bytes=-5").content == data[-5:]
    assert get(system, "leverandor", path, If_None_Match=whole.headers["ETag"]).status_code == 304
    assert get(system, "leverandor", path, If_None_Match=whole.headers["ETag"], Range="bytes=0-9").status_code == 304
    assert get(system, "leverandor", path, Range="bytes=9-1").content == data
    beyond = get(system, "leverandor", path, Range="bytes=99999999-")
    problem_of(beyond, 416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{len(data)}"
    of_head = requests.head(system.url + path, headers={"Authorization": f"Bearer {system.token('leverandor')}", "Range": "bytes=0-9"}, timeout=30)
    assert (of_head.status_code, of_head.headers["Content-Length"]) == (200, str(len(data)))
    for not_served in ("bytes=0-1,4-5", "lines=0-1", "bytes=a-b"):
        assert get(system, "leverandor", path, Range=not_served).content == data
    problem_of(get(system, "leverandor", path, **{"If-Match": '"another"'}), 412, "precondition_failed")
    for fits in ("*", whole.headers["ETag"]):
        assert get(system, "leverandor", path, **{"If-Match": fits}).content == data
    problem_of(get(system, "leverandor", f"{view['links']['self']}/documents/{view['id']}"), 404, "not_found")


def test_the_receipt_is_signed_and_names_every_file(system: System) -> None:
    view = settled(system, good_json(), attachment_part(b"x", "a.txt"))
    receipt = get(system, "leverandor", view["links"]["receipt"]).json()
    signature = receipt.pop("signature")
    keys = KeySet.import_key_set(requests.get(f"{system.url}/api/v1/submissions/receipt-keys", timeout=30).json())
    assert jws.deserialize_compact(signature, keys, algorithms=["EdDSA", "Ed25519", "ES256", "RS256"]).payload == rfc8785.dumps(receipt)
    assert {(file["name"], file["sha256"]) for file in receipt["documents"]} == {(file["name"], file["sha256"]) for file in view["documents"]}
    paper = get(system, "leverandor", view["links"]["receipt"], Accept="application/pdf")
    assert paper.headers["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")


def test_lists_are_filtered_and_paged_without_gap_or_repetition(system: System, outcomes: dict[str, Outcome]) -> None:
    client = system.client("sekretariat")
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = client.get("/api/v1/submissions", limit=7, **({"cursor": cursor} if cursor else {}))
        assert set(page) == {"items", "next"}
        assert len(page["items"]) <= 7
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    ids = [item["id"] for item in items]
    assert len(ids) == len(set(ids)) == client.get("/api/v1/submissions", total="true")["total"]
    assert [item["received_at"] for item in items] == sorted((item["received_at"] for item in items), reverse=True)
    assert {item["status"] for item in client.get("/api/v1/submissions", status="quarantined")["items"]} == {"quarantined"}
    assert {item["form_type"] for item in client.get("/api/v1/submissions", form_type="forslag")["items"]} == {"forslag"}
    dsa = {item["id"] for item in client.get("/api/v1/submissions", agency="dsa", limit=100)["items"]}
    assert dsa >= {outcome.view["id"] for outcome in good(outcomes) if outcome.view and "dsa" in outcome.became}
    newest = items[0]
    assert [item["id"] for item in client.get("/api/v1/submissions", q=newest["reference"])["items"]] == [newest["id"]]
    assert client.get("/api/v1/submissions", q="Radiveksa")["items"]
    assert client.get("/api/v1/submissions", received_from="2100-01-01")["items"] == []
    day = str(timestamps.norwegian_date(newest["received_at"]))
    assert newest in client.get("/api/v1/submissions", received_from=day, received_to=day)["items"]
    assert newest in client.get("/api/v1/submissions", received_from="0001-01-01", received_to="9999-12-31")["items"]
    assert newest not in client.get("/api/v1/submissions", received_to=newest["received_at"], limit=100)["items"]
    assert client.get("/api/v1/submissions", received_to="0001-03-01")["items"] == []


def test_others_submissions_do_not_exist(system: System) -> None:
    view = settled(system, good_json(), attachment_part(b"x", "a.txt"))
    own = view["links"]["self"]
    document = f"{own}/documents/{view['documents'][0]['id']}"
    for actor, paths in {"forslagsstiller": (own, document, f"{own}/receipt"), "fhi": (own, document)}.items():
        for path in paths:
            problem_of(get(system, actor, path), 404, "not_found")
        assert get(system, actor, f"/api/v1/submissions?q={view['reference']}").json()["items"] == []
    headers = {"Authorization": f"Bearer {system.token('forslagsstiller')}"}
    problem_of(requests.post(f"{system.url}{own}/withdraw", json={}, headers=headers, timeout=30), 404, "not_found")
    problem_of(requests.post(f"{system.url}{own}/messages", json={"text": "hei"}, headers=headers, timeout=30), 404, "not_found")
    problem_of(system.post("forslagsstiller", [form_part(good_forslag())], fields={"replaces": view["id"]}), 404, "replaced_not_found")
    problem_of(get(system, "fhi", "/api/v1/queues/dmp"), 404, "not_found")
    assert get(system, "dmp", own).status_code == 200


@pytest.mark.parametrize(
    "path", ["/healthz", "/api/v1/forms", "/api/v1/forms/anmodning/1.0/schema", "/api/v1/policy", "/api/v1/submissions/receipt-keys"]
)
def test_what_is_open_needs_no_token(path: str, system: System) -> None:
    response = requests.get(system.url + path, timeout=30)
    assert response.status_code == 200
    assert str(system.data) not in response.text


def test_the_archive_is_intact_and_valid_to_an_independent_validator(system: System, outcomes: dict[str, Outcome]) -> None:
    last = send(system, good_json())
    system.client("leverandor").wait_until_settled(last["id"])
    stores = system.stores()
    stores.fetch()
    assert stores.ocfl_faults() == (len(stores.inventories()), [])
    stores.close()
    assert {outcome.view["archive"]["object"] for outcome in good(outcomes) if outcome.view} <= {
        item["id"] for item in _all_objects(system)
    }  # fmt: skip


def _all_objects(system: System) -> list[dict[str, Any]]:
    archivist, items, cursor = system.client("arkivar"), [], None
    while True:
        page = archivist.get("/api/v1/archive/objects", limit=20, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        if (cursor := page["next"]) is None:
            return items
