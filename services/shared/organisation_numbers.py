"""Norwegian organisation numbers (organisasjonsnummer): nine digits, the last of which checks the others."""

from __future__ import annotations

import re
from typing import Final

_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)


def has_right_control_digit(number: str) -> bool:
    """Whether nine digits can be an organisation number: modulus 11 with weights 3 2 7 6 5 4 3 2 (Brønnøysundregistrene)."""
    if not re.fullmatch("[0-9]{9}", number):
        return False
    remainder = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11
    return (11 - remainder) % 11 == int(number[8])
