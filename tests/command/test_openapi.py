"""The description of the API is valid, complete, and what the system really answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from samples import register
from samples.builders.spreadsheet import workbook
from services.archive.app import create_app as create_archive
from services.command.assemble import embedded_context
from services.command.openapi.build import FILE, text
from services.command.up import Running, running
from services.intake.app import create_app as create_intake
from services.routing.app import create_app as create_routing
from services.shared import words
from services.shared.settings import Settings
from services.validation.app import create_app as create_validation
from tests.end_to_end.material import TODAY, good_json
from tests.end_to_end.system import free_port
from tests.intake.tus import Tus

DESCRIPTION: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
ACTIONS = re.compile(r"<any\(([^)]+)\):[^>]+>")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def nameless(path: str) -> str:
    """A path with its parameters unnamed: what they are called does not matter."""
    return re.sub(r"<[^>]+>|\{[^}]+\}", "{}", path)


def routes(app: Flask) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every path and method of an application's API with the scopes it asks for; what Flask adds of itself (HEAD of a GET, OPTIONS) is left out."""
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/"):
            continue
        methods = {method.lower() for method in rule.methods or ()}
        told = methods - {"head", "options"} or methods
        chosen = ACTIONS.search(rule.rule)
        for action in chosen[1].split(", ") if chosen else [""]:
            for method in told:
                access = app.view_functions[rule.endpoint].access or ()
                yield nameless(ACTIONS.sub(action, rule.rule)), method, frozenset(str(scope) for scope in access)


def shape(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": DESCRIPTION["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_file_is_what_the_table_says() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run python -m services.command.openapi"


def test_it_is_a_valid_openapi_3_1_description() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(DESCRIPTION).iter_errors()) == []
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_every_route_of_the_four_services_stands_in_it_with_its_scopes_and_nothing_else(tmp_path: Path) -> None:
    context, issuer = embedded_context(Settings.embedded(tmp_path, environment={}))
    applications = (create_intake(context, issuer), create_validation(context), create_routing(context), create_archive(context))
    found = {(path, method): scopes for app in applications for path, method, scopes in routes(app)}
    context.database.close()
    told = {
        (nameless(path), method): frozenset(scope for requirement in operation["security"] for scope in requirement["token"])
        for path, method, operation in operations()
    }
    assert told == found


def test_every_parameter_of_a_path_is_described_and_no_other() -> None:
    for path, method, operation in operations():
        described = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
        assert described == set(re.findall(r"\{([^}]+)\}", path)), (method, path)


def test_every_example_has_its_shape() -> None:
    held = 0
    for name, schema in DESCRIPTION["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            assert list(shape({"$ref": f"#/components/schemas/{name}"}).iter_errors(example)) == [], name
            held += 1
    for path, method, operation in operations():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in content:
                assert list(shape(content["schema"]).iter_errors(content["example"])) == [], (method, path)
                held += 1
    assert held > 12


def test_every_problem_it_names_has_its_texts() -> None:
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            if int(status) >= 400 and method != "head":
                problem = response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]
                assert problem["status"]["const"] == int(status)
                assert all(words.has(f"problem.{code}.detail") for code in problem["code"]["enum"]), (path, status)


class Caller:
    """Asks the running system and holds every answer against the description of that operation."""

    def __init__(self, system: Running) -> None:
        self.system = system
        self.seen: set[str] = set()

    def __call__(self, person: str | None, method: str, template: str, status: int, *, body: Any = None, **given: Any) -> Any:
        query, files = given.pop("query", None), given.pop("files", None)
        path = template.format(**given)
        headers = {"Authorization": f"Bearer {self.system.issuer.token(person)}"} if person else {}
        url = f"{self.system.settings.public_url}/api/v1{path}"
        answer = requests.request(method, url, json=body, params=query, files=files, headers=headers, timeout=60)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        operation = DESCRIPTION["paths"]["/api/v1" + template][method]
        self.seen.add(operation["operationId"])
        media_type = answer.headers["Content-Type"].split(";")[0]
        content = operation["responses"][str(status)]["content"][media_type]
        if not media_type.endswith("json"):
            return answer.content
        told = answer.json()
        faults = [f"{fault.json_path}: {fault.message}"[:300] for fault in shape(content.get("schema", {})).iter_errors(told)]
        assert faults == [], (method, template, status)
        return told


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with running(tmp_path_factory.mktemp("described") / "data", port=free_port()) as system:
        yield Caller(system)


