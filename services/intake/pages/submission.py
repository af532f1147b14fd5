"""One's own list, one submission's page, its documents, and what can be done to it."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, make_response, redirect, render_template, request
from sqlalchemy import Connection, RowMapping, select
from werkzeug import Response

from services.intake import actions, downloads
from services.intake.api import act_on, filter_from
from services.intake.changes import changes_view
from services.intake.pages import presenting
from services.intake.pages.common import shown_problem
from services.intake.receipt import receipt_pdf
from services.intake.rendering import rendering
from services.intake.view import find, submission_list, submission_view
from services.shared import lifecycle, names
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.models import jobs
from services.shared.problems import Problem
from services.shared.web.layout import forgery, page_language

LIST_LENGTH: Final = 25
# What the addresses of the secretariat's forms are called, and the API's name for it.
ACTION_PATHS: Final = {"godta": "accept", "avvis": "reject", "slipp-fri": "release", "send-videre": "route", "start-igjen": "redrive"}
PATHS: Final = {name: path for path, name in ACTION_PATHS.items()} | {"withdraw": "trekk"}
CORRECTABLE: Final = frozenset(lifecycle.STATES) - lifecycle.ENDED - lifecycle.UNREAD


def add_submission(pages: Blueprint, context: Context) -> None:
    """Add the list, the page and its forms."""
    _add_reading(pages, context)
    _add_acting(pages, context)


def _add_reading(pages: Blueprint, context: Context) -> None:
    @pages.get("/innsendinger")
    @requires(Scope.SUBMIT, Scope.QUEUE, Scope.MONITOR)
    def own_list() -> str:
        """What one may see, newest first."""
        with context.database.read() as tx:
            page = submission_list(
                tx, current(), filter_from(context, {"q": request.args.get("q")}), limit=LIST_LENGTH, cursor=request.args.get("cursor")
            )
        return render_template("list.html", page=page)

    @pages.get("/innsendinger/<wanted>")
    @requires(Scope.SUBMIT, Scope.MONITOR, Scope.QUEUE)
    def submission(wanted: str) -> str:
        """One submission, by id or reference."""
        with context.database.read() as tx:
            return _page(context, tx, find(tx, current(), wanted))

    @pages.get("/innsendinger/<wanted>/dokumenter/<document>")
    @requires(Scope.SUBMIT, Scope.MONITOR, Scope.QUEUE)
    def document(wanted: str, document: str) -> Response:
        """The bytes of a document, as the API gives them."""
        return downloads.hand_out(context, current(), wanted, document)

    @pages.get("/innsendinger/<wanted>/kvittering")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def receipt(wanted: str) -> Response:
        """The signed receipt, on paper."""
        with context.database.read() as tx:
            view = submission_view(tx, current(), find(tx, current(), wanted), page_language())
        response = Response(receipt_pdf(context, view, page_language()), mimetype="application/pdf")
        response.headers["Content-Disposition"] = f'attachment; filename="{view["reference"]}.pdf"'
        return response

    @pages.get("/innsendinger/<wanted>/publisert")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def published(wanted: str) -> Response:
        """The submission as it is published, in the page's language."""
        language = page_language()
        with context.database.read() as tx:
            view = submission_view(tx, current(), find(tx, current(), wanted), language)
        return rendering(context, view, request.args.get("format", "pdf"), language)


def _add_acting(pages: Blueprint, context: Context) -> None:
    @pages.post("/innsendinger/<wanted>/trekk")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def withdraw(wanted: str) -> Response:
        """Take it back."""

        def do(tx: Connection, row: RowMapping) -> None:
            actions.withdraw(tx, current(), row, request.form.get("reason", "").strip()[: actions.TEXT_LIMIT] or None)

        return _act(context, wanted, "withdraw", do)

    @pages.post(f"/innsendinger/<wanted>/<any({', '.join(repr(path) for path in ACTION_PATHS)}):path>")
    @requires(Scope.MONITOR)
    def act(wanted: str, path: str) -> Response:
        """One of the secretariat's actions."""
        name = ACTION_PATHS[path]
        body: dict[str, Any] = request.form.to_dict()
        version = body.get("version", "")
        body["version"] = int(version) if version.isdecimal() and len(version) < 10 else None
        return _act(context, wanted, name, lambda tx, row: act_on(context, tx, row, name, body))


