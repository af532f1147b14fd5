"""Fills a layout with random answers, reads it back in the box, and counts."""

from __future__ import annotations

import io
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import docx

from services.shared.forms import FormDefinition, Reading, read_document
from services.shared.sandbox import Box, FormReading, Incoming
from tests.shared.forms.layouts.kit import LAYOUTS, Page
from tests.shared.forms.layouts.people import Filled, Person

Open = Callable[[bytes], FormReading]


@dataclass
class Score:
    """What came of reading. ``wrong`` tells of answers that are wrong and passed as certain."""

    asked: int = 0
    exact: int = 0
    unsure: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How many answers of a hundred are exact."""
        return 100 * self.exact / self.asked if self.asked else 100.0

    def add(self, other: Score) -> None:
        """Count another's figures with these."""
        self.asked, self.exact, self.unsure = self.asked + other.asked, self.exact + other.exact, self.unsure + other.unsure
        self.wrong += other.wrong
        self.missed += other.missed


def open_form(box: Box, data: bytes) -> FormReading:
    """A docx, read in the box."""
    with tempfile.TemporaryFile() as stream:
        stream.write(data)
        stream.flush()
        stream.seek(0)
        with box.open_submission([Incoming("d", "form", "skjema.docx", stream, len(data))]) as opened:
            # What was deleted while changes are tracked is told of, and the form is read all the same.
            assert all(finding.code == "hidden_content" for finding in opened.findings), opened.findings
            assert opened.form is not None
            return opened.form


def score_layout(name: str, definition: FormDefinition, language: str, seed: int, read: Open) -> Score:
    """One document of a layout, filled at random from the seed."""
    chance = random.Random(f"{name} {definition.form_type} {language} {seed}")
    filled = Person(definition, language, chance, aliases=seed % 3 == 2).fill(share=chance.choice((0.5, 0.9, 1.0)))
    reading = read_layout(name, filled, definition, Page(language, definition.title[language], chance), read)
    return compare(filled, reading, f"{name} {definition.form_type} {language} {seed}")


def read_layout(name: str, filled: Filled, definition: FormDefinition, page: Page, read: Open) -> Reading:
    """What is read of a layout filled so."""
    document = docx.Document()
    LAYOUTS[name](document, filled.questions, page)
    out = io.BytesIO()
    document.save(out)
    form = read(out.getvalue())
    return read_document(definition, form.fields, form.lines)


def compare(filled: Filled, reading: Reading, where: str) -> Score:
    """The figures of one document."""
    score = Score()
    seen: Counter[str] = Counter()
    for key in dict.fromkeys((*filled.answers, *reading.answers)):
        expected, found = _plain(filled.answers.get(key)), _plain(reading.answers.get(key))
        certain = reading.read_as.get(key) == "label"
        seen[key] += 1
        score.asked += 1
        score.unsure += reading.read_as.get(key) == "unsure"
        if expected == found:
            score.exact += 1
        else:
            told = f"{where}: {key} ({reading.read_as.get(key)}): {_difference(found, expected)}"
            (score.wrong if certain else score.missed).append(told)
    return score


def _plain(value: Any) -> Any:
    """An answer without what makes no difference: empty lines, spaces at the ends."""
    if isinstance(value, str):
        return "\n".join(line.strip() for line in re.sub(r"[^\S\n]+", " ", value).split("\n") if line.strip())
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _difference(found: Any, expected: Any) -> str:
    """Two answers from a little before where they part."""
    one, other = repr(found), repr(expected)
    start = next((place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))
    return f"{one[max(0, start - 60) : start + 120]} instead of {other[max(0, start - 60) : start + 120]}"
