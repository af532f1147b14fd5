"""Answers as people read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from services.shared import words
from services.shared.forms.fields import Field
from services.shared.web.layout import writing


def answer_texts(asked: Field, answer: Any, language: str) -> tuple[str, ...]:
    """An answer as people read it, one text for each of several values; none for no answer."""
    if answer is None or answer == "" or answer == []:
        return ()
    labels = {choice.value: words.choose(choice.label, language) for choice in asked.choices}
    if isinstance(answer, list):
        return tuple(labels.get(str(value), str(value)) for value in answer)
    return (_text(asked, answer, labels, language),)


def _text(asked: Field, answer: Any, labels: dict[str, str], language: str) -> str:
    if isinstance(answer, bool):
        return words.text("pages.yes" if answer else "pages.no", language)
    if asked.type_name == "money_nok" and isinstance(answer, int):
        return words.text("pages.kroner", language, amount=writing.whole_number(answer, language))
    if asked.type_name == "date":
        return _written(writing.day, str(answer), str(answer), language)
    if asked.type_name == "month":
        return _written(writing.month, f"{answer}-01", str(answer), language)
    return labels.get(str(answer), str(answer))


def _written(write: Callable[[date, str], str], day: str, answer: str, language: str) -> str:
    try:
        return write(date.fromisoformat(day), language)
    except ValueError:
        return answer  # what they wrote is no date; the finding beside it says so
