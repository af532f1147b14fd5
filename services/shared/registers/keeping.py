"""The imports and rows of registers in the database, and the registers that checks ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from services.shared import timestamps, words
from services.shared.database import Database
from services.shared.models import register_imports, register_rows
from services.shared.registers.definition import RegisterDefinition, load_registers
from services.shared.registers.workbook import ReadWorkbook

PENDING: Final = "pending"
READ: Final = "read"
REFUSED: Final = "refused"
REFUSED_KEPT: Final = 500
_ROWS_AT_A_TIME: Final = 1000
_NEWEST_FIRST: Final = (register_imports.c.imported_at.desc(), register_imports.c.id.desc())
_IN_FORCE: Final = (
    select(register_imports)
    .where(register_imports.c.register == bindparam("of_register"), register_imports.c.state == READ)
    .order_by(*_NEWEST_FIRST)
    .limit(1)
)


@dataclass(frozen=True)
class KeptRegister:
    """One import, asked under one of the names it serves (a ``forms.Register``). ``is_fresh``: what it does not have is wrong, and not perhaps only too new."""

    database: Database
    import_id: str
    filled: tuple[str, ...]
    is_fresh: bool

    def rows(self, key: str) -> Sequence[Mapping[str, str]]:
        """The rows of a key."""
        query = select(register_rows.c.said).where(register_rows.c.import_id == self.import_id, register_rows.c.key == key)
        with self.database.read() as tx:
            found: Sequence[Mapping[str, str]] = tx.execute(query.order_by(register_rows.c.number)).scalars().all()
        return [row for row in found if not self.filled or any(_says_something(row.get(column, "")) for column in self.filled)]


def registers_in_force(database: Database, schemas: Path, today: date) -> dict[str, KeptRegister]:
    """What checks may ask on a day, by the name they ask under; nothing for a register that was never imported."""
    found: dict[str, KeptRegister] = {}
    for definition in load_registers(schemas).values():
        with database.read() as tx:
            row = in_force(tx, definition.id)
        if row is not None:
            fresh = is_fresh(definition, row, today)
            found |= {name: KeptRegister(database, row["id"], filled, fresh) for name, filled in definition.serves.items()}
    return found


def in_force(tx: Connection, register: str) -> RowMapping | None:
    """The newest import that could be read, or None."""
    return tx.execute(_IN_FORCE, {"of_register": register}).mappings().one_or_none()


def newest(tx: Connection, register: str, *, limit: int = 1) -> Sequence[RowMapping]:
    """The newest imports, whatever became of them."""
    query = select(register_imports).where(register_imports.c.register == register)
    return tx.execute(query.order_by(*_NEWEST_FIRST).limit(limit)).mappings().all()


def find(tx: Connection, register: str, import_id: str) -> RowMapping | None:
    """One import, or None."""
    query = select(register_imports).where(register_imports.c.register == register, register_imports.c.id == import_id)
    return tx.execute(query).mappings().one_or_none()


def is_fresh(definition: RegisterDefinition, row: RowMapping, today: date) -> bool:
    """Whether an import is new enough to say that something is wrong."""
    return (today - timestamps.norwegian_date(row["confirmed_at"])).days <= definition.fresh_days


def keep(tx: Connection, import_id: str, result: ReadWorkbook) -> None:
    """Put what was read in force."""
    rows = [{"import_id": import_id, "number": row.number, "key": row.key, "said": dict(row.values)} for row in result.rows]
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        tx.execute(insert(register_rows), rows[start : start + _ROWS_AT_A_TIME])
    refused = [{"row": row.number, "reason": row.reason, "column": row.column} for row in result.refused[:REFUSED_KEPT]]
    _finish(tx, import_id, state=READ, rows=len(rows), refused=refused, refused_rows=len(result.refused), absent=result.absent)


def refuse(tx: Connection, import_id: str, code: str, values: Mapping[str, Any]) -> None:
    """Note that nothing of an import could be used; what was in force stays so."""
    _finish(tx, import_id, state=REFUSED, refusal={"code": code, "values": dict(values)})


def _finish(tx: Connection, import_id: str, **values: Any) -> None:
    tx.execute(update(register_imports).where(register_imports.c.id == import_id).values(finished_at=timestamps.now(), **values))


def view(definition: RegisterDefinition, row: RowMapping, current: RowMapping | None, language: str) -> dict[str, Any]:
    """One import as the API and the page show it. ``current`` is the one in force."""
    state = row["state"] if row["state"] != READ else "in_force" if current is not None and current["id"] == row["id"] else "replaced"
    refusal = row["refusal"]
    return {
        **{
            name: row[name]
            for name in ("id", "register", "name", "size", "sha256", "imported_at", "confirmed_at", "imported_by", "finished_at", "rows")
        },
        "state": state,
        "refused_rows": row["refused_rows"],
        "refused": [{"row": each["row"], "code": each["reason"], "reason": _reason(each, language)} for each in row["refused"]],
        "absent": row["absent"],
        "refusal": refusal and {"code": refusal["code"], "message": _refusal(refusal, language)},
        "links": {"self": f"/api/v1/registers/{definition.id}/imports/{row['id']}", "register": f"/api/v1/registers/{definition.id}"},
    }


def register_view(tx: Connection, definition: RegisterDefinition, language: str, today: date) -> dict[str, Any]:
    """A register as the API and the page show it: what is in force, whether that is new enough, and the newest import when that is another one."""
    current, latest = in_force(tx, definition.id), newest(tx, definition.id)
    other = latest[0] if latest and (current is None or latest[0]["id"] != current["id"]) else None
    return {
        "register": definition.id,
        "title": words.choose(definition.title, language),
        "fresh_days": definition.fresh_days,
        "is_fresh": current is not None and is_fresh(definition, current, today),
        "in_force": current and view(definition, current, current, language),
        "latest": other and view(definition, other, current, language),
        "links": {"self": f"/api/v1/registers/{definition.id}", "imports": f"/api/v1/registers/{definition.id}/imports"},
    }


def _reason(each: Mapping[str, Any], language: str) -> str:
    return words.text(f"register.row.{each['reason']}", language, column=each["column"])


def _refusal(refusal: Mapping[str, Any], language: str) -> str:
    key = f"problem.{refusal['code']}.detail"
    return words.text(key, language, **{name: refusal["values"].get(name, "") for name in words.placeholders(key, language)})


def _says_something(value: str) -> bool:
    return any(character.isalnum() for character in value)
