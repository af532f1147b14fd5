"""Normal forms of Unicode, at a cost that grows with the text.

Python sorts the marks on a letter one by one, without a switch thread in between: on a text of one letter and a million accents, which any sender can write, it is busy for
a quarter of an hour, and nothing else in the process goes on.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Final, Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

MOST_MARKS: Final = 30
"""On one letter: no language has more (UAX #15, section 13, "Stream-Safe Text Format")."""
# All marks lie beyond: a run of such signs is what most texts have not.
_MAY_BE_MARKS: Final = re.compile(f"[^\x00-\u02ff]{{{MOST_MARKS + 1}}}")


def normalised(form: Form, text: str) -> str:
    """``unicodedata.normalize``, but of more than MOST_MARKS marks on one letter only the first are kept."""
    if _MAY_BE_MARKS.search(text):
        text = _too_many_marks().sub(r"\1", text)
    return unicodedata.normalize(form, text)


def is_composed(text: str) -> bool:
    """Whether the text is in NFC; False without a look where there may be too many marks."""
    return _MAY_BE_MARKS.search(text) is None and unicodedata.is_normalized("NFC", text)


@cache
def _too_many_marks() -> re.Pattern[str]:
    """What begins with a mark when it is taken apart goes on the letter before it."""
    every = (chr(code) for code in range(0x300, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)
    marks = "".join(sign for sign in every if unicodedata.combining(unicodedata.normalize("NFKD", sign)[0]))
    return re.compile(f"([{marks}]{{{MOST_MARKS}}})[{marks}]+")
