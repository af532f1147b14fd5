"""The JSON form of the contract."""

from __future__ import annotations

import json

from samples.builders.controls import Answers, Definition


def json_form(definition: Definition, answers: Answers, language: str = "nb", *, form_version: str | None = None) -> bytes:
    """UTF-8 JSON ``{"form_type", "form_version", "language", "answers"}``; ``form_version`` overrides the definition's."""
    document = {
        "form_type": definition["form_type"],
        "form_version": form_version or definition["form_version"],
        "language": language,
        "answers": dict(answers),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
