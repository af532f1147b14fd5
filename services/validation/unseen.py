"""What a document carries without showing it. In one that may be published it must not pass; elsewhere a covered text is worth a warning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.shared import words
from services.shared.forms import Finding
from services.shared.looking import CARRIED, COVERED, stops
from services.shared.sandbox import Problem
from services.shared.words import LANGUAGES

CODES: Final = frozenset({COVERED, CARRIED})


def findings_of(fault: Problem, names: Mapping[str, str], *, public: bool) -> list[Finding]:
    """The finding about text that is only covered, or about what Word keeps out of sight; ``public``: the document may be published."""
    if fault.code == CARRIED and not public:
        return []
    key = f"problem.{fault.code}.detail"
    name = names.get(fault.document, "")
    message = {}
    for language in LANGUAGES:
        kinds = [words.text(f"validation.hidden.{kind}", language) for kind in str(fault.detail.get("what", "")).split()]
        message[language] = words.text(key, language, **_asked(key, language, {"name": name, "what": ", ".join(kinds), **_pages(fault)}))
    severity = "error" if stops(fault.code, public=public) else "warning"
    return [Finding(pointer=None, label=None, code=fault.code, message=message, severity=severity, document=fault.document)]


def _pages(fault: Problem) -> dict[str, str]:
    return {"pages": str(fault.detail.get("pages", ""))}


def _asked(key: str, language: str, values: dict[str, str]) -> dict[str, str]:
    return {name: values[name] for name in words.placeholders(key, language)}
