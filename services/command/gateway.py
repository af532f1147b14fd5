"""The local gateway of the real ends: one address for four services, by the table of paths. In production a proxy in ``deploy/`` does this.

Bodies go through a piece at a time in both directions, and are asked for only when the service asks.
"""

from __future__ import annotations

import http.client
import select
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from services.shared import telemetry
from services.shared.paths import service_of
from services.shared.problems import Problem, response_of
from services.shared.words import DEFAULT, language_of

PIECE: Final = 128 * 1024
CONTINUE: Final = b"HTTP/1.1 100"
# Of one connection, not of the message (RFC 9110, 7.6.1); the server on our side makes its own.
HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection", "server", "date"})
log = telemetry.logger("gateway")


class Gateway:
    """A WSGI application that hands each request to the service it belongs to. ``ports`` are on this machine, by service; ``patience_seconds``: for how long a service may be silent."""

    def __init__(self, ports: Mapping[str, int], public_url: str, *, patience_seconds: int) -> None:
        self._ports, self._public_url, self._patience_seconds = dict(ports), public_url, patience_seconds

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        service = service_of(environ["PATH_INFO"] or "/")
        connection = http.client.HTTPConnection("127.0.0.1", self._ports[service], timeout=self._patience_seconds)
        try:
            self._send(connection, environ)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as fault:
            connection.close()
            log.warning("service_away", service=service, why=type(fault).__name__)
            return self._refuse(Problem("store_unavailable", 503), environ, start_response)
        except Problem as problem:  # the client's body stopped on its way
            connection.close()
            return self._refuse(problem, environ, start_response)
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        start_response(f"{response.status} {response.reason}", headers)
        return _pieces(connection, response)

    def _send(self, connection: http.client.HTTPConnection, environ: dict[str, Any]) -> None:
        connection.putrequest(environ["REQUEST_METHOD"], environ["REQUEST_URI"], skip_host=True, skip_accept_encoding=True)
        for key, value in environ.items():
            name = key[5:].replace("_", "-").title() if key.startswith("HTTP_") else ""
            if name and name.lower() not in HOP_BY_HOP and name != "X-Expect-Continue":
                connection.putheader(name, value.encode("latin-1"))
        for key, name in (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length")):
            if environ.get(key):
                connection.putheader(name, environ[key])
        connection.putheader("Connection", "close")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length:
            # Always asked for, so that what the service refuses by its headers is never sent, nor asked of the client.
            connection.putheader("Expect", "100-continue")
        connection.endheaders()
        if length and _may_continue(connection.sock):
            self._send_body(connection, environ["wsgi.input"])

    def _send_body(self, connection: http.client.HTTPConnection, body: Any) -> None:
        try:
            while (piece := body.read(PIECE)) and not _has_answered(connection.sock):
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            return  # the service has refused already; its answer is there to be read

    def _refuse(self, problem: Problem, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        language = language_of(environ.get("HTTP_ACCEPT_LANGUAGE")) or DEFAULT
        with telemetry.tracing(telemetry.trace_of(environ.get("HTTP_TRACEPARENT")) or telemetry.new_trace()):
            response = response_of(problem, language=language, instance=environ["PATH_INFO"], base_url=self._public_url)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer


def _may_continue(service: socket.socket) -> bool:
    """Wait for the service's word: True for "100 Continue", which is taken off the connection; False when its answer has come."""
    head = b""
    while len(head) < len(CONTINUE) and (head := service.recv(len(CONTINUE), socket.MSG_PEEK)) and CONTINUE.startswith(head):
        continue
    if not head.startswith(CONTINUE):
        return False
    interim = b""
    while not interim.endswith(b"\r\n\r\n") and (byte := service.recv(1)):
        interim += byte
    return True


def _has_answered(service: socket.socket) -> bool:
    return bool(select.select([service], [], [], 0)[0])


def _pieces(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> Iterator[bytes]:
    try:
        while piece := response.read(PIECE):
            yield piece
    finally:
        connection.close()
