"""Text to the words that are indexed and searched for. The same for a document and a query, on every store.

A word is folded (NFKC, lower case, no accents but å's ring) and then stemmed as bokmål and the rest of it as English, whichever language it is in: both stemmers only take
endings off, so that "behandlingar", "behandlinger" and "behandling" meet, and "treatments" and "treatment", without anybody having to know a sentence's language.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import Stemmer

from services.shared.characters import normalised

LONGEST: Final = 60
_LOOKED_AT: Final = 4 * LONGEST
_WORD: Final = re.compile(r"[^\W_]+")
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\x02\ufffe](?:\r?\n)?")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_KEPT: Final = frozenset("æøå")
# Swedish and German letters as Norwegian ones: names are written either way.
_ALIKE: Final = str.maketrans({"ä": "æ", "ö": "ø"})
_own = threading.local()


@dataclass(frozen=True, slots=True)
class Token:
    """A word: where it stands in the text, as folded, and its stem."""

    start: int
    end: int
    folded: str
    stem: str


def clean(text: str) -> str:
    """The text as it is kept: NFC, without what nobody sees (soft hyphens, those PDFium puts at the end of lines) and what no store takes."""
    return _CONTROL.sub(" ", _UNSEEN.sub("", normalised("NFC", text)))


def tokens(text: str) -> Iterator[Token]:
    """The words of a cleaned text, in order."""
    for found in _WORD.finditer(text):
        folded, stem = _forms(found[0][:_LOOKED_AT])
        if folded:
            yield Token(found.start(), found.end(), folded, stem)


def forms_of_words(text: str) -> list[tuple[str, str]]:
    """The words of a cleaned text, folded and as stems: as ``tokens``, for whole documents, where an object for each word is what costs most."""
    return [forms for word in _WORD.findall(text) if (forms := _forms(word[:_LOOKED_AT]))[0]]


def fold(word: str) -> str:
    """A word without what people write differently: case, accents, compatibility forms. Only letters and digits are left."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFC", folded).translate(_ALIKE)
        folded = "".join(letter if letter in _KEPT else unicodedata.normalize("NFD", letter) for letter in folded)
    return "".join(filter(str.isalnum, folded))[:LONGEST]


@lru_cache(maxsize=100_000)
def _forms(word: str) -> tuple[str, str]:
    folded = fold(word)
    return folded, stem_of(folded) if folded.isalpha() else folded


def stem_of(folded: str) -> str:
    """The stem of a folded word."""
    norwegian, english = _stemmers()
    return str(english.stemWord(norwegian.stemWord(folded))) or folded


def _stemmers() -> tuple[Any, Any]:
    """One pair for each thread: the library's are not made to be shared."""
    if not hasattr(_own, "stemmers"):
        _own.stemmers = Stemmer.Stemmer("norwegian", 0), Stemmer.Stemmer("english", 0)
    pair: tuple[Any, Any] = _own.stemmers
    return pair
