"""The HTTP server: cheroot, with bodies read only when the application asks for them.

Chosen by test (docs/decisions/0004): it streams, runs as threads of one process, and its request class can be taught the three things an intake needs:
* "100 Continue" is said when the body is first read, so that 401, 404 and 413 reach the sender before the bytes are sent;
* a body that comes too slowly or breaks off is told from one that ended;
* what the sender still has under way after a refusal is taken in for a while, so that the answer is not lost in a connection reset.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from cheroot import wsgi
from cheroot.makefile import MakeFile, StreamReader
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest

from services.shared import telemetry, words
from services.shared.problems import MEDIA_TYPE, Problem, body_of
from services.shared.settings import Settings

HEAD_SECONDS = 10.0
LINGER_SECONDS = 10.0
LINGER_IDLE_SECONDS = 2.0
DRAIN_BYTES = 256 * 1024
READ_AHEAD = 128 * 1024


class BodyTooSlow(Problem):
    """The sender stopped, or sends too slowly to be honest."""

    def __init__(self) -> None:
        super().__init__("body_too_slow", 408)


class BodyCutOff(Problem):
    """The connection ended before the announced length had come."""

    def __init__(self) -> None:
        super().__init__("body_cut_off", 400)


class Body:
    """``wsgi.input``: the announced number of bytes, as they come, at a bearable pace."""

    # cheroot drains this many bytes before it answers; we decide that ourselves.
    remaining = 0

    def __init__(self, connection: HTTPConnection, length: int, expects_continue: bool, settings: Settings) -> None:
        self._connection, self._settings = connection, settings
        self.unread = length
        self._expects_continue = expects_continue and length > 0
        self._taken = 0
        self._since: float | None = None

    @property
    def was_held_back(self) -> bool:
        """Whether the sender still waits for our "100 Continue" and has sent nothing."""
        return self._expects_continue

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes, fewer when fewer have come; ``b""`` at the end. Raises BodyTooSlow, BodyCutOff."""
        if self.unread == 0:
            return b""
        if self._expects_continue:
            self._connection.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._expects_continue = False
        if self._since is None:
            self._since = time.monotonic()
        wanted = min(self.unread, READ_AHEAD if size is None or size < 0 else size)
        try:
            piece: bytes = self._connection.rfile.read1(wanted)
        except TimeoutError as silence:
            raise BodyTooSlow from silence
        except OSError as broken:
            raise BodyCutOff from broken
        if not piece:
            raise BodyCutOff
        self.unread -= len(piece)
        self._taken += len(piece)
        self._check_pace(time.monotonic() - self._since)
        return piece

    def _check_pace(self, seconds: float) -> None:
        beyond_grace = seconds - self._settings.body_grace_seconds
        if beyond_grace > 0 and self._taken < beyond_grace * self._settings.body_bytes_per_second:
            raise BodyTooSlow


class _Once(dict[bytes, bytes]):
    """Headers of one request. Those that say where it ends and for whom it is may come only once (RFC 9112, 3.2 and 6.3): two are two readings."""

    def __setitem__(self, name: bytes, value: bytes) -> None:
        if name == b"Content-Length" and not value.isdigit():
            raise ValueError("a length is digits and nothing else")
        if name in self and name in (b"Content-Length", b"Transfer-Encoding", b"Host"):
            raise ValueError("a header that may come only once came twice")
        super().__setitem__(name, value)


class _PlainLines:
    """Header lines that can be read in one way only (RFC 9112, 2.2, 5.1 and 5.2): none folded, no bare CR or NUL, no blank before the colon. Raises ValueError."""

    def __init__(self, rfile: Any) -> None:
        self._rfile = rfile

    def readline(self) -> bytes:
        line: bytes = self._rfile.readline()
        name, _, _ = line.partition(b":")
        if line[:1] in (b" ", b"\t") or name[-1:] in (b" ", b"\t") or b"\0" in line or b"\r" in line[:-2]:
            raise ValueError("a header line that others may read differently")
        return line


class _LateContinueReader(HeaderReader):
    """Takes ``Expect`` out of cheroot's sight: it would answer "100 Continue" before the application was asked."""

    def _allow_header(self, key_name: bytes) -> bool:
        """A name with ``_`` would pass for the one with ``-`` (cheroot's own reader for this fails on bytes)."""
        return b"_" not in key_name

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        headers: dict[bytes, bytes] = super().__call__(_PlainLines(rfile), _Once(hdict or {}))
        if hdict is not None:
            hdict.update(headers)
            headers = hdict
        headers.pop(b"X-Expect-Continue", None)
        if headers.pop(b"Expect", b"").lower() == b"100-continue":
            headers[b"X-Expect-Continue"] = b"yes"
        return headers


