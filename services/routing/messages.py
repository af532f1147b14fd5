"""What agencies are sent: CloudEvents 1.0 in structured form (contract, section 4), made once and kept as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from services.shared import words
from services.shared.scanner import may_be_passed_on

SOURCE = "/nyemetoder/mottak/routing"
WORK_TYPE = "no.nyemetoder.mottak.work.v1"
RECALL_TYPE = "no.nyemetoder.mottak.recall.v1"
_SUBMISSION_KEYS = (
    "id",
    "reference",
    "version",
    "form_type",
    "form_version",
    "received_at",
    "complete_at",
    "submitter",
    "answers",
    "errors",
)
DOCUMENT_KEYS = ("id", "role", "name", "media_type", "size", "sha256")


def work(
    delivery: Mapping[Any, Any], submission: Mapping[Any, Any], documents: Iterable[Mapping[Any, Any]], *, public_url: str, at: str
) -> dict[str, Any]:
    """The message that hands work to an agency.

    ``delivery`` as in ``deliveries.queued``, ``submission`` and ``documents`` as rows; of these only what may be passed on is named. ``id`` is the
    delivery's. Reasons are in bokmål.
    """
    base = f"{public_url}/api/v1/submissions/{submission['id']}/documents"
    data = {
        "delivery": delivery["delivery"],
        "agency": delivery["agency"],
        "role": delivery["role"],
        "task": delivery["task"],
        "respond_by": delivery["respond_by"],
        "replaces": delivery["replaces"],
        "submission": {key: submission[key] for key in _SUBMISSION_KEYS},
        "documents": [
            {**{key: document[key] for key in DOCUMENT_KEYS}, "href": f"{base}/{document['id']}"}
            for document in documents
            if may_be_passed_on(document["scan"], document["scan_note"])
        ],
        "rules": [{"id": rule["id"], "reason": words.choose(rule["reason"], words.DEFAULT)} for rule in delivery["rules"]],
    }
    return _envelope(WORK_TYPE, delivery["delivery"], submission, at, data)


def recall(message_id: str, delivery_id: str, submission: Mapping[Any, Any], *, reason: str, replaced_by: str | None, at: str) -> dict[str, Any]:
    """The message that takes work back. ``reason`` is ``withdrawn``, ``superseded``, ``rejected`` or ``rerouted``."""
    return _envelope(RECALL_TYPE, message_id, submission, at, {"delivery": delivery_id, "reason": reason, "replaced_by": replaced_by})


def traceparent_of(message_id: str, trace: str) -> str:
    """The ``traceparent`` of a message in a trace. The span's id comes from the message's own, so that the same message always has the same."""
    return f"00-{trace}-{message_id.replace('-', '')[-16:]}-01"


def to_text(message: Mapping[Any, Any]) -> str:
    """The one text of a message that is stored and sent (UTF-8 JSON)."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _envelope(kind: str, message_id: str, submission: Mapping[Any, Any], at: str, data: dict[str, Any]) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": message_id,
        "source": SOURCE,
        "type": kind,
        "subject": submission["reference"],
        "time": at,
        "datacontenttype": "application/json",
    }
    if submission["trace"]:
        envelope["traceparent"] = traceparent_of(message_id, submission["trace"])
    envelope["data"] = data
    return envelope
