"""The commands that ask a running system: what they say and which code they end with when it is not there, refuses, or is somebody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.command.client import Client
from services.command.main import main
from tests.end_to_end.system import free_port


class Answers(BaseHTTPRequestHandler):
    """Says what the test wants said to whatever is asked."""

    said: tuple[int, str, str]
    url: str

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, kind, body = self.said
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments: Any) -> None:
        """Nothing: what is asked is not the test's output."""


@pytest.fixture
def answers() -> Iterator[type[Answers]]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    Answers.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Answers
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str, url: str | None = None, **environment: str | None) -> Result:
    return CliRunner().invoke(main, arguments, env={"MOTTAK_URL": url, "MOTTAK_TOKEN": "x", **environment})


def test_without_a_token_or_an_address_the_call_is_wrong() -> None:
    assert run("status", "NM-2026-7QK4ZD", MOTTAK_TOKEN=None).exit_code == 2
    for url in ("", "127.0.0.1:8000", "ftp://host", "http://"):
        assert run("status", "NM-2026-7QK4ZD", url=url or "-").exit_code == 2, url


def test_where_nobody_answers_or_somebody_else_the_system_is_not_reachable(answers: type[Answers]) -> None:
    answers.said = (200, "text/html", "<p>Another program</p>")
    for url in (answers.url, f"http://127.0.0.1:{free_port()}"):
        told = run("status", "NM-2026-7QK4ZD", url=url)
        assert (told.exit_code, told.stderr) == (3, f"Nobody answers at {url}.\n")


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({}, 0),
        ({"intact": 2}, 0),
        ({"intact": 2, "damaged": 1}, 1),
        ({"intact": 1, "could_not_check": 1}, 4),
        ({"damaged": 1, "could_not_check": 1}, 1),
    ],
)
def test_a_fixity_check_ends_with_the_code_of_the_worst_it_found(answers: type[Answers], counts: dict[str, int], code: int) -> None:
    answers.said = (200, "application/json", json.dumps({"state": "done", "counts": counts, "links": {"self": "/"}}))
    assert run("archive", "fixity", url=answers.url).exit_code == code


def test_an_export_that_is_refused_or_has_no_place_leaves_nothing(answers: type[Answers], tmp_path: Path) -> None:
    answers.said = (404, "application/problem+json", json.dumps({"code": "not_found", "detail": "It is not there."}))
    refused = run("archive", "export", "NM-2026-7QK4ZD", str(tmp_path / "bag.zip"), url=answers.url)
    assert (refused.exit_code, refused.stderr) == (1, "not_found: It is not there.\n")
    answers.said = (200, "application/zip", "PK")
    assert run("archive", "export", "NM-2026-7QK4ZD", str(tmp_path / "not-there" / "bag.zip"), url=answers.url).exit_code == 2
    assert list(tmp_path.iterdir()) == []
    assert run("archive", "export", "NM-2026-7QK4ZD", str(tmp_path / "bag.zip"), url=answers.url).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["bag.zip"]


def test_who_waits_is_told_that_it_was_received_but_is_not_done(answers: type[Answers], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(client: Client, submission: str) -> None:
        raise TimeoutError(f"{submission} is still checking")

    monkeypatch.setattr(Client, "wait_until_settled", late)
    answers.said = (202, "application/json", json.dumps({"id": "NM-2026-7QK4ZD"}))
    form = tmp_path / "skjema.json"
    form.write_text("{}")
    told = run("submit", str(form), "--wait", url=answers.url)
    assert (told.exit_code, told.stderr) == (4, "Received, but NM-2026-7QK4ZD is still checking.\n")


@pytest.mark.parametrize("brokers", [None, "{}", "no json", "[]"])
def test_a_consumer_that_does_not_know_its_broker_says_so(brokers: str | None, tmp_path: Path) -> None:
    if brokers is not None:
        (tmp_path / "brokers.json").write_text(brokers)
    told = run("consume", "dmp", MOTTAK_DATA=str(tmp_path))
    assert told.exit_code == 2
    assert "Say where the broker is" in told.stderr
