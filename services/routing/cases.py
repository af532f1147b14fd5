"""Open cases by what they are about, for finding possible duplicates (G11) without looking through all submissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.routing.models import open_cases
from services.shared import lifecycle
from services.shared.models import submissions

# Put together once: building a statement costs SQLAlchemy more than running it does.
_KEY: Any = bindparam("the_key")
_ROOT: Any = bindparam("the_root")
_INSERT_IF_FREE: dict[str, Any] = {
    # What was written is asked back: PostgreSQL's driver does not count it.
    name: dialect.insert(open_cases).on_conflict_do_nothing().returning(open_cases.c.root)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_GIVE_UP_OTHERS = delete(open_cases).where(open_cases.c.root == _ROOT, open_cases.c.case_key != _KEY)
_HOLDER = select(open_cases).where(open_cases.c.case_key == _KEY).with_for_update()
_IS_OPEN = select(exists().where(submissions.c.root == _ROOT, submissions.c.status.not_in(lifecycle.ENDED)))


def claim(tx: Connection, key: str | None, submission: Mapping[Any, Any]) -> str | None:
    """Make this reference the open case of the key, unless another open one is.

    Returns the other's reference, or None. Whatever the reference held under another key (a correction may change the indication) is given
    up. Of two that come at the same moment exactly one gets None.
    """
    own, reference = submission["root"], submission["reference"]
    # Waits for another transaction that is just claiming the same key. A reference has one key at most, so nothing is left to give up when this succeeds.
    if key is not None and _insert_if_free(tx, key, own, reference):
        return None
    tx.execute(_GIVE_UP_OTHERS, {"the_root": own, "the_key": key or ""})
    if key is None or _insert_if_free(tx, key, own, reference):
        return None
    holder = tx.execute(_HOLDER, {"the_key": key}).mappings().one()
    if holder["root"] == own:
        return None
    if tx.execute(_IS_OPEN, {"the_root": holder["root"]}).scalar_one():
        return str(holder["reference"])
    tx.execute(update(open_cases).where(open_cases.c.case_key == key).values(root=own, reference=reference))
    return None


def _insert_if_free(tx: Connection, key: str, root: str, reference: str) -> bool:
    return tx.execute(_INSERT_IF_FREE[tx.dialect.name], {"case_key": key, "root": root, "reference": reference}).first() is not None
