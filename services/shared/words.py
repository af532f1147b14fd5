"""All texts people read, in bokmål, nynorsk and English, from one catalogue: ``schemas/words/*.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from services.shared.settings import SCHEMAS

LANGUAGES: Final = ("nb", "nn", "en")
DEFAULT: Final = "nb"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every key with its three texts. A key that stands in two files is a fault and raises ValueError."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((SCHEMAS / "words").glob("*.json")):
        for key, texts in json.loads(file.read_text(encoding="utf-8")).items():
            if key in found:
                raise ValueError(f"{key} stands twice, the second time in {file.name}")
            found[key] = texts
    return found


def text(key: str, language: str, **values: Any) -> str:
    """The text of a key in a language, with ``{name}`` filled in. An unknown key raises KeyError: a missing text is a fault, not a page."""
    return choose(catalogue()[key], language).format(**values)


def has(key: str) -> bool:
    """Whether the catalogue has the key."""
    return key in catalogue()


def choose(texts: Mapping[str, str] | str, language: str) -> str:
    """One text out of three; a plain string is the same in all languages."""
    return texts if isinstance(texts, str) else texts.get(language) or texts[DEFAULT]


def language_of(accept_language: str | None) -> str | None:
    """The best of our languages for an Accept-Language header (``no`` is bokmål), or None when it names none of them."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        language = {"no": "nb"}.get(primary, primary)
        quality = parameters.strip().removeprefix("q=") if parameters else "1"
        if language in LANGUAGES:
            try:
                ranked.append((-float(quality), position, language))
            except ValueError:
                continue
    return min(ranked)[2] if ranked and min(ranked)[0] < 0 else None
