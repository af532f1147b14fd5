"""Open cases by what they are about, for finding possible duplicates (G11) without looking through all submissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.routing.models import open_cases
from services.shared import lifecycle
from services.shared.models import submissions


def claim(tx: Connection, key: str | None, submission: Mapping[Any, Any]) -> str | None:
    """Make this reference the open case of the key, unless another open one is.

    Returns the other's reference, or None. Whatever the reference held under another key (a correction may change the indication) is given
    up. Of two that come at the same moment exactly one gets None.
    """
    own, reference = submission["root"], submission["reference"]
    ours_or_theirs = select(open_cases).where(or_(open_cases.c.case_key == (key or ""), open_cases.c.root == own))
    for row in list(tx.execute(ours_or_theirs).mappings()):
        if row["root"] == own and row["case_key"] != key:
            tx.execute(delete(open_cases).where(open_cases.c.case_key == row["case_key"]))
    if key is None:
        return None
    # Waits for another transaction that is just claiming the same key. What was written is asked back: PostgreSQL's driver does not count it.
    free = _insert_if_free(tx).values(case_key=key, root=own, reference=reference).on_conflict_do_nothing().returning(open_cases.c.root)
    if tx.execute(free).first() is not None:
        return None
    holder = tx.execute(select(open_cases).where(open_cases.c.case_key == key).with_for_update()).mappings().one()
    if holder["root"] == own:
        return None
    is_open = exists().where(submissions.c.root == holder["root"], submissions.c.status.not_in(lifecycle.ENDED))
    if tx.execute(select(is_open)).scalar_one():
        return str(holder["reference"])
    tx.execute(update(open_cases).where(open_cases.c.case_key == key).values(root=own, reference=reference))
    return None


def _insert_if_free(tx: Connection) -> Any:
    return sqlite.insert(open_cases) if tx.dialect.name == "sqlite" else postgresql.insert(open_cases)
