"""Passages: the pieces of a text that are indexed and shown from. Short enough that no store cuts what it knows of one; a phrase across a border is found, since they overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.shared.search.codes import Codes
from services.shared.search.tokens import words_in

# PostgreSQL keeps at most 256 places of a word, and counts no further than 16,383.
WORDS: Final = 250
OVERLAP: Final = 10
# Stands between the words of the text and what is only found by itself, so that no phrase goes across.
BORDER: Final = "§"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text: as it stands, and what is indexed of it, in order."""

    text: str
    words: tuple[str, ...]


def passages(text: str, codes: Codes) -> Iterator[Passage]:
    """The passages of a cleaned text.

    Of each come the stems in order, then once each the words as they are written (for ``begin*``) and the codes without the marks in them.
    """
    found = words_in(text)
    for first in range(0, len(found), WORDS - OVERLAP):
        taken = found[first : first + WORDS]
        last = first + WORDS >= len(found)
        (begin, _), (_, end) = taken[0][0], taken[-1][0]
        piece = text[begin if first else 0 : len(text) if last else end]
        stems = [stem for _, (_, stem) in taken]
        aside = {folded for _, (folded, _) in taken} | {code.whole for code in codes.find(piece)}
        yield Passage(piece.strip(), (*stems, BORDER, *sorted(aside.difference(stems))))
        if last:
            return
