"""A Flask application with what all services share: trace, guard, problem details, safe headers."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Flask, current_app, g, request
from flask.json.provider import DefaultJSONProvider
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from werkzeug import Response
from werkzeug.exceptions import HTTPException, InternalServerError

from services.shared import metrics, spans, telemetry, words
from services.shared.context import Context
from services.shared.database import is_away
from services.shared.exporter import FreeSpace
from services.shared.identity import Identity, Scope, TokenRefused, requires
from services.shared.measures import SystemFacts
from services.shared.objects import ObjectsUnavailable
from services.shared.problems import STATUS_CODES, Problem, response_of

JSON_BODY_LIMIT = 1024 * 1024
API_PREFIX = "/api/"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)
SecurityHeaders = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
log = telemetry.logger("web")

PageIdentity = Callable[[], Identity | None]
PageProblem = Callable[[Problem], Response]


class _Json(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False


def create_application(
    name: str,
    context: Context,
    blueprints: Sequence[Blueprint],
    *,
    page_identity: PageIdentity | None = None,
    page_problem: PageProblem | None = None,
) -> Flask:
    """An application of one service.

    ``page_identity`` says who a browser session belongs to (pages only: the API takes bearer tokens and nothing else); ``page_problem`` shows a problem as a page.
    """
    app = Flask(name, static_folder=None)
    app.json = _Json(app)
    app.config["MAX_CONTENT_LENGTH"] = JSON_BODY_LIMIT
    app.before_request(_begin)
    app.before_request(lambda: _guard(context, page_identity))
    app.after_request(_finish)
    _handle_errors(app, context, page_problem)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    if context.settings.broker_url is None:
        # Everything is one process here. On the real ends each has a port of its own for this, which no gateway leads to (``exporter.py``).
        app.add_url_rule("/metrics", "metrics", _metrics_view(context))
    return app


def preferred_language() -> str:
    """The language to answer in: what the page chose, else Accept-Language, else bokmål."""
    return getattr(g, "language", None) or words.language_of(request.headers.get("Accept-Language")) or words.DEFAULT


def is_api() -> bool:
    """Whether a program is asking, not a browser."""
    return request.path.startswith(API_PREFIX) or request.path in ("/healthz", "/metrics")


def _begin() -> None:
    g.began = time.perf_counter()
    # The rule, not the address: what somebody typed is not ours to keep.
    name, about = f"{request.method} {request.url_rule}", {"http.request.method": request.method, "http.route": str(request.url_rule)}
    parent = request.headers.get("traceparent")
    g.tracing = spans.span(name, "server", parent=parent, attributes=about) if request.url_rule else spans.span("?", "server", parent=parent)
    g.span = g.tracing.__enter__()


def _finish(response: Response) -> Response:
    for header, value in SecurityHeaders.items():
        response.headers.setdefault(header, value)
    if response.status_code != 304:
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers["traceparent"] = telemetry.current_traceparent() or telemetry.traceparent(None)
    seconds, route = time.perf_counter() - g.began, str(request.url_rule)
    metrics.REQUEST_SECONDS.labels(method=request.method if request.url_rule else "?", route=route, status=response.status_code).observe(seconds)
    log.info("request", method=request.method, route=route, status=response.status_code, seconds=round(seconds, 4))
    tracing = g.pop("tracing", None)
    if tracing is not None:
        g.span.set("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            g.span.failed(str(response.status_code))
        tracing.__exit__(None, None, None)
    return response


def _guard(context: Context, page_identity: PageIdentity | None) -> None:
    """Refuse every request whose view does not let its sender in. What is not there at all is told first (404, 405)."""
    if request.routing_exception is not None or request.endpoint is None:
        raise request.routing_exception or Problem("not_found", 404)
    if "\0" in request.path:  # a store may refuse even to look for it
        raise Problem("not_found", 404)
    if any("\0" in value for _, value in request.args.items(multi=True)):
        raise Problem("malformed_request", 400)
    access: frozenset[str] | None = getattr(current_app.view_functions[request.endpoint], "access", frozenset())
    g.identity = None
    if access is None:
        return
    g.identity = _identity(context, page_identity)
    if not access & g.identity.scopes:
        raise Problem("not_allowed", 403, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'})


def _identity(context: Context, page_identity: PageIdentity | None) -> Identity:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        try:
            identity = context.tokens.verify(token.strip())
        except TokenRefused as refused:
            log.info("token_refused", why=str(refused))
            raise Problem("not_authenticated", 401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from refused
        if identity.supplier:
            log.info("acting_for", supplier=identity.supplier, organisation=identity.organisation)
        return identity
    in_session = page_identity() if page_identity is not None and not is_api() else None
    if in_session is None:
        raise Problem("not_authenticated", 401, headers={"WWW-Authenticate": "Bearer"})
    return in_session


def _handle_errors(app: Flask, context: Context, page_problem: PageProblem | None) -> None:
    def answer(problem: Problem) -> Response:
        if page_problem is not None and not is_api():
            return page_problem(problem)
        return as_details(problem)

    def as_details(problem: Problem) -> Response:
        return response_of(problem, language=preferred_language(), instance=request.path, base_url=context.settings.public_url)

    def from_http(fault: HTTPException) -> Response:
        status = fault.code or 500
        if status < 400:
            return fault.get_response()  # a redirect
        problem = Problem(STATUS_CODES.get(status, "malformed_request" if status < 500 else "internal_fault"), status)
        # Where there is no page at all, only who asks for a page gets one.
        response = answer(problem) if "text/html" in request.headers.get("Accept", "") else as_details(problem)
        for header in ("Allow", "WWW-Authenticate", "Retry-After"):
            value = dict(fault.get_headers()).get(header)
            if value:
                response.headers[header] = value
        return response

    def from_fault(fault: Exception) -> Response:
        if is_away(fault) or isinstance(fault, ObjectsUnavailable) or (isinstance(fault, OSError) and fault.errno in NO_ROOM):
            log.warning("store_away", why=type(fault).__name__, route=str(request.url_rule))
            return answer(Problem("store_unavailable", 503))
        log.error("unexpected", exc_info=fault, route=str(request.url_rule))
        return answer(Problem("internal_fault", InternalServerError.code))

    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(Exception, from_fault)


def _metrics_view(context: Context) -> Callable[[], Any]:
    system = CollectorRegistry()
    system.register(SystemFacts(context))
    system.register(FreeSpace(context.settings.data))

    @requires(Scope.MONITOR)
    def show_metrics() -> Response:
        """Prometheus metrics."""
        return Response(generate_latest(REGISTRY) + generate_latest(system), content_type=CONTENT_TYPE_LATEST)

    return show_metrics
