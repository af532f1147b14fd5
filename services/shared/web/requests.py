"""Small readings of a request that every service needs."""

from __future__ import annotations

from typing import Any

from flask import request

from services.shared.problems import Problem
from services.shared.storable import storable_object


def json_object(*, optional: bool = False) -> dict[str, Any]:
    """The request's body as a JSON object; ``{}`` when there is none and that is allowed. Raises Problem.

    What Python reads as JSON but no store or digest can take is none (``storable_object``).
    """
    if optional and not request.content_length:
        return {}
    try:
        return storable_object(request.get_json(force=True, silent=True))
    except (ValueError, RecursionError) as fault:
        raise Problem("json_expected", 400) from fault


def whole_number(text: str | None, name: str, default: int) -> int:
    """A positive whole number of a query string. Raises Problem."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise Problem("value_not_allowed", 400, name=name)
    return int(text)


def flag(text: str | None, name: str) -> bool:
    """A yes or no of a query string, no when it is left out. Raises Problem."""
    if text not in (None, "", "true", "false"):
        raise Problem("value_not_allowed", 400, name=name)
    return text == "true"
