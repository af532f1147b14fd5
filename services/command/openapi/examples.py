"""Examples of the shapes that people read first. Tests hold them against their shapes."""

from __future__ import annotations

from typing import Any, Final

_ID: Final = "0192f0c1-7b1a-7c3e-9d2f-5b8a4c6e1f20"
_MOMENT: Final = "2026-11-22T10:44:13.123456Z"
_SHA256: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SUBMITTER: Final = {"kind": "organisation", "id": "310000019", "name": "Eksempel Legemidler AS", "country": "NO"}
_BASE: Final = f"/api/v1/submissions/{_ID}"
_LINKS: Final = {
    "changes": f"{_BASE}/changes",
    "self": _BASE,
    "page": "/innsendinger/NM-2026-7QK4ZD",
    "receipt": f"{_BASE}/receipt",
    "rendering": f"{_BASE}/rendering",
    "withdraw": f"{_BASE}/withdraw",
}
_ERROR: Final = {
    "pointer": "/atc_code",
    "field": "ATC-kode",
    "code": "pattern",
    "message": "Skriv ATC-koden med én bokstav, to tall, to bokstaver og to tall.",
    "severity": "error",
    "document": None,
    "accepted_by": None,
}

EXAMPLES: Final[dict[str, Any]] = {
    "Error": _ERROR,
    "Problem": {
        "type": "https://mottak.example/hjelp/problemer#copy_out_of_date",
        "title": "Det finnes en nyere versjon",
        "status": 409,
        "detail": "NM-2026-7QK4ZD har en nyere versjon. Hent den og rett i den.",
        "instance": "/api/v1/submissions",
        "code": "copy_out_of_date",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "errors": [],
    },
    "Reference": "NM-2026-7QK4ZD",
    "Submitter": _SUBMITTER,
    "Accepted": {"id": _ID, "reference": "NM-2026-7QK4ZD", "version": 1, "status": "received", "links": _LINKS},
    "Submission": {
        "id": _ID,
        "reference": "NM-2026-7QK4ZD",
        "version": 1,
        "form_type": "anmodning",
        "form_version": "1.0",
        "language": "nb",
        "title": "Eksempelmab",
        "status": "needs_correction",
        "attention": None,
        "received_at": _MOMENT,
        "complete_at": None,
        "submitter": _SUBMITTER,
        "on_behalf_of": None,
        "versions": [{"id": _ID, "version": 1, "status": "needs_correction", "received_at": _MOMENT}],
        "in_force": None,
        "replaces": None,
        "note": None,
        "access": "restricted",
        "answers": {"atc_code": "L01"},
        "read_as": {"atc_code": "tag"},
        "errors": [_ERROR],
        "documents": [
            {
                "id": "0192f0c1-7b1a-7c3e-9d2f-5b8a4c6e1f21",
                "role": "form",
                "parent": None,
                "path": "anmodning.docx",
                "name": "anmodning.docx",
                "media_type": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "format": "fmt/412",
                "size": 40312,
                "sha256": _SHA256,
                "scan": "clean",
                "scan_note": None,
                "access": "restricted",
                "note": None,
            }
        ],
        "routing": [],
        "archive": {"state": "pending", "object": None, "version": None, "digest": None},
        "timeline": [{"at": _MOMENT, "type": "submission.received", "by": "organisation:310000019", "text": "Innsendingen er mottatt."}],
        "links": _LINKS,
    },
    "Receipt": {
        "outcome": "answered",
        "case_number": "24/12345",
        "answer": {"conclusion": "egnet", "documents": [{"upload": _ID, "name": "vurdering.pdf", "sha256": _SHA256, "access": "public"}]},
        "by": "Kari Nordmann",
    },
    "Queue": {"agency": "dmp", "depth": 3, "oldest": _MOMENT, "in_work": 1},
    "Fixity": {
        "object": f"urn:uuid:{_ID}",
        "outcome": "intact",
        "missing": [],
        "changed": [],
        "extra": [],
        "unread": [],
        "reason": None,
        "files": 9,
        "bytes": 412007,
    },
}
