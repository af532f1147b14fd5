"""Bearer tokens: JWTs in Maskinporten's shape, verified offline against the issuer's keys.

Rights follow the ``consumer`` organisation and the scopes, never the client id (Digdir's guide for API owners); a ``supplier`` acting for it is logged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.shared.actors import Actors

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "PS256"]
LEEWAY_SECONDS = 10
KEYS_FRESH_SECONDS = 24 * 3600
UNKNOWN_KEY_PAUSE_SECONDS = 60


class TokenRefused(Exception):
    """The token proves nothing; the text says why and never holds the token."""


@dataclass(frozen=True)
class Identity:
    """Somebody who proved who they are.

    ``organisation`` is a Norwegian organisation number or None for a person; ``agency`` the actor id when the organisation takes work; ``kind`` what sort of submitter the
    organisation is known to be (None: not known); ``supplier`` who acts for it.
    """

    subject: str
    name: str
    organisation: str | None
    scopes: frozenset[str]
    agency: str | None = None
    kind: str | None = None
    supplier: str | None = None
    country: str = "NO"

    @property
    def owner(self) -> str:
        """What its submissions are owned by: the organisation, else the person."""
        return f"organisation:{self.organisation}" if self.organisation else f"person:{self.subject}"

    def submitter(self) -> dict[str, str]:
        """The ``submitter`` object of the API."""
        kind = "organisation" if self.organisation else "person"
        return {"kind": kind, "id": self.organisation or self.subject, "name": self.name, "country": self.country}


class TokenVerifier:
    """Checks tokens of one issuer for one audience.

    ``fetch_keys`` returns the issuer's JWKS as a dict; it is called at the first token, once a day, and (not more than once a minute) when a token names an unknown key.
    """

    def __init__(self, *, issuer: str, audience: str, fetch_keys: Callable[[], dict[str, Any]], actors: Actors) -> None:
        self._issuer, self._audience, self._fetch, self._actors = issuer, audience, fetch_keys, actors
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._lock = threading.Lock()

    def verify(self, token: str) -> Identity:
        """The identity a token proves; raises TokenRefused."""
        claims = self._claims(token)
        self._check(claims)
        organisation = _organisation(claims.get("consumer"))
        # Never the ``pid`` claim: it is a national identity number, and the subject stands in events and in the archive for good.
        subject = str(claims.get("sub") or organisation or "")
        if not subject:
            raise TokenRefused("names nobody")
        scopes = claims.get("scope")
        actor = self._actors.of_organisation(organisation) if organisation else None
        return Identity(
            subject=subject,
            name=str(claims.get("name") or (actor.name if actor else None) or organisation or subject)[:200],
            organisation=organisation,
            scopes=frozenset(scopes.split()) if isinstance(scopes, str) else frozenset(),
            agency=actor.id if actor and actor.takes_work else None,
            kind=self._actors.kind_of(organisation) if organisation else None,
            supplier=_organisation(claims.get("supplier")),
        )

    def _claims(self, token: str) -> dict[str, Any]:
        for attempt in range(2):
            keys = self._current_keys(again=attempt > 0)
            try:
                return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
            except (JoseError, ValueError, TypeError, KeyError, UnicodeError) as fault:
                if attempt or not self._may_fetch_again():
                    raise TokenRefused(type(fault).__name__) from fault
        raise TokenRefused("no key")

    def _check(self, claims: dict[str, Any]) -> None:
        now = time.time()
        if claims.get("iss") != self._issuer:
            raise TokenRefused("another issuer")
        audience = claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise TokenRefused("another audience")
        expires, not_before = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expires, int | float) or expires <= now - LEEWAY_SECONDS:
            raise TokenRefused("expired")
        if not isinstance(not_before, int | float) or not_before > now + LEEWAY_SECONDS:
            raise TokenRefused("not valid yet")

    def _current_keys(self, *, again: bool) -> KeySet:
        with self._lock:
            if self._keys is None or again or time.monotonic() - self._fetched_at > KEYS_FRESH_SECONDS:
                self._keys = KeySet.import_key_set(self._fetch())  # type: ignore[arg-type]  # a JWKS is a plain dict here
                self._fetched_at = time.monotonic()
            return self._keys

    def _may_fetch_again(self) -> bool:
        with self._lock:
            return time.monotonic() - self._fetched_at > UNKNOWN_KEY_PAUSE_SECONDS


def _organisation(party: Any) -> str | None:
    """The organisation number in ``{"authority": "iso6523-actorid-upis", "ID": "0192:<number>"}``, or None."""
    if not isinstance(party, dict) or party.get("authority") != "iso6523-actorid-upis":
        return None
    scheme, _, number = str(party.get("ID", "")).partition(":")
    return number if scheme == "0192" and len(number) == 9 and number.isdigit() else None
