"""What changed between the answers of two versions of a submission, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from services.shared.forms.conditions import is_unanswered, same
from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Field


@dataclass(frozen=True, slots=True)
class Change:
    """One answer that is another than before: None was not answered. ``row`` counts from 1 in a repeated part; ``asked`` is the field as the newer form has it, if it does."""

    pointer: str
    asked: Field
    row: int | None
    old: Any
    new: Any


def changed_answers(before: FormDefinition, after: FormDefinition, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """The changes in the order of the newer form; fields that only the older form has come last."""
    fields = {**after.fields, **{key: asked for key, asked in before.fields.items() if key not in after.fields}}
    for key, asked in fields.items():
        if asked.fields:
            yield from _changed_rows(asked, f"/{key}", old.get(key), new.get(key))
        elif (change := _changed(f"/{key}", asked, None, old.get(key), new.get(key))) is not None:
            yield change


def _changed_rows(asked: Field, pointer: str, old: Any, new: Any) -> Iterator[Change]:
    for number, pair in enumerate(zip_longest(*(rows if isinstance(rows, list) else [] for rows in (old, new)))):
        was, now = (row if isinstance(row, dict) else {} for row in pair)
        for sub in asked.fields:
            change = _changed(f"{pointer}/{number}/{sub.key}", sub, number + 1, was.get(sub.key), now.get(sub.key))
            if change is not None:
                yield change


def _changed(pointer: str, asked: Field, row: int | None, old: Any, new: Any) -> Change | None:
    was, now = (None if is_unanswered(value) else value for value in (old, new))
    return None if same(was, now) else Change(pointer, asked, row, was, now)
