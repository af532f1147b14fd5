"""The secretariat's board: what came, where it is, what is wrong. Every filter lives in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import Connection, func, select
from werkzeug import Response

from services.intake.api import filter_from
from services.intake.view import submission_list
from services.shared import lifecycle, telemetry, timestamps, words
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.jobs import settle_parked
from services.shared.models import jobs, submissions
from services.shared.problems import Problem
from services.shared.web.layout import forgery, page_language

LIST_LENGTH: Final = 25
PARKED_SHOWN: Final = 50
LONGEST_NUMBER: Final = 15
FOR_THE_SECRETARIAT: Final = (lifecycle.HELD, lifecycle.QUARANTINED)

log = telemetry.logger("board")


@dataclass(frozen=True)
class Overview:
    """Counts for the top of the board.

    ``waiting``: states in which the secretariat decides what happens next. ``overdue``: states with submissions received too long ago to be in them still, and since
    when that counts.
    """

    states: list[tuple[str, int]]
    total: int
    waiting: list[tuple[str, int]]
    attention: int
    overdue: list[dict[str, Any]]
    parked: list[dict[str, Any]]


def add_board(pages: Blueprint, context: Context) -> None:
    """Add the board."""

    @pages.get("/tavle")
    @requires(Scope.MONITOR)
    def board() -> str:
        """Counts, what needs somebody, and the list."""
        wanted = filter_from(context, request.args)
        with context.database.read() as tx:
            found = overview(tx, page_language())
            page = submission_list(tx, current(), wanted, limit=LIST_LENGTH, cursor=request.args.get("cursor"))
        return render_template("board.html", overview=found, page=page, wanted=wanted, states=lifecycle.STATES)

    @pages.post("/tavle/arbeid/<job>/<any('start-igjen', 'fjern'):what>")
    @requires(Scope.MONITOR)
    def settle_work(job: str, what: str) -> Response:
        """Start work again that belongs to no submission, or take it off the board."""
        forgery.check_form(context.settings)
        if not (job.isascii() and job.isdecimal() and len(job) <= LONGEST_NUMBER):
            raise Problem("not_found", 404)
        with context.database.write() as tx:
            if not settle_parked(tx, int(job), again=what == "start-igjen"):
                raise Problem("not_found", 404)
        log.info("work_settled", job=int(job), what=what, owner=current().owner)
        return redirect("/tavle#parkert", code=303)


def overview(tx: Connection, language: str) -> Overview:
    """What the top of the board tells."""
    counted = tx.execute(select(submissions.c.status, func.count()).group_by(submissions.c.status))
    counts: dict[str, int] = {row.status: row[1] for row in counted}
    attention = tx.execute(select(func.count()).where(submissions.c.attention.is_not(None))).scalar_one()
    return Overview(
        states=[(status, counts.get(status, 0)) for status in lifecycle.STATES],
        total=sum(counts.values()),
        waiting=[(status, counts[status]) for status in FOR_THE_SECRETARIAT if counts.get(status)],
        attention=int(attention),
        overdue=_overdue(tx, language),
        parked=_parked(tx, language),
    )


def _overdue(tx: Connection, language: str) -> list[dict[str, Any]]:
    now = timestamps.now()
    found = []
    for status, limit in lifecycle.STUCK_AFTER_SECONDS.items():
        before = timestamps.later(now, -limit)
        late = select(func.count()).where(submissions.c.status == status, submissions.c.received_at < before)
        count = tx.execute(late).scalar_one()
        if count:
            found.append({"status": status, "before": before, "count": count, "limit": _duration(limit, language)})
    return found


def _duration(seconds: int, language: str) -> str:
    if seconds >= 86400:
        return words.text("pages.days", language, count=seconds // 86400)
    return words.text("pages.minutes", language, count=seconds // 60)


def _parked(tx: Connection, language: str) -> list[dict[str, Any]]:
    query = (
        select(jobs.c.id, jobs.c.data, jobs.c.handler, jobs.c.last_error, jobs.c.created_at, jobs.c.submission, submissions.c.reference)
        .outerjoin(submissions, submissions.c.id == jobs.c.submission)
        .where(jobs.c.state == "parked")
        .order_by(jobs.c.id)
        .limit(PARKED_SHOWN)
    )
    return [
        {**row, "agency": (row["data"] or {}).get("agency"), "cause": cause_of(row["last_error"] or "", language)}
        for row in tx.execute(query).mappings()
    ]


def cause_of(error: str, language: str) -> str | None:
    """What a fault says about itself, in the reader's language, when it begins with a code that has words (``[agency: ]code: …``)."""
    for code in error.split(": ")[:2]:
        for key in (f"pages.cause.{code}", f"problem.{code}.title"):
            if words.has(key):
                return words.text(key, language)
    return None
