"""``metadata/premis.xml``: PREMIS 3 objects, events and agents of one archived version (https://www.loc.gov/standards/premis/v3/)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from lxml import etree

from services.archive.snapshot import Document, Snapshot
from services.archive.xml import XSI_TYPE, add, root_element, to_bytes
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
    root = root_element(NAMESPACE, "premis")
    root.set("version", "3.0")
    _representation(root, snapshot)
    for document in snapshot.documents:
        _file(root, document, snapshot)
    for event in snapshot.story:
        _story_event(root, event, snapshot)
    for document in snapshot.documents:
        _document_events(root, document)
    for actor in sorted({event["actor"] for event in snapshot.story} | {SOFTWARE}):
        agent = add(root, "agent")
        _identifier(agent, "agent", "mottak actor", actor)
        add(agent, "agentName", actor)
        add(agent, "agentType", next((kind for prefix, kind in AGENT_TYPES.items() if actor.startswith(prefix)), "software"))
    return to_bytes(root)


def _identifier(parent: etree._Element, what: str, kind: str, value: str) -> None:
    identifier = add(parent, f"{what}Identifier")
    add(identifier, f"{what}IdentifierType", kind)
    add(identifier, f"{what}IdentifierValue", value)


def _representation(root: etree._Element, snapshot: Snapshot) -> None:
    entity = add(root, "object", None, **{XSI_TYPE: "representation"})
    _identifier(entity, "object", "OCFL", snapshot.object_id)
    _identifier(entity, "object", "reference", snapshot.submission["reference"])
    _identifier(entity, "object", "UUID", snapshot.submission["id"])


def _file(root: etree._Element, document: Document, snapshot: Snapshot) -> None:
    row = document.row
    file = add(root, "object", None, **{XSI_TYPE: "file"})
    _identifier(file, "object", "UUID", row["id"])
    characteristics = add(file, "objectCharacteristics")
    add(characteristics, "compositionLevel", 0)
    for algorithm, digest in (("SHA-256", row["sha256"]), ("SHA-512", row["sha512"])):
        fixity = add(characteristics, "fixity")
        add(fixity, "messageDigestAlgorithm", algorithm)
        add(fixity, "messageDigest", digest)
        add(fixity, "messageDigestOriginator", SOFTWARE)
    add(characteristics, "size", row["size"])
    form = add(characteristics, "format")
    add(add(form, "formatDesignation"), "formatName", row["media_type"])
    if row["format"]:
        registry = add(form, "formatRegistry")
        add(registry, "formatRegistryName", "PRONOM")
        add(registry, "formatRegistryKey", row["format"])
    add(file, "originalName", row["raw_name"])
    if document.logical_path is not None:
        location = add(add(file, "storage"), "contentLocation")
        add(location, "contentLocationType", "OCFL logical path")
        add(location, "contentLocationValue", document.logical_path)
    _relationship(file, "structural", "is included in", "OCFL", snapshot.object_id)
    if row["parent"]:
        _relationship(file, "derivation", "has source", "UUID", row["parent"])


def _relationship(parent: etree._Element, kind: str, subtype: str, identifier_type: str, value: str) -> None:
    relationship = add(parent, "relationship")
    add(relationship, "relationshipType", kind)
    add(relationship, "relationshipSubType", subtype)
    related = add(relationship, "relatedObjectIdentifier")
    add(related, "relatedObjectIdentifierType", identifier_type)
    add(related, "relatedObjectIdentifierValue", value)


def _story_event(root: etree._Element, story_event: dict[str, Any], snapshot: Snapshot) -> None:
    name = f"{story_event['submission']}#{story_event['seq']}"
    outcome = lifecycle.MOVES[story_event["type"]].target if story_event["type"] in lifecycle.MOVES else None
    detail = f"{story_event['type']}; event {name}; chain {story_event['hash']}"
    event = _event(root, uuid.uuid5(uuid.UUID(story_event["submission"]), name), story_event["type"], story_event["at"], detail, outcome)
    _linking(event, "Agent", "mottak actor", story_event["actor"])
    _linking(event, "Object", "OCFL", snapshot.object_id)


def _document_events(root: etree._Element, document: Document) -> None:
    row = document.row
    facts: list[tuple[str, str, str | None]] = [("message digest calculation", f"sha256 {row['sha256']}; sha512 {row['sha512']}", None)]
    if row["format"]:
        facts.append(("format identification", f"{row['media_type']}; PRONOM {row['format']}", None))
    if row["scan"] != "pending":
        facts.append(("virus check", row["scan_note"] or row["scan"], row["scan"]))
    if document.logical_path is None:
        facts.append(("appraisal", "the bytes are kept out of the archive by rule; the digest stays", "not archived"))
    for kind, detail, outcome in facts:
        event = _event(root, uuid.uuid5(uuid.UUID(row["id"]), kind), kind, row["created_at"], detail, outcome)
        _linking(event, "Agent", "mottak actor", SOFTWARE)
        _linking(event, "Object", "UUID", row["id"])


def _event(root: etree._Element, identifier: uuid.UUID, kind: str, at: str, detail: str, outcome: str | None) -> etree._Element:
    event = add(root, "event")
    _identifier(event, "event", "UUID", str(identifier))
    label = LABELS.get(kind, kind)
    if "." in label:
        add(event, "eventType", label, authority=OWN_EVENT_TYPES)
    else:
        add(event, "eventType", label, authority="eventType", authorityURI=EVENT_TYPES_AUTHORITY)
    add(event, "eventDateTime", at)
    add(add(event, "eventDetailInformation"), "eventDetail", detail)
    if outcome is not None:
        add(add(event, "eventOutcomeInformation"), "eventOutcome", outcome)
    return event


def _linking(event: etree._Element, what: str, kind: str, value: str) -> None:
    linking = add(event, f"linking{what}Identifier")
    add(linking, f"linking{what}IdentifierType", kind)
    add(linking, f"linking{what}IdentifierValue", value)
