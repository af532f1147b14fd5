"""Log-in: the relying party, the local provider, the session, and what forged requests meet."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from services.command.up import Running
from services.intake.login import local_path
from services.shared.identity.local_login import CALLBACK, CLIENT, local_login_blueprint, s256
from tests.intake.pages.browsing import Person

VERIFIER = "a" * 43


def question(system: Running, **changes: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": system.settings.public_url + CALLBACK,
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {**asked, **changes}


def code_for(system: Running, **changes: str) -> str:
    answer = requests.post(
        f"{system.settings.issuer}/authorize", data={**question(system, **changes), "person": "leverandor"}, allow_redirects=False, timeout=30
    )
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def redeem(system: Running, code: str, **changes: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": system.settings.public_url + CALLBACK,
        "client_id": CLIENT,
        "code_verifier": VERIFIER,
    }
    return requests.post(f"{system.settings.issuer}/token", data={**form, **changes}, timeout=30)


def test_who_is_not_logged_in_comes_back_to_the_page_that_was_asked_for(system: Running) -> None:
    person = Person(system.settings)
    page = person.get("/tavle?status=held&q=abc")
    assert urlsplit(page.url).path == "/issuer/authorize"
    form = next(each for each in page.tree.forms if each.xpath(".//button[@value='sekretariat']"))
    assert person.send(form, person="sekretariat").url == f"{person.base}/tavle?status=held&q=abc"


@pytest.mark.parametrize("who", ["leverandor", "forslagsstiller", "dmp", "arkivar"])
def test_the_board_is_for_the_secretariat(system: Running, who: str) -> None:
    page = Person(system.settings, who).get("/tavle")
    assert page.status == 403
    assert "Du har ikke tilgang" in page.text


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
        "",
        "send-inn",
    ],
)
def test_log_in_leads_to_no_other_site(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_log_in_leads_to_a_path_of_ours() -> None:
    assert local_path("/tavle?q=a%2Fb&status=held") == "/tavle?q=a%2Fb&status=held"


def test_a_call_back_that_nobody_here_began_is_refused(system: Running) -> None:
    code = code_for(system)
    page = Person(system.settings).get(f"{CALLBACK}?code={code}&state=s")
    assert page.status == 400
    assert "Innloggingen mislyktes" in page.text


def test_a_call_back_with_another_state_is_refused_and_the_log_in_is_over(system: Running) -> None:
    person = Person(system.settings)
    started = person.session.get(f"{person.base}/login", allow_redirects=False, timeout=30)
    asked = {key: values[0] for key, values in parse_qs(urlsplit(started.headers["Location"]).query).items()}
    code = code_for(system, **{key: asked[key] for key in ("nonce", "code_challenge")})
    assert person.get(f"{CALLBACK}?code={code}&state=another").status == 400
    assert person.get(f"{CALLBACK}?code={code}&state={asked['state']}").status == 400
    assert "Logg ut" not in person.get("/").text


def test_a_call_back_with_a_state_of_other_letters_is_refused(system: Running) -> None:
    person = Person(system.settings)
    person.session.get(f"{person.base}/login", allow_redirects=False, timeout=30)
    assert person.get(f"{CALLBACK}?code=x&state=%C3%A6").status == 400


def test_a_challenge_of_other_letters_fits_no_verifier(system: Running) -> None:
    answer = redeem(system, code_for(system, code_challenge="æ" * 43))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_a_code_made_for_another_log_in_is_refused(system: Running) -> None:
    person = Person(system.settings)
    started = person.session.get(f"{person.base}/login", allow_redirects=False, timeout=30)
    state = parse_qs(urlsplit(started.headers["Location"]).query)["state"][0]
    assert person.get(f"{CALLBACK}?code={code_for(system)}&state={state}").status == 400


def test_a_nonce_of_another_log_in_is_refused(system: Running) -> None:
    person = Person(system.settings)
    started = person.session.get(f"{person.base}/login", allow_redirects=False, timeout=30)
    asked = {key: values[0] for key, values in parse_qs(urlsplit(started.headers["Location"]).query).items()}
    code = code_for(system, code_challenge=asked["code_challenge"], nonce="another")
    assert person.get(f"{CALLBACK}?code={code}&state={asked['state']}").status == 400


def test_a_code_works_once(system: Running) -> None:
    code = code_for(system)
    assert redeem(system, code).status_code == 200
    assert redeem(system, code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "b" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:1/login/callback"}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "made up"}, "invalid_grant"),
    ],
)
def test_a_code_is_worth_nothing_to_whoever_did_not_ask_for_it(system: Running, changes: dict[str, str], error: str) -> None:
    answer = redeem(system, **{"code": code_for(system), **changes})
    assert answer.status_code in (400, 401)
    assert answer.json() == {"error": error}


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://elsewhere.example/login/callback"}, {"client_id": "another"}])
def test_the_provider_sends_nobody_to_an_address_it_does_not_know(system: Running, changes: dict[str, str]) -> None:
    answer = requests.get(f"{system.settings.issuer}/authorize", params=question(system, **changes), allow_redirects=False, timeout=30)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
    ],
)
def test_the_provider_tells_the_client_what_it_does_not_do(system: Running, changes: dict[str, str], error: str) -> None:
    answer = requests.get(f"{system.settings.issuer}/authorize", params=question(system, **changes), allow_redirects=False, timeout=30)
    told = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (told["error"], told["state"]) == ([error], ["s"])


def test_log_in_starts_a_session_of_its_own(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    before = person.get("/send-inn").form("/send-inn").fields["csrf_token"]
    person.log_in("forslagsstiller")
    assert person.get("/send-inn").form("/send-inn").fields["csrf_token"] != before


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(system: Running) -> None:
    started = requests.get(f"{system.settings.public_url}/login", allow_redirects=False, timeout=30)
    cookie = started.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_log_out_ends_the_session(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    person.send(person.get("/").form("/logout"))
    assert urlsplit(person.get("/innsendinger").url).path == "/issuer/authorize"


def test_a_page_session_opens_nothing_of_the_api(system: Running) -> None:
    person = Person(system.settings, "sekretariat")
    answer = person.session.get(f"{person.base}/api/v1/submissions", timeout=30)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null"])
def test_a_form_sent_from_another_site_is_refused(system: Running, origin: str) -> None:
    person = Person(system.settings, "leverandor")
    assert person.send(person.get("/").form("/logout"), origin=origin).status == 403
    assert person.upload(person.get("/send-inn"), [("form", ("a.json", b"{}"))], origin=origin).status == 403


def test_a_form_without_the_sessions_token_is_refused(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    other = Person(system.settings, "leverandor").get("/send-inn").form("/send-inn").fields["csrf_token"]
    assert person.send(person.get("/").form("/logout"), csrf_token=other).status == 403
    assert person.upload(person.get("/send-inn"), [("form", ("a.json", b"{}"))], csrf_token="").status == 403


def test_an_upload_that_does_not_begin_with_the_token_is_refused(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    token = person.get("/send-inn").form("/send-inn").fields["csrf_token"]
    late: list[tuple[str, Any]] = [("note", (None, b"x")), ("csrf_token", (None, token.encode())), ("form", ("a.json", b"{}"))]
    assert person.session.post(f"{person.base}/send-inn", files=late, headers={"Origin": person.base}, timeout=30).status_code == 403


def test_the_local_log_in_is_not_offered_where_others_can_reach_it(system: Running) -> None:
    with pytest.raises(ValueError, match="loopback"):
        local_login_blueprint(system.issuer, dataclasses.replace(system.settings, host="0.0.0.0"))  # noqa: S104 - that is the point


def test_a_challenge_is_the_sha256_of_its_verifier() -> None:
    # The example of RFC 7636, appendix B.
    assert s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert len(s256("x")) == 43


def test_the_session_key_is_for_its_owner_only(system: Running) -> None:
    file = system.settings.data / "issuer" / "session.key"
    assert file.stat().st_mode & 0o077 == 0
    assert len(file.read_text(encoding="utf-8")) >= 64
