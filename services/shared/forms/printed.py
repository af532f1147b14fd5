"""What our own form prints around the questions: help under them, and the words that are the same on every form. None of it is ever an answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from services.shared import words
from services.shared.forms.conditions import Condition, wanted_values
from services.shared.forms.fields import Field, Section
from services.shared.forms.normal_forms import for_comparison

YES, NO = "true", "false"
META_TAGS: Final = frozenset({"form_type", "form_version", "language"})
_MOST_ROWS: Final = 50
_ON_EVERY_FORM: Final = ("lead", "send", "contact", "question", "answer", "add_row", "facts")


def printed_words(fields: Mapping[str, Field]) -> frozenset[str]:
    """All of it in every language, as ``for_comparison`` gives it."""
    texts = {words.text(f"templates.{key}", language) for key in _ON_EVERY_FORM for language in words.LANGUAGES}
    for field in fields.values():
        for each in (field, *field.fields):
            texts.update(text for language in words.LANGUAGES for text in help_lines(fields, each, language))
    return frozenset(for_comparison(text) for text in texts)


def printed_lines(title: Mapping[str, str], sections: Iterable[Section]) -> frozenset[str]:
    """Every line of our own form that stands there whatever is answered, as ``for_comparison`` gives it: titles, labels, numbered rows, help."""
    lines, texts = set(printed_words({each.key: each for section in sections for each in section.fields})), [title]
    for section in sections:
        texts += [section.title, *(part.label for each in section.fields for part in (each, *each.fields))]
        for group in (each for each in section.fields if each.fields):
            names = {name for named in (group.label, group.row_label or {}) for name in named.values()}
            lines |= {for_comparison(f"{name} {number}") for name in names for number in ("", *range(1, _MOST_ROWS + 1))}
    return frozenset(lines | {for_comparison(text) for each in texts for text in each.values()})


def printed_beside(fields: Mapping[str, Field], tag: str) -> frozenset[str] | None:
    """What our own form prints after a control, as ``for_comparison`` gives it: the label of that choice, or yes and no. None when the control is none of the form's."""
    key, _, rest = tag.lstrip("/").partition("/")
    field = fields.get(key)
    if field is None:
        return frozenset() if key in META_TAGS else None
    if field.fields:
        return printed_beside(field.sub_fields, rest.partition("/")[2])
    said = YES if field.type.json == "boolean" and not rest else rest
    texts = [label for choice in field.choices if choice.value == said for label in choice.label.values()]
    if said in (YES, NO):
        texts += [words.text(f"templates.{said}", language) for language in words.LANGUAGES]
    return frozenset(map(for_comparison, texts))


def help_lines(fields: Mapping[str, Field], field: Field, language: str) -> Iterator[str]:
    """The lines under a question: what its definition says, how its type is written, how long it may be, of whom it is asked."""
    if field.help:
        yield field.help[language]
    if words.has(f"templates.help.{field.type_name}"):
        yield words.text(f"templates.help.{field.type_name}", language)
    if field.max_length and field.type_name == "long_text":
        yield words.text("templates.help.most", language, count=field.max_length)
    if field.required_when is not None and (when := _said(fields, field.required_when, language)):
        yield words.text("templates.help.when", language, when=when)


def _said(fields: Mapping[str, Field], condition: Condition, language: str) -> str:
    """A condition in words; empty where it is about a field that this form does not have."""
    for several, joiner in (("all", "and"), ("any", "or")):
        if several in condition:
            parts = [_said(fields, part, language) for part in condition[several]]
            return f" {words.text(f'templates.{joiner}', language)} ".join(parts) if all(parts) else ""
    field = fields.get(condition["field"])
    if field is None:
        return ""
    wanted = wanted_values(condition)
    label = field.label[language].rstrip(".:?")
    if None not in wanted:
        return words.text("templates.is", language, field=label, value=_values(field, wanted, language))
    # Unanswered or no: said shorter as "not yes".
    others = [YES] if field.type.json == "boolean" else [choice.value for choice in field.choices if choice.value not in wanted]
    return words.text("templates.is_not", language, field=label, value=_values(field, others, language)) if others else ""


def _values(field: Field, values: list[Any], language: str) -> str:
    labels = {choice.value: choice.label[language] for choice in field.choices}
    said = [labels.get(value) or words.text(f"templates.{YES if value in (True, YES) else NO}", language) for value in values]
    return f" {words.text('templates.or', language)} ".join(words.text("templates.value", language, value=one) for one in said)
