"""Moments, days and numbers as people write them in Norway: Norwegian time, and each language's own form."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from services.shared import timestamps

MONTHS: Final = {
    "nb": ("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"),
    "nn": ("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
}
AT: Final = {"nb": "kl.", "nn": "kl.", "en": "at"}


def norwegian_moment(text: str) -> datetime:
    """A moment of ours (UTC text) on the clock in Norway."""
    return timestamps.parse(text).astimezone(timestamps.NORWAY)


def day(moment: date, language: str) -> str:
    """``22. november 2026`` or ``22 November 2026``."""
    number = f"{moment.day}" if language == "en" else f"{moment.day}."
    return f"{number} {MONTHS[language][moment.month - 1]} {moment.year}"


def month(moment: date, language: str) -> str:
    """``november 2026`` or ``November 2026``."""
    return f"{MONTHS[language][moment.month - 1]} {moment.year}"


def moment(text: str, language: str) -> str:
    """``22. november 2026 kl. 11.44`` or ``22 November 2026 at 11:44``."""
    local = norwegian_moment(text)
    separator = ":" if language == "en" else "."
    return f"{day(local, language)} {AT[language]} {local:%H}{separator}{local:%M}"


def whole_number(number: int, language: str) -> str:
    """``1 234 567`` with spaces that do not break, or ``1,234,567``."""
    return f"{number:,}" if language == "en" else f"{number:,}".replace(",", "\u00a0")
