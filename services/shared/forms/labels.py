"""Reads a form by the labels that stand in it: one that never was ours, or that has lost its controls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from services.shared.form_lines import Line
from services.shared.forms.conditions import fields_of
from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Field
from services.shared.forms.label_answers import Answer, answer_at, help_in
from services.shared.forms.label_candidates import STRONG, Finder
from services.shared.forms.label_choice import settle
from services.shared.forms.label_index import FULL, LabelIndex
from services.shared.forms.label_markup import without_markup
from services.shared.forms.label_place import Place
from services.shared.forms.label_places import Places
from services.shared.forms.label_words import reading_rules
from services.shared.forms.layout import Table, layout_of
from services.shared.forms.reading import Reading, TagValue, read_tags

_PAGE: Final = re.compile(r"(?:\S\t|(?:(?<=\S)|(?<=\S\s))(?:(?<!\.)\.{4,}+|(?<!…)…{2,}+))\s*[0-9]{1,3}\s*$")
_PAGE_NUMBER: Final = re.compile("[0-9]+")
_LEAST_CONTENTS: Final = 5
_SEVERAL: Final = 3
_LEAST_ANSWERED: Final = 0.2
_SELDOM: Final = 0.1

LABEL: Final = "label"
UNSURE: Final = "unsure"


@dataclass(slots=True)
class Labelled:
    """What was read by labels: ``tags`` as a form of ours would have them, ``doubtful`` the keys to ask about.

    ``rows_with_controls`` are the rows of groups in which a control of the group stands; ``in_own_cell`` are the keys whose answer stands
    under the label where others stand beside it, as help does; ``inside`` names for a key the one whose long answer its label ends;
    ``is_sparse``: in a form without controls hardly any label has an answer where one was looked for, so that perhaps they stand elsewhere.
    """

    tags: dict[str, TagValue] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    rows_with_controls: set[tuple[str, str]] = field(default_factory=set)
    in_own_cell: set[str] = field(default_factory=set)
    inside: dict[str, str] = field(default_factory=dict)
    is_sparse: bool = False


def read_labels(definition: FormDefinition, lines: Sequence[Line]) -> Reading:
    """Answers from a document by its labels. ``read_as`` is ``label``, or ``unsure`` where one should ask."""
    return reading_of(definition, find_answers(definition, lines, ()))


def reading_of(definition: FormDefinition, found: Labelled) -> Reading:
    """What was found as answers in their normal form. An answer that does not look like one is to be asked about."""
    reading = read_tags(definition, found.tags, LABEL)
    malformed = {str(error.absolute_path[0]) for error in definition.validator.iter_errors(reading.answers) if error.absolute_path}
    before = {found.inside[key] for key in malformed & found.inside.keys()}  # perhaps that was no label, but a part of the answer before
    either = {
        key for key, value in reading.answers.items() for one in (value if isinstance(value, list) else [value]) if _is_either(definition, key, one)
    }
    asks_all = found.is_sparse or _hardly_fits(definition, reading, malformed)
    unsure = {key: UNSURE for key in reading.answers if asks_all or key in found.doubtful | malformed | before | either}
    return Reading(reading.answers, reading.read_as | unsure)


def _hardly_fits(definition: FormDefinition, reading: Reading, malformed: Collection[str]) -> bool:
    """Whether most answers of a kind that can be told do not look like it, as when each stands at its neighbour's question."""
    typed = {key for key in reading.answers if key in definition.fields and not _is_free_text(definition.fields[key])}
    wrong = typed & set(malformed)
    return len(wrong) >= _SEVERAL and len(wrong) > len(typed) / 2


def _is_either(definition: FormDefinition, key: str, value: object) -> bool:
    """Whether a choice was read that could have been the next question."""
    return isinstance(value, str) and (key, value) in definition.choices_like_questions


def find_answers(definition: FormDefinition, lines: Sequence[Line], known_tags: Collection[str], *, on_paper: bool = False) -> Labelled:
    """The answers by labels, those in the form's own controls (``known_tags``) left out. ``on_paper``: the lines are those of a page."""
    lines = list(_without_contents(without_markup(lines)))
    finder = Finder(definition.label_index, reading_rules().most_fuzzy)
    places = Places(finder, layout_of(joined_labels(definition.label_index, lines) if on_paper else lines))
    places.close()
    settle(places.found)
    places.close()
    help_lines = help_in(lines, places.found)
    answers_columns = _columns_of_few_labels(places.found)
    found = Labelled()
    rows = _Rows()
    additions: dict[str, Answer] = {}
    for place in places.found:
        if not place.kept:
            continue
        answer = answer_at(place, known_tags, help_lines)
        key = place.target.field.key
        tag = rows.tag(place) if place.target.sub else key
        if place.target.sub and _holds_control(place, key):
            found.rows_with_controls.add((key, tag.split("/")[1]))
        if answer.value is None or tag in found.tags:
            continue
        found.tags[tag] = answer.value
        if place.inside is not None and place.inside.is_open and place.strength < STRONG:
            found.inside[key] = place.inside.target.field.key
        if answer.doubts or (on_paper and not _says_all_in_one_line(place)) or _stands_in(place, answers_columns):
            found.doubtful.add(key)
        if "own cell" in answer.doubts:
            found.in_own_cell.add(key)
        if answer.more and place.target.sub is None:
            additions[key] = answer
    _place_additions(definition, found, additions)
    labels = sum(place.kept for place in places.found)
    found.is_sparse = not known_tags and labels >= _SEVERAL and len(found.tags) < _LEAST_ANSWERED * labels
    return found


