"""The shapes of requests and answers, as JSON Schema 2020-12. What we answer is closed (no other keys) and complete (all keys there)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.shared import lifecycle
from services.shared.words import LANGUAGES

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A named shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def closed(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = (), **more: Any) -> Schema:
    """An object with exactly these keys; all but the optional ones are always there."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": dict(properties), **more}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema, **more: Any) -> Schema:
    """An array of that."""
    return {"type": "array", "items": schema, **more}


def one_of(*values: str, **more: Any) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(values), **more}


TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
ANY_OBJECT: Schema = {"type": "object"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
UUID: Schema = {"type": "string", "format": "uuid"}
MOMENT: Schema = {"type": "string", "format": "date-time", "pattern": "Z$"}
ACCESS = one_of("public", "restricted", "internal")
PATH: Schema = {"type": "string", "format": "uri-reference"}
REASON: Schema = {"type": "string", "minLength": 1, "maxLength": 4000}
CURSOR = maybe({**TEXT, "description": "Give it as `cursor` to get the following page; null at the end."})

FINDING = closed(
    {
        "pointer": maybe({**TEXT, "description": "JSON Pointer into `answers`; null when it is about a document or the whole."}),
        "field": maybe({**TEXT, "description": "The field's label in the language asked for."}),
        "code": TEXT,
        "message": TEXT,
        "severity": one_of("error", "warning"),
        "document": maybe({**TEXT, "description": "The id of the document it is about."}),
        "accepted_by": maybe({**TEXT, "description": "Who at the secretariat accepted the submission in spite of it."}),
    }
)
PROBLEM = closed(
    {
        "type": {"type": "string", "format": "uri"},
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "instance": PATH,
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$", "description": "The problem's name, for machines."},
        "trace_id": maybe(TEXT),
        "errors": listed(ref("Error")),
    },
    description="RFC 9457, as application/problem+json on every 4xx and 5xx. Texts by Accept-Language (nb, nn, en).",
)
SUBMITTER = closed(
    {"kind": one_of("organisation", "person", "foreign"), "id": maybe(TEXT), "name": TEXT, "country": maybe(TEXT)},
)
DOCUMENT = closed(
    {
        "id": UUID,
        "role": one_of("form", "attachment", "extracted", "answer"),
        "parent": maybe({**UUID, "description": "The document it was found in."}),
        "path": TEXT,
        "name": TEXT,
        "media_type": TEXT,
        "format": maybe({**TEXT, "description": "PRONOM id."}),
        "size": NUMBER,
        "sha256": SHA256,
        "scan": one_of("pending", "clean", "infected", "not_scanned"),
        "scan_note": maybe(TEXT),
        "access": ACCESS,
        "note": maybe(TEXT),
    }
)
RULE = closed({"id": TEXT, "reason": TEXT})
DELIVERY = closed(
    {
        "delivery": maybe({**UUID, "description": "null in POST /checks, where nothing is sent."}),
        "agency": TEXT,
        "role": one_of("primary", "copy"),
        "task": TEXT,
        "rules": listed(ref("Rule")),
        "state": one_of("pending", "queued", "delivered", "confirmed", "returned", "answered", "recalled"),
        "respond_by": maybe({"type": "string", "format": "date"}),
    }
)
STATUS = one_of(*lifecycle.STATES)
SUMMARY: dict[str, Schema] = {
    "id": UUID,
    "reference": ref("Reference"),
    "version": {"type": "integer", "minimum": 1},
    "form_type": maybe(TEXT),
    "form_version": maybe(TEXT),
    "language": maybe(one_of(*LANGUAGES)),
    "title": maybe(TEXT),
    "status": ref("Status"),
    "attention": maybe({**TEXT, "description": "A technical fault that the secretariat should see; never a state."}),
    "received_at": MOMENT,
    "complete_at": maybe({**MOMENT, "description": "When it was received complete, or accepted with a reason."}),
    "submitter": ref("Submitter"),
    "on_behalf_of": maybe(ref("Submitter")),
}
CHANGES = closed(
    {
        "since": {**maybe(closed({"id": UUID, "version": NUMBER})), "description": "The version before; null for a first version."},
        "fields": {
            **maybe(
                listed(
                    closed({"pointer": TEXT, "field": TEXT, "old": {}, "new": {}, "old_text": maybe(TEXT), "new_text": maybe(TEXT)}),
                    description="`old` and `new` are the answers, null for none; the texts are as people read them.",
                )
            ),
            "description": "Null when one of the versions could not be read.",
        },
        "documents": listed(
            closed(
                {
                    "change": one_of("added", "removed", "changed"),
                    "role": one_of("form", "attachment"),
                    "name": TEXT,
                    "old_sha256": maybe(SHA256),
                    "new_sha256": maybe(SHA256),
                }
            )
        ),
    }
)
LINKS = closed({"self": PATH, "changes": PATH, "page": PATH, "receipt": PATH, "rendering": PATH, "withdraw": PATH})
SUBMISSION = closed(
    {
        **SUMMARY,
        "versions": listed(closed({"id": UUID, "version": NUMBER, "status": ref("Status"), "received_at": MOMENT})),
        "in_force": maybe({**NUMBER, "description": "The version in force, if any was accepted."}),
        "replaces": maybe(UUID),
        "note": maybe(TEXT),
        "access": ACCESS,
        "answers": maybe({**ANY_OBJECT, "description": "By the form's own schema (GET /forms/{form_type}/{version}/schema); null until it is read."}),
        "read_as": maybe({"type": "object", "additionalProperties": one_of("tag", "label", "unsure")}),
        "errors": listed(ref("Error")),
        "documents": listed(ref("Document")),
        "routing": listed(ref("Delivery")),
        "archive": closed({"state": one_of("pending", "stored"), "object": maybe(TEXT), "version": maybe(TEXT), "digest": maybe(TEXT)}),
        "timeline": listed(closed({"at": MOMENT, "type": TEXT, "by": TEXT, "text": TEXT})),
        "links": ref("SubmissionLinks"),
    }
)
HITS: Schema = {
    **listed(closed({"document": UUID, "name": TEXT, "snippet": listed(closed({"text": TEXT, "hit": {"type": "boolean"}}))})),
    "description": "Only when something is searched for: documents that may be read and hold it, with the piece around it. The text is plain text.",
}
LISTED_SUBMISSION = closed(
    {**SUMMARY, "counts": closed({"error": NUMBER, "warning": NUMBER}), "links": ref("SubmissionLinks"), "hits": ref("Hits")}, optional=("hits",)
)
CHECK_RESULT = closed(
    {
        "form_type": maybe(TEXT),
        "form_version": maybe(TEXT),
        "answers": maybe(ANY_OBJECT),
        "read_as": maybe({"type": "object", "additionalProperties": one_of("tag", "label", "unsure")}),
        "status": ref("Status"),
        "errors": listed(ref("Error")),
        "documents": listed(
            closed(
                {
                    **{key: DOCUMENT["properties"][key] for key in ("id", "role", "parent", "path", "name", "media_type", "format", "size")},
                    "sha256": maybe(SHA256),
                }
            )
        ),
        "routing": listed(ref("Delivery")),
        "held": maybe(
            closed(
                {"reason": TEXT, "rules": listed(ref("Rule")), "suggest": listed(ANY_OBJECT)},
                description="Why the secretariat would have to decide where it goes.",
            )
        ),
        "skipped": listed({**TEXT, "description": "A rule that needed a register, history or scan."}),
    }
)
RECEIPT = closed(
    {
        **{key: SUMMARY[key] for key in ("reference", "id", "version", "received_at", "form_type", "submitter", "on_behalf_of", "status")},
        "documents": listed(closed({key: DOCUMENT["properties"][key] for key in ("id", "role", "name", "size", "sha256")})),
        "signature": {**TEXT, "description": "Compact JWS over the RFC 8785 form of the rest; keys at /submissions/receipt-keys."},
    }
)
KEYS = {"type": "object", "required": ["keys"], "properties": {"keys": listed({"type": "object", "required": ["kty"], "properties": {"kty": TEXT}})}}

FORM_FIELDS: dict[str, Schema] = {
    "form": {
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "description": "The form, exactly one: .docx, .pdf or JSON (application/json); from the secretariat also .eml or .msg.",
    },
    "attachments": listed({"type": "string", "contentMediaType": "application/octet-stream"}),
    "form_type": {**TEXT, "description": "Only needed when the file cannot say it."},
    "language": one_of(*LANGUAGES),
    "note": {"type": "string", "maxLength": 4000},
    "access": {**ACCESS, "default": "restricted"},
    "replaces": {**TEXT, "description": "The id of the version this corrects; a reference means the newest."},
    "on_behalf_of": {**TEXT, "description": "The secretariat only: a submitter as JSON, or an organisation number."},
    "received_at": {**TEXT, "description": "The secretariat only: the moment or Norwegian day it came by other ways."},
}
UPLOAD_FIELDS: dict[str, Schema] = {
    "upload": listed({**UUID, "description": "An attachment that was uploaded at /uploads; its place among the attachments is where it stands."}),
    "form_upload": {**UUID, "description": "The form, when it was uploaded at /uploads, instead of `form`."},
}

SUBMISSION_SHAPES: dict[str, Schema] = {
    "Error": FINDING,
    "Problem": PROBLEM,
    "Reference": {"type": "string", "pattern": "^NM-[0-9]{4}-[2-9BCDFGHJKMNPQRSTVWXYZ]{6}$"},
    "Status": STATUS,
    "Submitter": SUBMITTER,
    "Document": DOCUMENT,
    "Rule": RULE,
    "Delivery": DELIVERY,
    "SubmissionLinks": LINKS,
    "Changes": CHANGES,
    "Submission": SUBMISSION,
    "Hits": HITS,
    "SubmissionList": closed({"items": listed(LISTED_SUBMISSION), "next": CURSOR, "total": NUMBER}, optional=("total",)),
    "Accepted": closed({**{key: SUMMARY[key] for key in ("id", "reference", "version", "status")}, "links": ref("SubmissionLinks")}),
    "NewSubmission": {"type": "object", "additionalProperties": False, "properties": {**FORM_FIELDS, **UPLOAD_FIELDS}},
    "CheckRequest": {"type": "object", "additionalProperties": False, "properties": {**FORM_FIELDS, **UPLOAD_FIELDS}},
    "CheckResult": CHECK_RESULT,
    "SignedReceipt": RECEIPT,
    "Keys": KEYS,
    "Withdrawal": {"type": "object", "properties": {"reason": REASON}},
    "Message": {
        "type": "object",
        "required": ["text"],
        "properties": {"to": TEXT, "text": {**REASON, "pattern": r"\S"}, "request_correction": {**FLAG, "description": "The secretariat only."}},
    },
    "Forms": closed(
        {"items": listed(closed({"form_type": TEXT, "form_version": TEXT, "title": TEXT, "links": {"type": "object", "additionalProperties": PATH}}))}
    ),
    "Policy": closed(
        {
            "sizes": {"type": "object", "additionalProperties": NUMBER},
            "opening": {"type": "object", "additionalProperties": NUMBER},
            "types": listed(closed({"name": TEXT, "media_type": TEXT, "extensions": listed(TEXT), "roles": listed(TEXT)})),
            "outcomes": {"type": "object", "additionalProperties": one_of("needs_correction", "quarantined")},
            "refusals": {
                "type": "object",
                "additionalProperties": TEXT,
                "description": "What is refused, in a few words, by the code it is told with.",
            },
        }
    ),
}


def action(**more: Schema) -> Schema:
    """The body of one of the secretariat's actions: the version it looked at, why, and what else it needs."""
    return {
        "type": "object",
        "required": ["version", "reason", *(name for name in more if name in ("document", "agency"))],
        "properties": {"version": {"type": "integer", "minimum": 1}, "reason": REASON, **more},
    }
