"""From cells to the rows of a register: headings as people write them, days as workbooks keep them, and a reason for every row that cannot be used."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest

from samples.content.people import identity_number
from samples.register import HEADINGS, serial
from services.shared import words
from services.shared.registers.definition import RegisterDefinition, load_registers
from services.shared.registers.workbook import ReadWorkbook, WorkbookRefused, read_workbook
from services.shared.settings import SCHEMAS

METHODS = load_registers(SCHEMAS)["methods"]
ROW: tuple[Any, ...] = ("2022_041", "stoff", "Handel", "Bruk", "Legemidler", "Nevrologi", 45_000, "Innført", "Kan innføres.")
NYNORSK = (
    "ID-nummer", "Verkestoff", "Handelsnamn", "Bruksområde", "Metodetype", "Fagområde", "Dato siste avgjerd", "Gjeldande avgjerd (stuttversjon)", "Gjeldande avgjerd (heile)",
)  # fmt: skip


def read(*rows: tuple[Any, ...], from_1904: bool = False, sheet: str = "Ark1", definition: RegisterDefinition = METHODS) -> ReadWorkbook:
    lines: list[dict[str, Any]] = [{"from_1904": from_1904}]
    lines += [{"sheet": sheet, "row": number, "cells": list(cells)} for number, cells in enumerate(rows, start=1) if any(cells)]
    return read_workbook(definition, io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))


def changed(**columns: Any) -> tuple[Any, ...]:
    keys = [column.key for column in METHODS.columns]
    return tuple(columns.get(key, cell) for key, cell in zip(keys, ROW, strict=True))


@pytest.mark.parametrize(
    "headings",
    [
        HEADINGS,
        tuple(heading.upper() for heading in HEADINGS),
        tuple(f"  {heading.replace(' ', chr(0xA0) * 2)}\n" for heading in HEADINGS),
        tuple(heading.replace("(", "").replace(")", "").replace("-", " ") for heading in HEADINGS),
        NYNORSK,
    ],
    ids=["as published", "in capitals", "other spacing", "other punctuation", "nynorsk"],
)
def test_the_nine_columns_are_found_by_their_names(headings: tuple[str, ...]) -> None:
    result = read(("Beslutninger i Nye metoder",), (), headings, ROW)
    assert result.absent == []
    assert result.refused == []
    (row,) = result.rows
    assert (row.number, row.key) == (4, "ID2022_041")
    assert row.values == {
        "method_id": "ID2022_041",
        "active_substance": "stoff",
        "trade_name": "Handel",
        "indication": "Bruk",
        "method_type": "Legemidler",
        "speciality": "Nevrologi",
        "decision_date": "2023-03-15",
        "decision": "Innført",
        "decision_in_full": "Kan innføres.",
    }


def test_columns_may_stand_in_any_order_among_others() -> None:
    order = [6, 0, 7]
    result = read(("Nr.", *(HEADINGS[place] for place in order)), (1, *(ROW[place] for place in order)))
    assert (result.rows[0].values["decision_date"], result.rows[0].key, result.rows[0].values["decision"]) == ("2023-03-15", "ID2022_041", "Innført")
    assert result.absent == [HEADINGS[place] for place in (1, 2, 3, 4, 5, 8)]


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("2022_041", "ID2022_041"),
        ("ID2022_041", "ID2022_041"),
        (" id2022-041 ", "ID2022_041"),
        ("2016_014 A", "ID2016_014A"),
        ("2016_014a", "ID2016_014A"),
    ],
)
def test_an_id_is_read_however_it_is_written(cell: str, key: str) -> None:
    assert read(HEADINGS, changed(method_id=cell)).rows[0].key == key


@pytest.mark.parametrize(
    ("cell", "from_1904", "day"),
    [
        (45_000, False, "2023-03-15"),
        (45_000.75, False, "2023-03-15"),
        ("45000", False, "2023-03-15"),
        (43_538, True, "2023-03-15"),
        ("2023-03-15", False, "2023-03-15"),
        ("15.3.2023", False, "2023-03-15"),
        ("15. mars 2023", False, "2023-03-15"),
        (0, False, ""),
        (0.0, False, ""),
        ("", False, ""),
        ("-", False, ""),
    ],
)
def test_a_day_is_a_serial_number_or_written_out_and_0_is_not_known(cell: Any, from_1904: bool, day: str) -> None:
    assert read(HEADINGS, changed(decision_date=cell), from_1904=from_1904).rows[0].values["decision_date"] == day


def test_a_serial_number_of_the_samples_is_the_day_it_was_made_from() -> None:
    assert read(HEADINGS, changed(decision_date=serial(date(2024, 2, 29)))).rows[0].values["decision_date"] == "2024-02-29"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"method_id": ""}, "missing"),
        ({"method_id": "23_12"}, "malformed"),
        ({"method_id": "ID2009_001"}, "malformed"),
        ({"decision_date": "i fjor"}, "date"),
        ({"decision_date": 99_999_999}, "date"),
        ({"decision_date": -3}, "date"),
        ({"indication": f"Pasient {identity_number()}"}, "identity_number"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_number_and_a_reason(wrong: dict[str, Any], reason: str) -> None:
    result = read(HEADINGS, ROW, changed(**wrong), ROW)
    assert [row.number for row in result.rows] == [2, 4]
    ((number, told),) = [(row.number, row.reason) for row in result.refused]
    assert (number, told) == (3, reason)
    for language in words.LANGUAGES:
        text = words.text(f"register.row.{reason}", language, column=result.refused[0].column)
        assert result.refused[0].column in text
        assert identity_number() not in text


def test_an_id_may_come_twice() -> None:
    assert [row.key for row in read(HEADINGS, ROW, changed(indication="En annen")).rows] == ["ID2022_041", "ID2022_041"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "register_heading_missing"),
        ([("Noe", "helt", "annet"), ROW], "register_heading_missing"),
        ([HEADINGS[:6], ROW[:6]], "register_columns_missing"),
        ([HEADINGS], "register_without_rows"),
        ([HEADINGS, changed(method_id="?")], "register_without_rows"),
    ],
)
def test_a_workbook_of_which_nothing_can_be_used_is_refused(rows: list[tuple[Any, ...]], code: str) -> None:
    with pytest.raises(WorkbookRefused) as refusal:
        read(*rows)
    assert refusal.value.code == code
    for language in words.LANGUAGES:
        assert words.text(f"problem.{code}.detail", language, **refusal.value.values)


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"sheet": 1}', b'{"sheet": "a", "row": 1}', b'{"sheet": "a", "row": 1, "cells": [NaN]}'])
def test_what_the_box_says_is_checked(line: bytes) -> None:
    with pytest.raises(WorkbookRefused) as refusal:
        read_workbook(METHODS, io.BytesIO(b'{"from_1904": false}\n' + line + b"\n"))
    assert refusal.value.code == "file_corrupt"