class _Request(HTTPRequest):
    header_reader = _LateContinueReader()

    def parse_request(self) -> None:
        """Read the head, all of it in ``HEAD_SECONDS``."""
        incoming: _Incoming = self.conn.rfile.raw
        incoming.until = time.monotonic() + HEAD_SECONDS
        try:
            super().parse_request()
        finally:
            incoming.until = None

    def respond(self) -> None:
        """Hand the request to the application with our body instead of cheroot's."""
        if self.chunked_read:
            self.close_connection = True
            self.simple_response("411 Length Required")
            return
        settings: Settings = self.server.mottak_settings
        length = int(self.inheaders.get(b"Content-Length", 0))
        if length < 0:
            self.close_connection = True
            self.simple_response("400 Bad Request")
            return
        body = Body(self.conn, length, b"X-Expect-Continue" in self.inheaders, settings)
        self.rfile = body
        self.server.gateway(self).respond()
        self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")
        if body.unread and not body.was_held_back:
            self._take_in_the_rest(body)

    def send_headers(self) -> None:
        """Close after an answer that left part of the body unread: the next request could not be told from it."""
        body = self.rfile
        if isinstance(body, Body) and body.unread:
            if body.unread <= DRAIN_BYTES and not body.was_held_back:
                _drain(body)
            if body.unread:
                self.close_connection = True
        super().send_headers()

    def simple_response(self, status: str | int, msg: str = "") -> None:
        """cheroot's own refusals (malformed request line, headers too long, …) as problem details."""
        number = int(str(status)[:3])
        code = {408: "body_too_slow", 411: "length_required", 413: "headers_too_large", 414: "address_too_long"}.get(number, "malformed_request")
        settings: Settings = self.server.mottak_settings
        path = bytes(getattr(self, "path", b"") or b"").decode("utf-8", "replace")[:1000]
        with telemetry.tracing(telemetry.new_trace()):
            content = body_of(Problem(code, number), language=words.DEFAULT, instance=path, base_url=settings.public_url)
        text = json.dumps(content, ensure_ascii=False).encode()
        self.close_connection = True
        head = f"HTTP/1.1 {status}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Language: {words.DEFAULT}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        try:
            self.conn.wfile.write(head.encode() + text)
        except OSError:
            return  # nobody is there to be told

    def _take_in_the_rest(self, body: Body) -> None:
        """Read and forget what is still coming, bounded in time: closing at once would reset the connection and lose our answer."""
        deadline = time.monotonic() + LINGER_SECONDS
        try:
            self.conn.socket.settimeout(LINGER_IDLE_SECONDS)
            self.conn.socket.shutdown(socket.SHUT_WR)
            while body.unread and time.monotonic() < deadline:
                piece = self.conn.rfile.read1(min(body.unread, READ_AHEAD))
                if not piece:
                    return
                body.unread -= len(piece)
        except OSError:
            return  # the sender is gone


def _drain(body: Body) -> None:
    try:
        while body.unread:
            body.read()
    except Problem:
        return


class _Incoming(socket.SocketIO):
    """What comes from a sender. While a request's head is read, all of it must come before ``until``, in however many pieces: else a few senders of
    one byte now and then would have all threads."""

    until: float | None = None

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection, "rb")
        self._connection = connection

    def readinto(self, buffer: Any) -> int | None:
        if self.until is None:
            return super().readinto(buffer)
        left, usual = self.until - time.monotonic(), self._connection.gettimeout()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left if usual is None else min(left, usual))
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(usual)


class _Reader(StreamReader):
    """cheroot's reader, on ``_Incoming``."""

    def __init__(self, sock: socket.socket, size: int) -> None:
        super(StreamReader, self).__init__(_Incoming(sock), size)
        self.bytes_read = 0


def _file_of(sock: socket.socket, mode: str, size: int) -> Any:
    return _Reader(sock, size) if mode == "rb" else MakeFile(sock, mode, size)


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request
    rbufsize = READ_AHEAD
    # Whether the first byte was waited for where waiting costs no thread.
    has_been_waited_for = False

    def __init__(self, server: _Server, sock: socket.socket, _makefile: Any = None) -> None:
        super().__init__(server, sock, _file_of)


class _Server(wsgi.Server):
    mottak_settings: Settings
    ConnectionClass = _Connection

    def process_conn(self, conn: _Connection) -> None:
        """Give a thread to who has sent something; a new connection waits for its first byte with the idle ones, so that silent ones hold up nobody."""
        if conn.has_been_waited_for:
            super().process_conn(conn)
            return
        conn.has_been_waited_for = True
        self.put_conn(conn)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Through our own log; cheroot's lines may hold what a client sent."""
        telemetry.logger("server").warning("server_error", with_traceback=traceback, exc_info=traceback)


def make_server(application: Callable[..., Iterable[bytes]], settings: Settings) -> wsgi.Server:
    """A server for a WSGI application, not started yet: ``prepare()``, ``serve()``, ``stop()``."""
    server = _Server(
        (settings.host, settings.port), application, numthreads=settings.web_threads, server_name="mottak", timeout=int(settings.body_idle_seconds)
    )
    server.mottak_settings = settings
    server.max_request_header_size = 32 * 1024
    server.request_queue_size = 128
    server.keep_alive_conn_limit = 100
    server.shutdown_timeout = 5
    return server
