"""``POST /checks`` and ``POST /submissions`` say the same about the same body, but for the rules that the check lists as skipped."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from samples.make import samples
from samples.register import register
from samples.sample import Sample
from services.command.up import Running, running
from tests.corpora.accept import ACCEPT
from tests.corpora.case import Case
from tests.corpora.reject import REJECT
from tests.end_to_end.material import TODAY, good_json
from tests.end_to_end.system import Part, attachment_part, form_part, free_port
from tests.intake.tus import Tus

UNREAD = ("received", "checking")
ENDED = ("needs_correction", "quarantined", "held", "rejected", "routed")
SAMPLES = list(samples(TODAY))


class Both:
    """Asks both about the same body."""

    def __init__(self, system: Running) -> None:
        self.system, self.url = system, system.settings.public_url

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.system.issuer.token(who)}", "Accept-Language": "nb"}

    def post(self, path: str, who: str, parts: Sequence[Part], fields: dict[str, str]) -> requests.Response:
        return requests.post(f"{self.url}/api/v1{path}", files=list(parts), data=fields, headers=self.headers(who), timeout=120)

    def ended(self, who: str, submission: str) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while True:
            view = requests.get(f"{self.url}/api/v1/submissions/{submission}", headers=self.headers(who), timeout=60).json()
            if view["status"] in ENDED:
                return dict(view)
            assert time.monotonic() < deadline, view["status"]
            time.sleep(0.05)

    def compare(self, who: str, parts: Sequence[Part], fields: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What the check and the submission say, which must be the same. No submission where both refuse."""
        checked, sent = self.post("/checks", who, parts, fields or {}), self.post("/submissions", who, parts, fields or {})
        if sent.status_code != 202:
            assert (checked.status_code, checked.json()["code"], checked.json()["detail"]) == (
                sent.status_code,
                sent.json()["code"],
                sent.json()["detail"],
            )
            return checked.json(), None
        assert checked.status_code == 200, checked.text
        found, view = checked.json(), self.ended(who, sent.json()["id"])
        for name in ("form_type", "form_version", "answers", "read_as"):
            assert found[name] == view[name], name
        assert documents_of(found) == documents_of(view)
        assert errors_of(found) == errors_of(view)
        if view["status"] == "held" and found["held"] is None:
            assert {"G11"} & set(found["skipped"])  # a possible duplicate: needs the history
            return found, view
        assert (found["status"] == "accepted") == (view["status"] == "routed"), (found["status"], view["status"])
        if found["status"] != "accepted":
            assert found["status"] == view["status"]
        assert routing_of(found) == routing_of(view)
        return found, view


