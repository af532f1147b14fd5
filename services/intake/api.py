"""``/api/v1/submissions`` (contract, section 3)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug import Response

from services.intake import actions, downloads
from services.intake.changes import changes_view
from services.intake.receipt import receipt_json, receipt_pdf
from services.intake.receive import receive
from services.intake.rendering import rendering
from services.intake.view import Filter, count, find, submission_list, submission_view
from services.shared import lifecycle, search, timestamps
from services.shared.context import Context
from services.shared.identity import Scope, current, open_route, requires
from services.shared.problems import Problem
from services.shared.web.application import preferred_language
from services.shared.web.requests import flag, json_object, whole_number
from services.shared.words import DEFAULT

DEFAULT_LIMIT = 25


def create_blueprint(context: Context) -> Blueprint:
    """The submissions API."""
    api = Blueprint("submissions", __name__, url_prefix="/api/v1/submissions")
    _add_collection(api, context)
    _add_reading(api, context)
    _add_submitter_actions(api, context)
    _add_secretariat_actions(api, context)
    return api


def _add_collection(api: Blueprint, context: Context) -> None:
    @api.post("")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def submit() -> Response:
        """Take in a submission: 202 when bytes and row would survive loss of power."""
        identity = current()
        answer = receive(
            context,
            identity,
            request.environ["wsgi.input"],
            content_type=request.headers.get("Content-Type"),
            content_length=request.content_length,
            idempotency_key=request.headers.get("Idempotency-Key"),
            is_secretariat=Scope.MONITOR in identity.scopes,
        )
        response = jsonify(answer.body)
        response.status_code = 202
        response.headers["Location"] = answer.body["links"]["self"]
        return response

    @api.get("")
    @requires(Scope.SUBMIT, Scope.MONITOR, Scope.QUEUE)
    def list_submissions() -> Response:
        """Newest first, a page at a time; ``total=true`` also counts them."""
        wanted = filter_from(context, request.args)
        with context.database.read() as tx:
            limit = whole_number(request.args.get("limit"), "limit", DEFAULT_LIMIT)
            page = submission_list(tx, current(), wanted, limit=limit, cursor=request.args.get("cursor"))
            if flag(request.args.get("total"), "total"):
                page["total"] = count(tx, current(), wanted)
        return jsonify(page)


def filter_from(context: Context, arguments: Any) -> Filter:
    """The filter of a query string. Raises Problem for a value that can match nothing."""
    status = arguments.get("status") or None
    if status is not None and status not in lifecycle.STATES:
        raise Problem("value_not_allowed", 400, name="status")
    text = (arguments.get("q") or "").replace("\0", " ").strip()[:200] or None
    return Filter(
        status=status,
        form_type=arguments.get("form_type") or None,
        agency=arguments.get("agency") or None,
        text=text,
        received_from=_moment(arguments.get("received_from"), "received_from"),
        received_to=_moment(arguments.get("received_to"), "received_to", days_later=1),
        attention=flag(arguments.get("attention"), "attention"),
        terms=search.parse(text, context.codes) if text else (),
        unscanned=context.scanner.passes_unscanned,
        codes=context.codes,
    )


def _moment(text: str | None, name: str, *, days_later: int = 0) -> str | None:
    """A moment as it is; a day stands for its beginning in Norway, or so many ``days_later``: what was received "to" a day was received on it, too."""
    if not text:
        return None
    try:
        if len(text) > len("2026-11-28"):
            return timestamps.to_text(timestamps.parse(text))
        day = date.fromisoformat(text)
    except ValueError as fault:
        raise Problem("value_not_allowed", 400, name=name) from fault
    try:
        return timestamps.start_of(day + timedelta(days=days_later))
    except (ValueError, OverflowError):  # the first day there is, or the last: nothing was received beyond
        return f"{day}T23:59:59.999999Z"


def _add_reading(api: Blueprint, context: Context) -> None:
    readers = (Scope.SUBMIT, Scope.MONITOR, Scope.QUEUE)

    @api.get("/<wanted>")
    @requires(*readers)
    def show(wanted: str) -> Response:
        """One submission by id, or the newest version by reference."""
        with context.database.read() as tx:
            row = find(tx, current(), wanted)
            return jsonify(submission_view(tx, current(), row, request_language(row["language"])))

    @api.get("/<wanted>/changes")
    @requires(*readers)
    def changes(wanted: str) -> Response:
        """What a correction changed, field by field, and which documents are others."""
        with context.database.read() as tx:
            row = find(tx, current(), wanted)
            return jsonify(changes_view(tx, context, current(), row, request_language(row["language"])))

    @api.get("/<wanted>/documents/<document>")
    @requires(*readers)
    def document(wanted: str, document: str) -> Response:
        """The bytes of a document."""
        return downloads.hand_out(context, current(), wanted, document)

    @api.get("/<wanted>/receipt")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def receipt(wanted: str) -> Response:
        """What was received, signed: JSON with a JWS, or PDF when that is asked for."""
        with context.database.read() as tx:
            row = find(tx, current(), wanted)
            language = request_language(row["language"])
            view = submission_view(tx, current(), row, language)
        if request.accept_mimetypes.best_match(["application/json", "application/pdf"]) == "application/pdf":
            return Response(receipt_pdf(context, view, language), mimetype="application/pdf")
        return jsonify(receipt_json(context, view))

    @api.get("/<wanted>/rendering")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def published(wanted: str) -> Response:
        """A complete submission as it is published, without what its form keeps out: PDF/A or HTML."""
        with context.database.read() as tx:
            row = find(tx, current(), wanted)
            view = submission_view(tx, current(), row, row["language"] or DEFAULT)
        return rendering(context, view, request.args.get("format", "pdf"), request.args.get("language"))

    @api.get("/receipt-keys")
    @open_route
    def receipt_keys() -> Response:
        """The keys that receipts are signed with, as a JWKS."""
        return jsonify(context.receipt_signer.jwks())


def request_language(language: str | None) -> str:
    """What Accept-Language asks for, else the form's own language, else bokmål."""
    return preferred_language() if request.headers.get("Accept-Language") else language or preferred_language()


