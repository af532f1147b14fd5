"""The intake service's application: submissions, pages, log-in, health."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, jsonify
from werkzeug import Response

from services.intake import uploads
from services.intake.api import create_blueprint
from services.intake.pages import page_blueprints, page_identity, page_problem
from services.shared.context import Context
from services.shared.identity import open_route
from services.shared.identity.issuer import LocalIssuer
from services.shared.web.application import create_application


def create_app(context: Context, issuer: LocalIssuer | None = None) -> Flask:
    """``/submissions``, the pages and ``/healthz``; with a local issuer also its log-in."""
    blueprints = [
        create_blueprint(context),
        uploads.create_blueprint(context),
        _health(context),
        _description(context),
        *page_blueprints(context, issuer),
    ]
    return create_application("intake", context, blueprints, page_identity=page_identity, page_problem=page_problem)


def _health(context: Context) -> Blueprint:
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    @open_route
    def healthz() -> Response:
        """200 when a submission can be taken in; says of each store whether it works, and no addresses."""
        stores = {
            "database": _works(context.database_check),
            "objects": _works(context.objects.check),
            "archive": _works(context.archive_objects.check),
        }
        can_receive = stores["database"] and stores["objects"]
        response = jsonify(
            {"status": "ok" if can_receive else "unavailable", "stores": {name: "ok" if ok else "failed" for name, ok in stores.items()}}
        )
        response.status_code = 200 if can_receive else 503
        return response

    return health


def _description(context: Context) -> Blueprint:
    description = Blueprint("description", __name__)

    @description.get("/api/v1/openapi.json")
    @open_route
    def openapi() -> Response:
        """The description of the whole API (OpenAPI 3.1)."""
        return Response((context.settings.schemas / "openapi.json").read_bytes(), mimetype="application/json")

    return description


def _works(check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception:  # noqa: BLE001 - whatever is wrong, the store does not work, and addresses in messages stay in
        return False
    return True
