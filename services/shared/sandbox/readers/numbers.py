"""Fødselsnummer in text that was read. A number found here never leaves the box: only that there is one, and where."""

from __future__ import annotations

from services.shared.identity_numbers import blot_out, find_identity_numbers

__all__ = ["blot_out", "holds_identity_number"]


def holds_identity_number(text: str) -> bool:
    """True when a valid fødselsnummer or D-number stands in `text`."""
    return bool(find_identity_numbers(text))
