"""Numbers that look right and belong to nobody."""

from __future__ import annotations

from typing import Final

_FIRST: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def identity_number(day: int = 17, month: int = 5, year: int = 64) -> str:
    """A synthetic fødselsnummer, both control digits right, with 80 added to the month as in the tax administration's test people."""
    for individual in range(900, 1000):
        digits = f"{day:02d}{month + 80:02d}{year:02d}{individual:03d}"
        first = _control(digits, _FIRST)
        if first is None:
            continue
        second = _control(f"{digits}{first}", _SECOND)
        if second is not None:
            return f"{digits}{first}{second}"
    raise ValueError("no number for this date")


def _control(digits: str, weights: tuple[int, ...]) -> int | None:
    """The modulus 11 digit, or None where there is none."""
    rest = -sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return None if rest == 10 else rest
