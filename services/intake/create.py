"""Making a submission's rows from what was received: a first version, or a correction of an earlier one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from services.shared import events, identifiers, lifecycle, names, telemetry, timestamps
from services.shared.context import Context
from services.shared.identity import Identity
from services.shared.models import documents, submissions
from services.shared.problems import Problem
from services.shared.sandbox.names import unique_path
from services.shared.scanner import PENDING
from services.shared.web.incoming import ReceivedBody, ReceivedFile
from services.shared.web.submission_fields import on_behalf_of_in, received_at_in, refuse_fields_of_others, submitter_kind
from services.shared.words import LANGUAGES

ACCESS = ("public", "restricted", "internal")


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
    on_behalf_of: dict[str, Any] | None
    received_at: str
    requested_form_type: str | None
    language: str | None
    access: str
    note: str | None
    replaces: str | None
    is_secretariat: bool
    files: list[ReceivedFile]

    @staticmethod
    def from_body(context: Context, identity: Identity, body: ReceivedBody, submission: str, *, is_secretariat: bool) -> NewSubmission:
        """Check the fields of a body. Raises Problem."""
        refuse_fields_of_others(body, is_secretariat=is_secretariat)
        on_behalf_of = on_behalf_of_in(body)
        owner = f"{on_behalf_of['kind']}:{on_behalf_of['id']}" if on_behalf_of else identity.owner
        note = body.value("note")
        if note and len(note) > context.policy.sizes.note_characters:
            raise Problem("field_too_long", 422, name="note", limit=context.policy.sizes.note_characters)
        return NewSubmission(
            id=submission,
            identity=identity,
            owner=owner,
            submitter_kind=submitter_kind(context.actors, identity, on_behalf_of),
            on_behalf_of=on_behalf_of,
            received_at=received_at_in(body),
            requested_form_type=_known(body.value("form_type"), context.forms.types(), "form_type_unknown"),
            language=_known(body.value("language"), LANGUAGES, "value_not_allowed"),
            access=_known(body.value("access"), ACCESS, "value_not_allowed") or "restricted",
            note=note,
            replaces=body.value("replaces"),
            is_secretariat=is_secretariat,
            files=body.files,
        )


def create(tx: Connection, new: NewSubmission) -> RowMapping:
    """Insert the submission, its documents and its first event. Raises Problem for a correction that may not be made now."""
    replaced = _replaced(tx, new) if new.replaces else None
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
    return tx.execute(select(submissions).where(submissions.c.id == new.id)).mappings().one()


def _insert(tx: Connection, new: NewSubmission, replaced: RowMapping | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": new.id,
        "status": lifecycle.RECEIVED,
        "requested_form_type": new.requested_form_type or (replaced["requested_form_type"] if replaced else None),
        "language": new.language,
        "owner": replaced["owner"] if replaced else new.owner,
        "submitter": new.identity.submitter(),
        "submitter_kind": replaced["submitter_kind"] if replaced and new.is_secretariat else new.submitter_kind,
        "on_behalf_of": new.on_behalf_of or (replaced["on_behalf_of"] if replaced else None),
        "entered_by": new.identity.submitter() if new.is_secretariat else None,
        "received_at": new.received_at,
        "note": new.note,
        "access": new.access,
        "errors": [],
        "head_seq": 0,
        "head_hash": events.GENESIS_HASH,
        "trace": telemetry.current_trace(),
    }
    if replaced is not None:
        row |= {"root": replaced["root"], "reference": replaced["reference"], "version": replaced["version"] + 1, "replaces": replaced["id"]}
        tx.execute(insert(submissions), row)
        return row
    year = timestamps.norwegian_date(new.received_at).year
    for _ in range(20):
        row |= {"root": new.id, "reference": identifiers.new_reference(year), "version": 1, "replaces": None}
        try:
            with tx.begin_nested():
                tx.execute(insert(submissions), row)
            return row
        except IntegrityError:
            continue  # the reference is taken: another one
    raise Problem("store_unavailable", 503)


def _replaced(tx: Connection, new: NewSubmission) -> RowMapping:
    """The version that a correction replaces. Raises Problem: not there, not the newest, or a correction is being checked."""
    wanted = str(new.replaces).lower()
    by_reference = wanted.startswith("nm-")
    condition = submissions.c.reference == wanted.upper() if by_reference else submissions.c.id == wanted
    found = tx.execute(select(submissions.c.id, submissions.c.root, submissions.c.owner).where(condition).limit(1)).one_or_none()
    if found is None or (found.owner != new.identity.owner and not new.is_secretariat):
        raise Problem("replaced_not_found", 404)
    events.locked(tx, found.root)
    newest = tx.execute(select(submissions).where(submissions.c.root == found.root).order_by(submissions.c.version.desc()).limit(1)).mappings().one()
    if not by_reference and newest["id"] != wanted:
        raise Problem("copy_out_of_date", 409, reference=newest["reference"])
    if newest["version"] > 1 and newest["status"] in lifecycle.UNREAD:
        raise Problem("correction_in_progress", 409, reference=newest["reference"])
    if newest["status"] in (lifecycle.REJECTED, lifecycle.WITHDRAWN):
        raise Problem("move_not_allowed", 409)
    return newest


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
            "access": new.access,
            "note": None,
            "object_key": f"{object_prefix(new.id)}/{file.id}",
            "created_at": now,
        }
        for position, file in enumerate(new.files)
    ]


def _known(value: str | None, allowed: Any, code: str) -> str | None:
    if value is not None and value not in allowed:
        raise Problem(code, 422, name=value[:60])
    return value
