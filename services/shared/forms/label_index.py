"""What each wording of a label stands for: made once for each form, so that looking up is quick."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from services.shared.forms.fields import Field, Section
from services.shared.forms.label_words import compact, is_mark_only, reading_rules, spaced, variants, without_parentheses

FULL, SHORT, LIKE = 3, 2, 1
"""How well a text fits a label: word for word; without what stands in parentheses; by likeness."""

ALIAS: Final = "alias"
_LONGEST_LABEL: Final = 400
_LEAST_LETTERS_FOR_LIKENESS: Final = 6
_TWO_LANGUAGES: Final = re.compile(r"(?<!\s)\s++[/|]\s+|\n")
_NUMBER_BEHIND: Final = re.compile(r"(?<![\s#])[\s#]++(?:nr\.? ?)?[0-9]{1,2}\W*$")
_DIGITS: Final = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class Target:
    """The field a label stands for; ``sub`` when it is a field of a group. ``position`` is that of the field in the form."""

    position: int
    field: Field
    sub: Field | None = None

    @property
    def asked(self) -> Field:
        """The field whose answer follows."""
        return self.sub or self.field

    @property
    def name(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.field.key, self.sub.key if self.sub else ""


class Match(NamedTuple):
    """What a text stands for. ``targets`` best first, of which ``equal`` fit equally well; none for a heading of the form.

    ``wordings`` are the languages in which the label reads so (or ``alias``).
    """

    targets: tuple[Target, ...]
    fit: int
    wordings: frozenset[str]
    sure: bool = True
    heading: bool = False
    equal: int = 1


class _Name(NamedTuple):
    target: Target
    fit: int
    wording: str


class LabelIndex:
    """All wordings of the labels and headings of one form."""

    def __init__(self, title: Mapping[str, str], sections: tuple[Section, ...]) -> None:
        self._names: dict[str, list[_Name]] = {}
        self._likes: dict[str, list[_Name]] = {}
        fields = [each for section in sections for each in section.fields]
        for target, name, wording in _wordings(fields):
            self._add(name, _Name(target, FULL, wording))
            if (short := without_parentheses(name)) != name:
                self._add(short, _Name(target, SHORT, wording))
        headings = [title, *(section.title for section in sections), *(each.label for each in fields if each.fields)]
        self._headings = {compact(text) for texts in headings for text in texts.values()}
        groups = [each for each in fields if each.fields]
        self._groups = {compact(text) for each in groups for text in (*each.label.values(), *each.aliases, *(each.row_label or {}).values())}
        self._headings |= self._groups
        self._like_keys = list(self._likes)
        self._choices = {compact(text) for target, *_ in _wordings(fields) for choice in target.asked.choices for text in choice.label.values()}

    def _add(self, text: str, name: _Name) -> None:
        for names, key in ((self._names, compact(text)), (self._likes, spaced(text))):
            known = names.setdefault(key, [])
            if all((other.target.name, other.wording) != (name.target.name, name.wording) for other in known):
                known.append(name)

    def names_by_field(self, shortest: int) -> Mapping[str, frozenset[str]]:
        """The wordings with at least so many letters of each field that has such, run together as ``compact`` does."""
        found: dict[str, set[str]] = {}
        for key, names in self._names.items():
            if len(key) >= shortest:
                for name in names:
                    found.setdefault("/".join(name.target.name), set()).add(key)
        return {field: frozenset(keys) for field, keys in found.items()}

    def find(self, text: str) -> Match | None:
        """What a text that is nothing but a label, or a heading of the form, stands for."""
        return None if len(text) > _LONGEST_LABEL else self._find_one(text) or self._in_two_languages(text)

    def _find_one(self, text: str) -> Match | None:
        for number, form in enumerate(variants(text)):
            key = compact(form)
            if names := self._names.get(key):
                found = _match(names, SHORT if number > 1 else FULL, heading=key in self._headings)
                # Of labels that differ only in parentheses, which one is it when other words stand in them?
                return found._replace(sure=number <= 1 or len(found.targets) == 1 or is_mark_only(text, form))
            if key in self._headings or compact(_NUMBER_BEHIND.sub("", form)) in self._groups:
                return Match((), FULL, frozenset(), heading=True)
        return None

    def like(self, text: str) -> Match | None:
        """The label that a text is most like, when it is like enough."""
        rules = reading_rules()
        if compact(text) in self._choices:
            return None
        forms = variants(text) if len(text) <= _LONGEST_LABEL else []
        best: tuple[float, str] = (0.0, "")
        found: list[tuple[str, float]] = []
        for form in forms:
            key = spaced(form)
            if len(key) < _LEAST_LETTERS_FOR_LIKENESS:
                continue
            hits = process.extract(key, self._like_keys, scorer=fuzz.ratio, score_cutoff=rules.label_least, limit=6)
            if hits and hits[0][1] > best[0]:
                best, found = (hits[0][1], key), [(hit[0], hit[1]) for hit in hits]
        if not found:
            return None
        names = self._likes[found[0][0]]
        own = {name.target.name for name in names}
        rival = max((score for key, score in found if not own & {name.target.name for name in self._likes[key]}), default=0.0)
        same_numbers = _DIGITS.findall(best[1]) == _DIGITS.findall(found[0][0])
        sure = best[0] >= rules.label_sure and best[0] - rival >= rules.label_margin and same_numbers
        if not sure and best[0] - rival < 1:
            return None
        return _match(names, LIKE)._replace(sure=sure)

    def _in_two_languages(self, text: str) -> Match | None:
        """A label given in several languages, parted by a stroke."""
        parts = [part for part in _TWO_LANGUAGES.split(text) if part.strip()]
        if len(parts) > 3 and len(parts) % 2 == 0:  # the label has a stroke of its own
            half = len(parts) // 2
            parts = [" / ".join(parts[:half]), " / ".join(parts[half:])]
        if not 2 <= len(parts) <= 3:
            return None
        matches = [self._find_one(part) for part in parts]
        first = matches[0]
        if first is None or any(match is None or match.targets[:1] != first.targets[:1] for match in matches):
            return None
        return first


def _wordings(fields: list[Field]) -> Iterator[tuple[Target, str, str]]:
    for position, each in enumerate(fields):
        for target in [Target(position, each, sub) for sub in each.fields] or [Target(position, each)]:
            for language, label in target.asked.label.items():
                yield target, label, language
            for alias in target.asked.aliases:
                yield target, alias, ALIAS


def _match(names: list[_Name], most: int, *, heading: bool = False) -> Match:
    ranked = sorted(names, key=lambda name: -name.fit)
    targets = list(dict.fromkeys(name.target.name for name in ranked))
    by_name = {name.target.name: name.target for name in ranked}
    best = ranked[0].fit
    equal = {name.target.name for name in ranked if name.fit == best}
    wordings = frozenset(name.wording for name in ranked if name.fit == best)
    return Match(tuple(by_name[name] for name in targets), min(best, most), wordings, heading=heading, equal=len(equal))
