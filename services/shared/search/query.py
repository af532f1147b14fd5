"""What people type: every word must be found; ``"a phrase"``, ``begin*``, ``-not``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.shared.search.codes import Codes
from services.shared.search.tokens import clean, tokens

TERMS_MOST: Final = 10
_PIECE: Final = re.compile(r"[^\s\"]+")


@dataclass(frozen=True)
class Term:
    """One thing to find: any of ``alternatives``, each a sequence of indexed words. ``prefix``: the last word of each only begins so. ``exclude``: it must not be there."""

    alternatives: tuple[tuple[str, ...], ...]
    prefix: bool = False
    exclude: bool = False
    # As it was typed, in lower case: for what is looked up letter by letter.
    typed: str = ""

    def for_sqlite(self) -> str:
        """As FTS5 asks. The words hold letters and digits only."""
        star = " *" if self.prefix else ""
        return " OR ".join(f'"{" ".join(phrase)}"{star}' for phrase in self.alternatives)

    def for_postgresql(self) -> str:
        """As a ``tsquery`` literal, which is not parsed further."""
        star = ":*" if self.prefix else ""
        phrases = (" <-> ".join(f"'{word}'" for word in phrase) for phrase in self.alternatives)
        return " | ".join(f"({phrase}{star})" for phrase in phrases)


def parse(text: str, codes: Codes) -> tuple[Term, ...]:
    """The terms of a query, as many as are looked at. What holds no letter or digit asks for nothing."""
    found: list[Term] = []
    text, position = clean(text), 0
    while position < len(text) and len(found) < TERMS_MOST:
        if text[position].isspace():
            position += 1
            continue
        exclude = text[position] == "-" and position + 1 < len(text) and not text[position + 1].isspace()
        piece, position, prefix = _piece(text, position + exclude, codes)
        if alternatives := _alternatives(piece, codes, prefix=prefix):
            found.append(Term(alternatives, prefix, exclude, piece.casefold()))
    return tuple(found)


def _piece(text: str, start: int, codes: Codes) -> tuple[str, int, bool]:
    """The words that belong together from there on, where they end, and whether a star follows."""
    if text[start] == '"':
        end = text.find('"', start + 1)
        end = len(text) if end < 0 else end
        piece, after = text[start + 1 : end], min(end + 1, len(text))
    elif (code := codes.at(text, start)) and (code.end == len(text) or text[code.end] in '* "' or text[code.end].isspace()):
        piece, after = text[start : code.end], code.end
    else:
        match = _PIECE.match(text, start)
        after = match.end() if match else start + 1
        whole = text[start:after]
        piece = whole.rstrip("*")
        return piece, after, len(piece) < len(whole)
    star = after < len(text) and text[after] == "*"
    return piece, after + star, star


def _alternatives(piece: str, codes: Codes, *, prefix: bool) -> tuple[tuple[str, ...], ...]:
    words = list(tokens(piece))
    if not words:
        return ()
    sequence = [token.stem for token in words]
    if prefix:
        sequence[-1] = words[-1].folded
    code = codes.at(piece.strip(), 0)
    whole = [(code.whole,)] if code and code.end == len(piece.strip()) else []
    return tuple(dict.fromkeys([tuple(sequence), *whole]))
