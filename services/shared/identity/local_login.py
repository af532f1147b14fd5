"""The local issuer as an OpenID Connect provider, for log-in on one's own machine: choose a demo actor, no password. Loopback only.

Authorization code with PKCE (RFC 7636, S256 only) for one public client; OpenID Connect Core 1.0 section 3.1, Discovery 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, jsonify, make_response, redirect, render_template, request
from werkzeug import Response

from services.shared.identity.access import open_route
from services.shared.identity.issuer import LocalIssuer
from services.shared.problems import Problem
from services.shared.settings import Settings
from services.shared.web.layout.forgery import check_origin

CLIENT = "mottak-pages"
CALLBACK = "/login/callback"
CODE_SECONDS = 60
ID_TOKEN_SECONDS = 300
CODES_AT_ONCE = 1000


@dataclass(frozen=True)
class _Grant:
    person: str
    nonce: str | None
    challenge: str
    until: float


class _Codes:
    """Codes that were given out and not used yet. Each works once, for a minute."""

    def __init__(self) -> None:
        self._grants: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    def give(self, person: str, nonce: str | None, challenge: str) -> str:
        code, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._grants = {known: grant for known, grant in self._grants.items() if grant.until > now}
            if len(self._grants) >= CODES_AT_ONCE:
                raise Problem("store_unavailable", 503)
            self._grants[code] = _Grant(person, nonce, challenge, now + CODE_SECONDS)
        return code

    def take(self, code: str) -> _Grant | None:
        with self._lock:
            grant = self._grants.pop(code, None)
        return grant if grant is not None and grant.until > time.monotonic() else None


def local_login_blueprint(issuer: LocalIssuer, settings: Settings) -> Blueprint:
    """The provider's endpoints under ``/issuer``. Raises ValueError where others than this machine could reach them."""
    if not settings.is_loopback:
        raise ValueError("the local log-in needs no password and is for loopback only")
    provider = Blueprint("issuer", __name__, url_prefix="/issuer")
    codes = _Codes()
    _add_description(provider, issuer)
    _add_authorize(provider, issuer, settings, codes)
    _add_token(provider, issuer, settings, codes)
    return provider


def _add_description(provider: Blueprint, issuer: LocalIssuer) -> None:
    @provider.get("/.well-known/openid-configuration")
    @open_route
    def configuration() -> Response:
        """Where the provider's endpoints are and what it can do."""
        return jsonify(
            issuer=issuer.issuer,
            authorization_endpoint=f"{issuer.issuer}/authorize",
            token_endpoint=f"{issuer.issuer}/token",
            jwks_uri=f"{issuer.issuer}/jwks",
            response_types_supported=["code"],
            response_modes_supported=["query"],
            grant_types_supported=["authorization_code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            scopes_supported=["openid"],
            code_challenge_methods_supported=["S256"],
            token_endpoint_auth_methods_supported=["none"],
            authorization_response_iss_parameter_supported=True,
        )

    @provider.get("/jwks")
    @open_route
    def keys() -> Response:
        """The public keys."""
        return jsonify(issuer.jwks())


def _add_authorize(provider: Blueprint, issuer: LocalIssuer, settings: Settings, codes: _Codes) -> None:
    @provider.get("/authorize")
    @open_route
    def authorize() -> Response:
        """A page that lists the demo actors."""
        asked = _asked(settings)
        if isinstance(asked, str):
            return _back(asked)
        return make_response(render_template("issuer_authorize.html", people=issuer.people, asked=asked))

    @provider.post("/authorize")
    @open_route
    def choose() -> Response:
        """Somebody was chosen: back to the client with a code."""
        check_origin(settings)
        asked = _asked(settings)
        if isinstance(asked, str):
            return _back(asked)
        person = request.form.get("person", "")
        if person not in issuer.people:
            raise Problem("malformed_request", 400)
        code = codes.give(person, asked.get("nonce"), asked["code_challenge"])
        return _back(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked.get('state', ''), 'iss': issuer.issuer})}")


def _asked(settings: Settings) -> dict[str, str] | str:
    """The request's parameters, or the address to send a refusal to. Raises Problem when it is not our client's or not its address."""
    asked = request.values.to_dict()
    if asked.get("client_id") != CLIENT or asked.get("redirect_uri") != settings.public_url + CALLBACK:
        raise Problem("malformed_request", 400)
    error = None
    if asked.get("response_type") != "code":
        error = "unsupported_response_type"
    elif "openid" not in asked.get("scope", "").split():
        error = "invalid_scope"
    elif asked.get("code_challenge_method") != "S256" or len(asked.get("code_challenge", "")) != 43:
        error = "invalid_request"
    if error is None:
        return asked
    return f"{asked['redirect_uri']}?{urlencode({'error': error, 'state': asked.get('state', ''), 'iss': settings.issuer})}"


def _back(address: str) -> Response:
    return redirect(address, code=303)


def _add_token(provider: Blueprint, issuer: LocalIssuer, settings: Settings, codes: _Codes) -> None:
    @provider.post("/token")
    @open_route
    def token() -> tuple[Response, int]:
        """A code for tokens."""
        form = request.form
        grant = codes.take(form.get("code", ""))
        if form.get("grant_type") != "authorization_code":
            return jsonify(error="unsupported_grant_type"), 400
        if form.get("client_id") != CLIENT:
            return jsonify(error="invalid_client"), 401
        verified = grant is not None and hmac.compare_digest(s256(form.get("code_verifier", "")).encode(), grant.challenge.encode("utf-8", "replace"))
        if grant is None or not verified or form.get("redirect_uri") != settings.public_url + CALLBACK:
            return jsonify(error="invalid_grant"), 400
        access_token = issuer.token(grant.person)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 24 * 3600,
            "id_token": issuer.sign(_id_claims(issuer, grant, access_token)),
        }
        return jsonify(answer), 200


def _id_claims(issuer: LocalIssuer, grant: _Grant, access_token: str) -> dict[str, object]:
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": issuer.issuer,
        "sub": f"local-{grant.person}",
        "aud": CLIENT,
        "iat": now,
        "auth_time": now,
        "exp": now + ID_TOKEN_SECONDS,
        "name": issuer.people[grant.person]["name"],
        "at_hash": at_hash(access_token),
    }
    return claims | ({"nonce": grant.nonce} if grant.nonce else {})


def s256(verifier: str) -> str:
    """The PKCE challenge of a verifier (RFC 7636, section 4.2)."""
    return _base64(hashlib.sha256(verifier.encode("utf-8", "replace")).digest())


def at_hash(access_token: str) -> str:
    """What binds an access token to its RS256 id token (OpenID Connect Core, section 3.1.3.6)."""
    return _base64(hashlib.sha256(access_token.encode()).digest()[:16])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
