"""Open cases by what they are about, for finding possible duplicates (G11) without looking through all submissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.routing.models import open_cases
from services.shared import lifecycle
from services.shared.models import submissions


def claim(tx: Connection, key: str | None, submission: Mapping[Any, Any]) -> str | None:
    """Make this reference the open case of the key, unless another open one is.

    Returns the other's reference, or None. Whatever the reference held under another key (a correction may change the indication) is given
    up. Of two that come at the same moment exactly one gets None.
    """
    own, reference = submission["root"], submission["reference"]
    tx.execute(delete(open_cases).where(open_cases.c.root == own, open_cases.c.case_key != (key or "")))
    if key is None:
        return None
    try:
        with tx.begin_nested():
            tx.execute(insert(open_cases).values(case_key=key, root=own, reference=reference))
    except IntegrityError:
        holder = tx.execute(select(open_cases).where(open_cases.c.case_key == key).with_for_update()).mappings().one()
        if holder["root"] == own:
            return None
        is_open = exists().where(submissions.c.root == holder["root"], submissions.c.status.not_in(lifecycle.ENDED))
        if tx.execute(select(is_open)).scalar_one():
            return str(holder["reference"])
        tx.execute(update(open_cases).where(open_cases.c.case_key == key).values(root=own, reference=reference))
    return None
