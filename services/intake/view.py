"""Submissions as the API shows them (contract, section 3), folded from rows and events."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, not_, or_, select

from services.shared import lifecycle, search, timestamps, words
from services.shared.events import story_of
from services.shared.forms import Finding
from services.shared.identity import Identity, Scope
from services.shared.identity_numbers import blot_out
from services.shared.models import documents, grants, submissions
from services.shared.problems import Problem
from services.shared.search.index import ANSWER, INTERNAL
from services.shared.story import archive_of, routing_of, timeline_of

LIST_LIMIT = 100
Row = RowMapping | Mapping[str, Any]


def find(tx: Connection, identity: Identity, wanted: str) -> RowMapping:
    """The row of a submission by id, or the newest version by reference, if this identity may see it. Raises Problem 404 otherwise: what is not yours does not exist."""
    query = select(submissions)
    if wanted.upper().startswith("NM-"):
        query = query.where(submissions.c.reference == wanted.upper()).order_by(submissions.c.version.desc()).limit(1)
    else:
        query = query.where(submissions.c.id == wanted.lower())
    row = tx.execute(query).mappings().one_or_none()
    if row is None or not may_see(tx, identity, row):
        raise Problem("not_found", 404)
    return row


def may_see(tx: Connection, identity: Identity, row: Row) -> bool:
    """The secretariat sees all, a submitter its own, an agency what was granted it when its delivery was made."""
    if Scope.MONITOR in identity.scopes:
        return True
    if Scope.SUBMIT in identity.scopes and row["owner"] == identity.owner:
        return True
    return is_granted(tx, identity, row["id"])


def is_granted(tx: Connection, identity: Identity, submission: str) -> bool:
    """Whether the identity acts for an agency that was given this submission."""
    if Scope.QUEUE not in identity.scopes or identity.agency is None:
        return False
    query = select(grants.c.agency).where(grants.c.submission == submission, grants.c.agency == identity.agency)
    return tx.execute(query).first() is not None


def documents_for(identity: Identity, submission: str) -> Select[Any]:
    """The documents of a submission that this reader may know of: all, but that what an agency answered to the bodies alone is not there for whoever handed it in."""
    query = select(documents).where(documents.c.submission == submission)
    return query if sees_internal(identity) else query.where(not_(and_(documents.c.role == ANSWER, documents.c.access == INTERNAL)))


def sees_internal(identity: Identity) -> bool:
    """Whether answers that are internal to the bodies are for this reader."""
    return Scope.MONITOR in identity.scopes or (Scope.QUEUE in identity.scopes and identity.agency is not None)


def submission_view(tx: Connection, identity: Identity, row: Row, language: str) -> dict[str, Any]:
    """One submission, whole, as this reader may see it."""
    versions = tx.execute(
        select(submissions.c.id, submissions.c.version, submissions.c.status, submissions.c.received_at)
        .where(submissions.c.root == row["root"])
        .order_by(submissions.c.version)
    ).mappings()
    all_versions = [dict(version) for version in versions]
    files = tx.execute(documents_for(identity, row["id"]).order_by(documents.c.position)).mappings().all()
    chain = story_of(tx, row["id"])
    in_force = [version["version"] for version in all_versions if version["status"] in lifecycle.IN_FORCE]
    return {
        **summary(row),
        "versions": all_versions,
        "in_force": in_force[-1] if in_force else None,
        "replaces": row["replaces"],
        "note": row["note"],
        "access": row["access"],
        "answers": row["answers"],
        "read_as": row["read_as"],
        "errors": [Finding.from_json(error).in_language(language) for error in row["errors"]],
        "documents": [document_view(file, language) for file in files],
        "routing": routing_of(chain, language),
        "archive": archive_of(chain),
        "timeline": timeline_of(chain, language),
        "links": links_of(row),
    }


def summary(row: Row) -> dict[str, Any]:
    """What lists and the 202 have of a submission."""
    return {
        "id": row["id"],
        "reference": row["reference"],
        "version": row["version"],
        "form_type": row["form_type"],
        "form_version": row["form_version"],
        "language": row["language"] if row["form_type"] else None,
        "title": row["title"],
        "status": row["status"],
        "attention": row["attention"],
        "received_at": row["received_at"],
        "complete_at": row["complete_at"],
        "submitter": row["submitter"],
        "on_behalf_of": row["on_behalf_of"],
    }


def accepted_answer(row: Row) -> dict[str, Any]:
    """The body of a 202."""
    return {"id": row["id"], "reference": row["reference"], "version": row["version"], "status": row["status"], "links": links_of(row)}


def links_of(row: Row) -> dict[str, str]:
    """Where to go from a submission."""
    base = f"/api/v1/submissions/{row['id']}"
    return {
        "self": base,
        "changes": f"{base}/changes",
        "page": f"/innsendinger/{row['reference']}",
        "receipt": f"{base}/receipt",
        "rendering": f"{base}/rendering",
        "withdraw": f"{base}/withdraw",
    }


def document_view(file: Row, language: str) -> dict[str, Any]:
    """One document."""
    note = file["scan_note"]
    shown = ("id", "role", "parent", "path", "name", "media_type", "format", "size", "sha256", "scan")
    return {
        **{key: file[key] for key in shown},
        # What a sender wrote into a file's name is not told on when it is what must not be told.
        "name": blot_out(file["name"]),
        "path": blot_out(file["path"]),
        "scan_note": words.text(note, language) if note and words.has(note) else note,
        "access": file["access"],
        "note": file["note"],
    }


@dataclass(frozen=True)
class Filter:
    """What a list shows: each part narrows it; None means all."""

    status: str | None = None
    form_type: str | None = None
    agency: str | None = None
    text: str | None = None
    received_from: str | None = None
    received_to: str | None = None
    attention: bool = False
    terms: tuple[search.Term, ...] = ()
    # Whether what no scanner looked at may be found.
    unscanned: bool = False
    codes: search.Codes | None = None

    def readable(self, identity: Identity) -> search.Readable:
        """In which documents this reader may find something."""
        return search.Readable(self.unscanned, internal=sees_internal(identity))


def submission_list(tx: Connection, identity: Identity, wanted: Filter, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """A page of submissions, newest first: ``{"items": [...], "next": cursor or None}``. Costs the same at any depth (keyset). Raises Problem."""
    query = _filtered(tx, _visible(select(submissions), identity), wanted, identity)
    if cursor:
        received_at, last = _read_cursor(cursor)
        query = query.where(or_(submissions.c.received_at < received_at, and_(submissions.c.received_at == received_at, submissions.c.id < last)))
    limit = max(1, min(limit, LIST_LIMIT))
    rows = tx.execute(query.order_by(submissions.c.received_at.desc(), submissions.c.id.desc()).limit(limit + 1)).mappings().all()
    shown = rows[:limit]
    following = _write_cursor(shown[-1]["received_at"], shown[-1]["id"]) if len(rows) > limit else None
    hits = _hits(tx, identity, wanted, [row["id"] for row in shown])
    items = [{**summary(row), "counts": _counts(row["errors"]), "links": links_of(row), **hits(row["id"])} for row in shown]
    return {"items": items, "next": following}


def _hits(tx: Connection, identity: Identity, wanted: Filter, shown: list[str]) -> Callable[[str], dict[str, Any]]:
    """Where the words of a search stand, for the submissions on a page; nothing is told when nothing was searched for."""
    if wanted.text is None or wanted.codes is None:
        return lambda submission: {}
    found = search.hits_in(tx, shown, wanted.terms, wanted.readable(identity), wanted.codes)
    return lambda submission: {"hits": found.get(submission, [])}


def count(tx: Connection, identity: Identity, wanted: Filter) -> int:
    """How many a list would show in all; only told when asked, since it reads them all."""
    return int(tx.execute(_filtered(tx, _visible(select(func.count()).select_from(submissions), identity), wanted, identity)).scalar_one())


def _visible(query: Select[Any], identity: Identity) -> Select[Any]:
    if Scope.MONITOR in identity.scopes:
        return query
    granted = submissions.c.id.in_(select(grants.c.submission).where(grants.c.agency == identity.agency))
    allowed = []
    if Scope.SUBMIT in identity.scopes:
        allowed.append(submissions.c.owner == identity.owner)
    if Scope.QUEUE in identity.scopes and identity.agency:
        allowed.append(granted)
    return query.where(or_(*allowed)) if allowed else query.where(submissions.c.id.is_(None))


def _filtered(tx: Connection, query: Select[Any], wanted: Filter, identity: Identity) -> Select[Any]:
    if wanted.status:
        query = query.where(submissions.c.status == wanted.status)
    if wanted.form_type:
        query = query.where(submissions.c.form_type == wanted.form_type)
    if wanted.agency:
        query = query.where(submissions.c.id.in_(select(grants.c.submission).where(grants.c.agency == wanted.agency)))
    if wanted.received_from:
        query = query.where(submissions.c.received_at >= wanted.received_from)
    if wanted.received_to:
        query = query.where(submissions.c.received_at < wanted.received_to)
    if wanted.attention:
        query = query.where(submissions.c.attention.is_not(None))
    if wanted.text:
        pattern = "%" + wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        named = or_(submissions.c.reference == wanted.text.upper(), submissions.c.title.ilike(pattern, escape="\\"))
        query = query.where(or_(named, _holds(tx, wanted, identity)) if wanted.terms else named)
    return query


def _holds(tx: Connection, wanted: Filter, identity: Identity) -> ColumnElement[bool]:
    """The documents that this reader may open hold what is searched for, and the submission is not kept apart."""
    holds = search.condition(submissions.c.id, wanted.terms, wanted.readable(identity), tx.dialect.name)
    return and_(submissions.c.status != lifecycle.QUARANTINED, holds)


def _counts(errors: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for error in errors:
        counted[error["severity"]] += 1
    return {"error": counted["error"], "warning": counted["warning"]}


def _write_cursor(received_at: str, submission: str) -> str:
    return base64.urlsafe_b64encode(f"{received_at} {submission}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if not text.isprintable():  # a store may refuse even to compare with it
            raise ValueError("not printable")
        received_at, submission = text.split(" ")
        timestamps.parse(received_at)
    except (ValueError, binascii.Error) as fault:
        raise Problem("cursor_invalid", 400) from fault
    return received_at, submission
