"""The form as JSON: strict UTF-8, one object, no key twice, no NaN, bounded depth and size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_MOST_DIGITS = 40


def read(opening: FileOpening, document: Document) -> None:
    """Parse the form. Raises Refused (`json_invalid`) with where or why."""
    from services.shared.sandbox.opening import Form

    limits = opening.policy.opening
    if document.size > limits.json_bytes:
        raise Refused("json_invalid", reason="size", limit=limits.json_bytes)
    payload = parse(document.stream.read(), limits.json_depth)
    _search(document, payload, "")
    if opening.may_be_form:
        opening.form_found(Form("json", document, payload))


def parse(data: bytes, most_depth: int) -> dict[str, Any]:
    """The object in `data`. Raises Refused."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("json_invalid", reason="encoding", position=error.start) from error
    try:
        payload = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_no_key_twice, parse_constant=_no_constant, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise Refused("json_invalid", reason="syntax", line=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise Refused("json_invalid", reason="depth", limit=most_depth) from error
    if not isinstance(payload, dict):
        raise Refused("json_invalid", reason="no object")
    _check(payload, most_depth, most_depth)
    return payload


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add returns None, which is the point
        raise Refused("json_invalid", reason="duplicate key", key=twice)
    return found


def _no_constant(name: str) -> NoReturn:
    raise Refused("json_invalid", reason="constant", constant=name)


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise Refused("json_invalid", reason="number")
    return int(digits)


def _check(value: Any, left: int, limit: int) -> None:
    """Depth, and no lone surrogates: they are no text and cannot be stored."""
    if left < 0:
        raise Refused("json_invalid", reason="depth", limit=limit)
    if isinstance(value, dict):
        for key, inner in value.items():
            _check(key, left, limit)
            _check(inner, left - 1, limit)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, left - 1, limit)
    elif isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" or character == "\0" for character in value):
            raise Refused("json_invalid", reason="characters")
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise Refused("json_invalid", reason="number")


def _search(document: Document, value: Any, pointer: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            document.search(key, part="field name")
            _search(document, inner, f"{pointer}/{key}"[:300])
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _search(document, inner, f"{pointer}/{number}")
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        document.read(str(value), part="field", field=pointer.removeprefix("/answers/"))
