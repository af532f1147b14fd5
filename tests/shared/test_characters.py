"""Unicode's normal forms of what any sender can write."""

from __future__ import annotations

import unicodedata

import pytest

from services.shared.characters import MOST_MARKS, is_composed, normalised
from services.shared.forms.normal_forms import clean as clean_answer
from services.shared.sandbox.names import clean_name
from services.shared.search.tokens import clean

# The two sort the other way round: the worst there is to put in order. A million of them took Python a quarter of an hour, two seconds of it for each twenty thousand.
MARKS = "\u0301\u0327" * 500_000


def test_a_letter_with_a_million_marks_is_put_in_order_at_once() -> None:
    found = normalised("NFC", f"Søk e{MARKS} og finn")
    assert found.startswith("Søk ")
    assert found.endswith(" og finn")
    assert len(found) <= len("Søk e og finn") + MOST_MARKS


@pytest.mark.parametrize("sign", ["\u0f73", "\uff9e", "\u0344", "\U0001d165"])
def test_signs_that_are_marks_only_when_they_are_taken_apart_are_counted(sign: str) -> None:
    assert len(normalised("NFC", "a" + f"{sign}\u0327" * 200_000)) <= 1 + 4 * MOST_MARKS


def test_what_languages_write_stays_as_it_is() -> None:
    for text in (
        "blåbærsyltetøy",
        "Tiê\u0301ng Viê\u0323t",
        "हिन्दी में लिखा हुआ एक वाक्य",
        "אֱלֹהִים בְּרֵאשִׁית",
        "ภาษาไทยที่เขียนติดกันโดยไม่มีช่องว่างเลย",
        "a" + "\u0301" * MOST_MARKS,
    ):
        assert normalised("NFC", text) == unicodedata.normalize("NFC", text)
        assert normalised("NFKC", text) == unicodedata.normalize("NFKC", text)


def test_answers_names_and_texts_with_a_million_marks_are_cleaned_at_once() -> None:
    """Where they come in: each of these kept a process busy for minutes."""
    text = f"e{MARKS}"
    assert len(clean(text)) <= 1 + MOST_MARKS
    assert len(clean_answer(text)) <= 1 + MOST_MARKS
    assert len(clean_name(f"{text}.pdf")) <= 1 + MOST_MARKS + len(".pdf")
    assert not is_composed(text)
