"""A store whose answers are cut off or wrong: nothing half is taken for whole, and what may be asked again is."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.shared.objects.signed import BUSY, SignedRequests, Unreachable

BODY = b"bytes"
GOOD = b'HTTP/1.1 200 OK\r\nETag: "tag"\r\nContent-Length: 0\r\n\r\n'


@contextmanager
def store(*answers: bytes) -> Iterator[SignedRequests]:
    """Requests to a store that gives each connection one answer, the last again and again, and breaks off."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for number in range(100):
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    received = b""
                    while not received.endswith(BODY):
                        received += connection.recv(65536)
                    connection.sendall(answers[min(number, len(answers) - 1)])

        threading.Thread(target=serve, daemon=True).start()
        requests = SignedRequests(f"http://127.0.0.1:{listening.getsockname()[1]}/bucket/", "us-east-1", "key", "secret", answer_seconds=5.0)
        try:
            yield requests
        finally:
            requests.close()
            listening.shutdown(socket.SHUT_RDWR)


def put(requests: SignedRequests) -> str:
    return requests.put("object", BODY, hashlib.sha256(BODY).hexdigest(), {})["etag"]


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", id="after the status"),
        pytest.param(b'HTTP/1.1 200 OK\r\nETag: "wro', id="in a header"),
        pytest.param(b"HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\nhalf", id="in the body of what is asked again"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", id="a length that is none"),
    ],
)
def test_an_answer_that_is_cut_off_is_no_answer_and_is_asked_for_again(cut: bytes) -> None:
    with store(cut, GOOD) as requests:
        assert put(requests) == '"tag"'


@pytest.mark.parametrize("status", BUSY)
def test_a_store_that_is_busy_is_asked_again(status: int) -> None:
    with store(f"HTTP/1.1 {status} Busy\r\nContent-Length: 0\r\n\r\n".encode(), GOOD) as requests:
        assert put(requests) == '"tag"'


def test_a_store_that_always_breaks_off_in_its_headers_is_unreachable() -> None:
    with store(b"HTTP/1.1 200 OK\r\n") as requests, pytest.raises(Unreachable):
        put(requests)
