"""Moments as text: UTC, RFC 3339, microseconds, ``Z``. Order of text is order of time on every store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NORWAY = ZoneInfo("Europe/Oslo")


def now() -> str:
    """The present moment, e.g. ``2026-11-22T10:44:13.123456Z``."""
    return to_text(datetime.now(UTC))


def to_text(moment: datetime) -> str:
    """Write an aware moment in the one form."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse(text: str) -> datetime:
    """Read an RFC 3339 moment; raises ValueError when it is none, has no offset, or lies before or after all years there are."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no offset in {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as fault:
        raise ValueError(f"out of range: {text!r}") from fault


def later(text: str, seconds: float) -> str:
    """The moment ``seconds`` after ``text`` (negative: before)."""
    return to_text(parse(text) + timedelta(seconds=seconds))


def seconds_between(earlier: str, later_: str) -> float:
    """Seconds from one moment to another."""
    return (parse(later_) - parse(earlier)).total_seconds()


def norwegian_date(text: str) -> date:
    """The calendar day in Norway at that moment: deadlines and rules speak of Norwegian days."""
    return parse(text).astimezone(NORWAY).date()


def start_of(day: date) -> str:
    """The moment at which a calendar day begins in Norway. Raises ValueError when it lies before or after all years there are."""
    return to_text(parse(datetime(day.year, day.month, day.day, tzinfo=NORWAY).isoformat()))