def _add_submitter_actions(api: Blueprint, context: Context) -> None:
    @api.post("/<wanted>/withdraw")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def withdraw(wanted: str) -> Response:
        """Take a submission back."""
        reason = actions.reason_in(json_object(optional=True), needed=False)
        with context.database.write() as tx:
            row = find(tx, current(), wanted)
            actions.withdraw(tx, current(), row, reason)
            return jsonify(submission_view(tx, current(), find(tx, current(), row["id"]), request_language(row["language"])))

    @api.post("/<wanted>/messages")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def message(wanted: str) -> Response:
        """Write a message; the secretariat may ask for a correction with it."""
        body = json_object()
        with context.database.write() as tx:
            row = find(tx, current(), wanted)
            actions.send_message(tx, current(), row, body, may_ask=Scope.MONITOR in current().scopes)
            return jsonify(submission_view(tx, current(), find(tx, current(), row["id"]), request_language(row["language"])))


def _add_secretariat_actions(api: Blueprint, context: Context) -> None:
    @api.post("/<wanted>/<any(accept, reject, release, route, redrive):action>")
    @requires(Scope.MONITOR)
    def act(wanted: str, action: str) -> Response:
        """Accept, reject, release, route by hand or redrive, each with version and reason."""
        body = json_object()
        with context.database.write() as tx:
            row = find(tx, current(), wanted)
            act_on(context, tx, row, action, body)
            return jsonify(submission_view(tx, current(), find(tx, current(), row["id"]), request_language(row["language"])))


def act_on(context: Context, tx: Any, row: Any, action: str, body: dict[str, Any]) -> None:
    """One of the secretariat's actions on a submission, in the caller's transaction. Raises Problem."""
    actions.check_version(row, body)
    reason = str(actions.reason_in(body))
    identity = current()
    if action == "accept":
        actions.accept(tx, context, identity, row, reason)
    elif action == "reject":
        actions.reject(tx, identity, row, reason)
    elif action == "release":
        actions.release(tx, identity, row, str(body.get("document", "")), reason)
    elif action == "route":
        actions.route_by_hand(tx, context, identity, row, body, reason)
    else:
        actions.redrive(tx, identity, row, reason)
