"""A correction shows what changed: answers field by field, documents by their digests; and a form keeps its version while a newer one is in use."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from services.command import assemble
from services.command.up import Running, running
from services.shared.checking import Checking
from services.shared.forms import load_forms
from services.shared.forms.changes import changed_answers
from services.shared.sandbox import Box
from services.shared.scanner import NoScanner
from services.shared.settings import SCHEMAS, Settings
from services.validation.examine import File, Request, examine
from tests.end_to_end.material import TODAY, good_json
from tests.end_to_end.system import free_port
from tests.intake.pages.browsing import Person
from tests.shared.forms.answers import good_answers

FORMS = load_forms(SCHEMAS / "forms")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("changes") / "data", port=free_port()) as started:
        yield started


def ask(system: Running, method: str, path: str, *, who: str = "leverandor", language: str = "nb", **sent: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {system.issuer.token(who)}", "Accept-Language": language}
    return requests.request(method, system.settings.public_url + path, headers=headers, timeout=60, **sent)


def send(system: Running, form: bytes, *attachments: tuple[str, bytes], **fields: str) -> dict[str, Any]:
    files = [("form", ("skjema.json", form)), *(("attachments", file) for file in attachments)]
    sent = ask(system, "post", "/api/v1/submissions", files=files, data=fields).json()
    deadline = time.monotonic() + 60
    while (view := ask(system, "get", sent["links"]["self"]).json())["status"] in ("received", "checking", "accepted"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(view)


def test_a_correction_tells_what_changed_to_whoever_may_see_both(system: Running) -> None:
    first = send(system, good_json("endring", atc_code="feil", patients_per_year=10), ("a.txt", b"A"), ("b.txt", b"B"))
    assert ask(system, "get", first["links"]["changes"]).json() == {"since": None, "fields": [], "documents": []}
    second = send(system, good_json("endring", patients_per_year=12), ("a.txt", b"A"), ("c.txt", b"C"), replaces=first["id"])
    told = ask(system, "get", second["links"]["changes"]).json()
    assert told["since"] == {"id": first["id"], "version": 1}
    assert [(change["pointer"], change["old"], change["new"]) for change in told["fields"]] == [
        ("/atc_code", "FEIL", second["answers"]["atc_code"]),
        ("/patients_per_year", 10, 12),
    ]
    assert [(document["change"], document["role"], document["name"]) for document in told["documents"]] == [
        ("changed", "form", "skjema.json"),
        ("added", "attachment", "c.txt"),
        ("removed", "attachment", "b.txt"),
    ]
    assert ask(system, "get", second["links"]["changes"], who="sekretariat").json() == told
    assert ask(system, "get", second["links"]["changes"], who="forslagsstiller").status_code == 404
    # An agency was given the second version only.
    assert ask(system, "get", second["links"]["changes"], who="dmp").json()["since"] is None
    for language, title in (("nb", "Endret siden versjon 1"), ("nn", "Endra sidan versjon 1"), ("en", "Changed since version 1")):
        page = Person(system.settings, "leverandor").get(f"/innsendinger/{second['id']}?lang={language}")
        assert title in page.text
    assert "Changed since" not in Person(system.settings, "leverandor").get(f"/innsendinger/{first['id']}?lang=en").text


def test_answers_that_could_not_be_read_cannot_be_compared(system: Running) -> None:
    first = send(system, b'{"form_type": "anmodning", "form_version": "1.0"}')
    second = send(system, good_json(), replaces=first["id"])
    told = ask(system, "get", second["links"]["changes"]).json()
    assert (told["fields"], [document["change"] for document in told["documents"]]) == (None, ["changed"])
    assert "Svarene kan ikke sammenlignes" in Person(system.settings, "leverandor").get(f"/innsendinger/{second['id']}").text


def test_rows_are_compared_one_by_one_and_what_was_not_answered_is_null() -> None:
    definition = FORMS.newest("anmodning")
    assert definition is not None
    old = good_answers("anmodning", TODAY)
    study = old["studies"][0]
    new = {**old, "studies": [{**study, "aim": "Noe annet"}, {"id": "NCT00000001"}], "icd10_codes": ["C34.9", "C34.8"], "ma_number": ""}
    found = [(change.pointer, change.row, change.old, change.new) for change in changed_answers(definition, definition, old, new)]
    assert found == [
        ("/ma_number", None, "EU/1/19/1234", None),
        ("/icd10_codes", None, ["C34.9"], ["C34.9", "C34.8"]),
        ("/studies/0/aim", 1, study["aim"], "Noe annet"),
        ("/studies/1/id", 2, None, "NCT00000001"),
    ]
    assert list(changed_answers(definition, definition, old, dict(reversed(old.items())))) == []


@pytest.fixture
def with_a_newer_version(tmp_path: Path) -> Path:
    """The project's data with a newer version of a form: one more field, another gone."""
    schemas = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, schemas)
    folder = schemas / "forms" / "anmodning"
    definition = json.loads((folder / "1.0" / "definition.json").read_text(encoding="utf-8"))
    definition["form_version"] = "1.1"
    section = definition["sections"][0]["fields"]
    section.append({**section[-1], "key": "new_question", "type": "text", "label": {"nb": "Nytt", "nn": "Nytt", "en": "New"}, "aliases": []})
    section[-1] |= {"required": False, "required_when": None}
    (folder / "1.1").mkdir()
    (folder / "1.1" / "definition.json").write_text(json.dumps(definition), encoding="utf-8")
    return schemas


@pytest.mark.parametrize(("version", "codes"), [("1.0", ["form_version_old"]), ("1.1", [])])
def test_an_older_version_is_still_read_with_a_note_and_keeps_its_version(
    with_a_newer_version: Path, tmp_path: Path, version: str, codes: list[str]
) -> None:
    checking = Checking(with_a_newer_version, NoScanner())
    form = tmp_path / "skjema.json"
    form.write_text(json.dumps({**json.loads(good_json()), "form_version": version}), encoding="utf-8")
    with Box(checking.policy, tmp_path / "box") as box:
        checking.box = box
        wanted = Request([File("f", "form", form.name, form.stat().st_size, lambda: form.open("rb"))], None, None, TODAY, TODAY, "drug_vendor")
        result = examine(checking, wanted)
        result.discard()
    assert (result.form_version, result.status) == (version, "accepted")
    assert [finding.code for finding in result.findings if finding.code == "form_version_old"] == codes
    for finding in result.findings:
        if finding.code == "form_version_old":
            assert finding.severity == "warning"
            assert all("1.1" in text for text in finding.message.values())


def test_what_was_read_in_an_older_version_is_shown_in_it_and_compared_with_a_newer_one(with_a_newer_version: Path, tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    with running(data, port=port) as system:
        first = send(system, good_json("eldre", atc_code="feil"))
        assert first["form_version"] == "1.0"
    settings = replace(Settings.embedded(data, port=port), schemas=with_a_newer_version)
    context, _ = assemble.embedded_context(settings)
    old, new = context.forms.get("anmodning", "1.0"), context.forms.newest("anmodning")
    context.database.close()
    assert old is not None
    assert new is not None
    assert new.form_version == "1.1"
    changed = list(changed_answers(old, new, first["answers"], {**first["answers"], "new_question": "Ja"}))
    assert [(change.pointer, change.old, change.new) for change in changed] == [("/new_question", None, "Ja")]
