"""What one archived version tells: the submission as it stood at the event, its documents, and the story up to there. Read from the database, frozen here.

Whatever lies after the event is left out, so that a writer who comes late plans the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, or_, select

from services.archive.inventory import VersionCause
from services.archive.paths import package_names, unique_paths
from services.shared import canonical, lifecycle, story, words
from services.shared.events import Event
from services.shared.models import documents, events, submissions

INFECTED = "infected"
EXTRACTED = "extracted"
ANSWER = "answer"

# Put together once: building a statement costs SQLAlchemy more than running it does.
_VERSIONS = (
    select(submissions)
    .where(submissions.c.root == select(submissions.c.root).where(submissions.c.id == bindparam("of_submission")).scalar_subquery())
    .order_by(submissions.c.version)
)
_TOLD = ("submission", "seq", "prev_hash", "hash", "at", "type", "actor", "trace", "data")
_STORY = (
    select(*(events.c[name] for name in _TOLD))
    .where(events.c.submission.in_(bindparam("of_reference", expanding=True)))
    .order_by(events.c.at, events.c.submission, events.c.seq)
)
# What was sent and what was found in it belongs to every event of the submission, whatever the clocks said; only answers come one by one.
_DOCUMENTS = (
    select(documents)
    .where(documents.c.submission == bindparam("of_submission"), or_(documents.c.role != ANSWER, documents.c.created_at <= bindparam("until")))
    .order_by(documents.c.position, documents.c.id)
)


@dataclass(frozen=True)
class Document:
    """One document with the path it has in the archive. ``logical_path`` is None where the bytes are kept out by rule; the digest stays."""

    row: dict[str, Any]
    logical_path: str | None
    package_name: str | None

    def as_json(self) -> dict[str, Any]:
        """As ``documents[]`` of GET, with sha512 and where it is archived."""
        shown = (
            "id",
            "role",
            "parent",
            "path",
            "name",
            "media_type",
            "format",
            "size",
            "sha256",
            "sha512",
            "scan",
            "scan_note",
            "access",
            "note",
        )
        return {**{name: self.row[name] for name in shown}, "archived_as": self.logical_path}


@dataclass(frozen=True)
class Snapshot:
    """A submission at one event. ``story`` holds the events of all versions of the reference, oldest first."""

    object_id: str
    cause: VersionCause
    at: str
    submission: dict[str, Any]
    versions: tuple[dict[str, Any], ...]
    status: str
    documents: tuple[Document, ...]
    story: tuple[dict[str, Any], ...]

    def submission_json(self) -> bytes:
        """``metadata/submission.json``: what GET shows at this event, and the form definition by name and version."""
        shown = (
            "id",
            "reference",
            "version",
            "form_type",
            "form_version",
            "language",
            "received_at",
            "complete_at",
            "submitter",
            "on_behalf_of",
            "entered_by",
        )
        more = ("note", "access", "title", "answers", "read_as", "errors", "replaces")
        document = {
            **{name: self.submission[name] for name in (*shown, *more)},
            "status": self.status,
            "versions": list(self.versions),
            "documents": [document.as_json() for document in self.documents],
            "routing": story.routing_of(
                [Event(id=0, **event) for event in self.story if event["submission"] == self.submission["id"]], words.DEFAULT
            ),
            "archived_for": {"why": self.cause.why, "event": self.cause.seq, "at": self.at, "chain": self.cause.chain},
        }
        return canonical.dumps(document) + b"\n"

    def events_jsonl(self) -> bytes:
        """``metadata/events.jsonl``: one RFC 8785 line for each event; each line carries what its chain hash covers."""
        return b"".join(canonical.dumps(event) + b"\n" for event in self.story)


def object_id_of(root: str) -> str:
    """The OCFL object's id: the id of version 1 of the reference as a URN (contract, section 5)."""
    return f"urn:uuid:{root}"


def take(tx: Connection, submission: str, seq: int) -> Snapshot:
    """Read a submission as it stood at its event ``seq``. Raises LookupError when there is none."""
    of_reference = tx.execute(_VERSIONS, {"of_submission": submission}).mappings().all()
    row = next((version for version in of_reference if version["id"] == submission), None)
    told = tx.execute(_STORY, {"of_reference": [version["id"] for version in of_reference]}).mappings().all()
    event = next((event for event in told if (event["submission"], event["seq"]) == (submission, seq)), None)
    if row is None or event is None:
        raise LookupError(f"{submission}#{seq}")
    story = _story(told, event)
    return Snapshot(
        object_id=object_id_of(row["root"]),
        cause=VersionCause(_why(event["data"]), submission, seq, event["hash"]),
        at=event["at"],
        submission=dict(row),
        versions=tuple(
            {name: version[name] for name in ("id", "version", "received_at")} for version in of_reference if version["received_at"] <= event["at"]
        ),
        status=_status(story, submission),
        documents=_documents(tx, submission, event["at"]),
        story=tuple(story),
    )


def _why(data: Mapping[str, Any]) -> str:
    """One word of letters: it becomes part of the version's message, which must be readable again."""
    return re.sub(r"[^a-z]+", "_", str(data.get("why", "")).lower()).strip("_") or "request"


def _story(told: Sequence[RowMapping], event: RowMapping) -> list[dict[str, Any]]:
    """What was told up to the event: of its own submission by number, of the other versions by time."""
    own, seq, at = event["submission"], event["seq"], event["at"]
    # Keys as plain text: canonical JSON has a quick way for those.
    return [{name: row[name] for name in _TOLD} for row in told if row["at"] <= at and (row["submission"] != own or row["seq"] <= seq)]


def _status(story: list[dict[str, Any]], submission: str) -> str:
    moves = [lifecycle.MOVES[event["type"]].target for event in story if event["submission"] == submission and event["type"] in lifecycle.MOVES]
    return moves[-1] if moves else lifecycle.RECEIVED


def _documents(tx: Connection, submission: str, at: str) -> tuple[Document, ...]:
    rows = [dict(row) for row in tx.execute(_DOCUMENTS, {"of_submission": submission, "until": at}).mappings()]
    kept = [row for row in rows if row["scan"] != INFECTED]
    wanted = [f"{EXTRACTED if row['role'] == EXTRACTED else 'original'}/{row['path'] or row['name']}" for row in kept]
    logical = dict(zip((row["id"] for row in kept), unique_paths(wanted), strict=True))
    package = package_names(logical.values())
    return tuple(Document(row, logical.get(row["id"]), package.get(logical.get(row["id"], ""))) for row in rows)
