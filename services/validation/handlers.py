"""What validation does when a submission was received, or a document released: examine it, keep what was found inside, say how it ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from services.shared import events, lifecycle, metrics, names, search, timestamps
from services.shared.context import Context
from services.shared.database import once_committed
from services.shared.forms import Finding
from services.shared.jobs import Job
from services.shared.looking import COVERED, root_of
from services.shared.models import documents
from services.shared.objects import ObjectsUnavailable
from services.shared.objects.port import Stored
from services.shared.sandbox import BoxCrashed, BoxUnavailable, OpenedDocument
from services.shared.scanner import INFECTED, PENDING, ScannerUnavailable, Verdict
from services.shared.worker import Effect, Retry, handles
from services.validation.examine import Examination, File, Request, examine
from services.validation.search import document_id, passages

ACTOR = "validation"
OUTCOME_EVENTS = {
    lifecycle.ACCEPTED: names.SUBMISSION_ACCEPTED,
    lifecycle.NEEDS_CORRECTION: names.SUBMISSION_NEEDS_CORRECTION,
    lifecycle.QUARANTINED: names.SUBMISSION_QUARANTINED,
    lifecycle.HELD: names.SUBMISSION_HELD,
    lifecycle.REJECTED: names.SUBMISSION_REJECTED,
}

# Put together once: building a statement costs SQLAlchemy more than running it does.
_OF_SUBMISSION = documents.c.submission == bindparam("of_submission")
_SENT = select(documents).where(_OF_SUBMISSION, documents.c.role.in_(("form", "attachment"))).order_by(documents.c.position)
_FORGET_EXTRACTED = delete(documents).where(_OF_SUBMISSION, documents.c.role == "extracted")
_FOUND = update(documents).where(documents.c.id == bindparam("document"))


@handles(names.VALIDATION_CHECK)
def check_submission(job: Job, context: Context) -> Effect | None:
    """Examine one submission. Idempotent: extracted files get the same ids and keys each time, and rows of an earlier check are replaced."""
    begun = _begin(context, str(job.submission))
    if begun is None:
        return None
    row, sent = begun
    # Only what the secretariat released was checked before: a try that was cut off has left no rows.
    released = _released(context, row) if job.event is None or job.event.type != names.SUBMISSION_RECEIVED else None
    try:
        result = examine(context, _request(context, row, sent, released or ()))
    except (BoxCrashed, BoxUnavailable) as fault:
        raise Retry(f"{type(fault).__name__}: {fault}") from fault
    except (ScannerUnavailable, ObjectsUnavailable) as fault:
        raise Retry(f"{type(fault).__name__}: {fault}", outage=True) from fault
    try:
        extracted = _keep_extracted(context, row, result)
        entered = _passages(context, row, result)
    finally:
        result.discard()

    def effect(tx: Connection) -> None:
        if released is not None:
            search.clear(tx, row["id"], ("form", "attachment"))
            tx.execute(_FORGET_EXTRACTED, {"of_submission": row["id"]})
        _write_documents(tx, row, sent, result, extracted)
        search.put(tx, entered)
        _record(tx, row, result)

    return effect


def _begin(context: Context, submission: str) -> tuple[RowMapping, Sequence[RowMapping]] | None:
    """Say that the check has begun: the submission and the documents that were sent; None when there is nothing to check any more."""
    with context.database.write() as tx:
        row = events.locked(tx, submission)
        if row["status"] in (lifecycle.RECEIVED, lifecycle.QUARANTINED):
            events.record(tx, submission, names.SUBMISSION_CHECKING, actor=ACTOR, known=row)
        elif row["status"] != lifecycle.CHECKING:
            events.record(tx, submission, names.MOVE_DROPPED, actor=ACTOR, data={"wanted": names.SUBMISSION_CHECKING, "status": row["status"]})
            return None
        sent = tx.execute(_SENT, {"of_submission": submission}).mappings().all()
    return row, sent


def _released(context: Context, row: RowMapping) -> set[str]:
    with context.database.read() as tx:
        return {event.data["document"] for event in events.story_of(tx, row["id"]) if event.type == names.DOCUMENT_RELEASED}


def _request(context: Context, row: RowMapping, sent: Sequence[RowMapping], released: Collection[str]) -> Request:
    return Request(
        files=[_file(context, document) for document in sent],
        form_type=row["requested_form_type"],
        language=row["language"] if row["form_type"] is None else None,
        received_on=timestamps.norwegian_date(row["received_at"]),
        today=timestamps.norwegian_date(timestamps.now()),
        submitter_kind=row["submitter_kind"],
        released=released,
        owner=row["owner"],
        # Until the first check has ended, what the row has is what its fields showed; the secretariat has seen it when a document was released.
        told=[] if released else [Finding.from_json(error) for error in row["errors"]],
    )


def _file(context: Context, document: RowMapping) -> File:
    key = document["object_key"]
    return File(document["id"], document["role"], document["name"], document["size"], lambda: context.objects.file(key), document["access"])


def _keep_extracted(context: Context, row: RowMapping, result: Examination) -> list[tuple[OpenedDocument, str, Stored]]:
    """Store the extracted files of a submission that may be kept; infected bytes are not."""
    kept = []
    folder = f"incoming/{row['id'][-2:]}/{row['id']}"
    for document in result.documents:
        if document.role != "extracted" or document.scratch_file is None or result.verdicts[document.id].scan == INFECTED:
            continue
        key = f"{folder}/{document_id(row['id'], document.id)}"
        with document.scratch_file.open("rb") as stream:
            kept.append((document, key, context.objects.put(key, stream)))
    return kept


def _passages(context: Context, row: RowMapping, result: Examination) -> list[dict[str, Any]]:
    """What is found by searching: all but what is infected, and all of a submission that is kept apart."""
    if result.status == lifecycle.QUARANTINED:
        return []
    clean = (document for document in result.documents if result.verdicts[document.id].scan != INFECTED)
    return passages(context, row["id"], clean, {finding.document for finding in result.findings if finding.code == COVERED})


def _write_documents(
    tx: Connection, row: RowMapping, sent: Sequence[RowMapping], result: Examination, extracted: list[tuple[OpenedDocument, str, Stored]]
) -> None:
    opened = {document.id: document for document in result.documents}
    scans = [_scan_of(document["id"], result.verdicts.get(document["id"])) for document in sent]
    found = [{**scan, **_found_in(opened[scan["document"]])} for scan in scans if scan["document"] in opened]
    # Those that were opened and those that were not have other columns to set: one statement for each kind.
    for rows in (found, [scan for scan in scans if scan["document"] not in opened]):
        if rows:
            tx.execute(_FOUND, rows)
    if extracted:
        first = 1 + max(document["position"] for document in sent)
        roots = {document["id"]: document for document in sent}
        tx.execute(insert(documents), [_extracted_row(row, result, item, first + number, roots) for number, item in enumerate(extracted)])


def _scan_of(document: str, verdict: Verdict | None) -> dict[str, Any]:
    return {"document": document, "scan": verdict.scan if verdict else PENDING, "scan_note": verdict.note if verdict else None}


def _found_in(document: OpenedDocument) -> dict[str, Any]:
    return {"media_type": document.media_type, "format": document.format, "note": _note(document)}


def _extracted_row(
    row: RowMapping, result: Examination, item: tuple[OpenedDocument, str, Stored], position: int, roots: Mapping[str, RowMapping]
) -> Mapping[str, Any]:
    document, key, stored = item
    verdict, root = result.verdicts[document.id], roots[root_of(document.id)]
    return {
        "id": document_id(row["id"], document.id),
        "submission": row["id"],
        "position": position,
        "role": "extracted",
        "parent": document_id(row["id"], document.parent) if document.parent else None,
        # Two files of one name were sent: what lies in each stands under that file's own path.
        "path": root["path"] + document.path.removeprefix(root["name"]),
        "name": document.name,
        "raw_name": document.raw_name,
        "media_type": document.media_type,
        "format": document.format,
        "size": stored.size,
        "sha256": stored.sha256,
        "sha512": stored.sha512,
        "scan": verdict.scan,
        "scan_note": verdict.note,
        "access": row["access"],
        "note": _note(document),
        "object_key": key,
        "tag": stored.tag,
        "created_at": timestamps.now(),
    }


def _note(document: OpenedDocument) -> str | None:
    return ", ".join(document.notes) or None


def _record(tx: Connection, row: RowMapping, result: Examination) -> None:
    findings = [
        finding.to_json() | ({"document": document_id(row["id"], finding.document)} if finding.document else {}) for finding in result.findings
    ]
    changes: dict[str, Any] = {
        "form_type": result.form_type,
        "form_version": result.form_version,
        "language": result.language,
        "answers": result.answers,
        "read_as": result.read_as,
        "errors": findings,
        "title": result.title,
        "attention": None,
    }
    if result.status == lifecycle.ACCEPTED:
        changes["complete_at"] = row["received_at"]
    errors = sorted({finding.code for finding in result.findings if finding.severity == "error"})
    data = {"form_type": result.form_type, "form_version": result.form_version, "codes": errors, "gates": list(result.gates)}
    if events.record_or_drop(tx, row["id"], OUTCOME_EVENTS[result.status], actor=ACTOR, data=data, changes=changes) is not None:
        once_committed(tx, lambda: _count(result, errors))


def _count(result: Examination, errors: list[str]) -> None:
    form_type = result.form_type or "unknown"
    metrics.ENDED_CHECK.labels(form_type=form_type, status=result.status).inc()
    for finding in result.findings:
        metrics.FINDINGS.labels(code=finding.code, severity=finding.severity).inc()
    if result.status == lifecycle.NEEDS_CORRECTION:
        for code in errors:
            metrics.NEEDS_CORRECTION.labels(form_type=form_type, code=code).inc()
    for verdict in result.verdicts.values():
        metrics.SCANS.labels(verdict=verdict.scan).inc()
