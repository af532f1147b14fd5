"""Reads a definition (``schemas/forms/<form>/<version>/definition.json``) and proves it well formed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from services.shared.forms.conditions import fields_of, problem_with
from services.shared.forms.definition import FormDefinition
from services.shared.forms.field_types import FIELD_TYPES
from services.shared.forms.fields import Check, Choice, Field, Section
from services.shared.forms.named_checks import NAMED_CHECKS, NEEDS
from services.shared.words import LANGUAGES

_FORM_KEYS: Final = frozenset({"form_type", "form_version", "title", "who", "sections", "checks"})
_OPTIONAL_FORM_KEYS: Final = frozenset({"headline", "purpose"})
_SECTION_KEYS: Final = frozenset({"key", "title", "fields"})
_FIELD_KEYS: Final = frozenset({"key", "label", "aliases", "type", "required", "required_when", "publish", "source"})
_OPTIONAL_FIELD_KEYS: Final = frozenset({"help"})
_CHECK_KEYS: Final = frozenset({"id", "at", "check", "arguments", "severity", "needs", "message", "source"})
_KEY_SHAPE: Final = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")  # never two _ in a row: that stands for / in the names of bookmarks


class FormDefinitionError(ValueError):
    """A definition is not well formed; the message says where and why."""


def read_definition(path: Path) -> FormDefinition:
    """Read a definition file. Raises FormDefinitionError when it names an unknown key, field type, field or check."""
    return parse_definition(json.loads(path.read_text(encoding="utf-8")))


def parse_definition(document: Mapping[str, Any]) -> FormDefinition:
    """The definition in parsed JSON; raises like ``read_definition``."""
    _only(document, _FORM_KEYS | _OPTIONAL_FORM_KEYS, _FORM_KEYS, "the form")
    definition = FormDefinition(
        form_type=document["form_type"],
        form_version=document["form_version"],
        title=_texts(document["title"], "the form's title"),
        who=document["who"],
        sections=tuple(_section(section) for section in document["sections"]),
        checks=tuple(_check(check) for check in document["checks"]),
        headline=tuple(document.get("headline", ())),
        purpose=_texts(document["purpose"], "the form's purpose") if "purpose" in document else None,
    )
    _refuse_contradictions(definition)
    return definition


def _section(document: Mapping[str, Any]) -> Section:
    where = f"section {document.get('key')}"
    _only(document, _SECTION_KEYS, _SECTION_KEYS, where)
    return Section(document["key"], _texts(document["title"], where), tuple(_field(each) for each in document["fields"]))


def _field(document: Mapping[str, Any]) -> Field:
    where = f"field {document.get('key')}"
    type_ = FIELD_TYPES.get(document.get("type", ""))
    if type_ is None:
        raise FormDefinitionError(f"{where}: unknown field type {document.get('type')!r}")
    _only(document, _FIELD_KEYS | _OPTIONAL_FIELD_KEYS | type_.keys, _FIELD_KEYS | (type_.keys & {"values", "fields"}), where)
    if not _KEY_SHAPE.fullmatch(document["key"]):
        raise FormDefinitionError(f"{where}: a key is small letters, digits and _")
    if document["required_when"] is not None and (problem := problem_with(document["required_when"])):
        raise FormDefinitionError(f"{where}: {problem}")
    for name, least in (("max_length", 1), ("min", None), ("max", None), ("paper_rows", 1)):
        _whole_number(document.get(name), least, f"{where}, {name}")
    return Field(
        key=document["key"],
        label=_texts(document["label"], where),
        aliases=tuple(document["aliases"]),
        type_name=document["type"],
        required=bool(document["required"]),
        required_when=document["required_when"],
        publish=bool(document["publish"]),
        max_length=document.get("max_length"),
        minimum=document.get("min"),
        maximum=document.get("max"),
        choices=tuple(_choice(value, where) for value in document.get("values", ())),
        fields=tuple(_field(sub) for sub in document.get("fields", ())),
        help=_texts(document["help"], f"{where}, help") if "help" in document else None,
        row_label=_texts(document["row_label"], f"{where}, row_label") if "row_label" in document else None,
        paper_rows=int(document.get("paper_rows", 3)),
    )


def _choice(document: Mapping[str, Any], where: str) -> Choice:
    _only(document, frozenset({"value", "label"}), frozenset({"value", "label"}), where)
    return Choice(document["value"], _texts(document["label"], f"{where}, value {document['value']}"))


def _check(document: Mapping[str, Any]) -> Check:
    where = f"check {document.get('id')}"
    _only(document, _CHECK_KEYS, _CHECK_KEYS, where)
    named = NAMED_CHECKS.get(document["check"])
    if named is None:
        raise FormDefinitionError(f"{where}: there is no check named {document['check']!r}")
    _only(document["arguments"], named.arguments, frozenset(), f"{where}, arguments")
    for argument in ("when", "or_when", "expects"):
        if argument in document["arguments"] and (problem := problem_with(document["arguments"][argument])):
            raise FormDefinitionError(f"{where}: {problem}")
    if document["severity"] not in ("error", "warning") or document["needs"] not in NEEDS or not document["at"]:
        raise FormDefinitionError(f"{where}: severity, needs or at is not one we know")
    return Check(
        id=document["id"],
        at=tuple(document["at"]),
        name=document["check"],
        arguments=MappingProxyType(dict(document["arguments"])),
        severity=document["severity"],
        needs=document["needs"],
        message=_texts(document["message"], where),
    )


def _texts(texts: Any, where: str) -> Mapping[str, str]:
    if not isinstance(texts, Mapping) or set(texts) != set(LANGUAGES) or not all(isinstance(text, str) and text.strip() for text in texts.values()):
        raise FormDefinitionError(f"{where}: a text must be given in {', '.join(LANGUAGES)}")
    return MappingProxyType(dict(texts))


def _whole_number(value: Any, least: int | None, where: str) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least)):
        raise FormDefinitionError(f"{where}: not a whole number" + ("" if least is None else f" from {least} on"))


def _only(document: Mapping[str, Any], allowed: frozenset[str], required: frozenset[str], where: str) -> None:
    unknown, missing = set(document) - allowed, required - set(document)
    if unknown or missing:
        raise FormDefinitionError(f"{where}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")


def _refuse_contradictions(definition: FormDefinition) -> None:
    """Every field and check once, and no word about a field that is not there."""
    keys = [each.key for section in definition.sections for each in section.fields]
    groups = [(f"{each.key}, field", [sub.key for sub in each.fields]) for each in definition.fields.values()]
    for name, values in (("field", keys), ("check", [check.id for check in definition.checks]), *groups):
        if twice := {value for value in values if values.count(value) > 1}:
            raise FormDefinitionError(f"{name} {sorted(twice)} stands twice")
    if strangers := set(definition.headline) - set(keys):
        raise FormDefinitionError(f"headline names unknown fields {sorted(strangers)}")
    for each in definition.fields.values():
        if strangers := fields_of(each.required_when) - set(keys):
            raise FormDefinitionError(f"field {each.key}: required_when names unknown fields {sorted(strangers)}")
    for check in definition.checks:
        if strangers := set(_fields_named(check)) - set(keys):
            raise FormDefinitionError(f"check {check.id}: names unknown fields {sorted(strangers)}")


def _fields_named(check: Check) -> Iterator[str]:
    yield from check.at
    for argument in ("when", "or_when", "expects"):
        yield from fields_of(check.arguments.get(argument))
    for argument in NAMED_CHECKS[check.name].field_arguments:
        value = check.arguments.get(argument)
        # "@received" comes from the context, and a date stands for itself.
        if isinstance(value, str) and _KEY_SHAPE.fullmatch(value):
            yield value
