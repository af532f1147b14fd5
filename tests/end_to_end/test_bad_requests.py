"""Bad requests through real HTTP: bodies, transfers, tokens, addresses, actions. Each is a coded problem that leaves nothing, and the next one is unaffected."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from services.shared.identity.issuer import LocalIssuer
from tests.end_to_end import raw
from tests.end_to_end.material import good_json
from tests.end_to_end.strict import assert_goes_through, leaves_nothing
from tests.end_to_end.system import Part, System, attachment_part, form_part, problem_of
from tests.prove.stores import Stores

# The body ------------------------------------------------------------------------------------------------------------------------------------------


def many_parts(count: int) -> list[Part]:
    return [form_part(good_json("many")), *(attachment_part(b"x", f"{number}.txt") for number in range(count))]


BODIES: dict[str, tuple[Callable[[], list[Part]], dict[str, str], int, str]] = {
    "no form": (lambda: [attachment_part(b"x", "a.txt")], {}, 422, "form_missing"),
    "two forms": (lambda: [form_part(good_json("one")), form_part(good_json("two"))], {}, 422, "form_not_single"),
    "an unknown field": (lambda: [form_part(good_json("field"))], {"farge": "blå"}, 400, "field_unknown"),
    "a file in an unknown field": (lambda: [form_part(good_json("file")), ("bilde", ("a.txt", b"x"))], {}, 400, "field_unknown"),
    "a file where a text belongs": (lambda: [form_part(good_json("text")), ("note", ("a.txt", b"x"))], {}, 400, "field_unknown"),
    "an unknown form type": (lambda: [form_part(good_json("type"))], {"form_type": "hjemmel"}, 422, "form_type_unknown"),
    "a form type as a path": (lambda: [form_part(good_json("path"))], {"form_type": "../anmodning"}, 422, "form_type_unknown"),
    "an unknown access": (lambda: [form_part(good_json("access"))], {"access": "hemmelig"}, 422, "value_not_allowed"),
    "a note without end": (lambda: [form_part(good_json("note"))], {"note": "x" * 5000}, 422, "field_too_long"),
    "a note larger than any field": (lambda: [form_part(good_json("notes"))], {"note": "x" * 100_000}, 413, "field_too_long"),
    "a correction of nothing": (lambda: [form_part(good_json("nothing"))], {"replaces": "NM-2026-AAAAAA"}, 404, "replaced_not_found"),
    "a correction of an odd id": (lambda: [form_part(good_json("odd"))], {"replaces": "' OR 1=1 --"}, 404, "replaced_not_found"),
    "for another, by a submitter": (lambda: [form_part(good_json("other"))], {"on_behalf_of": "974761122"}, 403, "field_not_yours"),
    "an earlier receipt, by a submitter": (lambda: [form_part(good_json("early"))], {"received_at": "2026-01-01"}, 403, "field_not_yours"),
    "a form of 25 MB and a byte": (lambda: [form_part(b"{" + b" " * 25_000_000)], {}, 413, "file_too_large"),
    "201 attachments": (lambda: many_parts(201), {}, 413, "too_many_files"),
    "a file without a name": (lambda: [form_part(good_json("unnamed")), ("attachments", ("", b"x"))], {}, 422, "name_not_allowed"),
    "a file named dots": (lambda: [form_part(good_json("dots")), attachment_part(b"x", "..")], {}, 422, "name_not_allowed"),
    "an e-mail as a form, by a submitter": (lambda: [form_part(b"Subject: x\r\n\r\nx", "skjema.eml")], {}, 415, "type_not_allowed"),
    "a note with NUL": (lambda: [form_part(good_json("nul"))], {"note": "a\0b"}, 422, "value_not_allowed"),
    "a correction of NUL": (lambda: [form_part(good_json("nuls"))], {"replaces": "NM-\0"}, 422, "value_not_allowed"),
    "an empty attachment": (lambda: [form_part(good_json("empty")), attachment_part(b"", "tom.pdf")], {}, 422, "file_empty"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_and_leaves_nothing(name: str, strict: System, stores: Stores) -> None:
    parts, fields, status, code = BODIES[name]
    with leaves_nothing(stores):
        problem_of(strict.post("leverandor", parts(), fields=fields), status, code)


FOR_OTHERS: dict[str, dict[str, str]] = {
    "half a character": {"on_behalf_of": '{"kind": "person", "id": "\\ud800", "name": "x"}'},
    "NUL": {"on_behalf_of": '{"kind": "person", "id": "\\u0000", "name": "x"}'},
    "deep": {"on_behalf_of": "[" * 60_000},
    "digits of another script": {"on_behalf_of": "３１００００１９９"},
    "before all years": {"received_at": "0001-01-01T00:00:00+14:00"},
}


@pytest.mark.parametrize("name", FOR_OTHERS)
def test_what_the_secretariat_says_of_another_is_checked_as_well(name: str, strict: System, stores: Stores) -> None:
    with leaves_nothing(stores):
        answer = strict.post("sekretariat", [form_part(good_json(name))], fields=FOR_OTHERS[name])
        problem_of(answer, 422, "value_not_allowed")


def test_a_very_old_moment_is_kept_as_it_is(strict: System) -> None:
    answer = strict.post("sekretariat", [form_part(good_json("old"))], fields={"received_at": "0001-06-01"})
    assert answer.status_code == 202
    assert strict.client("sekretariat").wait_until_settled(answer.json()["id"])["received_at"] == "0001-06-01T11:00:00.000000Z"


@pytest.mark.parametrize(
    "name", ["no form", "two forms", "an unknown field", "an unknown form type", "a form of 25 MB and a byte", "a file named dots"]
)
def test_a_check_refuses_the_same_bodies(name: str, strict: System, stores: Stores) -> None:
    parts, fields, status, code = BODIES[name]
    with leaves_nothing(stores):
        problem_of(strict.post("leverandor", parts(), fields=fields, path="/api/v1/checks"), status, code)


GOOD_PART = raw.file_part(good_json("raw"))
MULTIPARTS: dict[str, tuple[bytes, str]] = {
    "nothing at all": (b"", "multipart_malformed"),
    "no boundary in it": (b"hei hei", "multipart_malformed"),
    "no closing boundary": (raw.multipart(GOOD_PART, end=False), "multipart_malformed"),
    "a part without a name": (raw.multipart(b"Content-Type: text/plain\r\n\r\nx"), "multipart_malformed"),
    "a field that is not UTF-8": (raw.multipart(GOOD_PART, b'Content-Disposition: form-data; name="note"\r\n\r\n\xff\xfe'), "multipart_malformed"),
    "headers without end": (raw.multipart(b"X: " + b"a" * 200_000), "multipart_malformed"),
    "a field twice": (
        raw.multipart(GOOD_PART, *[b'Content-Disposition: form-data; name="note"\r\n\r\nx'] * 2), "field_twice",
    ),
    "1100 parts": (raw.multipart(*[b'Content-Disposition: form-data; name="note"\r\n\r\nx'] * 1100), "too_many_parts"),
}  # fmt: skip


@pytest.mark.parametrize("name", MULTIPARTS)
def test_a_malformed_multipart_body_is_refused_and_leaves_nothing(name: str, strict: System, stores: Stores) -> None:
    body, code = MULTIPARTS[name]
    with leaves_nothing(stores):
        answer = raw.talk(strict, raw.submission_head(strict, len(body)) + body)
        assert answer.problem()["code"] == code
        assert answer.status in (400, 413)


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=a", "text/plain; charset=x\xff"])
def test_another_body_than_multipart_is_refused(content_type: str, strict: System, stores: Stores) -> None:
    with leaves_nothing(stores):
        answer = raw.talk(strict, raw.head(strict, f"Content-Type: {content_type}", "Content-Length: 2") + b"{}")
        assert (answer.status, answer.problem()["code"]) == (415, "multipart_expected")


# The transfer --------------------------------------------------------------------------------------------------------------------------------------


def test_a_body_that_is_cut_off_leaves_nothing(strict: System, stores: Stores) -> None:
    body = raw.multipart(raw.file_part(good_json("cut")), raw.file_part(b"x" * 300_000, name="attachments", file_name="a.txt"))
    with leaves_nothing(stores), raw.connect(strict) as link:
        link.sendall(raw.submission_head(strict, len(body)) + body[:200_000])
    assert_goes_through(strict)


def test_a_body_that_is_shorter_than_announced_is_told_so(strict: System, stores: Stores) -> None:
    body = raw.multipart(GOOD_PART)
    with leaves_nothing(stores):
        answer = raw.talk(strict, raw.submission_head(strict, len(body) + 500) + body, half_close=True)
        assert (answer.status, answer.problem()["code"]) == (400, "body_cut_off")


def test_a_body_that_stops_coming_is_refused(strict: System, stores: Stores) -> None:
    body = raw.multipart(GOOD_PART)
    with leaves_nothing(stores):
        began = time.monotonic()
        answer = raw.talk(strict, raw.submission_head(strict, len(body)) + body[:100])
        assert (answer.status, answer.problem()["code"]) == (408, "body_too_slow")
        assert time.monotonic() - began < 10


def test_slow_senders_do_not_keep_others_out(strict: System) -> None:
    links = [raw.connect(strict) for _ in range(10)]
    for link in links:
        link.sendall(raw.submission_head(strict, 100_000) + b"--")
    assert_goes_through(strict)
    for link in links:
        assert raw.read_answer(link).status == 408
        link.close()


@pytest.mark.parametrize("path", ["/api/v1/submissions", "/api/v1/checks"])
@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
def test_a_body_that_is_announced_too_large_is_refused_before_it_is_read(expect: tuple[str, ...], path: str, strict: System, stores: Stores) -> None:
    lines = (f"Content-Type: multipart/form-data; boundary={raw.BOUNDARY}", "Content-Length: 5000000000", *expect)
    with leaves_nothing(stores):
        answer = raw.talk(strict, raw.head(strict, *lines, path=path))
        assert (answer.status, answer.problem()["code"], answer.interim) == (413, "submission_too_large", b"")


def test_who_may_not_come_in_is_told_before_the_body_is_sent(strict: System) -> None:
    answer = raw.talk(strict, raw.submission_head(strict, 1000, "Expect: 100-continue", actor=None))
    assert (answer.status, answer.interim) == (401, b"")


def test_a_sender_that_waits_for_100_continue_gets_it(strict: System) -> None:
    body = raw.multipart(raw.file_part(good_json()))
    with raw.connect(strict) as link:
        link.sendall(raw.submission_head(strict, len(body), "Expect: 100-continue"))
        assert link.recv(100).startswith(b"HTTP/1.1 100 ")
        link.sendall(body)
        answer = raw.read_answer(link)
    assert answer.status == 202
    strict.client("leverandor").wait_until_settled(json.loads(answer.body)["id"])


REQUESTS: dict[str, tuple[Callable[[System], bytes], set[int]]] = {
    "no length": (lambda system: raw.head(system, "Content-Type: multipart/form-data; boundary=x"), {411}),
    "chunks": (lambda system: raw.head(system, "Content-Type: multipart/form-data; boundary=x", "Transfer-Encoding: chunked") + b"0\r\n\r\n", {411}),
    "a negative length": (lambda system: raw.submission_head(system, -5), {400}),
    "a length in words": (lambda system: raw.submission_head(system, "mye"), {400}),
    "two lengths": (lambda system: raw.submission_head(system, 5, "Content-Length: 7") + b"hello", {400}),
    "length and chunks": (lambda system: raw.submission_head(system, 5, "Transfer-Encoding: chunked") + b"0\r\n\r\n", {400, 411}),
    "a header without end": (lambda system: raw.head(system, "X-Long: " + "a" * 100_000), {413, 431}),
    "an address without end": (lambda system: raw.head(system, method="GET", path="/api/v1/submissions?q=" + "a" * 100_000), {413, 414}),
    "a line that is no request": (lambda system: b"hei hei\r\n\r\n", {400}),
    "another protocol": (lambda system: b"GET / SSH/2.0\r\n\r\n", {400, 505}),
    "a header without a colon": (lambda system: raw.head(system, "hei"), {400}),
    "an unknown method": (lambda system: raw.head(system, method="BREW"), {405, 501}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_malformed_request_is_told_so(name: str, strict: System, stores: Stores) -> None:
    build, statuses = REQUESTS[name]
    with leaves_nothing(stores):
        answer = raw.talk(strict, build(strict))
        told = answer.problem()
        assert answer.status in statuses, told
        for member in ("type", "title", "status", "detail", "instance", "code", "trace_id", "errors"):
            assert member in told


# Who and where -------------------------------------------------------------------------------------------------------------------------------------


def tokens(system: System) -> dict[str, str]:
    people = {"leverandor": {"organisation": "310000019", "name": "Eksempel Legemidler AS"}}
    issuer = LocalIssuer(system.data / "issuer", issuer=f"{system.url}/issuer", audience="nyemetoder-mottak", people=people)
    other = LocalIssuer(system.data.parent / "other", issuer=f"{system.url}/issuer", audience="nyemetoder-mottak", people=people)
    elsewhere = LocalIssuer(system.data / "issuer", issuer="https://elsewhere.example", audience="nyemetoder-mottak", people=people)
    audience = LocalIssuer(system.data / "issuer", issuer=f"{system.url}/issuer", audience="another", people=people)
    good = issuer.token("leverandor")
    header, claims, signature = good.split(".")
    return {
        "no token": "",
        "no JWT": "hei",
        "three dots": "...",
        "a changed signature": f"{header}.{claims}.{signature[:-8]}AAAAAAAA",
        "no algorithm": f"eyJhbGciOiJub25lIn0.{claims}.",
        "a key of somebody else": other.token("leverandor"),
        "another issuer": elsewhere.token("leverandor"),
        "another audience": audience.token("leverandor"),
        "expired": issuer.token("leverandor", seconds=-60),
        "very long": good + "A" * 20_000,
    }


@pytest.mark.parametrize("name", ["no token", "no JWT", "three dots", "a changed signature", "no algorithm", "a key of somebody else", "another issuer", "another audience", "expired", "very long"])  # fmt: skip
def test_a_token_that_proves_nothing_is_refused(name: str, strict: System, stores: Stores) -> None:
    with leaves_nothing(stores):
        headers = {"Authorization": f"Bearer {tokens(strict)[name]}"}
        response = requests.post(f"{strict.url}/api/v1/submissions", files=[form_part(good_json("token"))], headers=headers, timeout=30)
        problem_of(response, 401, "not_authenticated")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("actor", ["dmp", "arkivar"])
def test_a_role_that_does_not_submit_is_refused(actor: str, strict: System, stores: Stores) -> None:
    with leaves_nothing(stores):
        problem_of(strict.post(actor, [form_part(good_json("role"))]), 403, "not_allowed")


@pytest.mark.parametrize("key", ["", '""', "x" * 300, '"å"'.encode().decode("latin-1"), "a\tb"])
def test_an_idempotency_key_that_is_none_is_refused(key: str, strict: System, stores: Stores) -> None:
    with leaves_nothing(stores):
        body = raw.multipart(raw.file_part(good_json("key")))
        answer = raw.talk(strict, raw.submission_head(strict, len(body), f"Idempotency-Key: {key}") + body)
        assert (answer.status, answer.problem()["code"]) == (400, "idempotency_key_invalid")


GETS = {
    "/api/v1/submissions/NM-2026-ZZZZZZ": (404, "not_found"),
    "/api/v1/submissions/0192f3a0-0000-7000-8000-000000000000": (404, "not_found"),
    "/api/v1/submissions/..%2f..%2fetc%2fpasswd": (404, "not_found"),
    "/api/v1/submissions/%00": (404, "not_found"),
    "/api/v1/submissions/%ff%fe": (404, "not_found"),
    "/api/v1/submissions/'%20OR%201=1": (404, "not_found"),
    "/api/v1/submissions?cursor=hei": (400, "cursor_invalid"),
    "/api/v1/submissions?cursor=%C3%A5%C3%A5": (400, "cursor_invalid"),
    "/api/v1/submissions?cursor=aGVpIGhlaQ": (400, "cursor_invalid"),
    "/api/v1/submissions?limit=0": (400, "value_not_allowed"),
    "/api/v1/submissions?limit=-1": (400, "value_not_allowed"),
    "/api/v1/submissions?limit=mange": (400, "value_not_allowed"),
    "/api/v1/submissions?status=ferdig": (400, "value_not_allowed"),
    "/api/v1/submissions?received_from=i%20fjor": (400, "value_not_allowed"),
    "/api/v1/submissions?received_to=2026-13-45": (400, "value_not_allowed"),
    "/api/v1/submissions?received_from=0001-01-01T00:00:00%2B14:00": (400, "value_not_allowed"),
    "/api/v1/submissions?received_to=9999-12-31T23:59:59-14:00": (400, "value_not_allowed"),
    "/api/v1/submissions?cursor=OTk5OS0xMi0zMVQyMzo1OTo1OS0yMzo1OSB4": (400, "cursor_invalid"),
    "/api/v1/submissions?cursor=MjAyNi0wMS0wMVQwMDowMDowMFogAA": (400, "cursor_invalid"),
    "/api/v1/submissions?q=%00": (400, "malformed_request"),
    "/api/v1/submissions/NM-%00": (404, "not_found"),
    "/api/v1/forms/ukjent/1.0/schema": (404, "not_found"),
    "/api/v1/forms/..%2f..%2fpolicy/1.0/schema": (404, "not_found"),
    "/api/v1/finnes-ikke": (404, "not_found"),
    "/finnes-ikke": (404, "not_found"),
    "/api/v1/archive/objects": (403, "not_allowed"),
    "/api/v1/queues/dmp": (403, "not_allowed"),
}


@pytest.mark.parametrize("path", GETS)
def test_what_is_not_there_is_told_so(path: str, strict: System) -> None:
    status, code = GETS[path]
    response = requests.get(strict.url + path, headers={"Authorization": f"Bearer {strict.token('leverandor')}"}, timeout=30)
    problem_of(response, status, code)


LONG = "000000001" + "9" * 5000


ARCHIVE_QUERIES = {
    f"limit={LONG}": "value_not_allowed",
    "limit=0000000019999": "value_not_allowed",
    "limit=%D9%A1": "value_not_allowed",
    "limit=0": "value_not_allowed",
    "q=%00": "malformed_request",
    "cursor=AHwA": "cursor_invalid",
    "cursor=hei": "cursor_invalid",
}


@pytest.mark.parametrize("query", ARCHIVE_QUERIES)
def test_a_search_of_the_archive_that_means_nothing_is_refused(query: str, strict: System) -> None:
    headers = {"Authorization": f"Bearer {strict.token('arkivar')}"}
    problem_of(requests.get(f"{strict.url}/api/v1/archive/objects?{query}", headers=headers, timeout=30), 400, ARCHIVE_QUERIES[query])


@pytest.mark.parametrize(
    "body", [b'{"object": "\\ud800"}', b'{"object": "\\u0000"}', b"[" * 100_000, b'{"object": NaN}', b"[]"], ids=lambda body: repr(body[:20])
)
def test_a_fixity_check_of_nothing_that_can_be_is_refused(body: bytes, strict: System) -> None:
    headers = {"Authorization": f"Bearer {strict.token('arkivar')}", "Content-Type": "application/json"}
    problem_of(requests.post(f"{strict.url}/api/v1/archive/fixity-checks", data=body, headers=headers, timeout=30), 400, "json_expected")


@pytest.mark.parametrize(
    ("path", "code"),
    {
        "/api/v1/submissions?total=AAA": "value_not_allowed",
        "/api/v1/submissions?attention=1": "value_not_allowed",
        "/api/v1/forms/forslag/1.0/template.docx?language=xx": "value_not_allowed",
    }.items(),
)
def test_a_value_that_is_none_of_those_there_are_is_refused(path: str, code: str, strict: System) -> None:
    problem_of(requests.get(strict.url + path, headers={"Authorization": f"Bearer {strict.token('sekretariat')}"}, timeout=30), 400, code)


def test_an_empty_cursor_is_none_and_a_problem_names_its_path_as_an_address(strict: System) -> None:
    headers = {"Authorization": f"Bearer {strict.token('sekretariat')}"}
    for path in ("/api/v1/submissions?cursor=&status=&q=", "/api/v1/archive/objects?cursor=&q="):
        assert requests.get(strict.url + path, headers=headers, timeout=30).status_code == 200
    problem = requests.get(f"{strict.url}/api/v1/submissions/%C3%B8%20x", headers=headers, timeout=30).json()
    assert problem["instance"] == "/api/v1/submissions/%C3%B8%20x"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/submissions"),
        ("DELETE", "/api/v1/submissions/x"),
        ("POST", "/api/v1/policy"),
        ("GET", "/api/v1/checks"),
        ("PATCH", "/api/v1/queues/dmp"),
    ],
)
def test_a_method_that_is_not_offered_is_told_so(method: str, path: str, strict: System) -> None:
    response = requests.request(method, strict.url + path, headers={"Authorization": f"Bearer {strict.token('leverandor')}"}, timeout=30)
    problem_of(response, 405, "method_not_allowed")
    assert response.headers["Allow"]


@pytest.fixture(scope="module")
def held(strict: System) -> dict[str, Any]:
    """A submission that waits for its sender."""
    answer = strict.post("leverandor", [form_part(good_json("held", supplier_orgnr="310000018"))])
    return strict.client("leverandor").wait_until_settled(answer.json()["id"])


ACTIONS: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"hei", 400, "json_expected"),
    "a version that is no number": (b'{"version": true, "reason": "x"}', 409, "version_out_of_date"),
    "nothing": (b"", 400, "json_expected"),
    "a list": (b"[]", 400, "json_expected"),
    "deep JSON": (b"[" * 100_000, 400, "json_expected"),
    "no version": (b'{"reason": "fordi"}', 422, "version_missing"),
    "another version": (b'{"version": 7, "reason": "fordi"}', 409, "version_out_of_date"),
    "no reason": (b'{"version": 1}', 422, "reason_missing"),
    "a reason that is no text": (b'{"version": 1, "reason": {"a": 1}}', 422, "reason_missing"),
    "a reason without end": (b'{"version": 1, "reason": "' + b"x" * 5000 + b'"}', 422, "field_too_long"),
    "more than a JSON body may be": (b'{"version": 1, "reason": "' + b"x" * 2_000_000 + b'"}', 413, "body_too_large"),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_with_a_bad_body_is_refused(name: str, strict: System, held: dict[str, Any]) -> None:
    body, status, code = ACTIONS[name]
    headers = {"Authorization": f"Bearer {strict.token('sekretariat')}", "Content-Type": "application/json"}
    problem_of(requests.post(f"{strict.url}{held['links']['self']}/accept", data=body, headers=headers, timeout=30), status, code)


@pytest.mark.parametrize("action", ["accept", "reject", "release", "route", "redrive"])
def test_a_submitter_may_not_act_for_the_secretariat(action: str, strict: System, held: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {strict.token('leverandor')}"}
    response = requests.post(f"{strict.url}{held['links']['self']}/{action}", json={"version": 1, "reason": "x"}, headers=headers, timeout=30)
    problem_of(response, 403, "not_allowed")


RECEIPTS: dict[str, tuple[Any, int, str]] = {
    "unknown delivery": ({"outcome": "confirmed"}, 404, "not_found"),
    "unknown outcome": ({"outcome": "kanskje"}, 422, "receipt_invalid"),
    "a list": ([], 400, "json_expected"),
    "unknown member": ({"outcome": "confirmed", "farge": "blå"}, 422, "receipt_invalid"),
}


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_bad_receipt_is_refused(name: str, strict: System) -> None:
    body, status, code = RECEIPTS[name]
    headers = {"Authorization": f"Bearer {strict.token('dmp')}"}
    address = f"{strict.url}/api/v1/deliveries/0192f3a0-0000-7000-8000-000000000000/receipts"
    problem_of(requests.post(address, json=body, headers=headers, timeout=30), status, code)


def test_the_next_good_submission_goes_through(strict: System, stores: Stores) -> None:
    assert_goes_through(strict)
    assert stores.rows("SELECT handler, last_error FROM jobs WHERE state = 'parked'") == []
    assert strict.tracebacks() == []
