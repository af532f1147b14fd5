"""Where in a line a label may stand, and how much the line looks like a label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.shared.form_lines import Line
from services.shared.forms.label_index import FULL, LabelIndex, Match
from services.shared.forms.label_words import is_numbered, spaced, without_last_parentheses
from services.shared.forms.ticks import EMPTY, TICKED

_BOX_IN_FRONT: Final = re.compile(rf"^\s*([{TICKED}{EMPTY}]|\[[xX ]?\]|\([xX ]\)|[xX](?=\s))\s*(\S.*)$", re.DOTALL)
_BOX_BEHIND: Final = re.compile(rf"^(.*\S)\s*([{TICKED}{EMPTY}]|\[[xX ]?\])\s*$", re.DOTALL)
_ENDS: Final = re.compile(r"[:?\t]|\s[–—-]\s|_{3,}|\.{4,}|…{2,}")
_LEADER: Final = re.compile(r"(?:(?<!_)_{3,}+|(?<!\.)\.{4,}+|(?<!…)…{2,}+)\s*$")
_MOST_LOOKED_AT: Final = 320
_MOST_ENDS: Final = 14
_LONGEST_WITHOUT_SIGN: Final = 200

HEADING, STRONG, CAPITALS, PLAIN, TEXT = 40, 20, 12, 9, 0
"""How far a line stands out. A label in the answer to another stands out less than the labels of the form do."""
ALIKE: Final = 3
"""Two lines no further apart stand out alike."""
_LETTERS_OF_ABBREVIATION: Final = 6
_COLON_MORE, _NUMBER_MORE, _DASH_LESS, _ITEM_LESS = 1, 2, 3, 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A label that a line begins with. ``rest`` is what stands after it in the line; ``whole``: nothing does."""

    match: Match
    label: str
    rest: str
    strength: int

    @property
    def whole(self) -> bool:
        """Whether the label is all there is in the line."""
        return not self.rest.strip()

    @property
    def is_heading(self) -> bool:
        """Whether it stands for no field, but for a part of the form."""
        return not self.match.targets


class Finder:
    """Finds the labels of one form in lines. Remembers what it found: each line is looked at several times."""

    def __init__(self, index: LabelIndex, most_fuzzy: int) -> None:
        self._index = index
        self._known: dict[int, Candidate | None] = {}
        self._kept: list[Line] = []
        self._bold_is_text = False
        self._habits: dict[str, bool] = {}
        self._left = most_fuzzy

    def find(self, line: Line) -> Candidate | None:
        """The label a line begins with, word for word."""
        if id(line) not in self._known:
            self._kept.append(line)  # so that no other line gets its id
            self._known[id(line)] = self._find(line)
        return self._known[id(line)]

    def take_bold_for_text(self) -> None:
        """From now on bold lines are answers, and stand out less than labels do."""
        self._bold_is_text = True
        self._known.clear()

    def expect(self, habits: dict[str, bool]) -> None:
        """From now on plain labels without these traits stand out less: see ``traits_of``."""
        self._habits = habits
        self._known.clear()

    def stands_out(self, line: Line) -> int:
        """How far a line that is no label stands out as a whole; 0 when it does not."""
        return 0 if self._bold_is_text and not line.level else stands_out(line)

    def _strength(self, line: Line, end: int, label: str, match: Match | None = None) -> int:
        strength = strength_of(line, end, label)
        if match is not None and not match.targets:
            return strength
        if self._bold_is_text and not line.level and strength >= STRONG:
            return TEXT
        if strength >= STRONG or not self._habits or (match is not None and match.heading):
            return strength
        traits = traits_of(line, label)
        return TEXT if any(traits.get(trait, expected) != expected for trait, expected in self._habits.items()) else strength

    def find_like(self, line: Line) -> Candidate | None:
        """The label a line begins with, or one much like it."""
        found = self.find(line)
        if found is not None:
            return found
        for text, rest in self._label_parts(line):
            if self._left <= 0:
                return None
            self._left -= 1
            match = self._index.like(text)
            if match is not None:
                candidate = Candidate(match, text, rest, self._strength(line, len(text), text))
                self._known[id(line)] = candidate
                return candidate
        return None

    def _find(self, line: Line) -> Candidate | None:
        text = line.text
        if not text.strip():
            return None
        if (boxed := _BOX_IN_FRONT.match(text[:_MOST_LOOKED_AT])) and (match := self._boolean(boxed[2])):
            return Candidate(match, boxed[2], boxed[1], self._strength(line, len(text), boxed[2]))
        if (boxed := _BOX_BEHIND.match(text[:_MOST_LOOKED_AT])) and (match := self._boolean(boxed[1])):
            return Candidate(match, boxed[1], boxed[2], self._strength(line, len(boxed[1]), boxed[1]))
        if match := self._index.find(text):
            return Candidate(match, text, "", self._strength(line, len(text), text, match))
        for end in self._ends(line):
            if match := self._index.find(text[:end]):
                if not match.targets:
                    continue
                rest = text[end:].strip()
                rest = rest[1:].strip() if rest.startswith(":") else rest
                return Candidate(match, text[:end], rest, self._strength(line, end, text[:end]))
        return None

    def _boolean(self, label: str) -> Match | None:
        match = self._index.find(label)
        return match if match and any(target.asked.type.json == "boolean" for target in match.targets) else None

    def _ends(self, line: Line) -> Iterator[int]:
        """Where a label may end, the longest first."""
        text = line.text
        ends = {found.end() for found in _ENDS.finditer(text[:_MOST_LOOKED_AT]) if not self._begins_answer(line, found)}
        if 0 < line.strong < len(text):
            ends.add(line.strong)
        return iter(sorted((end for end in ends if end < len(text)), reverse=True)[:_MOST_ENDS])

    def _begins_answer(self, line: Line, end: re.Match[str]) -> bool:
        """Whether a dash is the first sign of the answer: the label has ended already."""
        before = line.text[: end.start()].rstrip(" ")
        if before.endswith("?") and self._habits.get("dash"):
            return False
        has_ended = before.endswith((":", "?", "\t")) or _LEADER.search(before) is not None or end.start() >= line.strong > 0
        return not end[0].strip(" –—-") and end[0].strip() != "" and has_ended

    def _label_parts(self, line: Line) -> Iterator[tuple[str, str]]:
        """What of a line looks like a label, whatever its words: all of it, up to where it stops standing out, up to a colon or question mark."""
        text = line.text
        if len(text) <= _LONGEST_WITHOUT_SIGN:
            yield text, ""
        ends = {line.strong} if 0 < line.strong < len(text) else set()
        ends |= {found.end() for found in re.finditer(r"[:?\t]", text[:_MOST_LOOKED_AT])}
        for end in sorted(ends, reverse=True)[:3]:
            if end < len(text):
                yield text[:end], text[end:].strip(" \t:")


