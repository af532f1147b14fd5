"""Conditions: when a field must be filled in. The schema and the checks must read every condition alike."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from services.shared.forms import load_forms
from services.shared.forms.conditions import holds
from services.shared.settings import SCHEMAS
from tests.shared.forms.small_forms import field, form, places

FIELDS = (field("yes", "bool"), field("one", "enum", values=["a", "b"]), field("many", "enum_multi", values=["a", "b", "c"]))

CASES: list[tuple[Any, dict[str, Any], bool]] = [
    ({"field": "yes", "is": True}, {"yes": True}, True),
    ({"field": "yes", "is": True}, {"yes": False}, False),
    ({"field": "yes", "is": True}, {}, False),
    ({"field": "yes", "is": [False, None]}, {}, True),
    ({"field": "yes", "is": [False, None]}, {"yes": False}, True),
    ({"field": "yes", "is": [False, None]}, {"yes": True}, False),
    ({"field": "one", "is": None}, {}, True),
    ({"field": "one", "is": None}, {"one": "a"}, False),
    ({"field": "one", "is": ["a", "b"]}, {"one": "b"}, True),
    ({"field": "many", "is": "a"}, {"many": ["b", "a"]}, True),
    ({"field": "many", "is": ["a", "c"]}, {"many": ["b", "c"]}, True),
    ({"field": "many", "is": ["a", "c"]}, {"many": ["b"]}, False),
    ({"field": "many", "is": ["a", None]}, {}, True),
    ({"all": [{"field": "yes", "is": True}, {"field": "one", "is": "a"}]}, {"yes": True, "one": "a"}, True),
    ({"all": [{"field": "yes", "is": True}, {"field": "one", "is": "a"}]}, {"yes": True, "one": "b"}, False),
    ({"any": [{"field": "yes", "is": True}, {"field": "one", "is": "a"}]}, {"one": "a"}, True),
    ({"any": [{"field": "yes", "is": True}, {"field": "one", "is": "a"}]}, {"one": "b"}, False),
    ({"all": [{"field": "yes", "is": True}, {"any": [{"field": "one", "is": None}, {"field": "many", "is": "c"}]}]}, {"yes": True}, True),
]


@pytest.mark.parametrize(("condition", "answers", "expected"), CASES)
def test_a_field_is_required_exactly_when_its_condition_holds(condition: Any, answers: dict[str, Any], expected: bool) -> None:
    assert holds(condition, answers) is expected
    definition = form(*FIELDS, field("details", required_when=condition))
    assert places(definition, answers) == ([("/details", "required")] if expected else [])
    assert places(definition, {**answers, "details": "x"}) == []


def test_true_is_not_one() -> None:
    assert not holds({"field": "yes", "is": True}, {"yes": 1})


def test_schema_and_checks_read_all_conditions_of_the_forms_alike() -> None:
    """Every condition in every form, over all combinations of what its fields may hold."""
    tried = 0
    for form_type in (forms := load_forms(SCHEMAS / "forms")).types():
        definition = forms.newest(form_type)
        assert definition is not None
        for rule in definition.schema["allOf"]:
            keys = rule["then"]["required"]
            condition = definition.fields[keys[0]].required_when
            involved = [each for each in definition.fields.values() if f'"{each.key}"' in str(condition).replace("'", '"')]
            for values in product(*(_possible(each.type_name, [choice.value for choice in each.choices]) for each in involved)):
                answers = {each.key: value for each, value in zip(involved, values, strict=True) if value is not None}
                missing = {pointer for pointer, code in places(definition, answers) if code == "required"}
                required = {f"/{key}" for key in keys} <= missing
                assert required is holds(condition, answers), (form_type, keys, answers)
                tried += 1
    assert tried > 50


def _possible(type_name: str, choices: list[str]) -> list[Any]:
    if type_name == "bool":
        return [None, True, False]
    return [None, *([each] for each in choices), choices] if type_name == "enum_multi" else [None, *choices]
