"""A workbook as a table: its cells, row by row, as lines of JSON in a file of its own that the worker then reads.

Only a box that was asked for tables has this (it brings openpyxl). openpyxl reads in its read-only mode, after the package was checked like any other.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from services.shared.sandbox.readers.office import check_rules, package_of
from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

LINES: Final = "rows.txt"
_LONGEST_CELL: Final = 32_767  # the longest text that Excel itself takes


def read(opening: FileOpening, document: Document) -> None:
    """Check the package, then write its rows: first ``{"from_1904": …}``, then ``{"sheet", "row", "cells"}`` for every row that has anything in it."""
    package = package_of(opening, document)
    check_rules(opening, document, package)
    package.refuse_doctypes(set())
    document.stream.seek(0)
    opening.extract(document, LINES, _lines(document.stream, opening.policy.opening.table_rows, opening.policy.opening.table_columns))


def warm() -> None:
    """Once through openpyxl, so that all of it is there before the fork."""
    workbook = openpyxl.Workbook()
    workbook.create_sheet().append(["a", 1, date(2020, 1, 1)])
    buffer = io.BytesIO()
    workbook.save(buffer)
    list(_lines(buffer, 10, 10))


def _lines(stream: Any, most_rows: int, columns: int) -> Iterator[bytes]:
    workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    yield _line({"from_1904": workbook.epoch == CALENDAR_MAC_1904})
    seen = 0
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # what the file says of its own size may be anything
        for number, values in enumerate(sheet.iter_rows(max_col=columns, values_only=True), start=1):
            cells = [_text(value) for value in values]
            if not any(cells):
                continue
            seen += 1
            if seen > most_rows:
                raise Refused("file_too_complex", limit=most_rows)
            yield _line({"sheet": sheet.title, "row": number, "cells": cells})


def _text(value: Any) -> str | int | float:
    """A cell as JSON has it: a moment as its day, nothing as an empty text. A day 0 has become a time of day, and is 0 again."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time | timedelta):
        return 0
    if isinstance(value, int | float):
        return value if abs(value) < 1e15 else str(value)
    return str(value)[:_LONGEST_CELL]


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace") + b"\n"
