"""Codes and ids, which are found whole however their parts are set apart: what ``schemas/search/codes.json`` describes, and whatever has digits and is held together by - _ / or a dot."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.shared.search.tokens import fold

PACKAGED: Final = Path(__file__).resolve().parents[3] / "schemas" / "search"
_HELD_TOGETHER: Final = r"[^\W_]+(?:[-_/.][^\W_]+)+"


@dataclass(frozen=True, slots=True)
class Code:
    """A code in a text: where it stands, and what it is without the marks between its parts."""

    start: int
    end: int
    whole: str


class Codes:
    """The patterns. Raises ValueError for one that is none."""

    def __init__(self, folder: Path = PACKAGED) -> None:
        described = json.loads((folder / "codes.json").read_text(encoding="utf-8"))
        try:
            patterns = [rf"(?<![^\W_])(?:{entry['pattern']})(?![^\W_])" for entry in described]
            self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in (*patterns, _HELD_TOGETHER)]
        except re.error as fault:
            raise ValueError(f"codes.json: {fault}") from fault

    def find(self, text: str) -> Iterator[Code]:
        """The codes in a text; one may lie in another."""
        for pattern in self._patterns:
            for found in pattern.finditer(text):
                if any(map(str.isdigit, found[0])):
                    yield Code(found.start(), found.end(), fold(found[0]))

    def at(self, text: str, start: int) -> Code | None:
        """The longest code that begins there."""
        matches = [found for pattern in self._patterns if (found := pattern.match(text, start)) and any(map(str.isdigit, found[0]))]
        longest = max(matches, key=lambda found: found.end(), default=None)
        return None if longest is None else Code(longest.start(), longest.end(), fold(longest[0]))