def _without_contents(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines without a table of contents: several one after the other that end with numbers of pages, none smaller than the one before."""
    for is_list, stretch in groupby(lines, key=lambda line: bool(_PAGE.search(line.text))):
        found = list(stretch)
        pages = [int(_PAGE_NUMBER.findall(line.text)[-1]) for line in found] if is_list else []
        if len(found) < _LEAST_CONTENTS or not is_list or pages != sorted(pages):
            yield from found


def joined_labels(index: LabelIndex, lines: Sequence[Line]) -> Sequence[Line]:
    """Lines of a page in which a label that goes over two lines stands on one."""
    joined: list[Line] = []
    for line in lines:
        if joined and joined[-1].text.strip() and not index.find(joined[-1].text):
            both = f"{joined[-1].text.strip()} {line.text.strip()}"
            end = next((place + 1 for place, sign in enumerate(both) if sign in ":?" and place > len(joined[-1].text)), len(both))
            match = index.find(both[:end])
            if match is not None and match.targets:
                joined[-1] = Line(both)
                continue
        joined.append(line)
    return joined


def _columns_of_few_labels(places: Sequence[Place]) -> set[int]:
    """The columns of tables in which labels hardly ever stand, as those of answers."""
    columns = Counter(place.line.cell.column for place in places if place.kept and place.line.cell)
    return {column for column, count in columns.items() if count < _SELDOM * columns.total()}


def _stands_in(place: Place, columns: Collection[int]) -> bool:
    """Whether a label stands in one of these columns and its answer with it: it may be how an answer begins."""
    return place.line.cell is not None and place.line.cell.column in columns and bool(place.candidate.rest)


def _says_all_in_one_line(place: Place) -> bool:
    """A label word for word, with a colon, and its answer beside it."""
    match = place.candidate.match
    return match.fit == FULL and place.candidate.label.rstrip().endswith(":") and bool(place.candidate.rest) and not _goes_on(place)


def _goes_on(place: Place) -> bool:
    return any(not isinstance(item, Line) or item.text.strip() for item in place.answer)


def _holds_control(place: Place, key: str) -> bool:
    lines = [place.line, *(line for item in place.answer for line in (item.lines() if isinstance(item, Table) else [item]))]
    return any(tag.startswith(f"{key}/") for line in lines for tag, _, _ in line.controls)


class _Rows:
    """Which row of a group a label belongs to."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[object, int]] = {}
        self._current: dict[str, tuple[int, set[str], int, int]] = {}

    def tag(self, place: Place) -> str:
        """The tag of the answer at a place: a new row begins where a label comes again, in another table, or under another numbered heading."""
        key, sub = place.target.name
        numbers = self._numbers.setdefault(key, {})
        if place.record is not None:
            number = numbers.setdefault((place.table, place.record), len(numbers))
            return f"{key}/{number}/{sub}"
        current, seen, table, headings = self._current.get(key, (-1, set(), 0, 0))
        order = list(place.target.field.sub_fields)
        starts_over = place.table != table and any(order.index(other) > order.index(sub) for other in seen)
        if current < 0 or sub in seen or starts_over or headings != place.headings_before:
            current, seen = len(numbers), set()
            numbers["row", current] = current
        seen.add(sub)
        self._current[key] = (current, seen, place.table, place.headings_before)
        return f"{key}/{current}/{sub}"


def _place_additions(definition: FormDefinition, found: Labelled, additions: Mapping[str, Answer]) -> None:
    """What is said beyond a choice ("Ja, i 2019") belongs to the field that asks for it when that choice is made, if it is still open."""
    for key, answer in additions.items():
        open_to = next((each for each in definition.fields.values() if _asks_more(each, key) and each.key not in found.tags), None)
        found.doubtful.add(key)
        if open_to is not None:
            found.tags[open_to.key] = answer.more
            found.doubtful.add(open_to.key)


def _asks_more(each: Field, key: str) -> bool:
    return _is_free_text(each) and each.required_when is not None and key in fields_of(each.required_when)


def _is_free_text(each: Field) -> bool:
    return each.type.shape == "list" or (each.type.shape == "value" and each.type.tidy.__name__ in ("one_line", "long_text"))
