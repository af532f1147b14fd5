"""Problem details for HTTP (RFC 9457): what went wrong, as a code for machines and a sentence for people.

Titles and details stand in ``schemas/words/problems.json`` as ``problem.<code>.title`` and ``problem.<code>.detail``, in three languages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from werkzeug import Response

from services.shared import metrics, telemetry, words
from services.shared.identity_numbers import blot_out

MEDIA_TYPE = "application/problem+json"
STATUS_CODES = {
    400: "malformed_request",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
}


class Problem(Exception):
    """An answer other than the one asked for.

    ``code`` names it (the catalogue has its texts), ``status`` is the HTTP status, ``values`` fill in its sentence, ``errors`` are in the shape of a submission's
    ``errors[]``, ``headers`` are added to the answer.
    """

    def __init__(
        self,
        code: str,
        status: int = 400,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> None:
        super().__init__(code)
        self.code, self.status, self.errors = code, status, errors
        self.values = {name: blot_out(value) if isinstance(value, str) else value for name, value in values.items()}
        self.headers = dict(headers or {})
        if status in (429, 503):
            self.headers.setdefault("Retry-After", "5")

    def title(self, language: str) -> str:
        """What kind of problem, in a few words."""
        return words.text(f"problem.{self.code}.title", language)

    def detail(self, language: str) -> str:
        """What happened and what to do, in a sentence or two."""
        return words.text(f"problem.{self.code}.detail", language, **self.values)


def body_of(problem: Problem, *, language: str, instance: str, base_url: str) -> dict[str, Any]:
    """The problem as a JSON object (RFC 9457). ``instance``: the path that was asked for, as people read it; written as the URI reference that it is to be (section 3.1.5)."""
    return {
        "type": f"{base_url}/hjelp/problemer#{problem.code}",
        "title": problem.title(language),
        "status": problem.status,
        "detail": problem.detail(language),
        "instance": quote(instance, safe="/:@!$&'()*+,;=~"),
        "code": problem.code,
        "trace_id": telemetry.current_trace(),
        "errors": list(problem.errors),
    }


def response_of(problem: Problem, *, language: str, instance: str, base_url: str) -> Response:
    """The problem as an HTTP answer; counts it."""
    metrics.REFUSED.labels(code=problem.code).inc()
    text = json.dumps(body_of(problem, language=language, instance=instance, base_url=base_url), ensure_ascii=False)
    response = Response(text, status=problem.status, content_type=MEDIA_TYPE, headers=problem.headers)
    response.headers["Content-Language"] = language
    return response
