"""Nynorsk is nynorsk, in every text of the project: the catalogue, the forms, the rules, the actors, the registers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.shared.settings import SCHEMAS

FILES = [file for file in sorted(SCHEMAS.rglob("*.json")) if file.name not in ("schema.json", "openapi.json")]
BOKMAL = frozenset(
    word
    for line in Path(__file__).with_name("bokmal.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)
# Nynorsk has -leg and -heit.
ENDINGS = re.compile(r"[a-zæøå]{2,}(?:[dgklmnrst]|e)lig(?:e|ere|st|vis)?|[a-zæøå]{3,}het(?:en|er|ene|s)?")
# Names are the same in both.
NAMES = re.compile(
    r"Nye metoder|Beslutningsforum for nye metoder|Beslutningsforum|Bestillerforum|Sykehusinnkjøp|Helsedirektoratet|Folkehelseinstituttet"
)


def nynorsk(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in nynorsk, with where it stands."""
    if isinstance(value, dict):
        if isinstance(value.get("nn"), str):
            yield place, value["nn"]
        for key, inner in value.items():
            yield from nynorsk(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from nynorsk(inner, f"{place}/{number}")


def bokmal_in(text: str) -> list[str]:
    """The words of a text that are bokmål and never nynorsk."""
    words = re.findall(r"[a-zæøåéèêóòâôü]+", NAMES.sub(" ", re.sub(r"\{[^}]*\}", " ", text)).lower())
    return [word for word in words if word in BOKMAL or ENDINGS.fullmatch(word)]


def test_the_list_is_long_and_tells_bokmal_from_nynorsk() -> None:
    assert len(BOKMAL) > 250
    assert bokmal_in("Vi har ikke mottatt filen fra virksomheten") == ["ikke", "mottatt", "filen", "fra", "virksomheten"]
    assert bokmal_in("Det er vanligvis en usikkerhet") == ["vanligvis", "usikkerhet"]
    assert bokmal_in("Nye metoder har ikkje motteke fila, og det er òg ei usikkerheit. Vanlegvis kjem ho frå verksemda.") == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SCHEMAS)))
def test_nynorsk_is_nynorsk(file: Path) -> None:
    found = {place: words for place, text in nynorsk(json.loads(file.read_text(encoding="utf-8"))) if (words := bokmal_in(text))}
    assert found == {}


def test_there_are_texts_in_every_kind_of_file() -> None:
    kinds = {file.relative_to(SCHEMAS).parts[0] for file in FILES if any(nynorsk(json.loads(file.read_text(encoding="utf-8"))))}
    assert kinds >= {"forms", "rules", "routing", "registers", "words"}