def strength_of(line: Line, end: int, label: str) -> int:
    """How far a label that ends there stands out from the text around it."""
    number = _NUMBER_MORE if is_numbered(label) else 0
    if line.level:
        return HEADING - line.level
    letters = len(without_last_parentheses(label).rstrip(" :*?\t_.…"))  # help behind a label seldom looks like it
    if line.strong >= letters > 0:
        return STRONG + number
    if label.isupper() and sum(map(str.isalpha, label)) > _LETTERS_OF_ABBREVIATION:
        return CAPITALS + number
    strength = PLAIN + number
    if label.rstrip(" *_.…").endswith((":", "\t", "?")) or _LEADER.search(label):
        strength += _COLON_MORE
    elif end < len(line.text):
        strength -= _DASH_LESS
    return strength - (_ITEM_LESS if line.item else 0)


def traits_of(line: Line, label: str) -> dict[str, bool]:
    """How a plain label is written: whether it is numbered or quoted as in an answer to an e-mail, slanted or grey, in capitals, ends with a
    colon or a dash. A question mark takes the place of both."""
    end = label.rstrip(" *_.…")
    traits = {"numbered": is_numbered(label), "quoted": label.lstrip().startswith(">")}
    if len(label) >= len(line.text):
        traits["faint"] = line.faint
    if sum(map(str.isalpha, label)) > _LETTERS_OF_ABBREVIATION:
        traits["capitals"] = label.isupper()
    return traits if end.endswith("?") else traits | {"colon": end.endswith((":", "\t")), "dash": end.endswith(("–", "—", "-"))}


def stands_out(line: Line) -> int:
    """How far a line that is no label stands out as a whole; 0 when it does not."""
    text = line.text.strip()
    if not text or len(text) > _LONGEST_WITHOUT_SIGN:
        return 0
    if line.level:
        return HEADING - line.level
    if line.strong >= len(line.text.rstrip(" :*?\t")):
        return STRONG + (_NUMBER_MORE if is_numbered(text) else 0)
    return CAPITALS if text.isupper() and len(spaced(text)) > 5 and len(text.split()) > 1 else 0


def is_full(candidate: Candidate) -> bool:
    """Whether the label stands there word for word."""
    return candidate.match.fit == FULL