def _act(context: Context, wanted: str, name: str, do: Any) -> Response:
    """Do it and show the submission again; when it is refused, with the reason at the form it came from and what was written kept."""
    forgery.check_form(context.settings)
    try:
        with context.database.write() as tx:
            row = find(tx, current(), wanted)
            do(tx, row)
    except Problem as problem:
        if problem.status == 404:
            raise
        with context.database.read() as tx:
            page = _page(context, tx, find(tx, current(), wanted), refused=(name, problem))
        return make_response(page, problem.status)
    return redirect(f"/innsendinger/{row['id']}", code=303)


def _page(context: Context, tx: Connection, row: RowMapping, *, refused: tuple[str, Problem] | None = None) -> str:
    language = page_language()
    view = submission_view(tx, current(), row, language)
    sections = presenting.sections_of(context, view, language)
    anchors = presenting.anchors_in([shown for section in sections for shown in section.rows])
    errors = [finding for finding in view["errors"] if presenting.is_open_error(finding)]
    others = [finding for finding in view["errors"] if not presenting.is_open_error(finding)]
    problem = None
    if refused is not None:
        name, fault = refused
        problem = shown_problem(fault, f"{name}-reason", language, action=name)
    return render_template(
        "submission.html",
        item=view,
        changes=changes_view(tx, context, current(), row, language),
        sections=sections,
        errors=presenting.findings_with_anchors(errors, view["documents"], anchors),
        warnings=presenting.findings_with_anchors(others, view["documents"], anchors),
        documents=presenting.documents_of(view, unscanned_may_leave=context.scanner.passes_unscanned or _may_submit()),
        why=presenting.reason_of(view),
        newest=view["versions"][-1] if view["versions"] else None,
        may_correct=_is_correctable(view) and _may_submit(),
        actions=_offered(tx, view),
        actor_name=lambda by: presenting.actor_name(context, view, by, language),
        problem=problem,
        kept=request.form,
    )


def _is_correctable(view: dict[str, Any]) -> bool:
    """Whether it is the newest version and not being read; one that has ended only while an earlier one is in force."""
    stands = view["status"] in CORRECTABLE or (view["status"] in lifecycle.ENDED and view["in_force"] is not None)
    return stands and view["versions"][-1]["id"] == view["id"]


def _may_submit() -> bool:
    return bool({Scope.SUBMIT, Scope.MONITOR} & current().scopes)


def _offered(tx: Connection, view: dict[str, Any]) -> list[dict[str, Any]]:
    """What may be done to the submission as it stands, by whoever looks at it."""
    status, offered = view["status"], []
    if Scope.MONITOR in current().scopes:
        parked = tx.execute(select(jobs.c.id).where(jobs.c.submission == view["id"], jobs.c.state == "parked").limit(1)).first()
        alarmed = {error["document"] for error in view["errors"] if error["code"] == actions.NATIONAL_IDENTITY_NUMBER}
        possible = {
            "accept": status in lifecycle.MOVES[names.SUBMISSION_ACCEPTED].sources - lifecycle.UNREAD and view["answers"] is not None,
            "reject": status in lifecycle.MOVES[names.SUBMISSION_REJECTED].sources - lifecycle.UNREAD,
            "release": status == lifecycle.QUARANTINED and bool(alarmed),
            "route": view["complete_at"] is not None and status in lifecycle.IN_FORCE | {lifecycle.HELD},
            "redrive": parked is not None,
        }
        # An alarm about an answer names no document: it was found in the form.
        files = [file for file in view["documents"] if file["id"] in alarmed or (None in alarmed and file["role"] == "form")]
        offered = [{"name": name, "path": PATHS[name], "needs_reason": True, "documents": files} for name, may in possible.items() if may]
    if status not in lifecycle.ENDED and _may_submit():
        offered.append({"name": "withdraw", "path": PATHS["withdraw"], "needs_reason": False, "documents": []})
    return offered
