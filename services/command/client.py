"""A small client of the HTTP API, for the commands that act on a running system."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import requests

TIMEOUT: Final = (5.0, 600.0)
SETTLED: Final = frozenset({"needs_correction", "quarantined", "held", "rejected", "routed", "confirmed", "withdrawn", "superseded"})


class Refused(Exception):
    """The system answered with a problem; ``body`` is it (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('code')}: {body.get('detail')}")
        self.status, self.body = status, body

    @property
    def code(self) -> str:
        """What the problem is called."""
        return str(self.body.get("code"))


class NotReachable(Exception):
    """Nobody answers there."""


class Client:
    """Speaks to ``url`` with a bearer token, in a language."""

    def __init__(self, url: str, token: str, language: str = "nb") -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {token}", "Accept-Language": language, "User-Agent": "mottak"})

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """A JSON object. Raises Refused, NotReachable."""
        return self._json("GET", path, params=parameters)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a JSON object. Raises Refused, NotReachable."""
        return self._json("POST", path, json=body)

    def submit(
        self, form: Path, attachments: Sequence[Path], *, key: str | None = None, path: str = "/api/v1/submissions", **fields: str
    ) -> dict[str, Any]:
        """Send a form with its attachments. Raises Refused, NotReachable."""
        headers = {"Idempotency-Key": f'"{key}"'} if key else {}
        with ExitStack() as stack:
            parts = [("form", form), *(("attachments", attachment) for attachment in attachments)]
            files = [(part, (file.name, stack.enter_context(file.open("rb")), mimetypes.guess_type(file.name)[0])) for part, file in parts]
            return self._json("POST", path, data=fields, files=files, headers=headers)

    def send_file(self, path: str, part: str, file: Path) -> dict[str, Any]:
        """Send one file as a multipart body. Raises Refused, NotReachable."""
        with file.open("rb") as stream:
            return self._json("POST", path, files=[(part, (file.name, stream, mimetypes.guess_type(file.name)[0]))])

    def download(self, path: str) -> bytes:
        """The bytes of a document. Raises Refused, NotReachable."""
        return self._ask("GET", path).content

    def stream(self, path: str) -> Iterator[bytes]:
        """The bytes of something large, a piece at a time, asked for with the first. Raises Refused, NotReachable, also when it breaks off."""
        response = self._ask("GET", path, stream=True)
        try:
            yield from response.iter_content(1024 * 1024)
        except requests.RequestException as fault:
            raise NotReachable(self.url) from fault

    def wait_until_settled(self, submission: str, *, seconds: float = 120.0) -> dict[str, Any]:
        """The submission once no machine is to do anything more with it. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            view = self.get(f"/api/v1/submissions/{submission}")
            archived = view["archive"]["state"] == "stored" or view["complete_at"] is None
            if view["status"] in SETTLED and archived:
                return view
            if time.monotonic() > deadline:
                raise TimeoutError(f"{view['reference']} is still {view['status']}")
            time.sleep(0.1)

    def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._ask(method, path, **arguments).json()
        except requests.JSONDecodeError as fault:  # somebody else listens there
            raise NotReachable(self.url) from fault
        return answer

    def _ask(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            response = self._session.request(method, self.url + path, timeout=TIMEOUT, **arguments)
        except requests.RequestException as fault:
            raise NotReachable(self.url) from fault
        if response.status_code >= 400:
            try:
                body = response.json()
            except ValueError:
                body = {"code": "not_ours", "detail": response.text[:200]}
            raise Refused(response.status_code, body)
        return response
