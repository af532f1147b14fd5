"""A problem as a page."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import make_response, redirect, render_template, request
from werkzeug import Response

from services.shared import metrics
from services.shared.problems import Problem
from services.shared.web.layout import page_language


def page_problem(problem: Problem) -> Response:
    """Say in the reader's language what happened and what to do; who is not logged in goes to log-in instead. For ``create_application``."""
    if problem.status == 401 and request.method == "GET":
        return redirect(f"/login?{urlencode({'next': request.full_path.removesuffix('?')})}", code=303)
    metrics.REFUSED.labels(code=problem.code).inc()
    language = page_language()
    page = render_template("problem.html", title=problem.title(language), detail=problem.detail(language), status=problem.status)
    response = make_response(page, problem.status)
    response.headers.update({name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"})
    return response
