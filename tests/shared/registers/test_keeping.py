"""Rows and imports on both kinds of database: the newest that was read is in force, rows are found by their key, an old one is not fresh."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from services.shared import timestamps
from services.shared.database import Database
from services.shared.models import register_imports
from services.shared.registers import keeping, load_registers, registers_in_force
from services.shared.registers.definition import RegisterDefinitionError
from services.shared.registers.workbook import KeptRow, ReadWorkbook, RefusedRow
from services.shared.settings import SCHEMAS

TODAY = timestamps.norwegian_date(timestamps.now())


def begin(database: Database, name: str, *, days_ago: int = 0) -> None:
    moment = timestamps.later(timestamps.now(), -86400.0 * days_ago)
    row = {
        "id": name, "register": "methods", "state": keeping.PENDING, "name": f"{name}.xlsx", "size": 1, "sha256": "a" * 64, "object_key": name,
        "imported_at": moment, "confirmed_at": moment, "imported_by": "x", "rows": 0, "refused": [], "refused_rows": 0, "absent": [],
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(register_imports), row)


def keep(database: Database, name: str, *rows: tuple[int, str, dict[str, str]], refused: int = 0) -> None:
    result = ReadWorkbook([KeptRow(number, key, said) for number, key, said in rows], [RefusedRow(n, "date", "Dato") for n in range(refused)])
    with database.write() as tx:
        keeping.keep(tx, name, result)


def test_the_newest_that_was_read_is_in_force_and_asked_by_what_it_serves(database: Database) -> None:
    assert registers_in_force(database, SCHEMAS, TODAY) == {}
    begin(database, "old", days_ago=2)
    keep(database, "old", (2, "ID2020_001", {"decision_date": "2021-01-01"}))
    begin(database, "new", days_ago=1)
    keep(
        database,
        "new",
        (3, "ID2020_002", {"decision_date": "", "decision": "–", "decision_in_full": ""}),
        (4, "ID2020_003", {"decision_date": "2022-02-02", "decision": ""}),
        (9, "ID2020_003", {"decision_date": "", "decision": "Innført"}),
        refused=keeping.REFUSED_KEPT + 7,
    )
    begin(database, "waiting")
    begin(database, "refused")
    with database.write() as tx:
        keeping.refuse(tx, "refused", "register_heading_missing", {"names": "ID-nr"})
    asked = registers_in_force(database, SCHEMAS, TODAY)
    assert set(asked) == {"method_list", "decisions"}
    assert asked["method_list"].rows("ID2020_001") == []
    assert len(asked["method_list"].rows("ID2020_002")) == 1
    assert asked["decisions"].rows("ID2020_002") == []
    assert [row["decision"] for row in asked["decisions"].rows("ID2020_003")] == ["", "Innført"]
    with database.read() as tx:
        shown = keeping.register_view(tx, load_registers(SCHEMAS)["methods"], "en", TODAY)
    assert (shown["in_force"]["id"], shown["latest"]["id"], shown["latest"]["state"]) == ("new", "refused", "refused")
    assert (shown["in_force"]["rows"], shown["in_force"]["refused_rows"], len(shown["in_force"]["refused"])) == (3, 507, 500)


@pytest.mark.parametrize(("days", "fresh"), [(0, True), (60, True), (61, False)])
def test_a_register_is_fresh_for_60_days(database: Database, days: int, fresh: bool) -> None:
    begin(database, "only")
    keep(database, "only", (2, "ID2020_001", {}))
    asked = registers_in_force(database, SCHEMAS, TODAY + timedelta(days=days))
    assert {name: register.is_fresh for name, register in asked.items()} == {"method_list": fresh, "decisions": fresh}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda data: data["columns"][0].update(type="tall"), "no type tall"),
        (lambda data: data["columns"][1].update(key="method_id"), "in common"),
        (lambda data: data["columns"][1]["names"].append("ID nr."), "in common"),
        (lambda data: data.update(key="trade_name"), "required column"),
        (lambda data: data["serves"]["decisions"].update(filled=["day"]), "not there"),
        (lambda data: data.update(fresh_days=0), "fresh_days"),
        (lambda data: data["title"].pop("nn"), "title"),
    ],
)
def test_a_malformed_register_is_refused_with_what_is_wrong(tmp_path: Path, spoil: Any, complaint: str) -> None:
    shutil.copytree(SCHEMAS / "registers", tmp_path / "registers")
    file = tmp_path / "registers" / "methods.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    spoil(data)
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(RegisterDefinitionError, match=complaint):
        load_registers(tmp_path)


def test_every_register_that_a_form_asks_is_served_or_known_to_be_missing() -> None:
    served = {name for register in load_registers(SCHEMAS).values() for name in register.serves}
    asked = {
        each["arguments"]["register"]
        for file in (SCHEMAS / "forms").glob("*/*/definition.json")
        for each in json.loads(file.read_text(encoding="utf-8"))["checks"]
        if "register" in each["arguments"]
    }
    assert asked - served == {"enhetsregisteret"}
    assert served <= asked
