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


def test_no_source_of_any_service_names_a_form_but_the_examples_of_the_api() -> None:
    kinds = {".py", ".html", ".typ"}
    sources = [path for path in SERVICES.rglob("*") if path.suffix in kinds and path.name != "examples.py"]
    naming = [path.name for path in sources if re.search(rf"\b({'|'.join(FORMS.types())})\b", path.read_text(encoding="utf-8").casefold())]
    assert len(sources) > 100
    assert naming == []


def test_identity_numbers_are_found_without_the_rest_of_the_project() -> None:
    text = (SERVICES / "shared" / "identity_numbers.py").read_text(encoding="utf-8")
    assert set(re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE)) == {"__future__", "re", "dataclasses", "typing"}
