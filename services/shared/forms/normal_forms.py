"""From what people type to the one way each kind of answer is written.

A text that cannot be read comes back tidied, and the schema check names it.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final

from services.shared import words
from services.shared.characters import is_composed, normalised

LARGEST_INTEGER: Final = 2**53 - 1  # beyond this, JSON readers no longer agree on the number (RFC 8259, section 6)
# Bounds on what is looked at, far beyond any real form: a form made to have hundreds of thousands of faults must not cost us minutes.
MOST_ITEMS: Final = 1000
MOST_UNKNOWN_KEYS: Final = 100
LONGEST_KEY: Final = 200
_LONGEST_PLACEHOLDER: Final = 200

_YES: Final = frozenset({"true", "ja", "yes", "j", "x", "on", "1", "☒", "☑", "✓", "✔", "🗹"})
_NO: Final = frozenset({"false", "nei", "no", "off", "0", "☐"})
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januar january jan", "februar february feb", "mars march mar", "april apr", "mai may", "juni june jun", "juli july jul",
            "august aug", "september sep sept", "oktober october okt oct", "november nov", "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_PLACEHOLDERS: Final = (
    re.compile(
        r"(klikk|trykk|klikk eller trykk|click|tap|click or tap)( her| here)?( for)? (å|to) "
        r"(skrive|skriv|legge|angi|enter|add|choose|select)\b.*"
    ),
    re.compile(r"(velg|vel|choose|select)( (et|eit|en|ein|an?|one))?( (element|dato|svar|alternativ|verdi|item|date|answer|option|value))?[.:…]*"),
    re.compile(r"(skriv her|type here|…|\.{3,}|_{3,}|-{3,})"),
)
_LONGEST_LABEL: Final = 200
_QUARTER: Final = re.compile(r"(?:[QK] ?([1-4])|([1-4])\. ?(?:kvartal|kv\.?))[ /,]*([0-9]{4})", re.IGNORECASE)
# Control characters, and what is there but cannot be seen: soft hyphens, zero-width spaces, marks of writing direction.
_UNWANTED: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACES: Final = re.compile(r"[^\S\n]+")
_LINE_BREAK: Final = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    """Text that every store takes, as typed: composed characters (NFC), plain spaces and line breaks, no control characters."""
    if text.isprintable() and "  " not in text and is_composed(text):
        return text.strip(" ")  # nothing to mend, as in most texts: what is unwanted is not printable, nor is any other space
    text = _LONE_SURROGATE.sub("\ufffd", text)
    text = _UNWANTED.sub("", _LINE_BREAK.sub("\n", normalised("NFC", text)))
    return "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()


def is_placeholder(text: str) -> bool:
    """Whether the text is what a word processor shows in a field nobody filled in."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return not text.strip()
    plain = clean(text).casefold()
    return not plain or plain in _own_placeholders() or any(pattern.fullmatch(plain) for pattern in _PLACEHOLDERS)


@cache
def _own_placeholders() -> frozenset[str]:
    """What our own templates show in an empty field: LibreOffice writes it as if it were an answer."""
    texts = (texts for key, texts in words.catalogue().items() if key.startswith("templates.placeholder."))
    return frozenset(text.casefold() for each in texts for text in each.values())


def one_line(text: str) -> str:
    """A short text: everything on one line."""
    return " ".join(clean(text).split())


def long_text(text: str) -> str:
    """A longer text: line breaks stay."""
    return clean(text)


def without_spaces(text: str) -> str:
    """Digits and codes that people break up with spaces."""
    return "".join(clean(text).split())


def atc(text: str) -> str:
    """An ATC code: capital letters, no spaces (Felleskatalogen prints ``A10A E04``)."""
    return without_spaces(text).upper()


def phone(text: str) -> str:
    """A telephone number without the word for telephone before it."""
    return re.sub(r"^(tlf|tel|telefon|telephone|phone|mobil|mob)\b[.:]*\s*", "", one_line(text), flags=re.IGNORECASE)


def ema_number(text: str) -> str:
    """A procedure number of EMA: capital letters, no spaces."""
    return without_spaces(text).upper()


def organisation_number(text: str) -> str:
    """Nine digits; a country prefix and the VAT suffix fall away."""
    number = re.sub(r"^(ORG\.?(ANISASJONS)?-?(NR|NUMMER)?|FORETAKSREGISTERET)[.:]*", "", without_spaces(text).upper())
    found = re.fullmatch(r"(?:NO)?([0-9]{3}\.?[0-9]{3}\.?[0-9]{3})(?:MVA)?", number)
    return found[1].replace(".", "") if found else number


def method_id(text: str) -> str:
    """The id of a method as Nye metoder writes it: ``ID2023_012``, a letter straight after where there is one."""
    found = re.fullmatch(r"(?:ID)?([0-9]{4})[_-]([0-9]{3})([A-Z]?)", without_spaces(text).upper())
    return f"ID{found[1]}_{found[2]}{found[3]}" if found else one_line(text)


def yes_or_no(text: str) -> bool | str:
    """True or false from a word or a ticked box; a PDF writes the state of a box with a slash in front."""
    plain = one_line(text).removeprefix("/").rstrip(".").casefold()
    return True if plain in _YES else False if plain in _NO else one_line(text)


def integer(text: str) -> int | str:
    """A whole number with spaces or dots between the thousands."""
    plain = without_spaces(text)
    if re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+", plain):
        plain = plain.replace(".", "")
    return int(plain) if re.fullmatch(r"[+-]?[0-9]{1,15}", plain) else one_line(text)


