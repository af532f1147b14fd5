"""What stands on a form on paper: a definition and, if any, answers laid out as blocks of items. The same for Word and PDF.

Tags are the contract's (section 3): the field's key, ``studies/0/id`` in a repeated group, ``key/value`` for each box of several-choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from services.shared import words
from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Field
from services.shared.forms.printed import NO, YES, help_lines

Kind = Literal["text", "lines", "date", "choice", "check", "checks"]
Answers = Mapping[str, Any]

LOCALES: Final = {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}


@dataclass(frozen=True)
class Item:
    """One question. ``value`` is text (``""``: unanswered); of ``check`` a bool; of ``checks`` the chosen values.

    ``choices`` are value and label; ``help`` are the lines under the question. ``is_long``: its answer may well be of many lines.
    """

    tag: str
    label: str
    kind: Kind
    type_name: str
    required: bool
    help: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    value: str | bool | tuple[str, ...]
    is_long: bool

    @property
    def shown(self) -> str:
        """The answer as it is read on paper: the label of a choice, a day as ``01.03.2026``."""
        text = str(self.value)
        return dict(self.choices).get(text, text) if self.kind == "choice" else day_text(text) if self.kind == "date" else text


@dataclass(frozen=True)
class Row:
    """One row of a repeated group; ``number`` from 1."""

    number: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Block:
    """Items under one heading, or the rows of a repeated group (``row_title`` names one of them)."""

    title: str
    items: tuple[Item, ...]
    rows: tuple[Row, ...] = ()
    row_title: str = ""


@dataclass(frozen=True)
class Paper:
    """A form in one language. ``facts`` are what it says of itself: form type, version, language."""

    title: str
    language: str
    locale: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]

    @property
    def empty(self) -> Paper:
        """The same without the answers."""
        return replace(
            self, blocks=tuple(replace(block, items=_empty(block.items), rows=tuple(map(_empty_row, block.rows))) for block in self.blocks)
        )


def _empty(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(replace(item, value=() if item.kind == "checks" else "") for item in items)


def _empty_row(row: Row) -> Row:
    return replace(row, items=_empty(row.items))


def laid_out(definition: FormDefinition, language: str, answers: Answers, rows: Literal["as_answered", "fixed"]) -> Paper:
    """The form in a language, filled with ``answers``. ``rows``: a repeated group has as many rows as are answered (one at least),
    or as many as its definition says that paper has room for."""
    facts = (("form_type", definition.form_type), ("form_version", definition.form_version), ("language", language))
    blocks = tuple(
        block for section in definition.sections for block in _Writer(definition, language).blocks(section.title, section.fields, answers, rows)
    )
    return Paper(definition.title[language], language, LOCALES[language], facts, blocks)


def day_text(value: str) -> str:
    """``2026-03-01`` as people write it, ``01.03.2026``; what is no ISO date stays as it is."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day.day:02}.{day.month:02}.{day.year:04}"


class _Writer:
    def __init__(self, definition: FormDefinition, language: str) -> None:
        self._definition, self._language = definition, language
        # What can only be agreed to is one box to tick; any other yes or no is a choice, since an empty box does not say no.
        agreed = (check for check in definition.checks if check.name == "must_be" and check.arguments.get("value") is True)
        self._declarations = {check.at[0] for check in agreed if not check.arguments.keys() & {"when", "or_when"}}

    def blocks(self, title: Mapping[str, str], fields: tuple[Field, ...], answers: Answers, rows: str) -> Iterator[Block]:
        """A section's questions in order; a repeated group among them is a block of its own."""
        heading, waiting = title[self._language], list[Item]()
        for field in fields:
            if field.type.shape != "rows":
                waiting.append(self._item(field, answers.get(field.key), field.key))
                continue
            if waiting:
                yield Block(heading, tuple(waiting))
                waiting = []
                heading = field.label[self._language]
            given = [row for row in answers.get(field.key) or () if isinstance(row, Mapping)]
            count = max(len(given), 1 if rows == "as_answered" else field.paper_rows)
            filled = [*given, *({} for _ in range(count - len(given)))]
            yield Block(
                heading,
                (),
                tuple(
                    Row(number + 1, tuple(self._item(sub, row.get(sub.key), f"{field.key}/{number}/{sub.key}") for sub in field.fields))
                    for number, row in enumerate(filled)
                ),
                field.row_label[self._language] if field.row_label else heading,
            )
        if waiting:
            yield Block(heading, tuple(waiting))

    def _item(self, field: Field, answer: Any, tag: str) -> Item:
        kind = self._kind(field)
        choices = tuple((choice.value, choice.label[self._language]) for choice in field.choices)
        if kind == "choice" and not choices:
            choices = tuple((value, words.text(f"templates.{value}", self._language)) for value in (YES, NO))
        return Item(
            tag=tag,
            label=field.label[self._language],
            kind=kind,
            type_name=field.type_name,
            required=field.required,
            help=tuple(help_lines(self._definition.fields, field, self._language)),
            choices=choices,
            value=_value(kind, answer),
            is_long=(field.max_length or 0) >= 1000,
        )

    def _kind(self, field: Field) -> Kind:
        if field.type.json == "boolean":
            return "check" if field.key in self._declarations else "choice"
        if field.type.shape in ("choice", "choices"):
            return "choice" if field.type.shape == "choice" else "checks"
        if field.type.shape == "list" or field.type_name == "long_text":
            return "lines"
        return "date" if field.type.format == "date" else "text"


def _value(kind: Kind, answer: Any) -> str | bool | tuple[str, ...]:
    if kind == "check":
        return answer is True
    if kind == "checks":
        return tuple(answer or ())
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return YES if answer else NO
    if isinstance(answer, list):
        return "\n".join(str(item) for item in answer)
    return str(answer)
