"""A small tus 1.0 client that does one thing at a time, so that tests can also do it wrong."""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from urllib.parse import urlsplit

import requests

PIECE_TYPE = "application/offset+octet-stream"


class Tus:
    """Speaks as the bearer of a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}

    def announce(self, length: int, name: str | None = "vedlegg.txt", **headers: str) -> requests.Response:
        """POST: a new upload."""
        more = {"Upload-Length": str(length)}
        if name is not None:
            more["Upload-Metadata"] = f"filename {base64.b64encode(name.encode()).decode()},kind"
        return requests.post(f"{self.url}/api/v1/uploads", headers={**self.headers, **more, **_dashed(headers)}, timeout=30)

    def add(self, where: str, offset: int, data: bytes, **headers: str) -> requests.Response:
        """PATCH: one piece."""
        more = {"Upload-Offset": str(offset), "Content-Type": PIECE_TYPE, **_dashed(headers)}
        return requests.patch(self.url + where, data=data, headers={**self.headers, **more}, timeout=60)

    def progress(self, where: str) -> requests.Response:
        """HEAD: how far it has come."""
        return requests.head(self.url + where, headers=self.headers, timeout=30)

    def offset(self, where: str) -> int:
        answer = self.progress(where)
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["Upload-Offset"])

    def end(self, where: str) -> requests.Response:
        """DELETE."""
        return requests.delete(self.url + where, headers=self.headers, timeout=30)

    def upload(self, data: bytes, name: str | None = "vedlegg.txt", pieces: int = 1) -> str:
        """A whole upload; returns its id."""
        where = self.announce(len(data), name).headers["Location"]
        step = max(1, -(-len(data) // pieces))
        for offset in range(0, len(data), step):
            answer = self.add(where, offset, data[offset : offset + step])
            assert answer.status_code == 204, answer.text
        return where.rpartition("/")[2]

    def begin(self, where: str, announced: int, sent: bytes, *more: str) -> socket.socket:
        """PATCH from the start with ``announced`` bytes, of which only these are sent yet; ``more`` headers as lines."""
        parts = urlsplit(self.url)
        head = [f"PATCH {where} HTTP/1.1", f"Host: {parts.netloc}", "Upload-Offset: 0", f"Content-Type: {PIECE_TYPE}", f"Content-Length: {announced}"]
        head += [*(f"{name}: {value}" for name, value in self.headers.items()), *more, "", ""]
        connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)
        connection.sendall("\r\n".join(head).encode() + sent)
        return connection

    def wait_for_offset(self, where: str, wanted: int, seconds: float = 20.0) -> None:
        """Until the server has noticed and stored what came."""
        deadline = time.monotonic() + seconds
        while self.offset(where) != wanted:
            assert time.monotonic() < deadline, f"{self.offset(where)} is not {wanted}"
            time.sleep(0.02)


def checksum(algorithm: str, data: bytes) -> str:
    """``Upload-Checksum`` of a piece."""
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
