"""Dates and numbers as people write them."""

from __future__ import annotations

import pytest

from services.shared.web.layout import writing


@pytest.mark.parametrize(
    ("at", "language", "written"),
    [
        ("2026-11-22T10:44:13.123456Z", "nb", "22. november 2026 kl. 11.44"),
        ("2026-11-22T10:44:13.123456Z", "nn", "22. november 2026 kl. 11.44"),
        ("2026-11-22T10:44:13.123456Z", "en", "22 November 2026 at 11:44"),
        ("2026-12-31T23:30:00.000000Z", "nb", "1. januar 2027 kl. 00.30"),
        ("2026-07-01T22:05:00.000000Z", "nb", "2. juli 2026 kl. 00.05"),
    ],
)
def test_a_moment_is_written_on_the_clock_in_norway(at: str, language: str, written: str) -> None:
    assert writing.moment(at, language) == written


def test_large_numbers_are_parted_by_what_the_language_uses() -> None:
    assert writing.whole_number(1234567, "nb") == "1\u00a0234\u00a0567"
    assert writing.whole_number(1234567, "en") == "1,234,567"
