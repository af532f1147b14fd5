"""JSON Schema 2020-12 of a form, made from its fields. ``python -m services.shared.forms`` writes it beside every definition."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from services.shared.forms.conditions import Condition, wanted_values
from services.shared.forms.fields import Field
from services.shared.forms.normal_forms import MOST_ITEMS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(form_type: str, form_version: str, title: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, Any]:
    """The schema of the answers: every key, type, value, limit and condition of the fields; other keys are refused."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:nyemetoder:mottak:form:{form_type}:{form_version}",
        "title": title["nb"],
        **_object(fields.values()),
        **_conditional_requirements(fields),
    }


def _object(fields: Iterable[Field]) -> dict[str, Any]:
    fields = list(fields)
    return {
        "type": "object",
        "properties": {field.key: {"title": field.label["nb"], **_value(field)} for field in fields},
        "required": [field.key for field in fields if field.required],
        "additionalProperties": False,
    }


def _value(field: Field) -> dict[str, Any]:
    kind = field.type
    if kind.shape == "choice":
        return {"enum": [choice.value for choice in field.choices]}
    if kind.shape == "choices":
        return {**_array(field), "items": {"enum": [choice.value for choice in field.choices]}}
    if kind.shape == "list":
        return {**_array(field), "items": _text(kind.pattern)}
    if kind.shape == "rows":
        return {**_array(field), "items": _object(field.fields)}
    if kind.json == "integer":
        return {"type": "integer", **_given(minimum=field.minimum, maximum=field.maximum)}
    if kind.json == "boolean":
        return {"type": "boolean"}
    return {**_text(kind.pattern), **_given(format=kind.format, maxLength=field.max_length)}


def _text(pattern: str | None) -> dict[str, Any]:
    return {"type": "string", "minLength": 1} if pattern is None else {"type": "string", "pattern": pattern}


def _array(field: Field) -> dict[str, Any]:
    # A list that is there has something in it: an empty one is an unanswered field, which is left out.
    return {"type": "array", "minItems": field.minimum or 1, "maxItems": field.maximum or MOST_ITEMS}


def _given(**keywords: Any) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if value is not None}


def _conditional_requirements(fields: Mapping[str, Field]) -> dict[str, Any]:
    """One if/then for each condition that occurs, with all the fields it asks for."""
    conditions: dict[str, tuple[Condition, list[str]]] = {}
    for field in fields.values():
        if field.required_when is not None:
            name = json.dumps(field.required_when, sort_keys=True)
            conditions.setdefault(name, (field.required_when, []))[1].append(field.key)
    rules = [{"if": _condition(fields, condition), "then": {"required": keys}} for condition, keys in conditions.values()]
    return {"allOf": rules} if rules else {}


def _condition(fields: Mapping[str, Field], condition: Condition) -> dict[str, Any]:
    for word, keyword in (("all", "allOf"), ("any", "anyOf")):
        if word in condition:
            return {keyword: [_condition(fields, part) for part in condition[word]]}
    key, wanted = condition["field"], wanted_values(condition)
    values = [value for value in wanted if value is not None]
    several = fields[key].type.shape in ("choices", "list")
    answered = {
        "properties": {key: {"type": "array", "contains": {"enum": values}} if several else {"enum": values}},
        "required": [key],
    }
    if len(values) == len(wanted):
        return answered
    unanswered = {"not": {"required": [key]}}
    return {"anyOf": [unanswered, answered]} if values else unanswered
