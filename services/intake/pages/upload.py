"""The upload page. It posts the API's own multipart body, with the session's token as its first part, and is received by the same function."""

from __future__ import annotations

import io
from typing import Any, Final

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug import Response
from werkzeug.http import parse_options_header

from services.intake.pages.common import shown_problem
from services.intake.receive import receive
from services.intake.view import find
from services.shared import identifiers
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.objects.port import Readable
from services.shared.problems import Problem
from services.shared.web.incoming import check_length
from services.shared.web.layout import forgery, page_language
from services.shared.web.multipart import PIECE, read_parts
from services.shared.web.submission_fields import FIELDS

TOKEN_PART_BYTES: Final = 8 * 1024
KEPT_BYTES: Final = 64 * 1024
FIELDS_WITH_A_PLACE: Final = {"note", "form_type", "on_behalf_of", "received_at", "access"}
ABOUT_FORM_TYPE: Final = {"form_type_unknown", "form_version_unknown"}


def add_upload(pages: Blueprint, context: Context) -> None:
    """Add the page and what it posts to."""

    @pages.get("/send-inn")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def upload() -> str:
        """The form; with ``?retter=<id>`` for a correction."""
        return _page(context, replaces=request.args.get("retter"))

    @pages.post("/send-inn")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def send() -> Response:
        """Take it in, then show the submission; or show the form again with what was wrong and what was filled in."""
        forgery.check_origin(context.settings)
        check_length(request.content_length, context.policy)
        body = PageBody(request.environ["wsgi.input"], request.headers.get("Content-Type"))
        forgery.check_token(body.take_token())
        identity = current()
        try:
            answer = receive(
                context,
                identity,
                body,
                content_type=request.headers.get("Content-Type"),
                content_length=request.content_length,
                idempotency_key=request.args.get("nokkel") or None,
                is_secretariat=Scope.MONITOR in identity.scopes,
                channel="page",
            )
        except Problem as problem:
            kept = body.fields()
            page = _page(context, kept=kept, replaces=kept.get("replaces"), problem=problem)
            return make_response(page, problem.status, problem.headers)
        return redirect(f"/innsendinger/{answer.submission}", code=303)


def _page(context: Context, *, kept: dict[str, str] | None = None, replaces: str | None = None, problem: Problem | None = None) -> str:
    replaced = None
    if replaces:
        with context.database.read() as tx:
            replaced = find(tx, current(), replaces)
    if kept is None:
        kept = {"form_type": replaced["form_type"] or ""} if replaced else {}
    kinds = [kind for kind in context.policy.types if "form" in kind.roles]
    return render_template(
        "upload.html",
        # One key for each form that is shown: sent twice (a double click, a reload), it still becomes one submission.
        key=identifiers.new_id(),
        kept=kept,
        replaced=replaced,
        form_extensions=",".join(f".{extension}" for kind in kinds for extension in kind.extensions),
        problem=shown_problem(problem, _place(problem), page_language()) if problem else None,
    )


def _place(problem: Problem) -> str:
    """The id of the field that a refusal leads to."""
    name = problem.values.get("name")
    if problem.code in ABOUT_FORM_TYPE:
        return "form_type"
    return str(name) if name in FIELDS_WITH_A_PLACE else "form"


class PageBody:
    """A multipart body whose first part is the form's token.

    ``take_token`` takes that part off; ``read`` then gives the rest, which is again a whole multipart body. The first pieces of it are remembered so that ``fields``
    can show a refused sender what was filled in.
    """

    def __init__(self, stream: Readable, content_type: str | None) -> None:
        self._stream, self._content_type = stream, content_type
        boundary: Any = parse_options_header(content_type or "")[1].get("boundary") or ""
        self._delimiter = b"--" + boundary.encode("utf-8", "replace")
        self._waiting = b""
        self._kept = bytearray()

    def take_token(self) -> str | None:
        """The token's value, or None when the first part is not it. Raises Problem when the body is no multipart body."""
        head = b""
        while (end := head.find(b"\r\n" + self._delimiter, len(self._delimiter))) < 0:
            piece = self._stream.read(PIECE)
            if not piece or len(head) > TOKEN_PART_BYTES:
                return None
            head += piece
        self._waiting = head[end + 2 :]
        first = next(read_parts(io.BytesIO(head[:end] + b"\r\n" + self._delimiter + b"--\r\n"), self._content_type), None)
        return first.text() if first is not None and first.name == forgery.FIELD else None

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, or ``b""`` at the end."""
        piece, self._waiting = self._waiting or self._stream.read(size), b""
        if len(self._kept) < KEPT_BYTES:
            self._kept += piece[: KEPT_BYTES - len(self._kept)]
        return piece

    def fields(self) -> dict[str, str]:
        """The fields that came before the first file, as far as they were read."""
        found: dict[str, str] = {}
        try:
            for part in read_parts(io.BytesIO(self._kept), self._content_type):
                if part.filename is not None:
                    break
                if part.name in FIELDS:
                    found[part.name] = part.text()
        except Problem:
            return found  # it was cut off here, which is why the form is shown again
        return found
