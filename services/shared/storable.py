"""Which JSON from outside may be kept: not all that Python reads as JSON can be stored, digested or sent on."""

from __future__ import annotations

from typing import Any

import rfc8785


def storable_object(value: Any) -> dict[str, Any]:
    """The value, if it is a JSON object without NaN, lone surrogates, NUL, numbers beyond 2**53 and endless nesting. Raises ValueError."""
    try:
        canonical = rfc8785.dumps(value)
    except RecursionError as fault:
        raise ValueError("nested without end") from fault
    if not isinstance(value, dict) or b"\\u0000" in canonical.replace(b"\\\\", b""):
        raise ValueError("not an object, or with NUL in it")
    return value
