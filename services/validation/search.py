"""Entering what is searched: for a submission that was just checked, and again for all there are (``/api/v1/search/rebuilds``), as after the rules for words were changed.

A rebuild is a chain of jobs, each with one submission: it goes on where it was after any stop, does the same again when it is run twice, and leaves the workers to new work between any two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Final

from flask import Blueprint, jsonify
from sqlalchemy import Connection, RowMapping, func, insert, select, update
from werkzeug import Response

from services.shared import events, identifiers, jobs, lifecycle, names, search, telemetry, timestamps
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.jobs import Job
from services.shared.looking import COVERED, REFUSED, searched_text
from services.shared.models import documents, search_rebuilds, submissions
from services.shared.objects import ObjectMissing, ObjectsUnavailable
from services.shared.problems import Problem
from services.shared.sandbox import BoxCrashed, BoxUnavailable, Incoming, Opened, OpenedDocument
from services.shared.scanner import INFECTED, PENDING
from services.shared.worker import Effect, Retry, handles

KEY: Final = "search"
TRIES: Final = 3
_ROLES: Final = ("form", "attachment", "extracted", "answer")
# What is not checked yet is entered by its check; what is kept apart is found by nobody.
_NOT_ENTERED: Final = (lifecycle.RECEIVED, lifecycle.CHECKING, lifecycle.QUARANTINED)
_log = telemetry.logger("search")


def document_id(submission: str, box_id: str) -> str:
    """A document's id: as it was sent with, or for an extracted one derived, so that examining again gives the same."""
    return identifiers.derived_id(submission, box_id) if "/" in box_id else box_id


def passages(context: Context, submission: str, found: Iterable[OpenedDocument], covered: Collection[str | None]) -> list[dict[str, Any]]:
    """What ``search.put`` wants for the documents of a submission as the box found them; ``covered``: as in ``searched_text``."""
    return [
        row
        for document in found
        for row in search.passage_rows(
            submission, document_id(submission, document.id), searched_text(document, covered), context.codes, sqlite=context.database.is_sqlite
        )
    ]


def add_search(api: Blueprint, context: Context) -> None:
    """Add the routes."""

    @api.post("/search/rebuilds")
    @requires(Scope.MONITOR)
    def start_rebuild() -> tuple[Response, int, dict[str, str]]:
        """Begin one, unless one is under way: then that is told."""
        with context.database.write() as tx:
            row = tx.execute(select(search_rebuilds).where(search_rebuilds.c.finished_at.is_(None))).mappings().first() or _begin(tx, current().name)
        return jsonify(_view(row)), 202, {"Location": _view(row)["links"]["self"]}

    @api.get("/search/rebuilds/<rebuild>")
    @requires(Scope.MONITOR)
    def show_rebuild(rebuild: str) -> Response:
        """How far it is."""
        with context.database.read() as tx:
            row = tx.execute(select(search_rebuilds).where(search_rebuilds.c.id == rebuild)).mappings().one_or_none()
        if row is None:
            raise Problem("not_found", 404)
        return jsonify(_view(row))


def _begin(tx: Connection, who: str) -> RowMapping:
    total = tx.execute(select(func.count()).select_from(submissions)).scalar_one()
    row = {"id": identifiers.new_id(), "started_at": timestamps.now(), "started_by": who, "total": total, "done": 0, "left_out": 0}
    made = tx.execute(insert(search_rebuilds).values(row).returning(search_rebuilds)).mappings().one()
    _go_on(tx, made["id"], "")
    return made


def _view(row: RowMapping) -> dict[str, Any]:
    shown = {key: row[key] for key in ("id", "started_at", "started_by", "total", "done", "left_out", "finished_at")}
    return {**shown, "state": "running" if row["finished_at"] is None else "done", "links": {"self": f"/api/v1/search/rebuilds/{row['id']}"}}


def _go_on(tx: Connection, rebuild: str, after: str) -> None:
    """A job for the next submission, or the end when there is none. What is received meanwhile comes last, and costs no more than being entered twice."""
    following = tx.execute(select(func.min(submissions.c.id)).where(submissions.c.id > after)).scalar_one()
    if following is None:
        tx.execute(update(search_rebuilds).where(search_rebuilds.c.id == rebuild).values(finished_at=timestamps.now()))
    else:
        jobs.enqueue(tx, names.VALIDATION_INDEX, key=KEY, data={"rebuild": rebuild, "submission": following})


@handles(names.VALIDATION_INDEX)
def enter_again(job: Job, context: Context) -> Effect:
    """Enter one submission's documents anew, and have the next one entered. What cannot be opened after some tries is left as it is, and told."""
    rebuild, submission = str(job.data["rebuild"]), str(job.data["submission"])
    with context.database.read() as tx:
        row = tx.execute(select(submissions).where(submissions.c.id == submission)).mappings().one()
        kept = tx.execute(select(documents).where(documents.c.submission == submission)).mappings().all()
        chain = events.story_of(tx, submission)
    entered = None
    try:
        if row["status"] not in _NOT_ENTERED and not _kept_apart(chain):
            entered = _read_again(context, row, kept)
    except (BoxCrashed, BoxUnavailable) as fault:
        if job.attempts < TRIES:
            raise Retry(f"{type(fault).__name__}: {fault}") from fault
        _log.error("submission_not_entered", submission=submission, reason=type(fault).__name__)
    except ObjectMissing:
        _log.error("submission_not_entered", submission=submission, reason="ObjectMissing")
    except ObjectsUnavailable as fault:
        raise Retry(f"{type(fault).__name__}: {fault}", outage=True) from fault

    def effect(tx: Connection) -> None:
        if entered is not None:
            if events.locked(tx, submission)["head_seq"] != row["head_seq"]:
                raise Retry("the submission went on meanwhile", delay=1.0)
            search.clear(tx, submission, _ROLES)
            search.put(tx, entered)
        counted = {"done": search_rebuilds.c.done + 1, "left_out": search_rebuilds.c.left_out + int(entered is None)}
        tx.execute(update(search_rebuilds).where(search_rebuilds.c.id == rebuild).values(counted))
        _go_on(tx, rebuild, submission)

    return effect


def _kept_apart(chain: Sequence[events.Event]) -> bool:
    """Whether the last check would have it kept apart, also if it was ended since or meanwhile: what nobody released is found by nobody."""
    apart = False
    for event in chain:
        if event.type == names.SUBMISSION_CHECKING:
            apart = False
        elif names.SUBMISSION_QUARANTINED in (event.type, event.data.get("wanted")):
            apart = True
    return apart


def _read_again(context: Context, row: RowMapping, kept: Iterable[RowMapping]) -> list[dict[str, Any]]:
    """The passages of the documents of a submission that may be opened. An answer's document is found by its own text: what lies in it was never kept by itself."""
    usable = {each["id"]: each for each in kept if each["scan"] not in (INFECTED, PENDING) and each["scan_note"] != REFUSED.note}
    with ExitStack() as stack:
        files = [
            Incoming(
                each["id"],
                "form" if each["role"] == "form" else "attachment",
                each["name"],
                stack.enter_context(context.objects.file(each["object_key"])),
                each["size"],
            )
            for each in usable.values()
            if each["role"] != "extracted"
        ]
        opened: Opened = stack.enter_context(context.box.open_submission(files, owner=row["owner"]))
        found = [document for document in opened.documents if document_id(row["id"], document.id) in usable]
        return passages(context, row["id"], found, {finding.document for finding in opened.findings if finding.code == COVERED})
