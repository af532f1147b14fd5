"""``metadata/premis.xml``: PREMIS 3 objects, events and agents of one archived version (https://www.loc.gov/standards/premis/v3/)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from services.archive.snapshot import Document, Snapshot
from services.archive.xml import XSI_TYPE, Writer
from services.shared import lifecycle, names

NAMESPACE: Final = "http://www.loc.gov/premis/v3"
EVENT_TYPES_AUTHORITY: Final = "http://id.loc.gov/vocabulary/preservation/eventType"
OWN_EVENT_TYPES: Final = "mottak"
SOFTWARE: Final = "mottak"
# What the actor of an event begins with (services.shared.identity: ``Identity.owner``); our own parts sign with their bare names.
AGENT_TYPES: Final[dict[str, str]] = {"organisation:": "organization", "person:": "person"}

# Our events with a label in the Library of Congress' list; the others are written with our own name.
LABELS: Final[dict[str, str]] = {
    names.SUBMISSION_RECEIVED: "transfer",
    names.SUBMISSION_CHECKING: "validation",
    names.SUBMISSION_QUARANTINED: "quarantine",
    names.DOCUMENT_RELEASED: "unquarantine",
    names.SUBMISSION_ACCEPTED: "accession",
    names.ARCHIVE_REQUESTED: "information package creation",
    names.ARCHIVE_STORED: "ingestion",
    names.ARCHIVE_EXPORTED: "dissemination",
    names.DOCUMENT_FETCHED: "dissemination",
}


def build(snapshot: Snapshot) -> bytes:
    """The PREMIS document of a snapshot; the same bytes each time."""
    out = Writer(NAMESPACE, "premis", {"version": "3.0"})
    _representation(out, snapshot)
    for document in snapshot.documents:
        _file(out, document, snapshot)
    for event in snapshot.story:
        _story_event(out, event, snapshot)
    for document in snapshot.documents:
        _document_events(out, document)
    for actor in sorted({event["actor"] for event in snapshot.story} | {SOFTWARE}):
        out.open("agent")
        _identifier(out, "agent", "mottak actor", actor)
        out.add("agentName", actor)
        out.add("agentType", next((kind for prefix, kind in AGENT_TYPES.items() if actor.startswith(prefix)), "software"))
        out.close()
    return out.to_bytes()


def _identifier(out: Writer, what: str, kind: str, value: str) -> None:
    out.open(f"{what}Identifier")
    out.add(f"{what}IdentifierType", kind)
    out.add(f"{what}IdentifierValue", value)
    out.close()


def _representation(out: Writer, snapshot: Snapshot) -> None:
    out.open("object", {XSI_TYPE: "representation"})
    _identifier(out, "object", "OCFL", snapshot.object_id)
    _identifier(out, "object", "reference", snapshot.submission["reference"])
    _identifier(out, "object", "UUID", snapshot.submission["id"])
    out.close()


def _file(out: Writer, document: Document, snapshot: Snapshot) -> None:
    row = document.row
    out.open("object", {XSI_TYPE: "file"})
    _identifier(out, "object", "UUID", row["id"])
    _characteristics(out, row)
    out.add("originalName", row["raw_name"])
    if document.logical_path is not None:
        out.open("storage")
        out.open("contentLocation")
        out.add("contentLocationType", "OCFL logical path")
        out.add("contentLocationValue", document.logical_path)
        out.close()
        out.close()
    _relationship(out, "structural", "is included in", "OCFL", snapshot.object_id)
    if row["parent"]:
        _relationship(out, "derivation", "has source", "UUID", row["parent"])
    out.close()


def _characteristics(out: Writer, row: dict[str, Any]) -> None:
    out.open("objectCharacteristics")
    out.add("compositionLevel", 0)
    for algorithm, digest in (("SHA-256", row["sha256"]), ("SHA-512", row["sha512"])):
        out.open("fixity")
        out.add("messageDigestAlgorithm", algorithm)
        out.add("messageDigest", digest)
        out.add("messageDigestOriginator", SOFTWARE)
        out.close()
    out.add("size", row["size"])
    out.open("format")
    out.open("formatDesignation")
    out.add("formatName", row["media_type"])
    out.close()
    if row["format"]:
        out.open("formatRegistry")
        out.add("formatRegistryName", "PRONOM")
        out.add("formatRegistryKey", row["format"])
        out.close()
    out.close()
    out.close()


def _relationship(out: Writer, kind: str, subtype: str, identifier_type: str, value: str) -> None:
    out.open("relationship")
    out.add("relationshipType", kind)
    out.add("relationshipSubType", subtype)
    out.open("relatedObjectIdentifier")
    out.add("relatedObjectIdentifierType", identifier_type)
    out.add("relatedObjectIdentifierValue", value)
    out.close()
    out.close()


def _story_event(out: Writer, story_event: dict[str, Any], snapshot: Snapshot) -> None:
    name = f"{story_event['submission']}#{story_event['seq']}"
    outcome = lifecycle.MOVES[story_event["type"]].target if story_event["type"] in lifecycle.MOVES else None
    detail = f"{story_event['type']}; event {name}; chain {story_event['hash']}"
    _event(out, uuid.uuid5(uuid.UUID(story_event["submission"]), name), story_event["type"], story_event["at"], detail, outcome)
    _linking(out, "Agent", "mottak actor", story_event["actor"])
    _linking(out, "Object", "OCFL", snapshot.object_id)
    out.close()


def _document_events(out: Writer, document: Document) -> None:
    row = document.row
    facts: list[tuple[str, str, str | None]] = [("message digest calculation", f"sha256 {row['sha256']}; sha512 {row['sha512']}", None)]
    if row["format"]:
        facts.append(("format identification", f"{row['media_type']}; PRONOM {row['format']}", None))
    if row["scan"] != "pending":
        facts.append(("virus check", row["scan_note"] or row["scan"], row["scan"]))
    if document.logical_path is None:
        facts.append(("appraisal", "the bytes are kept out of the archive by rule; the digest stays", "not archived"))
    of_document = uuid.UUID(row["id"])
    for kind, detail, outcome in facts:
        _event(out, uuid.uuid5(of_document, kind), kind, row["created_at"], detail, outcome)
        _linking(out, "Agent", "mottak actor", SOFTWARE)
        _linking(out, "Object", "UUID", row["id"])
        out.close()


def _event(out: Writer, identifier: uuid.UUID, kind: str, at: str, detail: str, outcome: str | None) -> None:
    """Begin an event; what it is linked to follows, and whoever began it ends it."""
    out.open("event")
    _identifier(out, "event", "UUID", str(identifier))
    label = LABELS.get(kind, kind)
    if "." in label:
        out.add("eventType", label, {"authority": OWN_EVENT_TYPES})
    else:
        out.add("eventType", label, {"authority": "eventType", "authorityURI": EVENT_TYPES_AUTHORITY})
    out.add("eventDateTime", at)
    out.open("eventDetailInformation")
    out.add("eventDetail", detail)
    out.close()
    if outcome is not None:
        out.open("eventOutcomeInformation")
        out.add("eventOutcome", outcome)
        out.close()


def _linking(out: Writer, what: str, kind: str, value: str) -> None:
    out.open(f"linking{what}Identifier")
    out.add(f"linking{what}IdentifierType", kind)
    out.add(f"linking{what}IdentifierValue", value)
    out.close()
