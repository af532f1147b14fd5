"""Bearer tokens: what is proved by one, and each way of not proving it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.shared.actors import load_actors
from services.shared.identity import Scope, TokenRefused, TokenVerifier
from services.shared.identity.issuer import DEMO_SCOPES, LocalIssuer
from services.shared.settings import SCHEMAS

ISSUER, AUDIENCE = "https://issuer.test", "nyemetoder-mottak"


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    people = {person: {"organisation": "974761122", "name": person} for person in DEMO_SCOPES}
    return LocalIssuer(tmp_path / "issuer", issuer=ISSUER, audience=AUDIENCE, people=people)


LONG_AGO, FAR_AHEAD = 1_700_000_000, 4_102_444_800  # 2023, 2100: the same in each process that shares the suite


def verifier(issuer: LocalIssuer) -> TokenVerifier:
    return TokenVerifier(issuer=ISSUER, audience=AUDIENCE, fetch_keys=issuer.jwks, actors=load_actors(SCHEMAS / "routing"))


def claims(**changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 600,
        "scope": Scope.SUBMIT,
        "consumer": {"authority": "iso6523-actorid-upis", "ID": "0192:310000019"},
    }
    said.update(changes)
    return {key: value for key, value in said.items() if value is not None}


def test_a_good_token_proves_organisation_scopes_and_kind(issuer: LocalIssuer) -> None:
    identity = verifier(issuer).verify(issuer.sign(claims(supplier={"authority": "iso6523-actorid-upis", "ID": "0192:991825827"})))
    assert identity.organisation == "310000019"
    assert identity.owner == "organisation:310000019"
    assert identity.kind == "drug_vendor"
    assert identity.scopes == {Scope.SUBMIT}
    assert identity.supplier == "991825827"
    assert identity.agency is None


def test_an_agency_is_known_by_its_organisation_number(issuer: LocalIssuer) -> None:
    assert verifier(issuer).verify(issuer.token("dmp")).agency == "dmp"


def test_a_person_without_an_organisation_owns_what_it_sends(issuer: LocalIssuer) -> None:
    identity = verifier(issuer).verify(issuer.sign(claims(consumer=None, sub="person-1")))
    assert identity.owner == "person:person-1"
    assert identity.submitter()["kind"] == "person"


def test_a_national_identity_number_in_a_token_is_never_used_as_a_name(issuer: LocalIssuer) -> None:
    identity = verifier(issuer).verify(issuer.sign(claims(consumer=None, sub="pairwise-1", pid="01810012345")))
    assert "01810012345" not in str(identity)
    with pytest.raises(TokenRefused):
        verifier(issuer).verify(issuer.sign(claims(consumer=None, pid="01810012345")))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://issuer.test/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": LONG_AGO},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": FAR_AHEAD},
        {"consumer": None},
        {"consumer": {"authority": "another", "ID": "0192:310000019"}},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(issuer: LocalIssuer, changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        verifier(issuer).verify(issuer.sign(claims(**changes)))


def test_a_token_of_another_key_or_none_or_a_changed_one_is_refused(issuer: LocalIssuer) -> None:
    verify = verifier(issuer).verify
    strange = RSAKey.generate_key(2048, {"kid": issuer.jwks()["keys"][0]["kid"]})
    shared = OctKey.import_key(json.dumps(issuer.jwks()["keys"][0]))
    good = issuer.sign(claims())
    head, body, signature = good.split(".")
    changed = f"{head}.{body[:-4]}AAAA.{signature}"
    for token in (
        jwt.encode({"alg": "RS256", "kid": strange.kid}, claims(), strange),
        jwt.encode({"alg": "HS256"}, claims(), shared),
        changed,
        f"{head}.{body}.",
        "",
        "a.b.c",
        "eyJhbGciOiJub25lIn0." + body + ".",
    ):
        with pytest.raises(TokenRefused):
            verify(token)


def test_the_keys_are_not_fetched_again_for_every_unknown_one(issuer: LocalIssuer) -> None:
    fetched = 0

    def fetch() -> dict[str, Any]:
        nonlocal fetched
        fetched += 1
        return issuer.jwks()

    verify = TokenVerifier(issuer=ISSUER, audience=AUDIENCE, fetch_keys=fetch, actors=load_actors(SCHEMAS / "routing")).verify
    strange = RSAKey.generate_key(2048, {"kid": "unknown"})
    for _ in range(5):
        with pytest.raises(TokenRefused):
            verify(jwt.encode({"alg": "RS256", "kid": "unknown"}, claims(), strange))
    assert fetched == 1


def test_secrets_are_readable_by_their_owner_alone(issuer: LocalIssuer, tmp_path: Path) -> None:
    issuer.write_tokens(tmp_path / "tokens.json")
    for file in (tmp_path / "tokens.json", tmp_path / "issuer" / "key.json"):
        assert file.stat().st_mode & 0o077 == 0
    assert set(json.loads((tmp_path / "tokens.json").read_text())) == set(DEMO_SCOPES)
