"""The Dockerfile and the scripts that go into the image. (No engine runs where these tests run: what its steps do was rehearsed in a clean environment.)"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from deploy import health
from tests.deploy.composed import MAIN, ROOT

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8")
FINAL = TEXT[TEXT.rindex("\nFROM ") :]


def test_hadolint_has_nothing_to_say() -> None:
    told = subprocess.run([Path(sys.executable).parent / "hadolint", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


def test_every_image_it_is_built_from_has_its_version() -> None:
    images = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert len(images) == 3
    assert all(re.fullmatch(r"\w+:\d+\.\d+\.\d+-[\w-]+", image) for image in images)
    python = {image for image in images if image.startswith("python:")}
    assert len(python) == 1
    assert python.pop().startswith("python:3.11.")


def test_the_last_stage_installs_nothing_and_runs_as_nobody_special() -> None:
    assert not re.search(r"apt-get|apk|npm|uv pip|pip install|gcc", FINAL)
    assert re.search(r"^USER 10001:10001$", FINAL, re.MULTILINE)
    assert FINAL.index("USER 10001") > FINAL.rindex("RUN ")
    assert re.search(r"^HEALTHCHECK ", FINAL, re.MULTILINE)


def test_what_is_copied_is_let_through_to_the_build_and_is_there() -> None:
    let_through = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    copied = {name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.MULTILINE) for name in line.split()}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_health_check_of_compose_is_the_file_in_the_image_and_asks_what_it_can() -> None:
    place = re.search(r"^COPY deploy/health.py (\S+)$", FINAL, re.MULTILINE)
    assert place is not None
    raw = yaml.safe_load(MAIN.read_text(encoding="utf-8"))
    for container in raw["services"].values():
        test = container.get("healthcheck", {}).get("test", [])
        if "python" in test:
            assert test[3] == place[1]
            assert test[4] == "answers" or (test[4] == "linked" and set(test[5:]) <= set(health.VARIABLES))


@pytest.fixture(params=[200, 404, 500])
def answering(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, request.param
    server.shutdown()
    thread.join()
    server.server_close()


def ask(*arguments: str, **environment: str) -> tuple[int, str]:
    told = subprocess.run([sys.executable, "-I", ROOT / "deploy/health.py", *arguments], env=environment, capture_output=True, text=True, check=False)
    return told.returncode, told.stdout


def test_a_process_that_answers_is_well_unless_it_answers_with_a_fault(answering: tuple[int, int]) -> None:
    port, status = answering
    assert ask("answers", PORT=str(port)) == ((1, f"port {port} answers 500") if status == 500 else (0, "well"))


def test_a_process_that_does_not_answer_is_not_well() -> None:
    with socket.socket() as bound:  # bound, but nobody listens
        bound.bind(("127.0.0.1", 0))
        code, said = ask("answers", PORT=str(bound.getsockname()[1]))
    assert code == 1
    assert "does not answer" in said


@pytest.mark.parametrize(("family", "address", "host"), [(socket.AF_INET, "127.0.0.1", "127.0.0.1"), (socket.AF_INET6, "::1", "[::1]")])
def test_a_worker_is_well_while_it_holds_its_connection(family: int, address: str, host: str) -> None:
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        listener.listen()
        port = listener.getsockname()[1]
        url = f"amqp://mottak:secret@{host}:{port}"
        assert ask("linked", "broker", MOTTAK_BROKER_URL=url) == (1, "broker: not connected")
        with socket.create_connection((address, port)):
            assert ask("linked", "broker", MOTTAK_BROKER_URL=url) == (0, "well")
            both = ask("linked", "broker", "database", MOTTAK_BROKER_URL=url, MOTTAK_DATABASE_URL=f"postgresql+psycopg://u:p@{host}:1/d")
            assert both == (1, "database: not connected")


def test_an_end_that_nobody_knows_is_a_wrong_call() -> None:
    assert ask("linked", "moon")[0] == 2
    assert ask()[0] == 2
