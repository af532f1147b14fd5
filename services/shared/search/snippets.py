"""The piece of a passage that shows why it was found, cut so that pages and programs mark the hits themselves: no markup is made here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.shared.search.codes import Codes
from services.shared.search.query import Term
from services.shared.search.tokens import Token, tokens

BEFORE: Final = 60
LENGTH: Final = 240
CUT: Final = "…"
_BLANK: Final = re.compile(r"\s+")


@dataclass(frozen=True)
class Snippet:
    """``parts``: ``[{"text", "hit"}]`` in order; ``terms``: how many of the terms stand in it."""

    parts: list[dict[str, Any]]
    terms: int


def snippet(text: str, terms: Sequence[Term], codes: Codes) -> Snippet:
    """Around the place of a passage where most of the terms stand together."""
    marks = sorted(_marks(text, terms, codes))
    if not marks:
        return Snippet([{"text": _plain(text[:LENGTH]) + (CUT if len(text) > LENGTH else ""), "hit": False}], 0)
    reach = LENGTH - BEFORE
    best = max(marks, key=lambda mark: (len({term for start, end, term in marks if mark[0] <= start and end <= mark[0] + reach}), -mark[0]))
    begin, end = _whole_words(text, max(0, best[0] - BEFORE), best[0] + max(reach, best[1] - best[0]))
    inside = [mark for mark in marks if begin <= mark[0] and mark[1] <= end]
    return Snippet(_parts(text, begin, end, inside), len({term for _, _, term in inside}))


def _marks(text: str, terms: Sequence[Term], codes: Codes) -> Iterator[tuple[int, int, int]]:
    """Where the terms stand: start, end, which of them."""
    words, whole = list(tokens(text)), list(codes.find(text))
    for number, term in enumerate(terms):
        for phrase in term.alternatives:
            for at in range(len(words) - len(phrase) + 1):
                if all(_is(words[at + step], phrase[step], prefix=term.prefix and step == len(phrase) - 1) for step in range(len(phrase))):
                    yield words[at].start, words[at + len(phrase) - 1].end, number
            for code in whole:
                if len(phrase) == 1 and (code.whole.startswith(phrase[0]) if term.prefix else code.whole == phrase[0]):
                    yield code.start, code.end, number


def _is(token: Token, word: str, *, prefix: bool) -> bool:
    if prefix:
        return token.folded.startswith(word) or token.stem.startswith(word)
    return word in (token.stem, token.folded)


def _whole_words(text: str, begin: int, end: int) -> tuple[int, int]:
    if begin and (blank := _BLANK.search(text, begin, begin + BEFORE)):
        begin = blank.end()
    if end < len(text) and (blank := _BLANK.search(text, end)):
        end = min(blank.start(), end + BEFORE)
    return begin, min(end, len(text))


def _parts(text: str, begin: int, end: int, marks: Sequence[tuple[int, int, int]]) -> list[dict[str, Any]]:
    parts, at = [], begin
    for start, stop, _ in marks:
        if start < at:
            continue  # it lies in one that is marked already
        parts += [{"text": _plain(text[at:start]), "hit": False}, {"text": _plain(text[start:stop]), "hit": True}]
        at = stop
    parts.append({"text": _plain(text[at:end]) + (CUT if end < len(text) else ""), "hit": False})
    if begin:
        parts.insert(0, {"text": CUT, "hit": False})
    return [part for part in parts if part["text"]]


def _plain(text: str) -> str:
    return _BLANK.sub(" ", text)
