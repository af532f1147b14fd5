"""From the cells of a workbook, as the box wrote them down, to the rows of a register. What the box says is checked here like any other input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, BinaryIO, Final

from services.shared.forms.field_types import FIELD_TYPES
from services.shared.identity_numbers import find_identity_numbers
from services.shared.registers.definition import Column, RegisterDefinition, heading
from services.shared.storable import storable_object

HEADING_WITHIN: Final = 50
_LONGEST_LINE: Final = 8 << 20
# Day 0 of a workbook; Excel believes that 1900 was a leap year, so that this holds from 1 March 1900 on (ECMA-376, 18.17.4.1).
_DAY_ZERO: Final = date(1899, 12, 30)
_DAY_ZERO_1904: Final = date(1904, 1, 1)
_LAST_SERIAL: Final = 2_958_465  # 31 December 9999
Cells = Sequence[Any]


class WorkbookRefused(Exception):
    """Nothing of a workbook can be used. ``code`` is a problem's code, ``values`` go into its words."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of the register: its number in the sheet, its key in the normal form, and its columns by key (texts; days as ``YYYY-MM-DD``; not said: empty)."""

    number: int
    key: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be used, and why: a key under ``register.row.`` of the words. ``column`` is the heading it is about."""

    number: int
    reason: str
    column: str


@dataclass
class ReadWorkbook:
    """What stood in a workbook. ``absent``: headings of columns that are not there but may be missing."""

    rows: list[KeptRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def read_workbook(definition: RegisterDefinition, lines: BinaryIO) -> ReadWorkbook:
    """Read the lines that the box wrote. Raises WorkbookRefused when there is no heading row or no row that can be used."""
    told = _lines(lines)
    day_zero = _DAY_ZERO_1904 if next(told, {}).get("from_1904") is True else _DAY_ZERO
    places, sheet, result = _heading(definition, told)
    result.absent = [column.title for column in definition.columns if column not in places.values()]
    for line in told:
        if line["sheet"] != sheet:
            break  # what follows the register in other sheets is none of ours
        cells = {column.key: line["cells"][place] for place, column in places.items() if place < len(line["cells"])}
        if any(_text(value) for value in cells.values()):
            _take(definition, line["row"], cells, day_zero, result)
    if not result.rows:
        raise WorkbookRefused("register_without_rows")
    return result


def _lines(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    while data := stream.readline(_LONGEST_LINE):
        try:
            line = storable_object(json.loads(data))
        except (ValueError, RecursionError) as fault:
            raise WorkbookRefused("file_corrupt") from fault
        if "from_1904" not in line and not (
            isinstance(line.get("sheet"), str) and isinstance(line.get("row"), int) and isinstance(line.get("cells"), list)
        ):
            raise WorkbookRefused("file_corrupt")
        yield line


def _heading(definition: RegisterDefinition, lines: Iterable[dict[str, Any]]) -> tuple[dict[int, Column], str, ReadWorkbook]:
    """The columns by their place, and the sheet: the first row that names every column that must be there. Looks only near the top of each sheet."""
    required = {column for column in definition.columns if column.required}
    nearest: set[Column] = set()
    for line in lines:
        if line["row"] > HEADING_WITHIN:
            continue
        places: dict[int, Column] = {}
        for place, cell in enumerate(line["cells"]):
            column = definition.column_of(cell) if isinstance(cell, str) and heading(cell) else None
            if column is not None and column not in places.values():
                places[place] = column
        found = set(places.values())
        if required <= found:
            return places, line["sheet"], ReadWorkbook()
        if len(found) > max(1, len(nearest)):
            nearest = found
    if not nearest:
        raise WorkbookRefused("register_heading_missing", names=", ".join(column.title for column in definition.columns))
    missing = [column.title for column in definition.columns if column.required and column not in nearest]
    raise WorkbookRefused("register_columns_missing", names=", ".join(missing))


def _take(definition: RegisterDefinition, number: int, cells: Mapping[str, Any], day_zero: date, result: ReadWorkbook) -> None:
    values: dict[str, str] = {}
    for column in definition.columns:
        text, reason = _value(column, cells.get(column.key, ""), day_zero)
        if reason is None and column.key == definition.key and not text:
            reason = "missing"
        if reason is None and find_identity_numbers(text):
            reason = "identity_number"
        if reason is not None:
            result.refused.append(RefusedRow(number, reason, column.title))
            return
        values[column.key] = text
    result.rows.append(KeptRow(number, values[definition.key], values))


def _value(column: Column, cell: Any, day_zero: date) -> tuple[str, str | None]:
    """A cell in the normal form of its column, or why it cannot be used."""
    kind = FIELD_TYPES[column.type]
    if column.type == "date":
        return _day(cell, day_zero)
    text = _text(cell)
    if not text:
        return "", None
    tidied = str(kind.tidy(text))
    if kind.pattern is not None and not re.search(kind.pattern, tidied):
        return "", "malformed"
    return tidied, None


def _day(cell: Any, day_zero: date) -> tuple[str, str | None]:
    """A day: a serial number of the workbook, or written out. 0 and a dash are "not known"."""
    text = _text(int(cell) if isinstance(cell, float) else cell)
    if text in ("", "0", "-", "–"):
        return "", None
    if re.fullmatch("[0-9]{1,7}", text):
        serial = int(text)
        return ((day_zero + timedelta(days=serial)).isoformat(), None) if 1 <= serial <= _LAST_SERIAL else ("", "date")
    written = str(FIELD_TYPES["date"].tidy(text))
    try:
        return date.fromisoformat(written).isoformat(), None
    except ValueError:
        return "", "date"


def _text(cell: Any) -> str:
    """A cell as text; a number without its decimals where they are none."""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()
