"""From what came in a form to answers in their normal form: tags of a Word or PDF form, or the answers of a JSON form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from services.shared import bookmarks
from services.shared.forms.conditions import is_unanswered
from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Field
from services.shared.forms.normal_forms import MOST_UNKNOWN_KEYS, clean, for_comparison, is_placeholder, storable, yes_or_no
from services.shared.forms.printed import META_TAGS

TagValue = str | bool | list[str]

_YES_KEYS: Final = frozenset({"true", "ja", "yes"})
_NO_KEYS: Final = frozenset({"false", "nei", "no"})
_NUMBERING: Final = re.compile(r"^(\[[0-9]{1,2}\]|[0-9]{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Reading:
    """``answers`` in normal form; ``read_as`` tells of each answered key how it was found; ``unknown`` are tags the form does not have.

    ``interpreted`` are the keys whose answer was written so that it had to be taken for something: ``1,2 mill.``, ``Q3 2025``.
    """

    answers: dict[str, Any]
    read_as: dict[str, str]
    unknown: tuple[str, ...] = ()
    interpreted: frozenset[str] = frozenset()


def read_tags(definition: FormDefinition, tags: Mapping[str, TagValue], how: str = "tag") -> Reading:
    """Answers from flat tags (``atc_code``, ``studies/0/id``, one box per value ``request_concerns/ny_styrke``).

    Empty fields and placeholders are unanswered and left out, as are empty rows. A value that cannot be read stays as the text it was,
    for the check to name. ``how`` is what ``read_as`` says of every answer.
    """
    answers, unknown = _read(definition.fields, {tag.lstrip("/"): value for tag, value in tags.items() if tag.lstrip("/") not in META_TAGS})
    return Reading(answers, dict.fromkeys(answers, how), tuple(unknown), frozenset(_interpreted(definition, tags)))


def _interpreted(definition: FormDefinition, tags: Mapping[str, TagValue]) -> Iterator[str]:
    for tag, value in tags.items():
        field = definition.fields.get(tag.lstrip("/"))
        if field is not None and field.type.interprets is not None and isinstance(value, str) and field.type.interprets(value):
            yield field.key


def normalise(definition: FormDefinition, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of a JSON form in the same normal form.

    Text is read as in ``read_tags``, but a value of the wrong JSON type stays as it is, for the check to name. Unanswered fields and
    rows are left out; unknown keys stay.
    """
    return _normalised_object(definition.fields, storable(dict(answers)))


def _read(fields: Mapping[str, Field], tags: Mapping[str, TagValue]) -> tuple[dict[str, Any], list[str]]:
    """Answers in the order of the fields, and the tags that belong to none of them."""
    by_key: dict[str, dict[str, TagValue]] = {}
    for tag, given in tags.items():
        key, _, rest = tag.partition("/")
        by_key.setdefault(key, {})[rest] = given
    unknown = [tag for tag in tags if tag.partition("/")[0] not in fields]
    answers: dict[str, Any] = {}
    for key, field in fields.items():
        parts = by_key.get(key, {})
        value: Any
        value, strange = _rows(field, parts) if field.type.shape == "rows" else _single(field, parts)
        unknown += [f"{key}/{rest}" if rest else key for rest in strange]
        if not is_unanswered(value):
            answers[key] = value
    return answers, unknown


def _rows(field: Field, parts: Mapping[str, TagValue]) -> tuple[list[dict[str, Any]], list[str]]:
    rows: dict[int, dict[str, TagValue]] = {}
    strange: list[str] = []
    for rest, value in parts.items():
        number, _, sub = rest.partition("/")
        if sub and re.fullmatch("[0-9]{1,4}", number):
            rows.setdefault(int(number), {})[sub] = value
        else:
            strange.append(rest)
    answers = []
    for place in sorted(rows):
        row, unknown = _read(field.sub_fields, rows[place])
        strange += [f"{place}/{rest}" for rest in unknown]
        answers.append(row)
    return [row for row in answers if row], strange


