"""Searching in what was sent, through the API and the pages, on both kinds of ends: the right ones find it, and nobody else learns that it is there."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest

from samples.builders.attachments import pdf_report
from samples.builders.hostile_archives import zip_of
from tests.broker_server import until
from tests.end_to_end.agency import delivery_of, settled
from tests.end_to_end.material import good_docx, good_json
from tests.end_to_end.system import System, attachment_part
from tests.intake.tus import Tus

pytestmark = pytest.mark.timeout(600)
NUMBER = "13097248022"


def found(system: System, actor: str, query: str, path: str = "/api/v1/submissions") -> dict[str, dict[str, Any]]:
    """Submissions (or objects) by reference."""
    page = system.client(actor).get(path, q=query, **({"total": "true"} if path.endswith("submissions") else {}))
    assert page.get("total", len(page["items"])) == len(page["items"])
    return {item["reference"]: item for item in page["items"]}


def marked(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [(hit["name"], part["text"]) for hit in item["hits"] for part in hit["snippet"] if part["hit"]]


def word() -> str:
    """A word that nobody else wrote."""
    return "kv" + uuid.uuid4().hex.translate(str.maketrans("0123456789", "qwrtpsdfgh"))


@pytest.fixture(scope="module")
def own(system: System) -> str:
    return word()


@pytest.fixture(scope="module")
def sent(system: System, own: str) -> dict[str, Any]:
    """A routed submission whose own word stands in a Word form, a note, and a note in a zip."""
    note = f"Behandlingar av pasientar ved sjukehusa, {own}. Metode ID2023_012, L01FF02.".encode()
    pack = zip_of({"inni/notat.txt": f"<b>{own}</b> ble innhentet".encode()})
    parts = [attachment_part(note, "notat.txt"), attachment_part(pack, "pakke.zip"), attachment_part(pdf_report(f"Rapport {own}", 2), "rapport.pdf")]
    view = settled(system, good_docx(own), *parts, name="skjema.docx")
    assert view["status"] == "routed", view["errors"]
    return view


def test_the_submitter_and_the_secretariat_find_it_in_every_kind_of_document(system: System, sent: dict[str, Any], own: str) -> None:
    for actor in ("leverandor", "sekretariat"):
        item = found(system, actor, own)[sent["reference"]]
        assert len(item["hits"]) == 3
        assert {text for _, text in marked(item)} == {own}
    for name in ("skjema.docx", "notat.txt", "rapport.pdf"):
        rest = {"skjema.docx": "utvalg", "notat.txt": "sjukehuset", "rapport.pdf": "rapporten"}[name]
        assert name in [hit for hit, _ in marked(found(system, "leverandor", f"{own} {rest}")[sent["reference"]])], name


@pytest.mark.parametrize(
    "query", ["{} behandling", "{} pasientene", '"pasientar ved sjukehusa" {}', "{} ID2023 012", "{} l01ff02", "{} sjukeh*", "{} -finnesikke"]
)
def test_inflected_words_codes_phrases_and_beginnings_are_found(system: System, sent: dict[str, Any], own: str, query: str) -> None:
    assert set(found(system, "leverandor", query.format(own))) == {sent["reference"]}


@pytest.mark.parametrize("query", ["{} -sjukehusa", '"sjukehusa pasientar" {}', "{} ID2023_099", "{} finnesikke"])
def test_what_does_not_fit_is_not_found(system: System, sent: dict[str, Any], own: str, query: str) -> None:
    assert found(system, "leverandor", query.format(own)) == {}


def test_a_reference_is_found_as_before_and_without_a_query_there_are_no_hits(system: System, sent: dict[str, Any]) -> None:
    assert set(found(system, "leverandor", sent["reference"].lower())) == {sent["reference"]}
    assert all("hits" not in item for item in system.client("leverandor").get("/api/v1/submissions", limit=5)["items"])


def test_another_organisation_neither_finds_nor_counts_it(system: System, sent: dict[str, Any], own: str) -> None:
    assert found(system, "forslagsstiller", own) == {}
    without, without_nothing = (
        system.client("forslagsstiller").get("/api/v1/submissions", q=f"-{word}", total="true")["total"] for word in (own, f"{own}finnesikke")
    )
    assert without == without_nothing


def test_an_agency_finds_what_was_granted_to_it_and_nothing_else(system: System, sent: dict[str, Any], own: str) -> None:
    granted = {delivery["agency"] for delivery in sent["routing"]}
    assert granted
    for agency in ("dmp", "fhi", "sykehusinnkjop"):
        assert set(found(system, agency, own)) == ({sent["reference"]} if agency in granted else set()), agency


def test_the_archivist_finds_the_object_with_the_piece_of_text(system: System, sent: dict[str, Any], own: str) -> None:
    objects = found(system, "arkivar", f"{own} sjukehuset", "/api/v1/archive/objects")
    assert own in [text for _, text in marked(objects[sent["reference"]])]
    assert found(system, "arkivar", f"{own} finnesikke", "/api/v1/archive/objects") == {}
    assert sent["reference"] in found(system, "arkivar", sent["reference"], "/api/v1/archive/objects")


def test_what_is_quarantined_is_not_found_by_anybody_until_it_is_released(system: System) -> None:
    secret = word()
    view = settled(system, good_json(), attachment_part(f"{secret} {NUMBER}".encode(), "notat.txt"))
    assert view["status"] == "quarantined"
    for actor in ("leverandor", "sekretariat", "dmp"):
        assert found(system, actor, secret) == {}
    document = next(file["id"] for file in view["documents"] if file["name"] == "notat.txt")
    secretariat = system.client("sekretariat")
    secretariat.post(f"/api/v1/submissions/{view['id']}/release", {"version": 1, "reason": "Et varenummer.", "document": document})
    until(lambda: secretariat.get(f"/api/v1/submissions/{view['id']}")["status"] == "routed", "the released submission is routed")
    item = found(system, "leverandor", secret)[view["reference"]]
    assert NUMBER not in str(item["hits"])
    assert "#" * 11 in str(item["hits"])


def test_paging_through_what_was_found_gives_each_once(system: System) -> None:
    shared = word()
    wanted = [settled(system, good_json(), attachment_part(f"{shared} {number}".encode(), "notat.txt"))["reference"] for number in range(3)]
    client, seen, cursor = system.client("leverandor"), list[str](), None
    while True:
        page = client.get("/api/v1/submissions", q=shared, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["reference"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == wanted[::-1]


def test_what_an_agency_answers_is_found_by_those_who_may_open_it(system: System) -> None:
    shared, internal = word(), word()
    view = settled(system, good_json())
    agency, upload = system.client("dmp"), Tus(system.url, system.token("dmp")).upload
    said = []
    for text, access in ((shared, "restricted"), (internal, "internal")):
        data = f"Vurdering av metoden: {text}".encode()
        said.append({"upload": upload(data), "name": f"{access}.txt", "sha256": hashlib.sha256(data).hexdigest(), "access": access})
    answer = {"outcome": "answered", "answer": {"documents": said}}
    agency.post(f"/api/v1/deliveries/{delivery_of(view, 'dmp')['delivery']}/receipts", answer)
    for actor, finds in {"leverandor": {shared}, "sekretariat": {shared, internal}, "dmp": {shared, internal}, "forslagsstiller": set()}.items():
        assert {text for text in (shared, internal) if view["reference"] in found(system, actor, text)} == finds, actor
    assert [name for name, _ in marked(found(system, "leverandor", shared)[view["reference"]])] == ["restricted.txt"]


def test_reindexing_enters_what_came_before_and_twice_is_as_once(system: System, sent: dict[str, Any], own: str) -> None:
    apart = word()
    quarantined, ended = (settled(system, good_json(), attachment_part(f"{apart} {NUMBER}".encode(), "notat.txt")) for _ in range(2))
    system.client("leverandor").post(f"/api/v1/submissions/{ended['id']}/withdraw", {"version": 1, "reason": "Feil vedlegg."})
    stores = system.stores()
    try:
        stores.forget_what_is_searched()
        assert found(system, "leverandor", own) == {}
        entered = "SELECT document, number, text FROM search_passages ORDER BY document, number"
        (first, once), (second, twice) = [(reindexed(system), stores.rows(entered)) for _ in range(2)]
    finally:
        stores.close()
    assert [(each["state"], each["done"] >= each["total"]) for each in (first, second)] == [("done", True)] * 2
    item = found(system, "leverandor", f"{own} sjukehuset")[sent["reference"]]
    assert "notat.txt" in [name for name, _ in marked(item)]
    assert len(found(system, "leverandor", own)[sent["reference"]]["hits"]) == 3
    assert once == twice
    assert found(system, "sekretariat", apart) == {}
    assert [each["status"] for each in (quarantined, ended)] == ["quarantined"] * 2


def reindexed(system: System) -> dict[str, Any]:
    """What ``mottak search reindex`` prints when it is done."""
    command = [sys.executable, "-c", "from services.command.main import main; main()", "search", "reindex", "--json"]
    environment = {**os.environ, "MOTTAK_URL": system.url, "MOTTAK_TOKEN": system.token("sekretariat")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
