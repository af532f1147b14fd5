"""How labels are compared, as ``schemas/forms/reading.json`` says: thresholds of likeness (0 to 100) and the words around a label that say nothing.

``label_sure`` and above counts as the label, ``label_least`` and above is asked about; the next best label must be ``label_margin`` behind.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from services.shared.characters import normalised
from services.shared.forms.normal_forms import clean
from services.shared.settings import SCHEMAS

_QUOTE: Final = r"(?:>\s*)*"
_WORDS: Final = re.compile(r"[^\W_]+")
_PARENTHESES: Final = re.compile(r"(?<!\s)\s*+[(\[][^()\[\]]*(?:\([^()]*\)[^()\[\]]*)?[)\]]")
_LAST_PARENTHESES: Final = re.compile(r"(?<!\s)\s*+[(\[][^()\[\]]*(?:\([^()]*\)[^()\[\]]*)?[)\]]\s*$")
_NUMBER: Final = r"\[[0-9]{1,3}\]\s*|\([0-9]{1,3}\)\s*|[0-9]{1,3}(?:\.[0-9]{1,2}){0,3}[a-z]?(?:\s*[.):]+\s*|\s+)(?=\D)|[ivx]{1,4}[.)]\s*|[a-zæøå](?:\.?[0-9]{1,2}){0,2}[.):]\s*"


@dataclass(frozen=True)
class ReadingRules:
    """The file, read."""

    label_sure: float
    label_least: float
    label_margin: float
    choice_least: float
    most_fuzzy: int
    numbering: re.Pattern[str]
    marks: re.Pattern[str]
    lead_ins: re.Pattern[str]
    answer_words: frozenset[str]
    help_words: frozenset[str]
    closings: frozenset[str]
    page_number: re.Pattern[str]


@cache
def reading_rules() -> ReadingRules:
    """The rules all forms share."""
    said = json.loads((SCHEMAS / "forms" / "reading.json").read_text(encoding="utf-8"))
    numbering, marks, lead_ins, pages = ("|".join(map(re.escape, said[name])) for name in ("numbering", "marks", "lead_ins", "page_numbers"))
    return ReadingRules(
        label_sure=said["label_sure"],
        label_least=said["label_least"],
        label_margin=said["label_margin"],
        choice_least=said["choice_least"],
        most_fuzzy=said["most_fuzzy"],
        numbering=re.compile(rf"^{_QUOTE}(?:(?:{numbering})\.?\s*[0-9]{{1,3}}(?:\.[0-9]{{1,2}})*[a-z]?\s*[.:)–-]*\s*|{_NUMBER}|)", re.IGNORECASE),
        marks=re.compile(rf"(?<![\s,;:–-])[\s,;:–-]*+\b(?:{marks})\b[\s.:*]*$", re.IGNORECASE),
        lead_ins=re.compile(rf"^(?:{lead_ins})\s+", re.IGNORECASE),
        answer_words=frozenset(said["answer_words"]),
        help_words=frozenset(said["help_words"]),
        closings=frozenset(said["closings"]),
        page_number=re.compile(rf"^\W*(?:{pages})\s*[0-9]{{1,4}}(?:\s*(?:av|of|/)\s*[0-9]{{1,4}})\W*$", re.IGNORECASE),
    )


def spaced(text: str) -> str:
    """A text as its words alone, in small letters: no punctuation, one kind of each character."""
    return " ".join(_WORDS.findall(normalised("NFKC", clean(text)).casefold()))


def compact(text: str) -> str:
    """The words run together: ``E-post``, ``e post`` and ``Epost`` are one label."""
    return spaced(text).replace(" ", "")


def without_parentheses(text: str) -> str:
    """A label without what stands in parentheses: help, or that it must be filled in."""
    return _PARENTHESES.sub("", text).strip() or text


def without_last_parentheses(label: str) -> str:
    """A label without the parentheses it ends with."""
    return _LAST_PARENTHESES.sub("", label.rstrip(" *:.")) or label


def variants(text: str) -> list[str]:
    """A text that may be a label, in the forms to look up: as it is, without its number (these two always), then without what people put around it."""
    rules = reading_rules()
    plain = clean(text).strip(" *:.")
    bare = rules.numbering.sub("", plain)
    forms: list[str] = []
    short = bare
    while (shorter := _LAST_PARENTHESES.sub("", rules.marks.sub("", short)).strip(" *:.")) != short and shorter:
        forms.append(shorter)
        short = shorter
    forms += [without_parentheses(short), rules.lead_ins.sub("", short)]
    return [plain, bare, *(form for form in dict.fromkeys(forms) if form and form not in (plain, bare))]


def is_mark_only(text: str, label: str) -> bool:
    """Whether what a text says beyond a label is only that it must be filled in, and how."""
    rules = reading_rules()
    rest = clean(text).strip(" *:.")
    rest = rules.numbering.sub("", rest).removeprefix(label)
    return not spaced(rules.marks.sub("", rest.strip(" ()[]*:.")))


def is_numbered(text: str) -> bool:
    """Whether a text begins with a number of its own."""
    found = reading_rules().numbering.match(text.strip())
    return found is not None and any(map(str.isalnum, found[0]))
