"""Small forms made up for one test."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.shared.forms import CheckContext, Finding, FormDefinition, check, parse_definition

TODAY = date(2026, 11, 22)
MESSAGE = {"nb": "Rett dette.", "nn": "Rett dette.", "en": "Correct this."}


def texts(text: str) -> dict[str, str]:
    return {"nb": text, "nn": f"{text} (nn)", "en": f"{text} (en)"}


def field(key: str, type_: str = "text", **more: Any) -> dict[str, Any]:
    common = {"label": texts(key.capitalize()), "aliases": [], "required": False, "required_when": None, "publish": True, "source": "test"}
    if type_ in ("enum", "enum_multi"):
        more["values"] = [{"value": value, "label": texts(value.upper())} for value in more.get("values", ["a", "b"])]
    return {"key": key, "type": type_, **common, **more}


def named(check_name: str, at: list[str], arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    common = {"id": "the-check", "severity": "error", "needs": None, "message": MESSAGE, "source": "test"}
    return {"check": check_name, "at": at, "arguments": arguments, **common, **more}


def document(fields: list[dict[str, Any]], checks: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "form_type": "made_up",
        "form_version": "1.0",
        "title": texts("Made up"),
        "who": "anyone",
        "sections": [{"key": "all", "title": texts("All"), "fields": fields}],
        "checks": checks or [],
    }


def form(*fields: dict[str, Any], checks: list[dict[str, Any]] | None = None) -> FormDefinition:
    return parse_definition(document(list(fields), checks))


def context(**more: Any) -> CheckContext:
    return CheckContext(**{"today": TODAY, "received_at": TODAY, **more})


def findings(definition: FormDefinition, answers: dict[str, Any], **more: Any) -> tuple[Finding, ...]:
    return check(definition, answers, context(**more)).findings


def places(definition: FormDefinition, answers: dict[str, Any], **more: Any) -> list[tuple[str | None, str]]:
    return [(finding.pointer, finding.code) for finding in findings(definition, answers, **more)]
