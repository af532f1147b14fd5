"""Asks about answers that were read without being sure: one warning each, with what was read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from services.shared import words
from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Field
from services.shared.forms.findings import Finding
from services.shared.forms.labels import UNSURE
from services.shared.forms.reading import Reading

READING_UNSURE: Final = "reading_unsure"
_LONGEST_SHOWN: Final = 120


def ask(definition: FormDefinition, reading: Reading) -> Iterator[Finding]:
    """A warning for each answer that is ``unsure``: it names the field and says what was read."""
    for key, how in reading.read_as.items():
        field = definition.fields.get(key)
        if how == UNSURE and field is not None and key in reading.answers:
            message = {
                language: words.text("forms.reading_unsure", language, read=_shown(field, reading.answers[key], language))
                for language in words.LANGUAGES
            }
            yield Finding(f"/{key}", dict(field.label), READING_UNSURE, message, severity="warning")


def _shown(field: Field, answer: Any, language: str) -> str:
    """An answer in words, not too long."""
    if field.fields and isinstance(answer, list):
        return words.text("forms.rows_read", language, count=len(answer), field=field.label[language])
    if isinstance(answer, bool):
        return words.text("pages.yes" if answer else "pages.no", language)
    labels = {choice.value: choice.label[language] for choice in field.choices}
    given = answer if isinstance(answer, list) else [answer]
    text = ", ".join(labels.get(str(value), str(value)) for value in given)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN].rstrip()} …"
