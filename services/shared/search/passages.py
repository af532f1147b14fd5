"""Passages: the pieces of a text that are indexed and shown from. Short enough that no store cuts what it knows of one; a phrase across a border is found, since they overlap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.shared.search.codes import Codes
from services.shared.search.tokens import forms_of_words

# PostgreSQL keeps at most 256 places of a word, and counts no further than 16,383.
WORDS: Final = 250
OVERLAP: Final = 10
# Stands between the words of the text and what is only found by itself, so that no phrase goes across.
BORDER: Final = "§"
# So many words and what stands before each, taken at once; nothing is given back.
_STEP: Final = re.compile(rf"(?:[\W_]*+[^\W_]++){{1,{WORDS - OVERLAP}}}+")
_OVERLAP: Final = re.compile(rf"(?:[\W_]*+[^\W_]++){{0,{OVERLAP}}}+")
_ANOTHER: Final = re.compile(r"[\W_]*+[^\W_]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text: as it stands, and what is indexed of it, in order."""

    text: str
    words: tuple[str, ...]


def passages(text: str, codes: Codes) -> Iterator[Passage]:
    """The passages of a cleaned text.

    Of each come the stems in order, then once each the words as they are written (for ``begin*``) and the codes without the marks in them.
    """
    begin = 0
    while begin < len(text):
        step = _STEP.match(text, begin)
        end = step.end() if step else begin
        whole = _OVERLAP.match(text, end)
        last = _ANOTHER.match(text, whole.end() if whole else end) is None
        piece = text[begin : len(text) if last else whole.end() if whole else end]
        forms = forms_of_words(piece)
        if forms:
            stems = [stem for _, stem in forms]
            aside = {folded for folded, _ in forms} | {code.whole for code in codes.find(piece)}
            yield Passage(piece.strip(), (*stems, BORDER, *sorted(aside.difference(stems))))
        if last:
            return
        begin = end
