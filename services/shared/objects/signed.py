"""PUT and GET of single objects in one bucket, signed with AWS Signature Version 4 (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).

A submission takes some thirty of them. The SDK builds each one's address, headers and key anew, on a client that does much for others than us: three times the CPU of the
standard library's. And it has no public way to a conditional write.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import re
import ssl
import time
import weakref
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead, LineTooLong, UnknownProtocol
from typing import Final, cast
from urllib.parse import urlsplit

EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9]+)</Code>")
# What a server may tell without a body.
_CODES: Final = {404: "NoSuchKey", 412: "PreconditionFailed", 416: "InvalidRange"}
# A server that is asked for too much, or is away for now.
BUSY: Final = (408, 429, 500, 502, 503, 504)
# A server that is silent is waited for so many times; one that does not listen, or breaks off, costs no time.
_SILENCES: Final = 3
_CONNECT_SECONDS: Final = 10.0
_LONGEST_WAIT_SECONDS: Final = 2.0
_IDLE_CONNECTIONS: Final = 32
# What S3 wants quoted of the signs a key may have (``check_key``).
_QUOTED: Final = str.maketrans({"%": "%25", ":": "%3A", "=": "%3D"})
_LONGEST_LINE: Final = 65536
_MOST_HEADERS: Final = 100
_LONGEST_LENGTH: Final = 18


def quoted(name: str) -> str:
    """An object's name as it stands in an address, and in the header that names what is to be copied."""
    return name.translate(_QUOTED)


class Refused(Exception):
    """The server answered, and not with success. ``code`` is S3's own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreachable(Exception):
    """The server did not answer, or broke off."""


class SignedRequests:
    """Requests to the objects below one address. All threads of a process may share it; make it after forking.

    ``address``: of the bucket, ``http(s)://host[:port]/[bucket/]``, as the SDK builds it. ``answer_seconds``: how long the server may be silent. What it is asked here may
    be asked again safely, and is, with back-off and jitter.
    """

    def __init__(self, address: str, region: str, access_key: str, secret_key: str, *, answer_seconds: float, tries: int = 4) -> None:
        parts = urlsplit(address)
        self._host, self._path = parts.netloc, parts.path
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._region, self._access_key, self._secret = region, access_key, secret_key
        self._answer_seconds, self._tries = answer_seconds, tries
        self._key: tuple[str, bytes] = ("", b"")
        self._idle: list[HTTPConnection] = []
        weakref.finalize(self, _close_all, self._idle)

    def close(self) -> None:
        """Let go of all connections that nobody uses."""
        _close_all(self._idle)

    def put(self, name: str, body: bytes | bytearray, sha256: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Write an object; the answer's headers by name in small letters. ``sha256`` (hex) is of the body; ``headers`` are signed, their names in small letters. Raises Refused, Unreachable."""
        answer = self._ask("PUT", name, body, sha256, headers)
        told = answer.read()
        # A copy that takes long is answered with success before its end; then only the body tells what became of it.
        if answer.status != 200 or b"<Error>" in told[:200]:
            raise _refusal(answer.status, told)
        return answer.headers

    def get(self, name: str, headers: Mapping[str, str]) -> Answer:
        """An object's bytes, yet to be read. Raises Refused, Unreachable."""
        answer = self._ask("GET", name, None, EMPTY_SHA256, headers)
        if answer.status not in (200, 206):
            raise _refusal(answer.status, answer.read())
        return answer

    def _ask(self, method: str, name: str, body: bytes | bytearray | None, sha256: str, headers: Mapping[str, str]) -> Answer:
        path = self._path + quoted(name)
        silences, attempt = 0, 0
        while True:
            attempt += 1
            connection = None
            try:
                connection = self._taken() or self._connect()
                connection.request(method, path, body, self._signed(method, path, sha256, headers))
                answer = Answer(cast(_Response, connection.getresponse()), connection, self._idle)
                if answer.status not in BUSY or attempt == self._tries:
                    return answer
                answer.read()
            except (OSError, HTTPException, Unreachable) as fault:
                if connection is not None:
                    connection.close()
                self.close()  # a server that was started anew knows none of the others either
                silences += isinstance(fault, TimeoutError)
                if attempt == self._tries or silences == _SILENCES:
                    raise Unreachable(type(fault).__name__) from fault
            if attempt > 1:
                time.sleep(min(0.2 * 2**attempt, _LONGEST_WAIT_SECONDS) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _taken(self) -> HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self) -> HTTPConnection:
        seconds = min(_CONNECT_SECONDS, self._answer_seconds)
        connection = HTTPSConnection(self._host, timeout=seconds, context=self._tls) if self._tls else HTTPConnection(self._host, timeout=seconds)
        connection.response_class = _Response
        connection.connect()
        connection.sock.settimeout(self._answer_seconds)
        return connection

    def _signed(self, method: str, path: str, sha256: str, headers: Mapping[str, str]) -> dict[str, str]:
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        day = moment[:8]
        fields = {"host": self._host, "x-amz-content-sha256": sha256, "x-amz-date": moment, **headers}
        names = sorted(fields)
        signed_names = ";".join(names)
        lines = "".join(f"{name}:{fields[name]}\n" for name in names)
        request = f"{method}\n{path}\n\n{lines}\n{signed_names}\n{sha256}"
        scope = f"{day}/{self._region}/s3/aws4_request"
        to_sign = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._signing_key(day), to_sign.encode(), "sha256").hex()
        fields["authorization"] = f"{_ALGORITHM} Credential={self._access_key}/{scope}, SignedHeaders={signed_names}, Signature={signature}"
        fields["accept-encoding"] = "identity"
        return fields

    def _signing_key(self, day: str) -> bytes:
        """The day's key, made once."""
        known, key = self._key
        if known != day:
            key = f"AWS4{self._secret}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (day, key)
        return key


