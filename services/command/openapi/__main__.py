"""``python -m services.command.openapi`` writes ``schemas/openapi.json``; ``--check`` says whether it is what would be written."""

from __future__ import annotations

import sys

from services.command.openapi.build import FILE, text

if sys.argv[1:] == ["--check"]:
    if FILE.read_text(encoding="utf-8") != text():
        sys.exit(f"{FILE.name} is not what the table says: run python -m services.command.openapi")
else:
    FILE.write_text(text(), encoding="utf-8")
