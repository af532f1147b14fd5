"""The interpreters of forms and rules stand on data: they name no form, no agency and no field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.shared.forms import load_forms
from services.shared.settings import SCHEMAS

SERVICES = SCHEMAS.parent / "services"
FORMS = load_forms(SCHEMAS / "forms")
AGENCIES = (
    "dmp",
    "fhi",
    "sykehusinnkjøp",
    "sykehusinnkjop",
    "dsa",
    "helsedirektoratet",
    "beslutningsforum",
    "bestillerforum",
    "rhf",
    "innspill",
    "metodevarsel",
)
SOURCES = sorted([*(SERVICES / "shared" / "forms").rglob("*.py"), *(SERVICES / "shared" / "rules").rglob("*.py")])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_the_source_names_no_form_and_no_agency(source: Path) -> None:
    text = source.read_text(encoding="utf-8").casefold()
    named = [word for word in (*FORMS.types(), *AGENCIES) if re.search(rf"\b{re.escape(word)}\b", text)]
    assert named == []


def test_identity_numbers_are_found_without_the_rest_of_the_project() -> None:
    text = (SERVICES / "shared" / "identity_numbers.py").read_text(encoding="utf-8")
    assert set(re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE)) == {"__future__", "re", "dataclasses", "typing"}
