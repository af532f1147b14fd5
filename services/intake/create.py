"""Making a submission's rows from what was received: a first version, or a correction of an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert

from services.shared import events, identifiers, lifecycle, names, telemetry, timestamps
from services.shared.context import Context
from services.shared.corrections import replaced_version
from services.shared.identity import Identity
from services.shared.models import documents
from services.shared.problems import Problem
from services.shared.sandbox.names import unique_path
from services.shared.scanner import PENDING
from services.shared.web.incoming import ReceivedBody, ReceivedFile
from services.shared.web.submission_fields import SubmissionFields, read_fields, submitter_kind

# Put together once: building a statement costs SQLAlchemy more than running it does.
_DOCUMENTS = insert(documents)


def object_prefix(submission: str) -> str:
    """Where a submission's bytes lie. Two characters of the id's random end spread the folders."""
    return f"incoming/{submission[-2:]}/{submission}"


@dataclass(frozen=True)
class NewSubmission:
    """Everything a submission's first row needs, checked."""

    id: str
    identity: Identity
    owner: str
    submitter_kind: str | None
    fields: SubmissionFields
    is_secretariat: bool
    files: list[ReceivedFile]

    @staticmethod
    def from_body(context: Context, identity: Identity, body: ReceivedBody, submission: str, *, is_secretariat: bool) -> NewSubmission:
        """Check the fields of a body. Raises Problem."""
        fields = read_fields(body, policy=context.policy, form_types=context.forms.types(), is_secretariat=is_secretariat)
        party = fields.on_behalf_of
        return NewSubmission(
            id=submission,
            identity=identity,
            owner=f"{party['kind']}:{party['id']}" if party else identity.owner,
            submitter_kind=submitter_kind(context.actors, identity, party),
            fields=fields,
            is_secretariat=is_secretariat,
            files=body.files,
        )

    @property
    def replaces(self) -> str | None:
        """What it corrects, as it was given."""
        return self.fields.replaces


def create(tx: Connection, new: NewSubmission) -> dict[str, Any]:
    """Insert the submission with its first event, and its documents. Returns its row. Raises Problem for a correction that may not be made now."""
    replaced = replaced_version(tx, new.identity, new.replaces, is_secretariat=new.is_secretariat, lock=True) if new.replaces else None
    row = _begin(tx, new, replaced)
    tx.execute(_DOCUMENTS, _document_rows(new))
    if replaced is not None and replaced["status"] in lifecycle.WAITING and replaced["complete_at"] is None:
        events.record(tx, replaced["id"], names.SUBMISSION_SUPERSEDED, actor=new.identity.owner, data={"by": new.id})
    return row


def _begin(tx: Connection, new: NewSubmission, replaced: RowMapping | None) -> dict[str, Any]:
    row, version, replaces = _row(new, replaced), replaced["version"] + 1 if replaced else 1, replaced["id"] if replaced else None
    received = {
        "documents": [
            {"id": file.id, "role": file.role, "name": file.name, "size": file.stored.size, "sha256": file.stored.sha256} for file in new.files
        ],
        "version": version,
        "replaces": replaces,
        "entered_by": new.identity.subject if new.is_secretariat else None,
    }
    year = timestamps.norwegian_date(new.fields.received_at).year
    for _ in range(20):
        reference = replaced["reference"] if replaced else identifiers.new_reference(year)
        row |= {"root": replaced["root"] if replaced else new.id, "reference": reference, "version": version, "replaces": replaces}
        begun = events.begin(tx, row, actor=new.identity.owner, data=received)
        if begun is not None:
            return begun
        # The reference is taken: another one.
    raise Problem("store_unavailable", 503)


def _row(new: NewSubmission, replaced: RowMapping | None) -> dict[str, Any]:
    """What the submission's row says whatever its reference will be."""
    return {
        "id": new.id,
        "requested_form_type": new.fields.form_type or (replaced["requested_form_type"] if replaced else None),
        "language": new.fields.language,
        "owner": replaced["owner"] if replaced else new.owner,
        "submitter": new.identity.submitter(),
        "submitter_kind": replaced["submitter_kind"] if replaced and new.is_secretariat else new.submitter_kind,
        "on_behalf_of": new.fields.on_behalf_of or (replaced["on_behalf_of"] if replaced else None),
        "entered_by": new.identity.submitter() if new.is_secretariat else None,
        "received_at": new.fields.received_at,
        "note": new.fields.note,
        "access": new.fields.access,
        # What only the fields show is told from the start; validation adds what it finds.
        "errors": [finding.to_json() for finding in new.fields.findings()],
        "trace": telemetry.current_trace(),
    }


def _document_rows(new: NewSubmission) -> list[dict[str, Any]]:
    taken: set[str] = set()
    now = timestamps.now()
    return [
        {
            "id": file.id,
            "submission": new.id,
            "position": position,
            "role": file.role,
            "parent": None,
            "path": unique_path(file.name, taken),
            "name": file.name,
            "raw_name": file.raw_name.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")[:1000],
            "media_type": file.media_type,
            "format": file.format,
            "size": file.stored.size,
            "sha256": file.stored.sha256,
            "sha512": file.stored.sha512,
            "scan": PENDING,
            "scan_note": None,
            "access": new.fields.access,
            "note": None,
            "object_key": f"{object_prefix(new.id)}/{file.id}",
            "tag": file.stored.tag,
            "created_at": now,
        }
        for position, file in enumerate(new.files)
    ]
