"""The secretariat's page of the registers: what is in force, which rows could not be used, and where to import a new one."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug import Response

from services.intake.pages.common import shown_problem
from services.intake.pages.upload import PageBody
from services.shared import timestamps
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.problems import Problem
from services.shared.registers import RegisterDefinition, importing, keeping, load_registers
from services.shared.web.incoming import check_length
from services.shared.web.layout import forgery, page_language


def add_register(pages: Blueprint, context: Context) -> None:
    """Add the page and what it posts to."""

    @pages.get("/register")
    @requires(Scope.MONITOR)
    def registers() -> str:
        """All registers; there is one so far."""
        return _page(context)

    @pages.post("/register/<register>")
    @requires(Scope.MONITOR)
    def import_register(register: str) -> Response:
        """Take a workbook in, then show the page, which tells when it has been read."""
        forgery.check_origin(context.settings)
        check_length(request.content_length, context.policy)
        body = PageBody(request.environ["wsgi.input"], request.headers.get("Content-Type"))
        forgery.check_token(body.take_token())
        definition = load_registers(context.schemas).get(register)
        if definition is None:
            raise Problem("not_found", 404)
        try:
            importing.receive(context, current(), definition, body, request.headers.get("Content-Type"))
        except Problem as problem:
            return make_response(_page(context, definition, problem), problem.status, problem.headers)
        return redirect("/register", code=303)


def _page(context: Context, refused: RegisterDefinition | None = None, problem: Problem | None = None) -> str:
    language, today = page_language(), timestamps.norwegian_date(timestamps.now())
    with context.database.read() as tx:
        shown = [keeping.register_view(tx, each, language, today) for each in load_registers(context.schemas).values()]
    return render_template(
        "register.html",
        registers=shown,
        refused=refused.id if refused else None,
        problem=shown_problem(problem, f"file-{refused.id}", language) if problem and refused else None,
    )
