"""All texts people read, in bokmål, nynorsk and English, from one catalogue: ``schemas/words/*.json``."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from functools import cache
from string import Formatter
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
    """The text of a key in a language, with ``{name}`` filled in. An unknown key or value raises KeyError: a missing text is a fault, not a page.

    ``{limit:size}`` writes a number of bytes the way people say it (``25 MB``).
    """
    return _Sentence(language).vformat(choose(catalogue()[key], language), (), values)


def size(number: int, language: str) -> str:
    """A number of bytes as people say it: ``812 byte``, ``40 kB``, ``1,07 GB``. Decimal units, as file managers and the limits show them."""
    amount, unit = float(number), "byte"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    digits = f"{amount:.0f}" if unit == "byte" or amount >= 100 else f"{amount:.3g}"
    if unit == "byte" and language == "en":
        unit = "byte" if number == 1 else "bytes"
    return f"{digits if language == 'en' else digits.replace('.', ',')}\u00a0{unit}"


class _Sentence(string.Formatter):
    """``str.format`` with the format ``size``; values are written as they are, never looked into (``{name.secret}`` is a fault)."""

    def __init__(self, language: str) -> None:
        self._language = language

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        return size(int(value), self._language) if format_spec == "size" else str(format(value, format_spec))


def has(key: str) -> bool:
    """Whether the catalogue has the key."""
    return key in catalogue()


def placeholders(key: str, language: str) -> frozenset[str]:
    """Names of the values that a text asks for."""
    parts = Formatter().parse(choose(catalogue()[key], language))
    return frozenset(re.split(r"[.\[]", name)[0] for _, name, _, _ in parts if name)


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