def _single(field: Field, parts: Mapping[str, TagValue]) -> tuple[Any, list[str]]:
    """The answer of one field: its own tag, boxes for its values, or numbered tags for the items of a list."""
    boxes = {rest: value for rest, value in parts.items() if rest}
    strange: list[str] = []
    given: list[TagValue] = [parts[""]] if "" in parts else []
    for rest, value in boxes.items():
        if field.type.shape == "list" and re.fullmatch("[0-9]{1,4}", rest):
            given.append(value)
        elif (chosen := _value_of_box(field, rest)) is None:
            strange.append(rest)
        elif value == rest or _is_ticked(value):
            given.append(chosen)
    return _from_texts(field, list(_texts(given))), strange


def _value_of_box(field: Field, name: str) -> str | None:
    if field.type.json == "boolean":
        return "true" if name in _YES_KEYS else "false" if name in _NO_KEYS else None
    # A bookmark in a Word form has room for the beginning of a long name only.
    cut = len(bookmarks.name_of(f"{field.key}/{name}")) == bookmarks.MOST_CHARACTERS
    return next((choice.value for choice in field.choices if choice.value == name or (cut and choice.value.startswith(name))), None)


def _is_ticked(value: TagValue) -> bool:
    texts = value if isinstance(value, list) else [value]
    return any(text if isinstance(text, bool) else yes_or_no(text) is True for text in texts)


def _texts(given: list[TagValue]) -> Iterator[str]:
    for value in given:
        for text in value if isinstance(value, list) else [value]:
            plain = str(text).lower() if isinstance(text, bool) else text
            if not is_placeholder(plain):
                yield plain


def _from_texts(field: Field, texts: list[str]) -> Any:
    """The typed value of what was written, or None for nothing."""
    shape = field.type.shape
    if not texts:
        return None
    if shape == "choices":
        return _distinct(value for text in texts for value in _chosen(field, text))
    if shape == "list":
        items = (part for text in texts for part in re.split(f"[{field.type.splits_at}]", clean(text)))
        return [item for part in items if (item := field.type.tidy(_NUMBERING.sub("", part.strip())))]
    values = _distinct(_choice(field, text) if shape == "choice" else field.type.tidy(text) for text in texts)
    # Two different answers to a question that takes one: kept as they stand, for the check to name.
    return values[0] if len(values) == 1 else ", ".join(str(value) for value in values)


def _choice(field: Field, text: str) -> str:
    return field.choice_by_text.get(for_comparison(text), clean(text))


def _chosen(field: Field, text: str) -> Iterator[str]:
    """The values in a text. A label may hold a comma itself, so the text is parted at commas only where it is no choice as a whole."""
    for line in re.split(f"[{field.type.splits_at}]", clean(text)):
        known = field.choice_by_text.get(for_comparison(line))
        parts = [line] if known is not None else line.split(",")
        if known is None and not any(for_comparison(part) in field.choice_by_text for part in parts):
            parts = [line]
        yield from (_choice(field, part) for part in parts if part.strip())


def _distinct(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))


def _normalised_object(fields: Mapping[str, Field], given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    unknown = islice((key for key in given if key not in fields), MOST_UNKNOWN_KEYS)
    for key in (*(key for key in fields if key in given), *unknown):
        value = _normalised(fields[key], given[key]) if key in fields else given[key]
        if key not in fields or not is_unanswered(value):
            found[key] = value
    return found


def _normalised(field: Field, value: Any) -> Any:
    shape = field.type.shape
    if shape == "rows" and isinstance(value, list):
        rows = [_normalised_object(field.sub_fields, row) if isinstance(row, dict) else row for row in value]
        return [row for row in rows if not is_unanswered(row)]
    if shape in ("choices", "list") and isinstance(value, list):
        items = [_normalised_text(field, item) if isinstance(item, str) else item for item in value]
        items = [item for item in items if not is_unanswered(item)]
        return items if shape == "list" or not all(isinstance(item, str) for item in items) else _distinct(items)
    if isinstance(value, str) and shape in ("value", "choice"):
        return _normalised_text(field, value)
    return value


def _normalised_text(field: Field, text: str) -> Any:
    if field.choices:
        return _choice(field, text)
    return clean(text) if field.type.json != "string" else field.type.tidy(text)
