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
_BEGINS: Final = r"(?<![^\W_])"
# Gives nothing back: a word without such a mark behind it is looked at once.
_HELD_TOGETHER: Final = r"[^\W_]++(?:[-_/.][^\W_]++)++"
_REFERS_BACK: Final = re.compile(r"\\[1-9]|\(\?P=")
_DIGITS: Final = re.compile(r"\d(?:\S*\d)?")
# So far from a digit a code may go on, blanks and all, before its next digit; the word it ends in belongs to it whole.
_REACH: Final = 16


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
        if refers_back := next((entry["id"] for entry in described if _REFERS_BACK.search(entry["pattern"])), None):
            raise ValueError(f"codes.json: {refers_back}: a pattern may not refer back to what it found")
        patterns = [*(rf"(?:{entry['pattern']})(?![^\W_])" for entry in described), _HELD_TOGETHER]
        try:
            self._patterns = [re.compile(_BEGINS + pattern, re.IGNORECASE) for pattern in patterns]
            self._any = re.compile(f"{_BEGINS}(?:{'|'.join(patterns)})", re.IGNORECASE)
        except re.error as fault:
            raise ValueError(f"codes.json: {fault}") from fault

    def find(self, text: str) -> Iterator[Code]:
        """The codes in a text; one may lie in another."""
        for begin, end in _around_digits(text):
            if self._any.search(text, begin, end) is None:
                continue
            for pattern in self._patterns:
                for found in pattern.finditer(text, begin, end):
                    if any(map(str.isdecimal, found[0])):
                        yield Code(found.start(), found.end(), fold(found[0]))

    def at(self, text: str, start: int) -> Code | None:
        """The longest code that begins there."""
        matches = [found for pattern in self._patterns if (found := pattern.match(text, start)) and any(map(str.isdecimal, found[0]))]
        longest = max(matches, key=lambda found: found.end(), default=None)
        return None if longest is None else Code(longest.start(), longest.end(), fold(longest[0]))


def _around_digits(text: str) -> Iterator[tuple[int, int]]:
    """The pieces of a text where a code may stand: each has a digit. Most prose has none, and looking for codes costs more than all else that is done with a word."""
    begin, end = 0, -1
    for found in _DIGITS.finditer(text):
        if found.start() - _REACH > end:
            if end >= 0:
                yield begin, end
            begin = text.rfind(" ", 0, max(0, found.start() - _REACH)) + 1
        if found.end() + _REACH > end:
            after = text.find(" ", found.end() + _REACH)
            end = len(text) if after < 0 else after
    if end >= 0:
        yield begin, end
