"""Days and months that stand beside each other in a form, and how they compare: when one of two is a month, only the months count."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """A day, or a whole month (``day`` is None)."""

    year: int
    month: int
    day: int | None = None

    @staticmethod
    def of(day: date) -> Period:
        """The period of a calendar day."""
        return Period(day.year, day.month, day.day)

    @staticmethod
    def parse(text: object) -> Period | None:
        """Read ``YYYY-MM-DD`` or ``YYYY-MM``; None for anything else."""
        if not isinstance(text, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}(-[0-9]{2})?", text):
            return None
        try:
            day = date.fromisoformat(text if len(text) == 10 else text + "-01")
        except ValueError:
            return None
        return Period(day.year, day.month, day.day if len(text) == 10 else None)

    def shifted(self, *, months: int = 0, days: int = 0) -> Period:
        """The period moved by months, then days (days move only a day).

        The 31st becomes the last day of a shorter month. A day that would leave the calendar (year 1 to 9999) stays where it is.
        """
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        if self.day is None:
            return Period(year, month + 1)
        try:
            day = min(self.day, calendar.monthrange(year, month + 1)[1])
            return Period.of(date(year, month + 1, day) + timedelta(days=days))
        except (ValueError, OverflowError):
            return self

    def is_before(self, other: Period) -> bool:
        """Whether this lies before the other."""
        if self.day is None or other.day is None:
            return (self.year, self.month) < (other.year, other.month)
        return (self.year, self.month, self.day) < (other.year, other.month, other.day)
