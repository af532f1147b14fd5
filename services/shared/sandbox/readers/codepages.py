"""Windows' numbers of code pages."""

from __future__ import annotations

import codecs


def code_page(number: int) -> str:
    """The name that Python has for it; Windows' own western one when it is unknown."""
    name = "utf-8" if number == 65001 else f"cp{number}"
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name
