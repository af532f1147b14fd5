"""Log-in for pages: the relying party of OpenID Connect (authorization code, PKCE, state, nonce), and the session it starts.

What somebody may do comes from the access token, verified exactly as the API verifies one; the id token proves that it was made for this log-in.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from flask import Blueprint, redirect, request, session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug import Response

from services.shared import telemetry
from services.shared.context import Context
from services.shared.identity import Identity, TokenRefused, open_route
from services.shared.identity.local_login import CALLBACK, CLIENT, at_hash, s256
from services.shared.problems import Problem
from services.shared.secrets_files import write_secret
from services.shared.settings import Settings
from services.shared.web.layout import forgery

SESSION_SECONDS = 8 * 3600
PROVIDER_SECONDS = 10
LEEWAY_SECONDS = 10
_PENDING, _PERSON, _UNTIL = "login", "person", "until"
log = telemetry.logger("login")


def session_key(folder: Path) -> str:
    """The key that signs session cookies: made once, kept in ``folder`` (0600) so that a restart logs nobody out."""
    file = folder / "session.key"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(file, secrets.token_hex(32))
    return file.read_text(encoding="utf-8")


def login_blueprint(context: Context) -> Blueprint:
    """Log-in, call-back and log-out. Registering it also gives the application its session key and cookie rules."""
    login = Blueprint("login", __name__)
    provider = _Provider(context.settings)
    login.record_once(lambda state: state.app.config.update(_session_rules(context.settings)))
    _add_login(login, context.settings, provider)
    _add_callback(login, context, provider)

    @login.post("/logout")
    @open_route
    def log_out() -> Response:
        """End the session."""
        forgery.check_form(context.settings)
        session.clear()
        return redirect("/", code=303)

    return login


def _session_rules(settings: Settings) -> dict[str, Any]:
    secure = settings.public_url.startswith("https://")
    return {
        "SECRET_KEY": session_key(settings.data / "issuer"),
        "SESSION_COOKIE_NAME": "__Host-mottak" if secure else "mottak",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }


def _add_login(login: Blueprint, settings: Settings, provider: _Provider) -> None:
    @login.get("/login")
    @open_route
    def start() -> Response:
        """Off to the provider, remembering where to come back to."""
        wanted = local_path(request.args.get("next"))
        if request.host != urlsplit(settings.public_url).netloc:
            # The session cookie belongs to one host: begin on the one the provider will send us back to.
            return redirect(f"{settings.public_url}/login?{urlencode({'next': wanted})}", code=303)
        pending = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24), "verifier": secrets.token_urlsafe(48), "next": wanted}
        session[_PENDING] = pending
        question = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": settings.public_url + CALLBACK,
            "scope": "openid",
            "state": pending["state"],
            "nonce": pending["nonce"],
            "code_challenge": s256(pending["verifier"]),
            "code_challenge_method": "S256",
        }
        return redirect(f"{provider.description()['authorization_endpoint']}?{urlencode(question)}", code=303)


def _add_callback(login: Blueprint, context: Context, provider: _Provider) -> None:
    @login.get(CALLBACK)
    @open_route
    def callback() -> Response:
        """Back from the provider: the code becomes a session of its own, with nothing left of the one before."""
        pending = session.pop(_PENDING, None)
        if pending is None or not secrets.compare_digest(request.args.get("state", "").encode("utf-8", "replace"), pending["state"].encode()):
            raise Problem("login_failed", 400)
        if request.args.get("iss", context.settings.issuer) != context.settings.issuer or "code" not in request.args:
            log.info("login_refused", error=request.args.get("error"))
            raise Problem("login_failed", 400)
        identity = provider.identity(context, request.args["code"], pending)
        session.clear()
        session[_PERSON] = {**asdict(identity), "scopes": sorted(identity.scopes)}
        session[_UNTIL] = int(time.time()) + SESSION_SECONDS
        forgery.csrf_token()
        log.info("logged_in", owner=identity.owner)
        return redirect(pending["next"], code=303)


def page_identity() -> Identity | None:
    """Who this browser session belongs to, or None. For ``create_application``."""
    person = session.get(_PERSON)
    if not person or session.get(_UNTIL, 0) < time.time():
        return None
    return Identity(**{**person, "scopes": frozenset(person["scopes"])})


def local_path(wanted: str | None) -> str:
    """``wanted`` when it is an address of this site and nothing else, else ``/``: log-in must not send people to another site."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or not wanted.isprintable():
        return "/"
    parts = urlsplit(wanted)
    return "/" if parts.scheme or parts.netloc else wanted


class _Provider:
    """The OpenID provider, as its discovery document describes it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._description: dict[str, Any] | None = None

    def description(self) -> dict[str, Any]:
        """The discovery document; asked for once. Raises Problem when the provider does not answer or is another."""
        if self._description is None:
            found = self._ask("GET", f"{self._settings.issuer}/.well-known/openid-configuration")
            if found.get("issuer") != self._settings.issuer:
                raise Problem("login_failed", 502)
            self._description = found
        return self._description

    def identity(self, context: Context, code: str, pending: dict[str, str]) -> Identity:
        """Who the code proves. Raises Problem."""
        answer = self._ask(
            "POST",
            self.description()["token_endpoint"],
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._settings.public_url + CALLBACK,
                "client_id": CLIENT,
                "code_verifier": pending["verifier"],
            },
        )
        try:
            self._check_id_token(answer, pending["nonce"])
            return context.tokens.verify(answer["access_token"])
        except (JoseError, ValueError, KeyError, TypeError, TokenRefused) as fault:
            log.info("login_refused", error=type(fault).__name__)
            raise Problem("login_failed", 400) from fault

    def _check_id_token(self, answer: dict[str, Any], nonce: str) -> None:
        """OpenID Connect Core 1.0, section 3.1.3.7. Raises ValueError and joserfc's errors."""
        keys = KeySet.import_key_set(self._ask("GET", self.description()["jwks_uri"]))  # type: ignore[arg-type]  # a JWKS is a plain dict here
        claims = jwt.decode(answer["id_token"], keys, algorithms=["RS256"]).claims
        expected = {"iss": self._settings.issuer, "aud": CLIENT, "nonce": nonce, "at_hash": at_hash(answer["access_token"])}
        if any(claims.get(name) != value for name, value in expected.items()):
            raise ValueError("the id token is not for this log-in")
        if claims["exp"] < time.time() - LEEWAY_SECONDS:
            raise ValueError("the id token is too old")

    def _ask(self, method: str, address: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            response = requests.request(method, address, data=form, timeout=PROVIDER_SECONDS, allow_redirects=False)
            answer = response.json()
        except (requests.RequestException, ValueError) as fault:
            log.warning("provider_unreachable", error=type(fault).__name__)
            raise Problem("login_failed", 502) from fault
        if response.status_code != 200 or not isinstance(answer, dict):
            raise Problem("login_failed", 400)
        return answer
