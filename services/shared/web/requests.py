"""Small readings of a request that every service needs."""

from __future__ import annotations

from typing import Any

import rfc8785
from flask import request

from services.shared.problems import Problem


def json_object(*, optional: bool = False) -> dict[str, Any]:
    """The request's body as a JSON object; ``{}`` when there is none and that is allowed. Raises Problem.

    What Python reads as JSON but no store or digest can take (NaN, lone surrogates, NUL, numbers beyond 2**53, endless nesting) is none.
    """
    if optional and not request.content_length:
        return {}
    try:
        body = request.get_json(force=True, silent=True)
        canonical = rfc8785.dumps(body)
    except (ValueError, RecursionError) as fault:
        raise Problem("json_expected", 400) from fault
    if not isinstance(body, dict) or b"\\u0000" in canonical.replace(b"\\\\", b""):
        raise Problem("json_expected", 400)
    return body


def whole_number(text: str | None, name: str, default: int) -> int:
    """A positive whole number of a query string. Raises Problem."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise Problem("value_not_allowed", 400, name=name)
    return int(text)
