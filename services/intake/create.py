"""Making a submission's rows from what was received: a first version, or a correction of an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from services.shared import events, identifiers, lifecycle, names, telemetry, timestamps
from services.shared.context import Context
from services.shared.corrections import replaced_version
from services.shared.identity import Identity
from services.shared.models import documents, submissions
from services.shared.problems import Problem
from services.shared.sandbox.names import unique_path
from services.shared.scanner import PENDING
from services.shared.web.incoming import ReceivedBody, ReceivedFile
from services.shared.web.submission_fields import SubmissionFields, read_fields, submitter_kind

# Put together once: building a statement costs SQLAlchemy more than running it does.
_SUBMISSION = select(submissions).where(submissions.c.id == bindparam("submission_id"))


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


def create(tx: Connection, new: NewSubmission) -> RowMapping:
    """Insert the submission, its documents and its first event. Raises Problem for a correction that may not be made now."""
    replaced = replaced_version(tx, new.identity, new.replaces, is_secretariat=new.is_secretariat, lock=True) if new.replaces else None
    row = _insert(tx, new, replaced)
    tx.execute(insert(documents), _document_rows(new))
    received = {
        "documents": [
            {"id": file.id, "role": file.role, "name": file.name, "size": file.stored.size, "sha256": file.stored.sha256} for file in new.files
        ],
        "version": row["version"],
        "replaces": row["replaces"],
        "entered_by": new.identity.subject if new.is_secretariat else None,
    }
    head = {"complete_at": None, "stored_at": None, "queued_at": None, **row}
    events.record(tx, new.id, names.SUBMISSION_RECEIVED, actor=new.identity.owner, data=received, known=head)
    if replaced is not None and replaced["status"] in lifecycle.WAITING and replaced["complete_at"] is None:
        events.record(tx, replaced["id"], names.SUBMISSION_SUPERSEDED, actor=new.identity.owner, data={"by": new.id})
    return tx.execute(_SUBMISSION, {"submission_id": new.id}).mappings().one()


def _insert(tx: Connection, new: NewSubmission, replaced: RowMapping | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": new.id,
        "status": lifecycle.RECEIVED,
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
        "head_seq": 0,
        "head_hash": events.GENESIS_HASH,
        "trace": telemetry.current_trace(),
    }
    if replaced is not None:
        row |= {"root": replaced["root"], "reference": replaced["reference"], "version": replaced["version"] + 1, "replaces": replaced["id"]}
        tx.execute(insert(submissions), row)
        return row
    year = timestamps.norwegian_date(new.fields.received_at).year
    for _ in range(20):
        row |= {"root": new.id, "reference": identifiers.new_reference(year), "version": 1, "replaces": None}
        try:
            with tx.begin_nested():
                tx.execute(insert(submissions), row)
            return row
        except IntegrityError:
            continue  # the reference is taken: another one
    raise Problem("store_unavailable", 503)


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
