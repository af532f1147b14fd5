"""Checks the answers of a form: the schema first, then the attachments it names, then the named checks.

Everything that is wrong is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from services.shared import words
from services.shared.forms.conditions import fields_of
from services.shared.forms.context import CheckContext
from services.shared.forms.definition import FormDefinition
from services.shared.forms.fields import Check, Field
from services.shared.forms.findings import Finding
from services.shared.forms.named_checks import NAMED_CHECKS, Place, lacks, was_sent

Path = tuple[str | int, ...]

REQUIRED: Final = "required"
NATIONAL_IDENTITY_NUMBER: Final = "national_identity_number"
_LONGEST_KEY_SHOWN: Final = 60
_MOST_FINDINGS: Final = 500


@dataclass(frozen=True, slots=True)
class CheckResult:
    """``findings`` in the order of the form, those about documents last; ``skipped`` are the ids of checks that lacked what they need."""

    findings: tuple[Finding, ...]
    skipped: tuple[str, ...]


def check(definition: FormDefinition, answers: Mapping[str, Any], context: CheckContext) -> CheckResult:
    """All that is wrong with the answers (in their normal form) of a form."""
    found = _schema_findings(definition, answers)
    findings = list(islice(found, _MOST_FINDINGS))
    if next(found, None) is not None:
        findings.append(_finding(definition, (), "more_errors", "forms.more_errors", {}))
    missing = {finding.pointer for finding in findings if finding.code == REQUIRED}
    malformed = {finding.pointer for finding in findings} - missing
    findings += _attachment_findings(definition, answers, context, malformed)
    skipped: list[str] = []
    for each in definition.checks:
        if lacks(each.arguments, each.needs, context):
            skipped.append(each.id)
            # What can be seen in the answers alone is still looked at; the rest of such a check has nothing to go by.
            if each.needs != "scan":
                continue
        findings += _check_findings(definition, each, answers, context, missing, malformed)
    return CheckResult(tuple(_in_order(definition, findings)), tuple(skipped))


def _schema_findings(definition: FormDefinition, answers: Mapping[str, Any]) -> Iterator[Finding]:
    """One finding for each place that the schema finds wrong."""
    seen: set[Path] = set()
    for error in definition.validator.iter_errors(answers):
        for path, code, key, values in _faults(definition, error):
            if path not in seen:
                seen.add(path)
                yield _finding(definition, path, code, key, values)


def _faults(definition: FormDefinition, error: ValidationError) -> Iterator[tuple[Path, str, str, dict[str, Any]]]:
    """What an error of the schema library means: where, its code, the key of its words and what to fill in."""
    path, keyword = tuple(error.absolute_path), error.validator
    limit: Any = error.validator_value
    instance: Any = error.instance
    if keyword == "required":
        for name in (name for name in limit if name not in instance):
            field = definition.field_at((*path, name))
            yield (*path, name), REQUIRED, f"forms.required.{field.type.missing if field else 'text'}", {}
    elif keyword == "additionalProperties":
        for name in (name for name in instance if definition.field_at((*path, name)) is None):
            yield (*path, name), "unknown_field", "forms.unknown_field", {"name": str(name)[:_LONGEST_KEY_SHOWN]}
    elif keyword == "maxLength":
        yield path, "max_length", "forms.max_length", {"limit": limit, "length": len(instance)}
    elif keyword in ("minimum", "maximum"):
        code = "min" if keyword == "minimum" else "max"
        yield path, code, f"forms.{code}", {"limit": limit}
    elif keyword in ("minItems", "maxItems"):
        code = "min" if keyword == "minItems" else "max"
        yield path, code, f"forms.{code}_items", {"limit": limit, "length": len(instance)}
    else:
        yield _wrong(definition, path, str(keyword))


def _wrong(definition: FormDefinition, path: Path, keyword: str) -> tuple[Path, str, str, dict[str, Any]]:
    """A value of the wrong type, shape or choice."""
    field = definition.field_at(path)
    if field is None:
        return path, "type", "forms.wrong.answers", {}
    code = {"type": "type", "enum": "enum", "minLength": REQUIRED}.get(keyword, field.type.code)
    key = f"forms.required.{field.type.missing}" if code == REQUIRED else f"forms.wrong.{field.type.wrong}"
    return path, code, key, {}


def _attachment_findings(
    definition: FormDefinition, answers: Mapping[str, Any], context: CheckContext, malformed: set[str | None]
) -> Iterator[Finding]:
    for field in definition.fields.values():
        name = answers.get(field.key)
        if field.type_name != "file" or not isinstance(name, str) or _pointer((field.key,)) in malformed:
            continue
        if not was_sent(name, context.attachments):
            yield _finding(definition, (field.key,), "attachment_missing", "forms.attachment_missing", {})


def _check_findings(
    definition: FormDefinition,
    each: Check,
    answers: Mapping[str, Any],
    context: CheckContext,
    missing: set[str | None],
    malformed: set[str | None],
) -> Iterator[Finding]:
    conditional = fields_of(each.arguments.get("when")) | fields_of(each.arguments.get("expects"))
    if any(_pointer((key,)) in malformed for key in conditional):
        return  # whether the check applies cannot be told until that answer is mended
    named = NAMED_CHECKS[each.name]
    is_identity = each.name == "no_national_identity_number"
    for place in named.function(each.arguments, each.at, answers, context):
        pointer = None if place.document is not None else _pointer(place.path)
        # A malformed value is told as malformed, no more; a warning adds nothing to the error that a field is missing.
        if not is_identity and (pointer in malformed or (severity_of(each, context) == "warning" and pointer in missing)):
            continue
        yield Finding(
            pointer=pointer,
            label=_label(definition, place),
            code=NATIONAL_IDENTITY_NUMBER if is_identity else each.id,
            message=dict(each.message),
            severity=severity_of(each, context),
            document=place.document,
        )


def severity_of(each: Check, context: CheckContext) -> str:
    """How much a check weighs now: what an old register says may be out of date, so that it only warns."""
    register = (context.registers or {}).get(each.arguments.get("register", ""))
    return "warning" if register is not None and not register.is_fresh else each.severity


def _finding(definition: FormDefinition, path: Path, code: str, key: str, values: Mapping[str, Any]) -> Finding:
    field = definition.field_at(path)
    message = {
        language: words.text(key, language, **values, field=_name(definition, field, path, language), choices=_choices(field, language))
        for language in words.LANGUAGES
    }
    return Finding(_pointer(path), None if field is None else dict(field.label), code, message)


def _label(definition: FormDefinition, place: Place) -> dict[str, str] | None:
    field = definition.field_at(place.path)
    return None if field is None or place.document is not None else dict(field.label)


def _name(definition: FormDefinition, field: Field | None, path: Path, language: str) -> str:
    """What to call the field in a sentence: its label, and which row or item of several it is."""
    if field is None:
        return ""
    label = field.label[language]
    number = next((part for part in path if isinstance(part, int)), None)
    return label if number is None else words.text("forms.place", language, field=label, row=number + 1)


def _choices(field: Field | None, language: str) -> str:
    return "" if field is None else ", ".join(choice.label[language] for choice in field.choices)


def _pointer(path: Sequence[str | int]) -> str:
    """The path as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _in_order(definition: FormDefinition, findings: Sequence[Finding]) -> list[Finding]:
    """By field, then by row, then by sub field; otherwise in the order in which they were found."""

    def place(finding: Finding) -> tuple[int, ...]:
        if finding.pointer is None:
            return (len(definition.positions) + 1,)
        parts = finding.pointer.split("/")[1:]
        first = parts[0] if parts else ""
        field = definition.fields.get(first)
        number = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else -1
        subs = list(field.sub_fields) if field else []
        sub = subs.index(parts[2]) if len(parts) > 2 and parts[2] in subs else len(subs)
        return definition.positions.get(first, len(definition.positions)), number, sub

    return sorted(findings, key=place)
