"""A ``format`` that nobody checks says nothing: jsonschema passes over those it has no checker for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.shared.forms import load_forms
from services.shared.forms.definition import FormDefinition
from services.shared.settings import SCHEMAS

FORMS = load_forms(SCHEMAS / "forms")
DEFINITIONS = [definition for form_type in FORMS.types() if (definition := FORMS.newest(form_type))]


def formats_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("format"), str):
            yield schema["format"]
        for value in schema.values():
            yield from formats_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from formats_in(value)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.form_type)
def test_every_format_a_form_speaks_of_is_really_checked(definition: FormDefinition) -> None:
    used = set(formats_in(dict(definition.schema)))
    assert used or not any(each.type.format for each in definition.fields.values())
    for name in used:
        checker = {"type": "string", "format": name}
        validator = Draft202012Validator(checker, format_checker=Draft202012Validator.FORMAT_CHECKER)
        assert not validator.is_valid("no such thing"), name
