"""The blueprint with the base template, the static files and what every template may use."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, g, request, send_from_directory
from werkzeug import Response

from services.shared import telemetry, words
from services.shared.context import Context
from services.shared.identity import Scope, open_route
from services.shared.scanner import NoScanner
from services.shared.web.application import PageIdentity
from services.shared.web.layout import forgery, writing
from services.shared.web.layout.language import address_in, keep_chosen_language, page_language

STATIC = Path(__file__).resolve().parent.parent / "static"
STATIC_SECONDS = 365 * 86400
LANGUAGE_NAMES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}


def layout_blueprint(context: Context, page_identity: PageIdentity) -> Blueprint:
    """Base template, static files and template helpers of one application. ``page_identity`` tells open pages who is logged in, if anybody."""
    layout = Blueprint("layout", __name__, template_folder="templates")

    @layout.get("/static/<path:name>")
    @open_route
    def static(name: str) -> Response:
        """A stylesheet. Its address has its digest (``?v=``), so it may be kept for long."""
        return send_from_directory(STATIC, name, max_age=STATIC_SECONDS if "v" in request.args else 0)

    @layout.app_context_processor
    def helpers() -> dict[str, Any]:
        language = page_language()
        identity = g.get("identity") or page_identity()
        return {
            "language": language,
            "languages": [(code, name, address_in(code)) for code, name in LANGUAGE_NAMES.items()],
            "t": lambda key, **values: words.text(key, language, **values),
            "has_text": words.has,
            "choose": lambda texts: words.choose(texts, language),
            "size": lambda number: words.size(number, language),
            "moment": lambda text: writing.moment(text, language),
            "number": lambda value: writing.whole_number(value, language),
            "asset": _asset,
            "identity": identity,
            "may": lambda scope: identity is not None and Scope[scope] in identity.scopes,
            "csrf_token": forgery.csrf_token,
            "csrf_field": forgery.FIELD,
            "no_scanner": isinstance(context.scanner, NoScanner),
            "trace": telemetry.current_trace(),
        }

    layout.after_app_request(keep_chosen_language)
    layout.after_app_request(_let_our_pages_say_who_sends)
    return layout


def _let_our_pages_say_who_sends(response: Response) -> Response:
    """Under the ``no-referrer`` of all other answers a browser sends ``Origin: null`` with a form, which could not be told from another site's."""
    if response.mimetype == "text/html":
        response.headers["Referrer-Policy"] = "same-origin"
    return response


@cache
def _asset(name: str) -> str:
    """The address of a static file with its digest, so that a new one is never mistaken for the old."""
    file = STATIC / name
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "0"
    return f"/static/{name}?v={version}"
