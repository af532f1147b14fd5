"""Documents of an agency's answer: uploaded by the agency before, they come in through the same door, scanner and box as what submitters send, and are then kept
with the submission (contract, section 4).

All reading and opening is done before the receipt's transaction; the transaction only makes the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, insert, select

from services.routing.models import deliveries, receipts
from services.shared import search, telemetry, uploads, words
from services.shared.context import Context
from services.shared.faults import tell
from services.shared.looking import COVERED, look_at, root_of, searched_text, stops
from services.shared.models import documents
from services.shared.objects import ObjectsUnavailable
from services.shared.objects.port import Readable, Stored
from services.shared.problems import Problem
from services.shared.sandbox import BoxCrashed, BoxUnavailable, Incoming, OpenedDocument
from services.shared.sandbox import Problem as Fault
from services.shared.sandbox.names import unique_path
from services.shared.scanner import INFECTED, NOT_SCANNED, ScannerUnavailable, Verdict
from services.shared.web.incoming import ATTACHMENT, Door, ReceivedFile

_log = telemetry.logger("answers")
ROLE = "answer"
IDENTITY_NUMBER = "national_identity_number"
PUBLIC = "public"


@dataclass
class AnswerDocument:
    """One document that passed the gate and whose bytes lie with the submission. ``access`` is as the agency said."""

    file: ReceivedFile
    upload: str
    access: str
    object_key: str
    verdict: Verdict = field(default_factory=lambda: Verdict(INFECTED))
    opened: OpenedDocument | None = None
    # What it is found by, ready to be entered.
    passages: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class AnswerDocuments:
    """The documents of one receipt. ``kept`` once their rows were made; None when nobody knows whether they were."""

    items: list[AnswerDocument] = field(default_factory=list)
    kept: bool | None = False

    def keep(self, tx: Connection, submission: str, at: str) -> list[dict[str, Any]]:
        """Make them documents of the submission and use their uploads up, in the receipt's transaction. Returns what the event tells of them."""
        for item in self.items:
            uploads.use(tx, item.upload, item.file.stored.sha256)
        taken = {path.casefold() for path in tx.execute(select(documents.c.path).where(documents.c.submission == submission)).scalars()}
        last = tx.execute(select(func.max(documents.c.position)).where(documents.c.submission == submission)).scalar_one()
        first = 0 if last is None else last + 1
        rows = [_row(item, submission, first + number, taken, at) for number, item in enumerate(self.items)]
        if rows:
            tx.execute(insert(documents), rows)
            search.put(tx, [passage for item in self.items for passage in item.passages])
        self.kept = True
        return [{key: row[key] for key in ("id", "name", "size", "sha256", "access")} for row in rows]


@contextmanager
def prepared(context: Context, agency: str, data: Mapping[Any, Any], language: str) -> Iterator[AnswerDocuments]:
    """The documents a checked receipt names, ready to be kept; what was not kept at the end of the block is removed again.

    None when the receipt came before, or is for a delivery the agency has not: then whoever takes it answers. Raises Problem: ``upload_unknown``, ``digest_mismatch``
    (422), ``upload_incomplete``, ``upload_used`` (409), ``answer_documents_refused`` (422) with one error for each fault.
    """
    said = (data.get("answer") or {}).get("documents") or []
    found = AnswerDocuments()
    try:
        submission = _waiting_submission(context, agency, data) if said else None
        if submission is not None:
            for number, item in enumerate(said):
                found.items.append(_take_in(context, agency, submission, item, number))
            _open(context, found.items, submission, f"agency:{agency}", language)
        yield found
    except BaseException:
        if found.kept:
            found.kept = _were_kept(context, found.items)
        raise
    finally:
        for document in found.items:
            if found.kept:
                uploads.remove_pieces(context, document.upload)
            elif found.kept is False:
                context.objects.delete(document.object_key)


def _were_kept(context: Context, items: list[AnswerDocument]) -> bool | None:
    """Whether the rows were committed after all: a connection that breaks may break after the commit, and their bytes must not go then. None when the database cannot tell."""
    try:
        with context.database.read() as tx:
            return tx.execute(select(documents.c.id).where(documents.c.id.in_([item.file.id for item in items]))).first() is not None
    except Exception as fault:  # noqa: BLE001 - whatever it is: then nothing is removed
        tell(_log, "answer_left_as_it_is", fault)
        return None


def _waiting_submission(context: Context, agency: str, data: Mapping[Any, Any]) -> str | None:
    """The submission of a delivery that this receipt is the first of its kind for."""
    with context.database.read() as tx:
        mine = select(deliveries.c.submission).where(deliveries.c.id == data["delivery"], deliveries.c.agency == agency)
        earlier = select(receipts.c.delivery).where(receipts.c.delivery == data["delivery"], receipts.c.outcome == data["outcome"])
        if tx.execute(earlier).first() is not None:
            return None
        return tx.execute(mine).scalar_one_or_none()


