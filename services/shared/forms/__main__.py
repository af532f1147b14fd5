"""Writes ``schema.json`` beside every form definition: ``python -m services.shared.forms [FOLDER]``.

``--check`` writes nothing: it says which definitions are malformed or have another schema beside them, and ends with 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.shared.forms.parsing import read_definition
from services.shared.settings import SCHEMAS


def text_of(schema: Mapping[str, Any]) -> str:
    """The schema as it stands in ``schema.json``."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m services.shared.forms", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=SCHEMAS / "forms", help="The forms, as schemas/forms has them (default).")
    parser.add_argument("--check", action="store_true", help="Write nothing, only tell what is wrong.")
    arguments = parser.parse_args()
    faults = []
    for path in sorted(arguments.folder.glob("*/*/definition.json")):
        beside = path.with_name("schema.json")
        try:
            made = text_of(read_definition(path).schema)
        except (ValueError, KeyError) as fault:
            faults.append(f"{path}: {fault}")
            continue
        if not arguments.check:
            beside.write_text(made, encoding="utf-8")
        elif not beside.exists() or beside.read_text(encoding="utf-8") != made:
            faults.append(f"{beside}: not the schema of its definition; run python -m services.shared.forms")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
