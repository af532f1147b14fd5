"""One sender's checks that burn leave the box and the server to others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from services.command.up import Running, running
from tests.end_to_end.material import good_json
from tests.end_to_end.system import Part, attachment_part, form_part, free_port
from tests.shared.sandbox.test_box_survives import SLOW

BURNING = SLOW[: len(SLOW) // 10]
"""Still ten times what a form takes, and there are many of them."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, port=free_port()) as started:
        yield started


def check(system: Running, who: str, *attachments: Part) -> requests.Response:
    return requests.post(
        f"{system.settings.public_url}/api/v1/checks",
        files=[form_part(good_json()), *attachments],
        headers={"Authorization": f"Bearer {system.issuer.token(who)}", "Accept-Language": "nb"},
        timeout=240,
    )


def test_while_one_senders_checks_burn_another_is_answered_and_the_one_too_many_is_told_to_wait(system: Running) -> None:
    most, refused = system.settings.web_threads // 2, threading.Event()
    answers: list[requests.Response] = []

    def burn() -> None:
        while not refused.is_set():
            answer = check(system, "leverandor", attachment_part(BURNING, "tall.txt"))
            answers.append(answer)
            if answer.status_code == 429:
                refused.set()

    with ThreadPoolExecutor(most + 1) as pool:
        burning = [pool.submit(burn) for _ in range(most + 1)]
        assert refused.wait(240)
        under_way = sum(not each.done() for each in burning)
        assert check(system, "forslagsstiller").status_code == 200
        assert under_way > most // 2
        assert sum(not each.done() for each in burning) > 0
    told = next(answer for answer in answers if answer.status_code == 429)
    assert told.json()["code"] == "too_many_checks"
    assert int(told.headers["Retry-After"]) > 0
    assert {answer.status_code for answer in answers} == {200, 429}
    assert check(system, "leverandor").status_code == 200
