"""A form that no code has heard of, with a field of every type: a folder and a routing rule in a copy of ``schemas/``, and a real process takes it in every way there is."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from samples.builders.controls import Definition
from samples.builders.json_form import json_form
from samples.builders.pdf_form import pdf_form
from samples.builders.word_form import docx_form
from services.shared.forms.field_types import FIELD_TYPES
from services.shared.settings import SCHEMAS, Settings
from tests.end_to_end.system import System, attachment_part, form_part
from tests.intake.pages.browsing import Person

pytestmark = pytest.mark.timeout(300)


def _texts(nb: str, nn: str, en: str) -> dict[str, str]:
    return {"nb": nb, "nn": nn, "en": en}


def _field(key: str, type_: str, label: dict[str, str], **more: Any) -> dict[str, Any]:
    common = {"aliases": [], "required": True, "required_when": None, "publish": True, "source": "made up"}
    return {"key": key, "label": label, "type": type_, **common, **more}


ANSWERS_OF_TYPES: dict[str, Any] = {
    "long_text": "Første linje.\n\nTredje linje – «sitert».",
    "bool": False,
    "money_nok": 1250000,
    "month": "2026-05",
    "orgnr": "974760673",
    "phone": "+47 22 00 00 00",
    "file": "tegning.txt",
    "atc": "L01FF02",
    "method_id": "ID2024_017",
    "method_id_list": ["ID2024_017", "ID2025_003"],
    "ema_number": "EMEA/H/C/005950",
    "ma_number": "EU/1/15/1024/001",
    "study_id": "NCT01234567",
    "tender_ref": "LIS 2601",
    "item_number_list": ["123456", "654321"],
    "icd10_list": ["C34.1", "E10"],
    "reference_list": ["Hansen A. Lampe, lys; og varme. 2020.", "Olsen B. 2021."],
    "enum": "b",
}
ANSWERS: dict[str, Any] = {
    "equipment": "Fototerapilampe «Ærfugl»",
    "bought_on": "2025-05-17",
    "kinds": ["lampe"],
    "mail": "post@eksempelsykehus.example",
    "places": [{"ward": "Nyfødt", "beds": 12}, {"ward": "Føde", "beds": 8}],
    **{f"a_{type_}": answer for type_, answer in ANSWERS_OF_TYPES.items()},
}
TWO = [{"value": value, "label": _texts(f"Valg {value}", f"Val {value}", f"Choice {value}")} for value in ("a", "b")]
# The types that the first section has not; see the last test.
MORE: dict[str, dict[str, Any]] = {type_: {"values": TWO} if type_ == "enum" else {} for type_ in ANSWERS_OF_TYPES}
FORM: dict[str, Any] = {
    "form_type": "utstyrsmelding",
    "form_version": "2.1",
    "title": _texts("Melding om nytt utstyr", "Melding om nytt utstyr", "Report of new equipment"),
    "who": "anyone",
    "headline": ["equipment"],
    "sections": [
        {
            "key": "about",
            "title": _texts("Om utstyret", "Om utstyret", "About the equipment"),
            "fields": [
                _field("equipment", "text", _texts("Navn på utstyret", "Namn på utstyret", "Name of the equipment")),
                _field("bought_on", "date", _texts("Kjøpt dato", "Kjøpt dato", "Date of purchase")),
                _field(
                    "kinds",
                    "enum_multi",
                    _texts("Hva slags utstyr?", "Kva slags utstyr?", "What kind of equipment?"),
                    values=[
                        {"value": "lampe", "label": _texts("Lampe", "Lampe", "Lamp")},
                        {"value": "pumpe", "label": _texts("Pumpe", "Pumpe", "Pump")},
                    ],
                ),
                _field("mail", "email", _texts("Kontaktens e-post", "E-post til kontakten", "Contact's e-mail"), publish=False),
                _field(
                    "places",
                    "group_list",
                    _texts("Steder", "Stader", "Places"),
                    fields=[
                        _field("ward", "text", _texts("Avdeling", "Avdeling", "Ward")),
                        _field("beds", "integer", _texts("Senger", "Senger", "Beds")),
                    ],
                ),
            ],
        },
        {
            "key": "more",
            "title": _texts("Mer", "Meir", "More"),
            "fields": [
                _field(f"a_{type_}", type_, _texts(f"Felt {type_}", f"Felt {type_} nn", f"Field {type_}"), **more) for type_, more in MORE.items()
            ],
        },
    ],
    "checks": [
        {
            "id": "bought-already",
            "at": ["bought_on"],
            "check": "in_past",
            "arguments": {"field": "bought_on", "allow_today": True},
            "severity": "error",
            "needs": None,
            "message": _texts("Utstyret er ikke kjøpt ennå.", "Utstyret er ikkje kjøpt enno.", "The equipment has not been bought yet."),
            "source": "made up",
        }
    ],
}
RULE: dict[str, Any] = {
    "id": "X1",
    "when": {"properties": {"form_type": {"const": "utstyrsmelding"}}},
    "then": {"deliver": [{"agency": "fhi", "role": "primary", "task": "orientering"}]},
    "text": _texts("FHI fører oversikt over utstyr.", "FHI fører oversikt over utstyr.", "FHI keeps a list of equipment."),
    "valid_from": "2013-01-01",
    "valid_to": None,
    "replaces": [],
}
DRAWING = attachment_part(b"En tegning.", ANSWERS["a_file"])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    schemas = tmp_path_factory.mktemp("made-up") / "schemas"
    shutil.copytree(SCHEMAS, schemas)
    folder = schemas / "forms" / FORM["form_type"] / FORM["form_version"]
    folder.mkdir(parents=True)
    (folder / "definition.json").write_text(json.dumps(FORM), encoding="utf-8")
    rules = json.loads((schemas / "routing" / "rules.json").read_text(encoding="utf-8"))
    rules["rules"].append(RULE)
    (schemas / "routing" / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    started = System(tmp_path_factory.mktemp("made-up-data") / "data", environment={"MOTTAK_SCHEMAS": str(schemas)})
    started.start()
    yield started
    assert started.stop() == 0
    assert "Traceback" not in started.log.read_text(errors="replace")


def _as_routed(system: System, submission: str) -> dict[str, Any]:
    view = system.client("forslagsstiller").wait_until_settled(submission)
    assert view["status"] == "routed", view["errors"]
    assert (view["form_type"], view["form_version"], view["title"]) == ("utstyrsmelding", "2.1", ANSWERS["equipment"])
    assert view["answers"] == ANSWERS
    assert [(delivery["agency"], delivery["role"], delivery["rules"][0]["id"]) for delivery in view["routing"]] == [("fhi", "primary", "X1")]
    assert view["archive"]["state"] == "stored"
    return view


BUILDERS: dict[str, Callable[[Definition, dict[str, Any], str], bytes]] = {"docx": docx_form, "pdf": pdf_form, "json": json_form}


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("extension", BUILDERS)
def test_it_is_sent_over_the_api_in_every_format_and_language(system: System, extension: str, language: str) -> None:
    form = BUILDERS[extension](FORM, ANSWERS, language)
    answer = system.post("forslagsstiller", [form_part(form, f"melding.{extension}"), DRAWING])
    assert answer.status_code == 202, answer.text
    assert _as_routed(system, answer.json()["id"])["language"] == language


def test_it_is_chosen_and_sent_on_the_upload_page_and_found_on_the_board(system: System) -> None:
    where = Settings(data=system.data, database_url="", public_url=system.url)
    person = Person(where, "forslagsstiller")
    page = person.get("/send-inn")
    assert "Melding om nytt utstyr" in [option.text for option in page.tree.xpath("//select[@id='form_type']/option")]
    sent = person.upload(page, [("form", ("melding.docx", docx_form(FORM, ANSWERS))), DRAWING], form_type="utstyrsmelding")
    reference = re.search(r"NM-\d{4}-\w{6}", sent.title)
    assert reference is not None, sent.text
    view = _as_routed(system, reference[0])
    followed = person.get(f"/innsendinger/{reference[0]}").text
    for shown in (
        *(f"Felt {type_}" for type_ in MORE),
        "Melding om nytt utstyr",
        "Navn på utstyret",
        "Fototerapilampe «Ærfugl»",
        "Folkehelseinstituttet",
    ):
        assert shown in followed
    board = Person(where, "sekretariat").get("/tavle?form_type=utstyrsmelding")
    assert view["reference"] in board.text


def test_what_is_wrong_is_told_in_its_own_words(system: System) -> None:
    form = json_form(FORM, {**ANSWERS, "bought_on": "2999-01-01", "places": [{"ward": "Føde"}]}, "nn")
    checked = system.post("forslagsstiller", [form_part(form)], path="/api/v1/checks", Accept_Language="nn").json()
    told = {error["pointer"]: error["message"] for error in checked["errors"]}
    assert told["/bought_on"] == "Utstyret er ikkje kjøpt enno."
    assert "Senger" in told["/places/0/beds"]


@pytest.mark.parametrize("extension", ["docx", "pdf"])
def test_its_empty_template_is_handed_out_and_read_back(system: System, extension: str) -> None:
    address = f"{system.url}/api/v1/forms/utstyrsmelding/2.1/template.{extension}?language=nn"
    template = requests.get(address, timeout=60)
    assert template.status_code == 200
    checked = system.post("forslagsstiller", [form_part(template.content, f"tom.{extension}")], path="/api/v1/checks").json()
    assert (checked["form_type"], checked["form_version"]) == ("utstyrsmelding", "2.1")
    asked = {error["pointer"] for error in checked["errors"] if error["code"] == "required"}
    assert asked == {f"/{key}" for key in ANSWERS}


def test_its_publication_leaves_out_what_it_does_not_publish(system: System) -> None:
    answer = system.post("forslagsstiller", [form_part(json_form(FORM, ANSWERS)), DRAWING]).json()
    view = _as_routed(system, answer["id"])
    headers = {"Authorization": f"Bearer {system.token('forslagsstiller')}"}
    shown = requests.get(f"{system.url}{view['links']['rendering']}?format=html&language=en", headers=headers, timeout=60)
    assert shown.status_code == 200
    for wanted in ("Report of new equipment", "Fototerapilampe «Ærfugl»", "17 May 2025", "Lamp", "Nyfødt", *(f"Field {type_}" for type_ in MORE)):
        assert wanted in shown.text
    assert ANSWERS["mail"] not in shown.text


def test_it_is_listed_with_its_schema(system: System) -> None:
    listed = requests.get(f"{system.url}/api/v1/forms", headers={"Accept-Language": "en"}, timeout=30).json()["items"]
    own = next(item for item in listed if item["form_type"] == "utstyrsmelding")
    assert own["title"] == "Report of new equipment"
    schema = requests.get(system.url + own["links"]["schema"], timeout=30).json()
    assert set(schema["properties"]) == set(ANSWERS)


def test_it_has_a_field_of_every_type() -> None:
    fields = [field for section in FORM["sections"] for field in section["fields"]]
    assert {field["type"] for each in fields for field in (each, *each.get("fields", ()))} == FIELD_TYPES.keys()
