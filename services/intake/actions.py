"""What people do to a submission after it came: withdraw, write, accept with a reason, reject, release, route by hand, send stuck work again.

Each runs in the caller's transaction and raises Problem when it is not allowed now. The pages and the API use the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from services.shared import events, jobs, lifecycle, names, timestamps
from services.shared.context import Context
from services.shared.events import MoveNotAllowed
from services.shared.identity import Identity
from services.shared.identity_numbers import find_identity_numbers
from services.shared.models import documents, submissions
from services.shared.problems import Problem
from services.shared.scanner import CLEAN, INFECTED

TEXT_LIMIT = 4000
MOST_OF_A_NAME = 60
NATIONAL_IDENTITY_NUMBER = "national_identity_number"


def reason_in(body: Mapping[str, Any], *, needed: bool = True) -> str | None:
    """The ``reason`` of an action's body. Raises Problem."""
    reason = body.get("reason")
    if isinstance(reason, str) and reason.strip():
        if len(reason) > TEXT_LIMIT:
            raise Problem("field_too_long", 422, name="reason", limit=TEXT_LIMIT)
        _refuse_identity_numbers(reason)
        return reason.strip()
    if needed or reason is not None:
        raise Problem("reason_missing", 422)
    return None


def _refuse_identity_numbers(text: str) -> None:
    """What is written here goes into the story for ever, and to others: no national identity number may stand in it. Raises Problem."""
    if find_identity_numbers(text):
        raise Problem("identity_number_in_text", 422)


def check_version(row: RowMapping, body: Mapping[str, Any]) -> None:
    """The secretariat says which version it looked at: acting on another than that is refused."""
    if "version" not in body:
        raise Problem("version_missing", 422)
    if body["version"] is True or body["version"] != row["version"]:
        raise Problem("version_out_of_date", 409, version=row["version"])


def withdraw(tx: Connection, identity: Identity, row: RowMapping, reason: str | None) -> None:
    """Take a submission back; its work is recalled."""
    _move(tx, identity, row, names.SUBMISSION_WITHDRAWN, {"reason": reason} if reason else {})


def send_message(tx: Connection, identity: Identity, row: RowMapping, body: Mapping[str, Any], *, may_ask: bool) -> None:
    """Put a message into the story; the secretariat may at the same time ask for a correction of a held submission."""
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Problem("text_missing", 422)
    if len(text) > TEXT_LIMIT:
        raise Problem("field_too_long", 422, name="text", limit=TEXT_LIMIT)
    _refuse_identity_numbers(text)
    to, asks = body.get("to", "submitter" if may_ask else "sekretariat"), body.get("request_correction", False)
    if not isinstance(to, str) or not to.strip() or len(to) > MOST_OF_A_NAME:
        raise Problem("value_not_allowed", 422, name="to")
    if not isinstance(asks, bool):
        raise Problem("value_not_allowed", 422, name="request_correction")
    events.record(tx, row["id"], names.MESSAGE_SENT, actor=identity.owner, data={"to": to, "text": text.strip()})
    if may_ask and asks and row["status"] != lifecycle.NEEDS_CORRECTION:
        _move(tx, identity, row, names.SUBMISSION_NEEDS_CORRECTION, {"reason": text.strip()})


def accept(tx: Connection, context: Context, identity: Identity, row: RowMapping, reason: str) -> None:
    """Accept in spite of errors. They stay, marked with who accepted them; the clock starts now."""
    if row["answers"] is None or row["status"] in lifecycle.UNREAD:
        raise Problem("not_read", 409)
    newest = tx.execute(select(func.max(submissions.c.version)).where(submissions.c.root == row["root"])).scalar_one()
    if newest != row["version"]:
        raise Problem("copy_out_of_date", 409, reference=row["reference"])
    verdicts = set(tx.execute(select(documents.c.scan).where(documents.c.submission == row["id"])).scalars())
    if INFECTED in verdicts:
        raise Problem("file_infected", 409, name="")
    if verdicts - {CLEAN} and not context.scanner.passes_unscanned:
        raise Problem("scan_pending", 409)
    errors = [error | {"accepted_by": identity.owner} if error["severity"] == "error" else error for error in row["errors"]]
    now = timestamps.now()
    _move(tx, identity, row, names.SUBMISSION_ACCEPTED, {"reason": reason}, {"errors": errors, "complete_at": now})


def reject(tx: Connection, identity: Identity, row: RowMapping, reason: str) -> None:
    """End a held or quarantined submission."""
    _move(tx, identity, row, names.SUBMISSION_REJECTED, {"reason": reason})


def release(tx: Connection, identity: Identity, row: RowMapping, document: str, reason: str) -> None:
    """Say that what looked like a national identity number in a document is none, and have the submission checked again. Never for infected files."""
    file = tx.execute(select(documents).where(documents.c.submission == row["id"], documents.c.id == document)).mappings().one_or_none()
    if file is None:
        raise Problem("not_found", 404)
    if file["scan"] == INFECTED:
        raise Problem("file_infected", 403, name=file["name"])
    alarms = [error for error in row["errors"] if error["code"] == NATIONAL_IDENTITY_NUMBER and error["document"] in (document, None)]
    if row["status"] != lifecycle.QUARANTINED or not alarms:
        raise Problem("nothing_to_release", 409)
    events.record(tx, row["id"], names.DOCUMENT_RELEASED, actor=identity.owner, data={"document": document, "reason": reason})


def route_by_hand(tx: Connection, context: Context, identity: Identity, row: RowMapping, body: Mapping[str, Any], reason: str) -> None:
    """Send an accepted or held submission to an agency of the secretariat's choice."""
    agency = context.actors.get(str(body.get("agency", "")))
    role = body.get("role", "primary")
    if agency is None or not agency.takes_work or role not in ("primary", "copy"):
        raise Problem("value_not_allowed", 422, name="agency")
    if row["complete_at"] is None or row["status"] not in lifecycle.IN_FORCE | {lifecycle.HELD}:
        raise Problem("move_not_allowed", 409)
    data = {"agency": agency.id, "role": role, "reason": reason}
    if body.get("task"):
        data["task"] = str(body["task"])[:60]
    events.record(tx, row["id"], names.ROUTED_BY_HAND, actor=identity.owner, data=data)


def redrive(tx: Connection, identity: Identity, row: RowMapping, reason: str) -> int:
    """Send parked work of a submission again. Returns how many jobs."""
    count = jobs.redrive(tx, row["id"])
    events.record(tx, row["id"], names.REDRIVEN, actor=identity.owner, data={"reason": reason, "jobs": count})
    return count


def _move(
    tx: Connection, identity: Identity, row: RowMapping, event_type: str, data: Mapping[str, Any], changes: Mapping[str, Any] | None = None
) -> None:
    try:
        events.record(tx, row["id"], event_type, actor=identity.owner, data=data, changes=changes)
    except MoveNotAllowed as refusal:
        raise Problem("move_not_allowed", 409) from refusal
