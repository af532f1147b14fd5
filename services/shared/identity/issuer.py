"""The local issuer: signs tokens for the demo actors. Loopback only; production has Maskinporten and an OIDC provider in its place."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from services.shared import identifiers
from services.shared.identity.access import Scope
from services.shared.secrets_files import write_secret

TOKEN_SECONDS = 24 * 3600

# The demo actors and what each may do (contract, section 2). Their organisations stand in schemas/routing.
DEMO_SCOPES: dict[str, tuple[Scope, ...]] = {
    "leverandor": (Scope.SUBMIT,),
    "forslagsstiller": (Scope.SUBMIT,),
    "dmp": (Scope.QUEUE,),
    "fhi": (Scope.QUEUE,),
    "sykehusinnkjop": (Scope.QUEUE,),
    "sekretariat": (Scope.MONITOR,),
    "arkivar": (Scope.ARCHIVE,),
}


class LocalIssuer:
    """An issuer with one RSA key, kept in ``folder`` (0600) so that tokens outlive a restart.

    ``people`` maps each demo actor to ``{"organisation": number, "name": name}``.
    """

    def __init__(self, folder: Path, *, issuer: str, audience: str, people: dict[str, dict[str, str]]) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.issuer, self.audience, self.people = issuer, audience, people
        key_file = folder / "key.json"
        if not key_file.exists():
            fresh = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
            write_secret(key_file, json.dumps(fresh.as_dict(private=True)))
        self._key = RSAKey.import_key(json.loads(key_file.read_text(encoding="utf-8")))

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWKS."""
        return {"keys": [dict(self._key.as_dict(private=False))]}

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWS over the claims."""
        return jwt.encode({"alg": "RS256", "kid": self._key.kid, "typ": "JWT"}, claims, self._key)

    def token(self, person: str, *, seconds: int = TOKEN_SECONDS) -> str:
        """An access token for a demo actor, in Maskinporten's shape."""
        who = self.people[person]
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": now,
            "exp": now + seconds,
            "jti": identifiers.new_id(),
            "client_id": f"local-{person}",
            "token_type": "Bearer",
            "scope": " ".join(DEMO_SCOPES[person]),
            "name": who["name"],
            "consumer": {"authority": "iso6523-actorid-upis", "ID": f"0192:{who['organisation']}"},
        }
        return self.sign(claims)

    def write_tokens(self, path: Path) -> None:
        """Write ``{actor: token}`` for all demo actors to a file only its owner may read."""
        write_secret(path, json.dumps({person: self.token(person) for person in DEMO_SCOPES}, indent=1))
