"""No other site may act in the name of somebody logged in here: the page that sends must be ours (Origin) and know the session's secret (token)."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import request, session

from services.shared.problems import Problem
from services.shared.settings import Settings

FIELD = "csrf_token"
IN_SESSION = "csrf"


def csrf_token() -> str:
    """The session's secret for forms; made when first asked for."""
    if IN_SESSION not in session:
        session[IN_SESSION] = secrets.token_urlsafe(24)
    return str(session[IN_SESSION])


def check_origin(settings: Settings) -> None:
    """Refuse what a page of another site sends. Raises Problem. (Some programs send no Origin; they have no session either.)"""
    origin = request.headers.get("Origin")
    if origin is not None and origin not in (_origin(settings.public_url), _origin(request.host_url)):
        raise Problem("csrf_refused", 403)


def check_token(token: str | None) -> None:
    """Refuse a form that was not made for this session. Raises Problem."""
    expected = session.get(IN_SESSION)
    if not expected or not token or not hmac.compare_digest(str(expected).encode(), token.encode("utf-8", "replace")):
        raise Problem("csrf_refused", 403)


def check_form(settings: Settings) -> None:
    """Both checks, for an ordinary form; what no store can keep (NUL) is refused with it."""
    check_origin(settings)
    check_token(request.form.get(FIELD))
    if any("\0" in value for _, value in request.form.items(multi=True)):
        raise Problem("malformed_request", 400)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
