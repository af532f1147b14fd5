"""Writes ``schema.json`` beside every form definition: ``python -m services.shared.forms``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.shared.forms.parsing import read_definition
from services.shared.settings import SCHEMAS


def text_of(schema: Mapping[str, Any]) -> str:
    """The schema as it stands in ``schema.json``."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    for path in sorted((SCHEMAS / "forms").glob("*/*/definition.json")):
        path.with_name("schema.json").write_text(text_of(read_definition(path).schema), encoding="utf-8")
