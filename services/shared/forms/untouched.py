"""Tells a form of ours in which nothing was typed but in its controls: then there is nothing to find by labels, which costs more than all else.

Every line must be one that the form prints (a title, a label, help), or hold controls of the form with nothing beside them but what it prints there:
the label of that choice, or yes and no. An answer beside a control, in place of a deleted one or in a row of its own is other text. A line that is
crossed out or has a note is looked at, too, and so is other text in a header or footer that has a label of the form in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.shared.form_lines import Line
from services.shared.forms.definition import FormDefinition
from services.shared.forms.label_candidates import Finder
from services.shared.forms.normal_forms import for_comparison

_BETWEEN_CONTROLS: Final = " ·\u00a0"


def is_untouched(definition: FormDefinition, lines: Sequence[Line]) -> bool:
    """Whether all text of the document stands in controls of the form or is what the form itself prints."""
    aside = [line for line in lines if line.aside]
    if any(line.struck or line.notes for line in lines) or not any(line.controls for line in lines):
        return False
    if not all(line.aside or _is_printed(definition, line) for line in lines):
        return False
    finder = Finder(definition.label_index, 0)
    return all(_is_printed(definition, line) for line in aside) or not any(finder.find(line) for line in aside)


def _is_printed(definition: FormDefinition, line: Line) -> bool:
    """Whether what stands outside the line's controls is what the form prints."""
    end, beside = 0, frozenset[str]()
    for tag, start, stop in sorted(line.controls, key=lambda control: control[1]):
        own = definition.printed_beside(tag)
        if own is None or not _is_one_of(line.text[end:start], beside, definition):
            return False
        end, beside = max(end, stop), own
    return _is_one_of(line.text[end:], beside, definition)


def _is_one_of(text: str, beside: frozenset[str], definition: FormDefinition) -> bool:
    plain = for_comparison(text.strip(_BETWEEN_CONTROLS))
    return not plain or plain in definition.printed_lines or plain in beside
