"""Bad files through real HTTP: a coded problem at once, or a submission that ends with the fault named. Never a 500, and the next one is unaffected."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import requests

from samples.builders.hostile import HOSTILE, HostileFile, carrier
from tests.end_to_end.material import TODAY, good_json
from tests.end_to_end.strict import assert_goes_through
from tests.end_to_end.system import Part, System, attachment_part, form_part, whole_problem
from tests.prove.stores import Stores

STATUSES = {"needs_correction", "quarantined", "rejected", "held", "routed"}


@pytest.fixture(scope="module")
def endings(strict: System) -> dict[str, tuple[str, dict[str, Any]]]:
    """What became of each bad file: a problem's code with the problem, or the status it ended in with the submission."""
    with ThreadPoolExecutor(3) as pool:
        answers = dict(zip(HOSTILE, pool.map(partial(_submit, strict), HOSTILE.values(), range(len(HOSTILE))), strict=True))
    client = strict.client("leverandor")
    ended = {}
    for name, answer in answers.items():
        if answer.status_code == 202:
            view = client.wait_until_settled(answer.json()["id"], seconds=300)
            ended[name] = (view["status"], view)
        else:
            problem = whole_problem(answer)
            ended[name] = (problem["code"], problem)
    return ended


def _submit(system: System, bad: HostileFile, number: int) -> requests.Response:
    parts: list[Part] = [form_part(bad.build(), bad.file_name)]
    if not bad.as_form:
        parts = [form_part(carrier(TODAY, number), "skjema.docx"), attachment_part(bad.build(), bad.file_name)]
    return system.post("leverandor", parts)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_file_is_refused_or_named(name: str, endings: dict[str, tuple[str, dict[str, Any]]]) -> None:
    became, told = endings[name]
    assert became in HOSTILE[name].expect, told.get("errors") or told
    if became in ("needs_correction", "quarantined"):
        errors = [error for error in told["errors"] if error["severity"] == "error"]
        documents = {document["id"] for document in told["documents"]}
        assert errors
        for error in errors:
            assert error["pointer"] is not None or error["document"] in documents, error
            assert error["message"]
            assert "{" not in error["message"], error


@pytest.mark.timeout(900)
def test_nothing_is_stuck_after_all_bad_files(strict: System, endings: dict[str, Any], stores: Stores) -> None:
    assert len(endings) == len(HOSTILE)
    assert_goes_through(strict)
    assert stores.rows("SELECT handler, state, last_error FROM jobs WHERE state <> 'done'") == []
    assert stores.rows("SELECT id, attention FROM submissions WHERE attention IS NOT NULL") == []
    became = {row["id"]: row["status"] for row in stores.rows("SELECT id, status FROM submissions")}
    assert {became[told["id"]] for _, told in endings.values() if "id" in told} <= STATUSES
    assert stores.object_keys() == {row["object_key"] for row in stores.rows("SELECT object_key FROM documents")}
    assert stores.unfinished() == []


JSON_FORMS: dict[str, tuple[bytes, str]] = {
    "nothing but a number": (b"42", "json_invalid"),
    "text after the end": (b'{"form_type": "anmodning"} {}', "json_invalid"),
    "a key twice": (b'{"form_type": "anmodning", "form_type": "forslag", "form_version": "1.0", "answers": {}}', "json_invalid"),
    "not UTF-8": (b'{"form_type": "anmodning", "answers": {"trade_name": "\xff\xfe"}}', "json_invalid"),
    "unknown version": (good_json("json-version").replace(b'"form_version": "1.0"', b'"form_version": "2.7"'), "form_version_unknown"),
    "unknown type": (good_json("json-type").replace(b'"form_type": "anmodning"', b'"form_type": "hjemmel"'), "form_not_recognised"),
}


@pytest.mark.parametrize("name", JSON_FORMS)
def test_a_form_of_wrong_json_needs_correction_and_says_why(name: str, strict: System) -> None:
    data, code = JSON_FORMS[name]
    answer = strict.post("leverandor", [form_part(data)])
    assert answer.status_code == 202
    view = strict.client("leverandor").wait_until_settled(answer.json()["id"])
    assert view["status"] == "needs_correction"
    told = [error["code"] for error in view["errors"] if error["document"] == view["documents"][0]["id"]]
    assert told == [code] or (name == "unknown type" and view["errors"]), view["errors"]
