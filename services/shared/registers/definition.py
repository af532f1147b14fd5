"""What a register's workbook looks like, read from data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from services.shared.characters import normalised
from services.shared.forms.field_types import FIELD_TYPES
from services.shared.words import LANGUAGES


class RegisterDefinitionError(ValueError):
    """A definition in ``schemas/registers`` is malformed; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``names`` are what its heading may be, in the form of ``heading``; ``title`` is the first of them as it is written; ``type`` is a type of form field."""

    key: str
    title: str
    names: frozenset[str]
    type: str
    required: bool


@dataclass(frozen=True)
class RegisterDefinition:
    """One register.

    ``key``: the column that rows are found by (not unique). ``fresh_days``: for how many days after an import its checks are errors. ``serves``: the name under which a check
    asks -> the columns of which one must be filled for a row to count there (none: every row counts).
    """

    id: str
    title: Mapping[str, str]
    key: str
    fresh_days: int
    columns: tuple[Column, ...]
    serves: Mapping[str, tuple[str, ...]]

    def column_of(self, text: str) -> Column | None:
        """The column that a cell of the heading row names, or None."""
        wanted = heading(text)
        return next((column for column in self.columns if wanted in column.names), None)


def heading(text: str) -> str:
    """A heading as it is compared: letters and digits alone, in lower case."""
    return re.sub(r"[\W_]+", "", normalised("NFKC", text).casefold())


@cache
def load_registers(schemas: Path) -> Mapping[str, RegisterDefinition]:
    """The registers in ``schemas/registers`` by id. Raises RegisterDefinitionError."""
    found = [_read(json.loads(path.read_text(encoding="utf-8"))) for path in sorted((schemas / "registers").glob("*.json"))]
    served = [name for register in found for name in register.serves]
    if len(set(served)) != len(served):
        raise RegisterDefinitionError("two registers serve the same name")
    return MappingProxyType({register.id: register for register in found})


def _read(data: Mapping[str, Any]) -> RegisterDefinition:
    columns = tuple(
        Column(row["key"], row["names"][0], frozenset(heading(name) for name in row["names"]), row["type"], row["required"])
        for row in data["columns"]
    )
    known = {column.key: column for column in columns}
    names = [name for column in columns for name in column.names]
    if len(known) != len(columns) or len(set(names)) != len(names):
        raise RegisterDefinitionError(f"{data['register']}: two columns have a key or a name in common")
    if data["key"] not in known or not known[data["key"]].required:
        raise RegisterDefinitionError(f"{data['register']}: the key must be a required column")
    if unknown := {column.type for column in columns} - FIELD_TYPES.keys():
        raise RegisterDefinitionError(f"{data['register']}: there is no type {', '.join(sorted(unknown))}")
    if not all(set(rule["filled"]) <= known.keys() for rule in data["serves"].values()):
        raise RegisterDefinitionError(f"{data['register']}: serves names a column that is not there")
    if set(data["title"]) != set(LANGUAGES) or data["fresh_days"] <= 0:
        raise RegisterDefinitionError(f"{data['register']}: title needs {', '.join(LANGUAGES)}, fresh_days must be positive")
    serves = {name: tuple(rule["filled"]) for name, rule in data["serves"].items()}
    return RegisterDefinition(data["register"], data["title"], data["key"], data["fresh_days"], columns, MappingProxyType(serves))
