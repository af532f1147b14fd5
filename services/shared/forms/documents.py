"""Reads a filled-in document: by its tags, and by its labels where a control is gone, was left empty, or never was there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from services.shared.form_lines import Line
from services.shared.forms.conditions import is_unanswered
from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Field
from services.shared.forms.label_words import reading_rules
from services.shared.forms.labels import UNSURE, Labelled, find_answers, reading_of
from services.shared.forms.normal_forms import for_comparison
from services.shared.forms.printed import META_TAGS
from services.shared.forms.reading import Reading, TagValue, read_tags
from services.shared.forms.untouched import is_untouched


@dataclass(slots=True)
class _Tagged:
    """Tags with copied rows numbered anew; ``doubtful`` are the keys whose controls say different things."""

    tags: dict[str, TagValue] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)


def read_document(definition: FormDefinition, fields: Sequence[tuple[str, TagValue]], lines: Sequence[Line], *, on_paper: bool = False) -> Reading:
    """The answers of a document. ``fields`` are tags and values in its order, a copied control as often as it stands there; ``lines`` what it
    shows. ``on_paper``: the lines are those of a page, not paragraphs, so that hardly anything about them is sure.

    ``read_as`` says ``tag``, ``label``, or ``unsure`` where one should ask.
    """
    tagged = _tagged(definition, fields)
    by_tag = read_tags(definition, tagged.tags)
    present = {tag for tag, _ in fields}
    if on_paper and any(tag.lstrip("/").partition("/")[0] in definition.fields for tag in present):
        return _joined(definition, by_tag, tagged.doubtful, Labelled())
    if not on_paper and is_untouched(definition, lines):
        return _joined(definition, by_tag, tagged.doubtful, Labelled())
    printed = definition.printed_words - reading_rules().answer_words
    # A cell stays in its place, whatever is left out of it.
    lines = [Line("", line.flow, line.outside, line.cell) if for_comparison(line.text) in printed else line for line in lines]
    found = find_answers(definition, lines, present, on_paper=on_paper)
    return _joined(definition, by_tag, tagged.doubtful, _still_open(definition, by_tag, present, found))


def _tagged(definition: FormDefinition, fields: Iterable[tuple[str, TagValue]]) -> _Tagged:
    """The tags once each. Word copies a row with its tags: the second time a tag of a group comes it belongs to another row."""
    found = _Tagged()
    copies: dict[str, int] = {}
    rows: dict[str, dict[tuple[str, int], dict[str, TagValue]]] = {}
    for raw_tag, value in fields:
        tag = raw_tag.lstrip("/")
        key, _, rest = tag.partition("/")
        number, _, sub = rest.partition("/")
        each = definition.fields.get(key)
        if each is not None and each.fields and sub:
            copy = copies[tag] = copies.get(tag, -1) + 1
            rows.setdefault(key, {}).setdefault((number, copy), {})[sub] = value
        elif tag not in found.tags or not found.tags[tag]:
            found.tags[tag] = value
        elif value and found.tags[tag] != value and tag not in META_TAGS:
            found.doubtful.add(key)
    for key, of_group in rows.items():
        numbers = [int(number) for number, _ in of_group if number.isdecimal()]
        after = max(numbers, default=-1)
        for (number, copy), row in of_group.items():
            if not copy:
                found.tags |= {f"{key}/{number}/{sub}": value for sub, value in row.items()}
            elif any(value and of_group[number, 0].get(sub) != value for sub, value in row.items()):
                after += 1  # else the same control shown in two places, or a copied row nobody filled in anew
                found.tags |= {f"{key}/{after}/{sub}": value for sub, value in row.items()}
    return found


def _still_open(definition: FormDefinition, by_tag: Reading, present: set[str], found: Labelled) -> Labelled:
    """What was found by labels for questions that no control answers. Beside a control that was left empty one should ask."""
    left = replace(found, tags={}, doubtful=set(found.doubtful))
    with_control = {tag.partition("/")[0] for tag in present}
    for tag, value in found.tags.items():
        key, _, rest = tag.partition("/")
        if rest and definition.fields[key].fields:
            row = rest.partition("/")[0]
            if (key, row) not in found.rows_with_controls:
                left.tags[tag] = value
        elif _says_only_what_is_printed(definition.fields[key], value, present):
            continue
        elif key not in by_tag.answers and not (key in with_control and key in found.in_own_cell):
            left.tags[tag] = value
            if key in with_control:
                left.doubtful.add(key)
    return left


def _says_only_what_is_printed(field: Field, value: TagValue, present: set[str]) -> bool:
    """Whether the text is no more than the words beside the form's own boxes, of which none is ticked."""
    boxes = [choice for choice in field.choices if f"{field.key}/{choice.value}" in present]
    said = {for_comparison(text) for text in (value if isinstance(value, list) else str(value).split("\n"))}
    return bool(boxes) and all(
        for_comparison(choice.value) in said or said & {for_comparison(text) for text in choice.label.values()} for choice in boxes
    )


def _joined(definition: FormDefinition, by_tag: Reading, doubtful: set[str], labelled: Labelled) -> Reading:
    by_label = reading_of(definition, labelled)
    answers = dict(by_tag.answers)
    read_as = dict(by_tag.read_as) | dict.fromkeys(doubtful & by_tag.answers.keys(), UNSURE)
    for key, value in by_label.answers.items():
        if key in answers and definition.fields[key].fields:
            answers[key] = [*answers[key], *value]
            read_as[key] = by_label.read_as[key]
        elif is_unanswered(answers.get(key)):
            answers[key], read_as[key] = value, by_label.read_as[key]
    unsure = {key: UNSURE for key in by_tag.interpreted if key in read_as}
    in_order = [key for key in definition.fields if key in answers]
    return Reading({key: answers[key] for key in in_order}, {key: (read_as | unsure)[key] for key in in_order}, by_tag.unknown)