class _Response(HTTPResponse):
    """The standard library's, with the headers read plainly: by its own way, the parser of e-mail, they were a fifth of what archiving cost.

    ``told``: the headers by name in small letters.
    """

    told: Mapping[str, str]

    def begin(self) -> None:
        """Read status and headers, and tell from them where the body ends (RFC 9112, section 6)."""
        while True:
            version, status, self.reason = self._read_status()  # type: ignore[attr-defined]  # not in the stubs
            headers = self._headers()
            if status != 100:
                break
        if not version.startswith("HTTP/1."):
            raise UnknownProtocol(version)
        self.status, self.version, self.told = status, 11, headers
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        length = headers.get("content-length")
        if length is not None and not (length.isdecimal() and len(length) <= _LONGEST_LENGTH):
            raise HTTPException("no length")
        self.length = None if self.chunked or length is None else int(length)
        if status in (204, 304):
            self.length = 0
        ends_with_connection = not self.chunked and self.length is None
        self.will_close = ends_with_connection or version == "HTTP/1.0" or "close" in headers.get("connection", "").lower()

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(_MOST_HEADERS):
            line = self.fp.readline(_LONGEST_LINE + 1)
            if len(line) > _LONGEST_LINE:
                raise LineTooLong("header line")
            if line in (b"\r\n", b"\n"):
                return headers
            if not line.endswith(b"\n"):
                raise IncompleteRead(line)  # broken off: what should stand here may be what matters
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        raise HTTPException("too many headers")


class Answer:
    """What a server answered. Its connection goes back to the idle ones when all of it was read."""

    def __init__(self, response: _Response, connection: HTTPConnection, idle: list[HTTPConnection]) -> None:
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.told
        self._response, self._idle = response, idle
        self._connection: HTTPConnection | None = connection
        self._left = response.length or 0

    def read(self, size: int | None = None) -> bytes:
        """The next bytes, at most ``size`` of them; none at the end. Raises Unreachable when the server breaks off before."""
        try:
            data = self._response.read(size)
        except (OSError, HTTPException) as fault:
            self._left = 1  # at least: nobody knows where the next answer would begin
            self.close()
            raise Unreachable(type(fault).__name__) from fault
        self._left -= len(data)
        if not data and size != 0 and self._left > 0:
            self.close()
            raise Unreachable("broken off")
        if self._response.isclosed():
            self.close()
        return data

    def close(self) -> None:
        """Let go of the connection. What was not read is not fetched only to keep it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        ended = self._response.isclosed() and self._left <= 0
        self._response.close()
        if ended and connection.sock is not None and len(self._idle) < _IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()


def _close_all(connections: list[HTTPConnection]) -> None:
    while connections:
        connections.pop().close()


def _refusal(status: int, told: bytes) -> Refused:
    found = _CODE.search(told)
    return Refused(found.group(1).decode() if found else _CODES.get(status, str(status)))
