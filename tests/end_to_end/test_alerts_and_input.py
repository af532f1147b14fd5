"""A metodevarsel comes from DMP or FHI and from nobody else; an innspill from anyone, and goes where its phase says."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from samples.builders.json_form import json_form
from samples.content import medicines
from samples.content.alerts import innspill, metodevarsel
from samples.sample import definition
from services.command.client import Client
from services.shared.identity import Scope
from services.shared.identity.issuer import LocalIssuer
from tests.end_to_end.agency import settled
from tests.end_to_end.system import System, form_part

pytestmark = pytest.mark.timeout(300)
DMP, DSA = "974761122", "867668292"


def alert(**changes: Any) -> bytes:
    return json_form(definition("metodevarsel"), metodevarsel(medicines.KARDIOMIR, **changes))


def token_of(system: System, organisation: str) -> str:
    """The token of an organisation's machine that has the right to submit, as an issuer in production would give it."""
    issuer = LocalIssuer(system.data / "issuer", issuer=f"{system.url}/issuer", audience="nyemetoder-mottak", people={})
    consumer = {"authority": "iso6523-actorid-upis", "ID": f"0192:{organisation}"}
    times = {"iat": int(time.time()), "exp": int(time.time()) + 600}
    claims = {"iss": issuer.issuer, "aud": issuer.audience, "scope": f"{Scope.SUBMIT} {Scope.QUEUE}", "consumer": consumer, **times}
    return issuer.sign(claims)


def sent_by(system: System, organisation: str, form: bytes) -> dict[str, Any]:
    client = Client(system.url, token_of(system, organisation))
    headers = {"Authorization": f"Bearer {token_of(system, organisation)}"}
    answer = requests.post(f"{system.url}/api/v1/submissions", files=[form_part(form)], headers=headers, timeout=60)
    assert answer.status_code == 202, answer.text
    return client.wait_until_settled(answer.json()["id"])


def codes(view: dict[str, Any]) -> list[str]:
    return [error["code"] for error in view["errors"] if error["severity"] == "error"]


def test_dmp_sends_an_alert_with_its_own_token(system: System) -> None:
    view = sent_by(system, DMP, alert())
    assert (view["status"], codes(view)) == ("routed", [])
    assert [(delivery["agency"], delivery["task"]) for delivery in view["routing"]] == [("dmp", "blaresept")]


@pytest.mark.parametrize("who", ["leverandor", "forslagsstiller", DSA])
def test_nobody_else_does(system: System, who: str) -> None:
    view = sent_by(system, who, alert()) if who == DSA else settled(system, alert(), actor=who)
    assert (view["status"], codes(view)) == ("needs_correction", ["submitter-is-dmp-or-fhi"])


def test_a_check_asks_for_whom_the_secretariat_sends_it(system: System) -> None:
    for fields, expected in (({"on_behalf_of": DMP}, []), ({}, ["submitter-is-dmp-or-fhi"])):
        told = system.post("sekretariat", [form_part(alert())], fields=fields, path="/api/v1/checks").json()
        assert codes(told) == expected
    refused = system.post("leverandor", [form_part(alert())], fields={"on_behalf_of": DMP}, path="/api/v1/checks")
    assert (refused.status_code, refused.json()["code"]) == (403, "field_not_yours")


@pytest.mark.parametrize(
    ("phase", "status", "agencies"),
    [("under_metodevurdering", "routed", {"dmp": "primary", "fhi": "copy"}), ("foer_beslutning", "held", {}), (None, "held", {})],
)
def test_input_goes_where_its_phase_says(system: System, phase: str | None, status: str, agencies: dict[str, str]) -> None:
    view = settled(system, json_form(definition("innspill"), innspill(phase=phase)), actor="leverandor")
    assert (view["status"], view["title"]) == (status, "ID2024_063 – Trådløs trykksensor ved hjertesvikt")
    assert {delivery["agency"]: delivery["role"] for delivery in view["routing"]} == agencies
    if status == "held":
        (told,) = [entry["text"] for entry in view["timeline"] if entry["type"] == "submission.held"]
        assert "nnspillet" in told