def _take_in(context: Context, agency: str, submission: str, said: Mapping[str, Any], number: int) -> AnswerDocument:
    """One document through the door, its bytes with the submission's others."""
    actor = context.actors.get(agency)
    owners = {f"organisation:{organisation}" for organisation in actor.organisations} if actor else set()
    with context.database.read() as tx:
        try:
            row = uploads.find(tx, str(said["upload"]), owners)
        except Problem as absent:
            raise Problem("upload_unknown", 422) from absent
    prefix, stored_as = f"incoming/{submission[-2:]}/{submission}", ""

    def store(identifier: str, stream: Readable) -> Stored:
        nonlocal stored_as
        stored_as = f"{prefix}/{identifier}"
        try:
            return context.objects.put(stored_as, stream)
        except ObjectsUnavailable as fault:
            raise Problem("store_unavailable", 503) from fault

    part, limit = f"/answer/documents/{number}", context.policy.sizes.upload_file_bytes
    file = Door(context.policy, store).take_in(uploads.read(context, row), part, ATTACHMENT, str(said["name"]), limit)
    if file.stored.sha256 != said["sha256"]:
        context.objects.delete(stored_as)
        raise Problem("digest_mismatch", 422, name=file.name)
    return AnswerDocument(file, row["id"], str(said["access"]), stored_as)


def _open(context: Context, items: list[AnswerDocument], submission: str, owner: str, language: str) -> None:
    """Open and scan them; anything wrong with any of them refuses the receipt. Raises Problem."""
    by_id = {item.file.id: item for item in items}
    try:
        with ExitStack() as streams:
            incoming = [
                Incoming(
                    item.file.id, "attachment", item.file.name, streams.enter_context(context.objects.file(item.object_key)), item.file.stored.size
                )
                for item in items
            ]
            looked = look_at(context, incoming, owner)
    except (BoxCrashed, BoxUnavailable, ScannerUnavailable) as fault:
        raise Problem("check_unavailable", 503) from fault
    except ObjectsUnavailable as fault:
        raise Problem("store_unavailable", 503) from fault
    with looked.opened as opened:
        infected = {root_of(identifier) for identifier, verdict in looked.verdicts.items() if verdict.scan == INFECTED}
        errors = [_error(by_id[root], "file_infected", language) for root in sorted(infected)]
        if not context.scanner.passes_unscanned:
            # A submission would be held; here the agency is asked, who can send it again in another way.
            unscanned = {root_of(identifier) for identifier, verdict in looked.verdicts.items() if verdict.scan == NOT_SCANNED}
            errors += [_error(by_id[root], "answer_not_scanned", language) for root in sorted(unscanned)]
        covered = {found.document for found in opened.findings if found.code == COVERED}
        for found in opened.findings:
            item = by_id[root_of(found.document)]
            public = item.access == PUBLIC or context.policy.says_redacted(item.file.name)
            if stops(found.code, public=public):
                errors.append(_error(item, found.code, language, found))
        for document in opened.documents:
            item = by_id[root_of(document.id)]
            if document.identity_numbers:
                errors.append(_error(item, IDENTITY_NUMBER, language))
            if document.id == item.file.id:
                item.opened, item.verdict = document, looked.verdicts[document.id]
                text = searched_text(document, covered)
                item.passages = search.passage_rows(submission, document.id, text, context.codes, sqlite=context.database.is_sqlite)
    if errors:
        raise Problem("answer_documents_refused", 422, errors=errors)


def _error(item: AnswerDocument, code: str, language: str, fault: Fault | None = None) -> dict[str, Any]:
    key = f"problem.{code}.detail"
    values = {**(fault.detail if fault else {}), "name": item.file.name}
    message = words.text(key, language, **{name: values.get(name, "") for name in words.placeholders(key, language)})
    return {
        "pointer": item.file.part,
        "field": item.file.name,
        "code": code,
        "message": message,
        "severity": "error",
        "document": None,
        "accepted_by": None,
    }


def _row(item: AnswerDocument, submission: str, position: int, taken: set[str], at: str) -> dict[str, Any]:
    file, opened = item.file, item.opened
    return {
        "id": file.id,
        "submission": submission,
        "position": position,
        "role": ROLE,
        "parent": None,
        "path": unique_path(file.name, taken),
        "name": file.name,
        "raw_name": file.raw_name,
        "media_type": opened.media_type if opened else file.media_type,
        "format": opened.format if opened else file.format,
        "size": file.stored.size,
        "sha256": file.stored.sha256,
        "sha512": file.stored.sha512,
        "scan": item.verdict.scan,
        "scan_note": item.verdict.note,
        "access": item.access,
        "note": ", ".join(opened.notes) or None if opened else None,
        "object_key": item.object_key,
        "tag": item.file.stored.tag,
        "created_at": at,
    }
