"""Form definitions: those of the project, and which ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.shared.forms import FormDefinitionError, load_forms, parse_definition
from services.shared.forms.__main__ import text_of
from services.shared.forms.named_checks import NAMED_CHECKS
from services.shared.settings import SCHEMAS
from tests.shared.forms.answers import good_answers
from tests.shared.forms.small_forms import TODAY, document, field, findings, form, named, texts

FORMS = load_forms(SCHEMAS / "forms")
KINDS = {"anmodning": "drug_vendor", "revurdering": "drug_vendor", "forslag": "hospital", "innspill": "hospital", "metodevarsel": "fhi"}


@pytest.mark.parametrize("form_type", FORMS.types())
def test_the_schema_beside_a_definition_is_the_one_made_from_it(form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    stored = (SCHEMAS / "forms" / form_type / definition.form_version / "schema.json").read_text(encoding="utf-8")
    assert stored == text_of(definition.schema)
    Draft202012Validator.check_schema(json.loads(stored))


@pytest.mark.parametrize("form_type", FORMS.types())
def test_complete_answers_to_a_form_have_nothing_wrong(form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    found = findings(definition, good_answers(form_type, TODAY), submitter_kind=KINDS[form_type], identity_numbers=[])
    assert [(finding.pointer, finding.code) for finding in found] == []


@pytest.mark.parametrize("form_type", FORMS.types())
def test_every_required_field_is_asked_for_in_the_order_of_the_form(form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    asked = [finding.pointer for finding in findings(definition, {}) if finding.code == "required"]
    always = [f"/{each.key}" for each in definition.fields.values() if each.required]
    assert [pointer for pointer in asked if pointer in always] == always
    assert len(always) >= 5


def test_the_catalogue_gives_forms_by_type_and_version() -> None:
    assert set(FORMS.types()) >= {"anmodning", "forslag", "innspill", "metodevarsel", "revurdering"}
    assert FORMS.get("forslag", "1.0") is FORMS.newest("forslag")
    assert FORMS.get("forslag", "0.9") is None
    assert FORMS.newest("ukjent") is None
    assert FORMS.versions("ukjent") == ()


def test_the_newest_version_is_the_highest_number_not_the_last_in_the_alphabet(tmp_path: Path) -> None:
    for version in ("1.9", "1.10"):
        _put(tmp_path, {**document([field("name")]), "form_version": version})
    newest = load_forms(tmp_path).newest("made_up")
    assert newest is not None
    assert newest.form_version == "1.10"


def test_a_definition_in_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    _put(tmp_path, document([field("name")]))
    (tmp_path / "made_up").rename(tmp_path / "another")
    with pytest.raises(FormDefinitionError, match="different forms"):
        load_forms(tmp_path)


@pytest.mark.parametrize("form_type", FORMS.types())
def test_a_form_names_what_a_submission_is_about(form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    answers = good_answers(form_type, TODAY)
    title = definition.title_of(answers)
    assert title is not None
    assert title == " – ".join(answers[key] for key in definition.headline)
    assert definition.title_of({}) is None


SPOILED: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("unknown keys", lambda form: form.update(surprise=1)),
    ("missing keys", lambda form: form.pop("who")),
    ("headline names unknown fields", lambda form: form.update(headline=["nobody"])),
    ("unknown keys", lambda form: form["sections"][0].update(surprise=1)),
    ("unknown keys", lambda form: form["sections"][0]["fields"][0].update(surprise=1)),
    ("unknown keys", lambda form: form["sections"][0]["fields"][0].update(values=[])),
    ("missing keys", lambda form: form["sections"][0]["fields"][0].pop("aliases")),
    ("unknown field type", lambda form: form["sections"][0]["fields"][0].update(type="textt")),
    ("whole number from 1 on", lambda form: form["sections"][0]["fields"][0].update(max_length="200")),
    ("whole number from 1 on", lambda form: form["sections"][0]["fields"][0].update(max_length=0)),
    ("stands twice", lambda form: form["sections"][0]["fields"].append(field("rows", "group_list", fields=[field("id"), field("id")]))),
    ("a key is small letters", lambda form: form["sections"][0]["fields"][0].update(key="studies/0")),
    ("must be given in nb, nn, en", lambda form: form["sections"][0]["fields"][0].update(label={"nb": "Navn"})),
    ("must be given in nb, nn, en", lambda form: form["checks"][0].update(message={**texts("x"), "nn": " "})),
    ("stands twice", lambda form: form["sections"][0]["fields"].append(field("name"))),
    ("stands twice", lambda form: form["checks"].append(form["checks"][0])),
    ("unknown fields", lambda form: form["sections"][0]["fields"][0].update(required_when={"field": "nobody", "is": True})),
    ("malformed condition", lambda form: form["sections"][0]["fields"][0].update(required_when={"field": "name", "equals": 1})),
    ("malformed condition", lambda form: form["sections"][0]["fields"][0].update(required_when={"any": [{"field": "name"}]})),
    ("there is no check named", lambda form: form["checks"][0].update(check="must_bee")),
    ("unknown keys", lambda form: form["checks"][0]["arguments"].update(surprise=1)),
    ("unknown fields", lambda form: form["checks"][0]["arguments"].update(field="nobody")),
    ("unknown fields", lambda form: form["checks"][0].update(at=["nobody"])),
    ("unknown fields", lambda form: form["checks"][0]["arguments"].update(when={"field": "nobody", "is": 1})),
    ("malformed condition", lambda form: form["checks"][0]["arguments"].update(when={"field": "name"})),
    ("not one we know", lambda form: form["checks"][0].update(severity="fatal")),
    ("not one we know", lambda form: form["checks"][0].update(needs="luck")),
    ("not one we know", lambda form: form["checks"][0].update(at=[])),
]


@pytest.mark.parametrize(("complaint", "spoil"), SPOILED)
def test_a_malformed_definition_is_refused_with_what_is_wrong(complaint: str, spoil: Callable[[dict[str, Any]], Any]) -> None:
    made_up = document([field("name")], [named("must_be", ["name"], {"field": "name", "value": "x"})])
    parse_definition(json.loads(json.dumps(made_up)))
    spoil(made_up)
    with pytest.raises(FormDefinitionError, match=complaint):
        parse_definition(made_up)


def test_every_named_check_is_used_by_some_form() -> None:
    used = {check.name for form_type in FORMS.types() if (form_ := FORMS.newest(form_type)) for check in form_.checks}
    assert set(NAMED_CHECKS) == used


def test_a_definition_cannot_be_changed_once_read() -> None:
    definition = form(field("name"))
    with pytest.raises(AttributeError):
        definition.form_type = "other"
    with pytest.raises(TypeError):
        definition.fields["other"] = definition.fields["name"]
    with pytest.raises(TypeError):
        definition.fields["name"].label["nb"] = "x"


def _put(folder: Path, made_up: dict[str, Any]) -> None:
    place = folder / made_up["form_type"] / made_up["form_version"]
    place.mkdir(parents=True)
    (place / "definition.json").write_text(json.dumps(made_up), encoding="utf-8")
