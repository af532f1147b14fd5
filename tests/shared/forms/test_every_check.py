"""Every check of every form has one good and one bad case, and its message in three languages. The cases are data: a new check without cases fails here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.shared.forms import FormDefinition, check, load_forms
from services.shared.forms.fields import Check
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.cases import answers_of, context_of

FORMS = load_forms(SCHEMAS / "forms")
CASES: dict[str, dict[str, Any]] = {
    key: case for key, case in json.loads(Path(__file__).with_name("check_cases.json").read_text(encoding="utf-8")).items() if key != "notes"
}
EVERY = [
    pytest.param(definition, each, id=f"{form_type}-{version}-{each.id}")
    for form_type in FORMS.types()
    for version in FORMS.versions(form_type)
    if (definition := FORMS.get(form_type, version)) is not None
    for each in definition.checks
]


def key_of(form_type: str, check_id: str) -> str:
    own = f"{form_type}/{check_id}"
    return own if own in CASES else check_id


@pytest.mark.parametrize(("definition", "each"), EVERY)
def test_a_check_lets_its_good_case_pass_and_tells_its_bad_one_in_three_languages(definition: FormDefinition, each: Check) -> None:
    key = key_of(definition.form_type, each.id)
    assert key in CASES, f"give {each.id} a good and a bad case in check_cases.json"
    case, code = CASES[key], CASES[key].get("code", each.id)
    found = {}
    for which in ("good", "bad"):
        result = check(definition, answers_of(definition.form_type, case, which), context_of(definition.form_type, case, which))
        assert each.id not in result.skipped, which
        found[which] = [finding for finding in result.findings if finding.code == code]
    assert found["good"] == []
    assert [(finding.pointer, finding.severity) for finding in found["bad"]] == [(case.get("pointer", f"/{each.at[0]}"), each.severity)]
    messages = [found["bad"][0].in_language(language)["message"] for language in LANGUAGES]
    assert messages == [each.message[language] for language in LANGUAGES]
    assert len({*messages}) == len(LANGUAGES)
    assert all(message.endswith((".", "?")) and len(message) > 15 for message in messages)


def test_no_case_is_left_over() -> None:
    used = {key_of(definition.form_type, each.id) for definition, each in (parameters.values for parameters in EVERY)}
    assert CASES.keys() - used == set()
