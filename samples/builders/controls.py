"""What stands on a form: definition and answers laid out as controls, the same for Word and PDF.

Tags follow the outside contract: the field's key, ``studies/0/id`` in a repeated group, ``key/value`` for each box of several-choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Kind = Literal["text", "long_text", "date", "choice", "check", "checks"]
Definition = Mapping[str, Any]
Answers = Mapping[str, Any]

_KINDS: dict[str, Kind] = {
    "long_text": "long_text",
    "reference_list": "long_text",
    "date": "date",
    "enum": "choice",
    "bool": "check",
    "enum_multi": "checks",
}


@dataclass(frozen=True)
class Control:
    """One field on paper. ``value`` is text (``""`` when unanswered), a bool for ``check``, the chosen values for ``checks``."""

    tag: str
    label: str
    kind: Kind
    type: str
    choices: tuple[tuple[str, str], ...]
    value: str | bool | tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A heading and the controls under it. ``repeated`` numbers the rows of a group from 1; it is None elsewhere."""

    title: str
    controls: tuple[Control, ...]
    repeated: int | None = None


def blocks(definition: Definition, answers: Answers, language: str) -> Iterator[Block]:
    """The form's sections in order; a section's repeated groups follow it, one block a row (one empty row when nothing is answered)."""
    for section in definition["sections"]:
        plain = [field for field in section["fields"] if field["type"] != "group_list"]
        yield Block(section["title"][language], tuple(_control(field, answers.get(field["key"]), field["key"], language) for field in plain))
        for group in (field for field in section["fields"] if field["type"] == "group_list"):
            rows = answers.get(group["key"]) or [{}]
            for index, row in enumerate(rows):
                controls = tuple(
                    _control(field, row.get(field["key"]), f"{group['key']}/{index}/{field['key']}", language) for field in group["fields"]
                )
                yield Block(group["label"][language], controls, repeated=index + 1)


def form_title(definition: Definition, language: str) -> str:
    """The form's own title in the language."""
    title: str = definition["title"][language]
    return title


def day_text(value: str) -> str:
    """``2026-03-01`` as people write it on a form, ``01.03.2026``; what is no ISO date stays as it is."""
    try:
        return date.fromisoformat(value).strftime("%d.%m.%Y")
    except ValueError:
        return value


def _control(field: Mapping[str, Any], answer: Any, tag: str, language: str) -> Control:
    kind = _KINDS.get(field["type"], "text")
    choices = tuple((choice["value"], choice["label"][language]) for choice in field.get("values") or ())
    return Control(tag, field["label"][language], kind, field["type"], choices, _value(kind, field["type"], answer))


def _value(kind: Kind, type_name: str, answer: Any) -> str | bool | tuple[str, ...]:
    if kind == "check":
        return answer is True
    if kind == "checks":
        return tuple(answer or ())
    if answer is None:
        return ""
    if isinstance(answer, list):
        return ("\n" if type_name == "reference_list" else ", ").join(str(item) for item in answer)
    return str(answer)
