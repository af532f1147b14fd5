"""The shapes of agencies' work (from ``schemas/messages``) and of the archive."""

from __future__ import annotations

import json
from typing import Any

from services.command.openapi.shapes import CURSOR, MOMENT, NUMBER, PATH, SHA256, TEXT, UUID, Schema, closed, listed, maybe, one_of, ref
from services.shared.settings import SCHEMAS

SHA512: Schema = {"type": "string", "pattern": "^[0-9a-f]{128}$"}
OUTCOMES = ("confirmed", "returned", "answered")
STATES = ("pending", "queued", "delivered", "confirmed", "returned", "answered", "recalled")
ARCHIVED: dict[str, Schema] = {
    "id": {"type": "string", "pattern": "^urn:uuid:"},
    "reference": ref("Reference"),
    "form_type": maybe(TEXT),
    "submitter": maybe(TEXT),
    "title": maybe(TEXT),
    "digest": TEXT,
    "size": NUMBER,
    "received_at": MOMENT,
    "stored_at": MOMENT,
    "version": {"type": "string", "pattern": "^v[0-9]+$"},
    "links": closed({"self": PATH, "bag": PATH}),
}
FIXITY_STATES = ("intact", "damaged", "could_not_check")


def message(name: str) -> Schema:
    """A message's schema as a shape of its own: its definitions are found where it stands here."""
    source = (SCHEMAS / "messages" / f"{name}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(source.replace('"#/$defs/', f'"#/components/schemas/{name.capitalize()}Message/$defs/'))
    return {key: value for key, value in found.items() if key not in ("$schema", "$id")}


def work_shapes() -> dict[str, Schema]:
    """Leases, receipts, queues."""
    lease: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
    return {
        "WorkMessage": message("work"),
        "RecallMessage": message("recall"),
        "ReceiptMessage": message("receipt"),
        "LeasedMessage": {
            "type": "object",
            "oneOf": [ref("WorkMessage"), ref("RecallMessage")],
            "required": ["lease"],
            "properties": {"lease": lease},
        },
        "Leases": closed({"items": listed(ref("LeasedMessage")), "lease_until": maybe(MOMENT)}),
        "LeaseRequest": {
            "type": "object",
            "properties": {
                "max": {"type": "integer", "minimum": 1, "default": 10, "description": "At most so many; more than 100 means 100."},
                "seconds": {"type": "integer", "minimum": 1, "default": 300, "description": "For how long; more than 12 hours means 12 hours."},
            },
        },
        "LeaseEnded": closed(
            {
                "lease": lease,
                "delivery": UUID,
                "outcome": one_of("confirmed", "released"),
                "state": one_of(*STATES),
                "at": MOMENT,
                "applied": {"type": "boolean"},
            },
            optional=("state", "at", "applied"),
        ),
        "Receipt": {
            "description": "As `data` of a receipt message; `delivery` may be left out, since the address names it.",
            "type": "object",
            "required": ["outcome"],
            "properties": {
                key: {"$ref": f"#/components/schemas/ReceiptMessage/$defs/data/properties/{key}"}
                for key in ("delivery", "outcome", "case_number", "answer", "reason", "by")
            },
            "additionalProperties": False,
            "allOf": [{"$ref": f"#/components/schemas/ReceiptMessage/$defs/data/allOf/{number}"} for number in (0, 1)],
        },
        "ReceiptTaken": closed(
            {
                "delivery": UUID,
                "outcome": one_of(*OUTCOMES),
                "state": one_of(*STATES),
                "at": MOMENT,
                "applied": {"type": "boolean", "description": "False when the work had been recalled: it is kept and shown, nothing follows."},
            }
        ),
        "Queue": closed({"agency": TEXT, "depth": NUMBER, "oldest": maybe(MOMENT), "in_work": NUMBER}),
    }


def archive_shapes() -> dict[str, Schema]:
    """Archived objects and fixity."""
    file = closed({"path": TEXT, "size": maybe(NUMBER), "sha256": SHA256, "sha512": SHA512, "content_path": TEXT})
    version = {
        "version": TEXT,
        "created": MOMENT,
        "why": TEXT,
        "submission": UUID,
        "event": NUMBER,
        "chain": {**SHA256, "description": "The hash of the event that asked for this version."},
        "digest": TEXT,
        "files": listed(file),
    }
    outcome = {
        "object": TEXT,
        "outcome": one_of(*FIXITY_STATES, description="could_not_check is an alarm, never a pass."),
        **{name: listed(TEXT) for name in ("missing", "changed", "extra", "unread")},
        "reason": maybe(TEXT),
        "files": NUMBER,
        "bytes": NUMBER,
    }
    check = {
        "id": UUID,
        "object": maybe(TEXT),
        "requested_by": TEXT,
        "requested_at": MOMENT,
        "finished_at": maybe(MOMENT),
        "outcome": maybe(one_of(*FIXITY_STATES)),
        "state": one_of("running", "done"),
        "counts": {"type": "object", "additionalProperties": NUMBER},
        "items": listed(ref("Fixity")),
        "next": CURSOR,
    }
    return {
        "ArchiveSummary": closed({**ARCHIVED, "hits": ref("Hits")}, optional=("hits",)),
        "ArchiveList": closed({"items": listed(ref("ArchiveSummary")), "next": CURSOR}),
        "ArchiveObject": closed({**ARCHIVED, "versions": listed(closed(version))}),
        "Fixity": closed(outcome),
        "FixityCheck": closed(check),
        "FixityStarted": closed({"id": UUID, "object": maybe(TEXT), "state": one_of("running"), "links": closed({"self": PATH})}),
        "FixityRequest": {
            "type": "object",
            "properties": {"object": maybe({**TEXT, "description": "Its id or reference; all objects when left out."})},
        },
    }
