"""Every gate of validation has one good and one bad case, and its reason in three languages. The cases are data: a new gate without cases fails here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.shared.forms import check, load_forms
from services.shared.rules import Outcome, load_gates, outcome
from services.shared.rules.table import Rule
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.cases import answers_of, context_of
from tests.shared.forms.small_forms import TODAY

GATES = load_gates(SCHEMAS / "rules" / "gates.json")
FORMS = load_forms(SCHEMAS / "forms")
CASES: dict[str, dict[str, Any]] = {
    key: case for key, case in json.loads(Path(__file__).with_name("gate_cases.json").read_text(encoding="utf-8")).items() if key != "notes"
}


def decided(case: dict[str, Any], which: str) -> Outcome:
    definition = FORMS.newest(case["form"])
    assert definition is not None
    answers = answers_of(case["form"], case, which)
    return outcome(GATES, check(definition, answers, context_of(case["form"], case, which)).findings, answers, TODAY)


@pytest.mark.parametrize("gate", GATES.rules, ids=lambda gate: gate.id)
def test_a_gate_has_no_effect_in_its_good_case_and_effect_in_its_bad_one(gate: Rule) -> None:
    assert gate.id in CASES, f"give {gate.id} a good and a bad case in gate_cases.json"
    case = CASES[gate.id]
    good, bad = decided(case, "good"), decided(case, "bad")
    assert gate.id not in [rule.id for rule in good.gates]
    assert gate.id in [rule.id for rule in bad.gates]
    assert bad.status == case["status"]
    assert good.status != bad.status
    texts = [gate.text[language] for language in LANGUAGES]
    assert len({*texts}) == len(LANGUAGES)
    assert all(text.endswith(".") for text in texts)


def test_no_case_is_left_over() -> None:
    assert {gate.id for gate in GATES.rules} == CASES.keys()
