"""Fødselsnummer in text that was read. A number found here never leaves the box: only that there is one, and where."""

from __future__ import annotations

from services.shared.identity_numbers import find_identity_numbers

_DIGITS_ALIKE = bytes(ord("0") if chr(value).isdecimal() else value for value in range(256))


def holds_identity_number(text: str) -> bool:
    """True when a valid fødselsnummer or D-number stands in `text`.

    Most text has not even six digits in a row, and that is seen thirty times faster than the whole pattern is tried.
    """
    return _may_hold_one(text) and bool(find_identity_numbers(text))


def _may_hold_one(text: str) -> bool:
    return b"000000" in text.encode("latin-1", "replace").translate(_DIGITS_ALIKE)


def blot_out(text: str) -> str:
    """`text` with `#` for every character of a valid number."""
    if not _may_hold_one(text):
        return text
    for place in find_identity_numbers(text):
        text = text[: place.start] + "#" * (place.end - place.start) + text[place.end :]
    return text