def whole_kroner(text: str) -> int | str:
    """An amount in whole kroner: ``1 200 000 kr``, ``NOK 1.200.000,-``, ``12,5 mill. kr``."""
    plain = re.sub(r"nok|kroner|kr\.?", "", without_spaces(text).casefold()).removesuffix(",-").removesuffix(",00")
    millions = re.fullmatch(r"([0-9]{1,6})(?:[.,]([0-9]{1,6}))?(mill?\.?|millioner|millionar|million|mrd\.?|milliarder|milliardar|billion)", plain)
    if millions is None:
        number = integer(plain)
        return number if isinstance(number, int) else one_line(text)
    factor = 10**6 if millions[3].startswith("mill") or millions[3] == "mil" else 10**9
    amount = Decimal(f"{millions[1]}.{millions[2] or 0}") * factor
    return int(amount) if amount == amount.to_integral_value() else one_line(text)


def day(text: str) -> str:
    """A date as ``YYYY-MM-DD`` from ``1.5.2025``, ``1.5-2025``, ``1. mai 2025``, or a date with a time after it; from ``31/5/2025`` where it can be read in one way only."""
    plain = one_line(text)
    if found := re.fullmatch(r"([0-9]{4})([-./])([0-9]{1,2})\2([0-9]{1,2})(?:[T ][0-9:.+Z-]*)?", plain):
        return _written_day(found[1], found[3], found[4]) or plain
    if found := re.fullmatch(r"([0-9]{1,2})(?:\. ?([0-9]{1,2})(?:\. ?|-)|([/-])([0-9]{1,2})\3)([0-9]{4})\.?", plain):
        day_, month_ = found[1], found[2] or found[4]
        is_clear = found[2] or int(day_) > 12 or int(day_) == int(month_)  # else perhaps the month comes first
        return (is_clear and _written_day(found[5], month_, day_)) or plain
    if found := re.fullmatch(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{2})", plain):
        return _written_day(f"20{found[3]}", found[2], found[1]) or plain
    if found := re.fullmatch(r"([^\W\d]+)\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})", plain):
        named = _MONTHS.get(found[1].casefold())
        return (named and _written_day(found[3], str(named), found[2])) or plain
    if found := re.fullmatch(r"(?:(?:den|the) )?([0-9]{1,2})(?:\.|st|nd|rd|th)? ?([^\W\d]+)\.?,? ([0-9]{4})", plain):
        month = _MONTHS.get(found[2].casefold())
        return (month and _written_day(found[3], str(month), found[1])) or plain
    return plain


def is_rounded(text: str) -> bool:
    """Whether an amount is given in millions or milliards: it may be rounded."""
    return bool(re.search(r"mill|mrd|milliard|billion|[0-9]\s*m\b", text, re.IGNORECASE))


def is_quarter(text: str) -> bool:
    """Whether a time is given as a quarter of a year."""
    return _QUARTER.fullmatch(one_line(text)) is not None


def month(text: str) -> str:
    """A month as ``YYYY-MM`` from ``05.2025``, ``5/2025``, ``mai 2025``, from a whole date, or the first of a quarter (``Q3 2025``)."""
    plain = one_line(text)
    if found := _QUARTER.fullmatch(plain):
        return _written_month(found[3], str(int(found[1] or found[2]) * 3 - 2)) or plain
    if found := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})", plain):
        return _written_month(found[1], found[2]) or plain
    if found := re.fullmatch(r"([0-9]{1,2}) ?[./-] ?([0-9]{4})", plain):
        return _written_month(found[2], found[1]) or plain
    if found := re.fullmatch(r"([^\W\d]+)\.?,? ([0-9]{4})", plain):
        number = _MONTHS.get(found[1].casefold())
        return (number and _written_month(found[2], str(number))) or plain
    whole = day(plain)
    return whole[:7] if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", whole) and _is_day(whole) else plain


def for_comparison(text: str) -> str:
    """A label or choice with everything dropped that people and word processors change: case, spaces, punctuation at the ends."""
    return _label_for_comparison(text) if len(text) <= _LONGEST_LABEL else _for_comparison(text)


def _for_comparison(text: str) -> str:
    return " ".join(clean(text).casefold().split()).strip(" .:?*")


# The same labels stand in every form that comes in.
_label_for_comparison = lru_cache(maxsize=8192)(_for_comparison)


def storable(value: Any, depth: int = 12) -> Any:
    """A value out of someone's JSON that our stores can keep: clean text, numbers all readers agree on, no bottomless depth or length."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        if value.is_integer() and abs(value) <= LARGEST_INTEGER:
            return int(value)
        return value if abs(value) <= LARGEST_INTEGER else str(value)
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_INTEGER else str(value)
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        return {clean(str(key))[:LONGEST_KEY]: storable(item, depth - 1) for key, item in islice(value.items(), MOST_ITEMS)}
    # One more than is allowed, so that the check sees that there were too many.
    return [storable(item, depth - 1) for item in value[: MOST_ITEMS + 1]]


def _written_day(year: str, month_: str, day_: str) -> str | None:
    text = f"{year}-{int(month_):02d}-{int(day_):02d}"
    return text if _is_day(text) else None


def _written_month(year: str, month_: str) -> str | None:
    return f"{year}-{int(month_):02d}" if 1 <= int(month_) <= 12 else None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
