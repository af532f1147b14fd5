"""What a correction changed, compared with the version it replaces: answers field by field, documents by their digests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from services.intake.view import Row, may_see
from services.shared import words
from services.shared.context import Context
from services.shared.forms.changes import Change, changed_answers
from services.shared.identity import Identity
from services.shared.identity_numbers import blot_out
from services.shared.models import documents, submissions
from services.shared.publishing.answers import answer_texts

NOTHING: dict[str, Any] = {"since": None, "fields": [], "documents": []}


def changes_view(tx: Connection, context: Context, identity: Identity, row: Row, language: str) -> dict[str, Any]:
    """``{"since": {"id", "version"}, "fields": [...] or None, "documents": [...]}``.

    ``fields`` is None when one of the two could not be read. Nothing (``since`` None) for a first version, and for somebody who may not see the version before.
    """
    if row["replaces"] is None:
        return NOTHING
    before = tx.execute(select(submissions).where(submissions.c.id == row["replaces"])).mappings().one_or_none()
    if before is None or not may_see(tx, identity, before):
        return NOTHING
    return {
        "since": {"id": before["id"], "version": before["version"]},
        "fields": _fields(context, before, row, language),
        "documents": _documents(tx, before["id"], row["id"]),
    }


def _fields(context: Context, before: Row, after: Row, language: str) -> list[dict[str, Any]] | None:
    forms = [context.forms.get(row["form_type"] or "", row["form_version"] or "") for row in (before, after)]
    if before["answers"] is None or after["answers"] is None or forms[0] is None or forms[1] is None:
        return None
    return [_shown(change, language) for change in changed_answers(forms[0], forms[1], before["answers"], after["answers"])]


def _shown(change: Change, language: str) -> dict[str, Any]:
    label = words.choose(change.asked.label, language)
    return {
        "pointer": change.pointer,
        "field": label if change.row is None else words.text("forms.place", language, field=label, row=change.row),
        "old": change.old,
        "new": change.new,
        "old_text": "\n".join(answer_texts(change.asked, change.old, language)) or None,
        "new_text": "\n".join(answer_texts(change.asked, change.new, language)) or None,
    }


def _documents(tx: Connection, before: str, after: str) -> list[dict[str, Any]]:
    """What was sent with the one and the other. The form is the form, whatever its file is called; attachments are known by their names."""
    old, new = _sent(tx, before), _sent(tx, after)
    found = []
    for key in [*new, *(key for key in old if key not in new)]:
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None and was["sha256"] == now["sha256"]:
            continue
        change = "added" if was is None else "removed" if now is None else "changed"
        named = now or was
        found.append(
            {
                "change": change,
                "role": key[0],
                "name": blot_out(named["name"]) if named else "",
                "old_sha256": was["sha256"] if was else None,
                "new_sha256": now["sha256"] if now else None,
            }
        )
    return found


def _sent(tx: Connection, submission: str) -> dict[tuple[str, str, int], Any]:
    query = select(documents.c.role, documents.c.name, documents.c.sha256).where(
        documents.c.submission == submission, documents.c.role.in_(("form", "attachment"))
    )
    found: dict[tuple[str, str, int], Any] = {}
    for row in tx.execute(query.order_by(documents.c.position)).mappings():
        name, number = "" if row["role"] == "form" else row["name"], 1
        while (row["role"], name, number) in found:
            number += 1
        found[(row["role"], name, number)] = row
    return found
