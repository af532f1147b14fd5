"""Small readings of a request that every service needs."""

from __future__ import annotations

from typing import Any

from flask import request

from services.shared.problems import Problem


def json_object(*, optional: bool = False) -> dict[str, Any]:
    """The request's body as a JSON object; ``{}`` when there is none and that is allowed. Raises Problem."""
    if optional and not request.content_length:
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Problem("json_expected", 400)
    return body


def whole_number(text: str | None, name: str, default: int) -> int:
    """A positive whole number of a query string. Raises Problem."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise Problem("value_not_allowed", 400, name=name)
    return int(text)
