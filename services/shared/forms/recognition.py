"""Which form a document is, when it does not say so itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from services.shared.form_lines import Line
from services.shared.forms.definition import FormDefinition
from services.shared.forms.label_words import compact, spaced, variants

_LEAST_FIT_OF_TAGS: Final = 0.2
_LEAST_FIT_OF_LABELS: Final = 0.4
_LEAST_FIELDS: Final = 3
_ENOUGH_FIELDS: Final = 8
_WORTH_OF_TITLE: Final = 5
_SHORTEST_LABEL: Final = 8  # letters; shorter ones ("Tittel", "Dato") stand in any document
_MOST_LINES: Final = 5000
_LONGEST_LINE: Final = 400
_ENDS: Final = re.compile(r"[:?\t]")


class Recognition(NamedTuple):
    """The best fit: 1.0 is a perfect one. ``how`` is ``tag`` or ``label``."""

    form_type: str
    fit: float
    how: str


def best_fit(definitions: Collection[FormDefinition], tag_names: Collection[str], lines: Sequence[Line]) -> Recognition | None:
    """The form whose keys fit the tags best, else the one whose labels begin the lines; None when nothing fits well."""
    keys = {tag.lstrip("/").partition("/")[0] for tag in tag_names}
    by_tags = [Recognition(each.form_type, _fit_of_tags(each, keys), "tag") for each in definitions]
    best = max(by_tags, key=lambda found: found.fit, default=None)
    if best is not None and best.fit >= _LEAST_FIT_OF_TAGS:
        return best
    names = _names_in(lines)
    titles = [spaced(line.text) for line in lines[:_MOST_LINES] if line.text and len(line.text) < _LONGEST_LINE / 2]
    found = [(_worth(each, names, titles), each) for each in definitions]
    worth, form = max(found, key=lambda pair: pair[0], default=((0.0, 0.0), None))
    return Recognition(form.form_type, worth[1], "label") if form is not None and worth[0] else None


def _fit_of_tags(definition: FormDefinition, keys: set[str]) -> float:
    """Keys that both have, out of all that either has: forms that share most fields still differ in this."""
    shared = keys & definition.fields.keys()
    return len(shared) / len(keys | definition.fields.keys()) if len(shared) >= _LEAST_FIELDS else 0.0


def _names_in(lines: Sequence[Line]) -> set[str]:
    """What may be a label: lines, and what they begin with up to a colon or where they stop standing out."""
    names: set[str] = set()
    for line in lines[:_MOST_LINES]:
        text = line.text[:_LONGEST_LINE]
        ends = [found.end() for found in _ENDS.finditer(text)][:4]
        if 0 < line.strong < len(text):
            ends.append(line.strong)
        for end in (*ends, len(line.text)):
            if end <= len(text):
                names.update(map(compact, variants(text[:end])))
    return names


def _worth(definition: FormDefinition, names: set[str], titles: Sequence[str]) -> tuple[float, float]:
    """How many fields and whether the title are found, and the share of fields; no worth when that is too little to tell."""
    wordings = definition.label_index.names_by_field(_SHORTEST_LABEL)
    found = sum(not names.isdisjoint(of_field) for of_field in wordings.values())
    titled = any(f" {spaced(title)} " in f" {line} " for title in definition.title.values() for line in titles)
    share = found / len(wordings) if wordings else 0.0
    enough = found >= _ENOUGH_FIELDS or (found >= _LEAST_FIELDS and (titled or share >= _LEAST_FIT_OF_LABELS))
    return (found + _WORTH_OF_TITLE * titled, share) if enough else (0.0, share)
