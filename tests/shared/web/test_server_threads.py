"""The server under senders that hold on to it: silent ones, slow ones, and heads that can be read in two ways."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from services.shared.settings import Settings
from services.shared.web import server as web
from tests.intake.pages.browsing import free_port

GOOD = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def application(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server with two threads that waits a second for a head."""
    monkeypatch.setattr(web, "HEAD_SECONDS", 1.0)
    settings = Settings(tmp_path, "sqlite://", "http://127.0.0.1", port=free_port(), web_threads=2)
    server = web.make_server(application, settings)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield settings.port
    server.stop()
    thread.join(10)


def talk(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(sent)
        received = b""
        while piece := link.recv(65536):
            received += piece
        return received


def test_silent_connections_hold_up_nobody(port: int) -> None:
    with ExitStack() as links:
        for _ in range(50):
            links.enter_context(socket.create_connection(("127.0.0.1", port)))
        began = time.monotonic()
        assert talk(port, GOOD).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 1


def test_a_head_that_comes_a_byte_at_a_time_is_ended(port: int) -> None:
    with ExitStack() as links:
        slow = [links.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(4)]
        until = time.monotonic() + 2.5
        for link in slow:
            link.sendall(b"GET / HTTP/1.1\r\nX: ")
        while time.monotonic() < until:
            for link in slow:
                try:
                    link.sendall(b"x")
                except OSError:
                    continue  # ended, as it should be
            time.sleep(0.2)
        began = time.monotonic()
        assert talk(port, GOOD).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 1


def test_a_connection_is_used_again(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        for _ in range(3):
            link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while not received.endswith(b"ok"):
                received += link.recv(65536)
            assert received.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "line",
    [b" folded: x", b"X: a\r\n b", b"Content-Length : 0", b"Content-Length: 1_0", b"Content-Length: +5", b"X: a\rY: b", b"X: \0", b"Host: y"],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(port: int, line: bytes) -> None:
    first, rest = GOOD.split(b"\r\n", 1)
    for sent in (b"\r\n".join((first, line, rest)), GOOD[:-2] + line + b"\r\n\r\n"):
        assert talk(port, sent).startswith(b"HTTP/1.1 400")
