"""Reads a form that has lost its tags (printed, retyped, or an older template) by the labels that stand in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Field
from services.shared.forms.normal_forms import clean, for_comparison
from services.shared.forms.reading import Reading, TagValue, read_tags

LABEL: Final = "label"
UNSURE: Final = "unsure"

_NUMBER_IN_FRONT: Final = re.compile(r"^[0-9]{1,2}(\.[0-9]{1,2})*[.)]?\s+")
_TICKED: Final = "☒☑✓✔🗹"
_EMPTY_BOXES: Final = ("☐", "[ ]")
_BOX: Final = re.compile(rf"([{_TICKED}☐]|\[[xX ]\])\s*([^{_TICKED}☐\[\t\n]*)")
_BOX_IN_FRONT: Final = re.compile(rf"^([{_TICKED}☐]|\[[xX ]\])\s*(.+)$")
_ENDS_OF_LABEL: Final = re.compile(r"[:?]")


@dataclass(frozen=True, slots=True)
class _Target:
    """The field a label stands for; ``sub`` when it is a field of a group."""

    position: int
    field: Field
    sub: Field | None = None


@dataclass(slots=True)
class _Found:
    """A label in the text and what is written after it: each piece with the number of its line."""

    targets: list[_Target]
    parts: list[tuple[int, str]] = field(default_factory=list)

    def answer(self, asked: Field) -> str:
        """The text of the answer: a field that takes one line ends with the line on which its answer begins."""
        whole = asked.type_name == "long_text" or asked.type.shape != "value"
        return "\n".join(text for number, text in self.parts if whole or number == self.parts[0][0])

    @property
    def runs_on(self) -> bool:
        """Whether lines follow an answer that may have ended already."""
        return bool(self.parts) and self.parts[-1][0] != self.parts[0][0]


def read_labels(definition: FormDefinition, text: str) -> Reading:
    """Answers from a text with one paragraph or table row a line and cells parted by tabs.

    What stands after a label, up to the next label or heading, is its answer. ``read_as`` is ``label``, or ``unsure`` where the label
    could stand for several fields or the answer does not look like one.
    """
    tags: dict[str, TagValue] = {}
    doubtful: set[str] = set()
    last, row = -1, dict.fromkeys(definition.fields, -1)
    for found in _labels_in(definition, text):
        target = _best_target(found.targets, tags, last)
        last = target.position
        if target.sub is None:
            tag, asked = target.field.key, target.field
        else:
            asked = target.sub
            if row[target.field.key] < 0 or f"{target.field.key}/{row[target.field.key]}/{asked.key}" in tags:
                row[target.field.key] += 1
            tag = f"{target.field.key}/{row[target.field.key]}/{asked.key}"
        if tags.get(tag):
            continue
        tags[tag] = _ticked(asked, found.answer(asked))
        if (len(found.targets) > 1 and target.sub is None) or (found.runs_on and asked.type_name == "long_text"):
            doubtful.add(target.field.key)
    reading = read_tags(definition, tags, LABEL)
    malformed = {str(error.absolute_path[0]) for error in definition.validator.iter_errors(reading.answers) if error.absolute_path}
    unsure = {key: UNSURE for key in reading.answers if key in doubtful | malformed}
    return Reading(reading.answers, reading.read_as | unsure)


def _labels_in(definition: FormDefinition, text: str) -> Iterator[_Found]:
    """The labels in the order of the text, each with what follows it."""
    names, headings = _names(definition), _headings(definition)
    current: _Found | None = None
    for number, line in enumerate(_lines(text)):
        for cell in line:
            targets, rest = _label_in(cell, names)
            if targets or for_comparison(_without_numbers(cell)) in headings:
                if current is not None:
                    yield current
                current = _Found(targets, [(number, rest)] if rest else []) if targets else None
            elif current is not None:
                current.parts.append((number, cell))
    if current is not None:
        yield current


def _lines(text: str) -> Iterator[list[str]]:
    """The cells of each line that has something in it."""
    for line in text.splitlines():
        if cells := [cell for part in line.split("\t") if (cell := clean(part))]:
            yield cells


def _names(definition: FormDefinition) -> Mapping[str, list[_Target]]:
    """What each label and alias, in any language, may stand for, in the order of the form."""
    names: dict[str, list[_Target]] = {}
    for position, each in enumerate(definition.fields.values()):
        for target in [_Target(position, each, sub) for sub in each.fields] or [_Target(position, each)]:
            asked = target.sub or each
            for name in {for_comparison(name) for name in (*asked.label.values(), *asked.aliases)}:
                names.setdefault(name, []).append(target)
    return names


def _headings(definition: FormDefinition) -> set[str]:
    groups = [each for each in definition.fields.values() if each.fields]
    texts = [definition.title, *(section.title for section in definition.sections), *(group.label for group in groups)]
    return {for_comparison(text) for languages in texts for text in languages.values()}


def _label_in(cell: str, names: Mapping[str, list[_Target]]) -> tuple[list[_Target], str]:
    """What the label at the beginning of a cell may stand for, and the rest of the cell; nothing when it begins with no label."""
    box = _BOX_IN_FRONT.match(cell)
    if box and (targets := names.get(for_comparison(box[2]))) and any(target.field.type.json == "boolean" for target in targets):
        return targets, box[1]
    plain = _without_number(cell)
    if targets := names.get(for_comparison(plain)):
        return targets, ""
    for end in reversed([found.end() for found in _ENDS_OF_LABEL.finditer(plain[:400])]):
        if targets := names.get(for_comparison(plain[:end])):
            return targets, plain[end:].strip()
    return [], ""


def _without_number(cell: str) -> str:
    return _NUMBER_IN_FRONT.sub("", cell)


def _without_numbers(heading: str) -> str:
    """A heading without its own number, and without the number of the row it begins (``Studie 2``)."""
    return re.sub(r"[\s#]+[0-9]{1,3}$", "", _without_number(heading))


def _best_target(targets: list[_Target], tags: Mapping[str, TagValue], last: int) -> _Target:
    """Of several fields with the same label the next one in the form that has no answer yet: people fill in from the top."""
    free = [target for target in targets if target.sub is not None or target.field.key not in tags] or targets
    return next((target for target in free if target.position >= last), free[0])


def _ticked(asked: Field, answer: str) -> TagValue:
    """The texts beside the ticked boxes; the answer itself where there are no boxes. One box alone says yes or no."""
    is_boolean = asked.type.json == "boolean"
    if not is_boolean and not asked.choices:
        return answer
    boxes = [(mark not in _EMPTY_BOXES, label.strip()) for mark, label in _BOX.findall(answer)]
    if not boxes:
        return answer
    if is_boolean and len(boxes) == 1 and for_comparison(boxes[0][1]) not in ("nei", "no"):
        return boxes[0][0]
    return [label for is_ticked, label in boxes if is_ticked]
