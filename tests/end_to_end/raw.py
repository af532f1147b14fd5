"""HTTP by hand, for what no honest client sends."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

from tests.end_to_end.system import System

BOUNDARY = "grense"


@dataclass(frozen=True)
class Answer:
    """What came back: everything before the final answer's head (``interim``), its status line, headers (lower case) and body."""

    interim: bytes
    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        """The body as a problem."""
        assert self.headers.get("content-type", "").split(";")[0] == "application/problem+json", self
        told: dict[str, Any] = json.loads(self.body)
        assert told["status"] == self.status
        assert b"Traceback" not in self.body
        return told


def connect(system: System) -> socket.socket:
    """A connection to the system."""
    return socket.create_connection(("127.0.0.1", system.port), timeout=30)


def talk(system: System, request: bytes, *, half_close: bool = False) -> Answer:
    """Send these bytes, read until the other end closes or has said all it announced."""
    with connect(system) as link:
        link.sendall(request)
        if half_close:
            link.shutdown(socket.SHUT_WR)
        return read_answer(link)


def read_answer(link: socket.socket) -> Answer:
    """The next answer on a connection."""
    data, interim = b"", b""
    while True:
        head, end, rest = data.partition(b"\r\n\r\n")
        if end and head.startswith(b"HTTP/1.1 1"):
            interim, data = interim + head, rest
            continue
        if end:
            break
        piece = link.recv(65536)
        if not piece:
            raise ConnectionError(f"no answer, only {data!r}")
        data += piece
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = int(headers.get("content-length", -1))
    while length < 0 or len(rest) < length:
        piece = link.recv(65536)
        if not piece:
            break
        rest += piece
    return Answer(interim, int(lines[0].split(" ")[1]), headers, rest)


def head(system: System, *lines: str, method: str = "POST", path: str = "/api/v1/submissions", actor: str | None = "leverandor") -> bytes:
    """A request's head with these further lines."""
    token = [f"Authorization: Bearer {system.token(actor)}"] if actor else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{system.port}", *token, *lines, "", ""]).encode("latin-1")


def multipart(*parts: bytes, end: bool = True) -> bytes:
    """A body of parts, each with its own headers and an empty line."""
    body = b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return body + (b"--" + BOUNDARY.encode() + b"--\r\n" if end else b"")


def file_part(data: bytes, *, name: str = "form", file_name: str = "skjema.json") -> bytes:
    """One file as a part."""
    return f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n\r\n'.encode() + data


def submission_head(system: System, length: int | str, *lines: str, actor: str | None = "leverandor") -> bytes:
    """The head of a POST of a multipart body."""
    return head(system, f"Content-Type: multipart/form-data; boundary={BOUNDARY}", f"Content-Length: {length}", *lines, actor=actor)