def errors_of(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Errors with their document by its path: a check gives documents ids of its own."""
    paths = {document["id"]: document["path"] for document in told["documents"]}
    shown = ("pointer", "field", "code", "message", "severity", "accepted_by")
    return [(*(error[name] for name in shown), paths.get(error["document"], error["document"])) for error in told["errors"]]


def documents_of(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    shown = ("role", "path", "name", "media_type", "format", "size")
    return [tuple(document[name] for name in shown) for document in told["documents"]]


def routing_of(told: dict[str, Any]) -> list[str]:
    shown = ("agency", "role", "task", "rules", "respond_by")
    return sorted(json.dumps({name: delivery[name] for name in shown}, sort_keys=True) for delivery in told["routing"])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with running(tmp_path_factory.mktemp("agree") / "data", port=free_port()) as system:
        asked = Both(system)
        files = {"file": ("metoder.xlsx", register(TODAY))}
        path = "/api/v1/registers/methods"
        requests.post(f"{asked.url}{path}/imports", files=files, headers=asked.headers("sekretariat"), timeout=60).raise_for_status()
        deadline = time.monotonic() + 60
        while not requests.get(asked.url + path, headers=asked.headers("sekretariat"), timeout=60).json()["in_force"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield asked


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.stem for sample in SAMPLES])
def test_they_agree_on_every_sample(both: Both, sample: Sample) -> None:
    parts = [form_part(sample.form, sample.name), *(attachment_part(data, name) for name, data in sample.attachments.items())]
    fields = {"on_behalf_of": sample.sender.on_behalf_of} if sample.sender.on_behalf_of else {}
    found, view = both.compare(sample.sender.actor, parts, fields)
    assert (view is None) == (sample.ending.code is not None)
    if view is not None and sample.ending.status == "routed":
        assert sorted(each["agency"] for each in found["routing"] if each["role"] == "primary") == sorted(sample.ending.primaries)


@pytest.mark.parametrize("case", [*ACCEPT, *REJECT], ids=lambda case: case.what)
def test_they_agree_on_the_corpora(both: Both, case: Case) -> None:
    part = form_part(case.build(), case.file_name) if case.role == "form" else attachment_part(case.build(), case.file_name)
    both.compare("leverandor", [part] if case.role == "form" else [form_part(good_json()), part])


YESTERDAY = (TODAY - timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("who", "fields", "code"),
    [
        ("leverandor", {"access": "hemmelig"}, "value_not_allowed"),
        ("leverandor", {"access": "public"}, None),
        ("leverandor", {"language": "sv"}, "value_not_allowed"),
        ("leverandor", {"language": "nn"}, None),
        ("leverandor", {"note": "x" * 4001}, "field_too_long"),
        ("leverandor", {"note": "En merknad."}, None),
        ("leverandor", {"form_type": "ukjent"}, "form_type_unknown"),
        ("leverandor", {"replaces": "NM-2026-222222"}, "replaced_not_found"),
        ("leverandor", {"received_at": YESTERDAY}, "field_not_yours"),
        ("leverandor", {"on_behalf_of": "310000019"}, "field_not_yours"),
        ("leverandor", {"ukjent": "x"}, "field_unknown"),
        ("leverandor", {"upload": "0192f0c1-7b1a-7c3e-9d2f-5b8a4c6e1f20"}, "upload_unknown"),
        ("sekretariat", {"received_at": YESTERDAY, "on_behalf_of": "310000019"}, None),
        ("sekretariat", {"received_at": "2099-01-01"}, "value_not_allowed"),
        ("sekretariat", {"on_behalf_of": "{}"}, "value_not_allowed"),
    ],
)
def test_they_take_and_refuse_the_same_fields(both: Both, who: str, fields: dict[str, str], code: str | None) -> None:
    found, view = both.compare(who, [form_part(good_json())], fields)
    assert (view is None) == (code is not None)
    assert code is None or found["code"] == code


def test_they_take_the_same_uploads_and_a_check_does_not_use_them_up(both: Both) -> None:
    tus = Tus(both.url, both.system.issuer.token("leverandor"))
    form, file = tus.upload(good_json(), "skjema.json"), tus.upload(b"Merknad.", "merknad.txt")
    parts: list[Part] = [("form_upload", (None, form.encode())), ("upload", (None, file.encode()))]
    found, view = both.compare("leverandor", parts)
    assert view is not None
    assert [document["name"] for document in found["documents"]] == ["skjema.json", "merknad.txt"]
    used = both.post("/checks", "leverandor", parts, {})
    assert (used.status_code, used.json()["code"]) == (409, "upload_used")
    other = both.post("/checks", "forslagsstiller", parts, {})
    assert (other.status_code, other.json()["code"]) == (404, "upload_unknown")


@pytest.mark.parametrize("number", [1, 10])
def test_the_command_says_offline_what_a_check_says_but_for_what_it_lists_as_skipped(both: Both, number: int, tmp_path: Path) -> None:
    sample = next(sample for sample in SAMPLES if sample.number == number)
    form = tmp_path / sample.name
    form.write_bytes(sample.form)
    attachments = [tmp_path / name for name in sample.attachments]
    for file, data in zip(attachments, sample.attachments.values(), strict=True):
        file.write_bytes(data)
    command = [sys.executable, "-c", "from services.command.main import main; main()", "check", "--json", str(form), *map(str, attachments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    offline = json.loads(done.stdout)
    parts = [form_part(sample.form, sample.name), *(attachment_part(data, name) for name, data in sample.attachments.items())]
    checked = both.post("/checks", sample.sender.actor, parts, {}).json()
    only_there = {*offline["skipped"], "supplier_differs"}
    assert done.returncode == (0 if offline["status"] == "accepted" else 1)
    assert [(error["pointer"], error["code"], error["message"]) for error in checked["errors"] if error["code"] not in only_there] == [
        (error["pointer"], error["code"], error["message"]) for error in offline["errors"]
    ]
    assert set(offline["skipped"]) > {rule for rule in checked["skipped"] if rule != "G11"}


def test_they_agree_on_corrections(both: Both) -> None:
    first = both.ended("leverandor", both.post("/submissions", "leverandor", [form_part(good_json(atc_code="feil"))], {}).json()["id"])
    _, second = both.compare("leverandor", [form_part(good_json())], {"replaces": first["id"]})
    assert second is not None
    assert (second["version"], second["status"]) == (2, "routed")
    stale, nothing = both.compare("leverandor", [form_part(good_json())], {"replaces": first["id"]})
    assert (stale["code"], nothing) == ("copy_out_of_date", None)
    others, nothing = both.compare("forslagsstiller", [form_part(good_json())], {"replaces": first["reference"]})
    assert (others["code"], nothing) == ("replaced_not_found", None)
    _, third = both.compare("sekretariat", [form_part(good_json())], {"replaces": first["reference"]})
    assert third is not None
    assert third["version"] == 3