def until(found: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


def test_what_the_main_job_answers_is_as_described(call: Caller) -> None:
    files = [("form", ("skjema.json", good_json())), ("attachments", ("merknad.txt", b"Merknad til skjemaet."))]
    accepted = call("leverandor", "post", "/submissions", 202, files=files)
    submission = accepted["id"]

    def view() -> Any:
        return call("leverandor", "get", "/submissions/{submission}", 200, submission=submission)

    until(lambda: view()["status"] == "routed")
    call("leverandor", "get", "/submissions", 200, query={"total": "true", "limit": 1})
    call("leverandor", "get", "/submissions/{submission}/receipt", 200, submission=submission)
    call("leverandor", "get", "/submissions/{submission}/changes", 200, submission=submission)
    call(None, "get", "/submissions/receipt-keys", 200)
    document = view()["documents"][1]["id"]
    call("leverandor", "post", "/submissions/{submission}/messages", 200, submission=submission, body={"text": "Takk."})
    call("sekretariat", "post", "/submissions/{submission}/redrive", 200, submission=submission, body={"version": 1, "reason": "Prøve."})

    call("dmp", "get", "/queues/{agency}", 200, agency="dmp")
    first = call("dmp", "post", "/queues/{agency}/leases", 200, agency="dmp", body={"max": 1})["items"][0]
    call("dmp", "post", "/leases/{lease}/release", 200, lease=first["lease"])
    leased = call("dmp", "post", "/queues/{agency}/leases", 200, agency="dmp")["items"][0]
    call("dmp", "post", "/leases/{lease}/confirm", 200, lease=leased["lease"])
    note = b"Egnet.\n"
    upload = Tus(call.system.settings.public_url, call.system.issuer.token("dmp")).upload(note, "svar.txt")
    said = {"upload": upload, "name": "svar.txt", "sha256": "f" * 64, "access": "public"}
    receipt = {"outcome": "answered", "answer": {"documents": [said]}}
    delivery = leased["data"]["delivery"]
    call("dmp", "post", "/deliveries/{delivery}/receipts", 422, delivery=delivery, body=receipt)
    call("dmp", "post", "/deliveries/{delivery}/receipts", 422, delivery=delivery, body={"outcome": "kanskje"})
    call("dmp", "post", "/deliveries/{delivery}/receipts", 200, delivery=delivery, body={"outcome": "answered", "answer": {"conclusion": "egnet"}})
    until(lambda: view()["archive"]["version"] == "v2")

    call("arkivar", "get", "/archive/objects", 200)
    found = view()["archive"]["object"]
    call("arkivar", "get", "/archive/objects/{object}", 200, object=found)
    assert call("arkivar", "get", "/archive/objects/{object}/bag", 200, object=found)[:2] == b"PK"
    check = call("arkivar", "post", "/archive/fixity-checks", 202, body={"object": found})["id"]
    done = until(lambda: (told := call("arkivar", "get", "/archive/fixity-checks/{check}", 200, check=check))["state"] == "done" and told)
    assert done["items"][0]["outcome"] == "intact"

    call("leverandor", "post", "/submissions/{submission}/withdraw", 200, submission=submission, body={"reason": "Prøve."})
    recall = call("dmp", "post", "/queues/{agency}/leases", 200, agency="dmp")["items"]
    call("leverandor", "post", "/submissions/{submission}/withdraw", 409, submission=submission)
    assert document
    assert isinstance(recall, list)


def test_what_is_open_and_what_a_check_answers_is_as_described(call: Caller) -> None:
    forms = call(None, "get", "/forms", 200)["items"]
    call(None, "get", "/forms/{form_type}/{version}/schema", 200, form_type=forms[0]["form_type"], version="1.0")
    for kind, first in (("docx", b"PK"), ("pdf", b"%P")):
        assert (
            call(None, "get", f"/forms/{{form_type}}/{{version}}/template.{kind}", 200, form_type="forslag", version="1.0", query={"language": "nn"})[
                :2
            ]
            == first
        )
    call(None, "get", "/policy", 200)
    assert call(None, "get", "/openapi.json", 200) == DESCRIPTION
    call("leverandor", "post", "/checks", 200, files=[("form", ("skjema.json", good_json(atc_code="feil")))])


def test_what_importing_a_register_answers_is_as_described(call: Caller) -> None:
    call("sekretariat", "get", "/registers", 200)
    for data in (register.register(TODAY), b"PK", workbook("Ark", [register.HEADINGS, ("x", "", "", "", "", "", 0, "", "")])):
        started = call("sekretariat", "post", "/registers/{register}/imports", 202, register="methods", files=[("file", ("a.xlsx", data))])
        given = {"register": "methods", "import": started["id"]}
        until(lambda given=given: call("sekretariat", "get", "/registers/{register}/imports/{import}", 200, **given)["state"] != "pending")
    assert call("sekretariat", "get", "/registers/{register}", 200, register="methods")["in_force"]["rows"] > 5


@pytest.mark.parametrize(
    ("person", "method", "template", "status", "given"),
    [
        (None, "get", "/submissions", 401, {}),
        ("arkivar", "get", "/submissions", 403, {}),
        ("leverandor", "get", "/submissions/{submission}", 404, {"submission": "NM-2026-222222"}),
        ("leverandor", "get", "/submissions", 400, {"query": {"status": "borte"}}),
        ("leverandor", "get", "/submissions", 400, {"query": {"cursor": "x"}}),
        ("leverandor", "post", "/submissions", 415, {"body": {}}),
        ("leverandor", "post", "/submissions", 422, {"files": [("attachments", ("a.txt", b"a"))]}),
        ("leverandor", "post", "/submissions", 415, {"files": [("form", ("a.exe", b"MZ"))]}),
        ("leverandor", "post", "/checks", 422, {"files": [("attachments", ("a.txt", b"a"))]}),
        ("leverandor", "post", "/uploads", 412, {}),
        ("dmp", "get", "/queues/{agency}", 404, {"agency": "fhi"}),
        ("dmp", "post", "/queues/{agency}/leases", 422, {"agency": "dmp", "body": {"max": 0}}),
        ("dmp", "post", "/leases/{lease}/confirm", 404, {"lease": "0" * 32}),
        ("dmp", "post", "/deliveries/{delivery}/receipts", 404, {"delivery": "x", "body": {"outcome": "confirmed"}}),
        ("leverandor", "get", "/registers", 403, {}),
        ("sekretariat", "get", "/registers/{register}", 404, {"register": "x"}),
        ("sekretariat", "post", "/registers/{register}/imports", 415, {"register": "methods", "body": {}}),
        ("sekretariat", "post", "/registers/{register}/imports", 415, {"register": "methods", "files": [("file", ("a.csv", b"a"))]}),
        ("arkivar", "get", "/archive/objects", 400, {"query": {"limit": "0"}}),
        ("arkivar", "get", "/archive/objects/{object}", 404, {"object": "NM-2026-222222"}),
        ("arkivar", "post", "/archive/fixity-checks", 404, {"body": {"object": "NM-2026-222222"}}),
        ("sekretariat", "post", "/submissions/{submission}/accept", 404, {"submission": "x", "body": {"version": 1, "reason": "r"}}),
        (None, "get", "/forms/{form_type}/{version}/schema", 404, {"form_type": "x", "version": "1"}),
        (None, "get", "/forms/{form_type}/{version}/template.pdf", 404, {"form_type": "x", "version": "1"}),
        (None, "get", "/forms/{form_type}/{version}/template.pdf", 400, {"form_type": "forslag", "version": "1.0", "query": {"language": "de"}}),
    ],
)
def test_a_refusal_is_as_described(call: Caller, person: str | None, method: str, template: str, status: int, given: dict[str, Any]) -> None:
    call(person, method, template, status, **given)
