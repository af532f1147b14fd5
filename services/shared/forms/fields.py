"""The parts of a form definition: sections, fields, choices and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from services.shared.forms.conditions import Condition
from services.shared.forms.field_types import FIELD_TYPES, FieldType
from services.shared.forms.normal_forms import for_comparison


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a field with choices, and its label in three languages."""

    value: str
    label: Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """One field. ``fields`` are the sub fields of a group; ``minimum`` and ``maximum`` bound a number, or how many values a list has.

    ``help`` is what is said under the question. Of a group, ``row_label`` names one row, and ``paper_rows`` is how many rows a form on paper
    (PDF) has room for.
    """

    key: str
    label: Mapping[str, str]
    aliases: tuple[str, ...]
    type_name: str
    required: bool
    required_when: Condition | None
    publish: bool
    max_length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Choice, ...] = ()
    fields: tuple[Field, ...] = ()
    help: Mapping[str, str] | None = None
    row_label: Mapping[str, str] | None = None
    paper_rows: int = 3

    @property
    def type(self) -> FieldType:
        """What its type means."""
        return FIELD_TYPES[self.type_name]

    @cached_property
    def choice_by_text(self) -> Mapping[str, str]:
        """The value for each text that people may write for it: the value itself or its label in any language."""
        texts = {for_comparison(label): choice.value for choice in self.choices for label in choice.label.values()}
        return MappingProxyType(texts | {for_comparison(choice.value): choice.value for choice in self.choices})

    @cached_property
    def sub_fields(self) -> Mapping[str, Field]:
        """The fields of a group by key."""
        return MappingProxyType({sub.key: sub for sub in self.fields})


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one heading."""

    key: str
    title: Mapping[str, str]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A named check with its arguments.

    ``id`` is the code of what it finds; ``at`` are the keys of the fields it is about, the first is where it is shown.
    """

    id: str
    at: tuple[str, ...]
    name: str
    arguments: Mapping[str, Any]
    severity: str
    needs: str | None
    message: Mapping[str, str]
