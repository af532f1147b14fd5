"""Boxes and crosses: which of the choices beside them are ticked, in whatever way people tick."""

from __future__ import annotations

import re
from typing import Final

from services.shared.forms.fields import Field
from services.shared.forms.label_words import compact, without_parentheses
from services.shared.forms.normal_forms import clean, yes_or_no

EMPTY: Final = "☐□▢◻❑❏○◯"
TICKED: Final = "☒☑✓✔🗹✗✘⊠■◼●◉⦿🔘"
_MARK: Final = re.compile(rf"([{TICKED}{EMPTY}]|\[[xX✓ ]?\]|\([xX ]\)|(?:(?<=^)|(?<=[\s:]))[xX](?=\s|$))", re.MULTILINE)
_ENDS: Final = " \t\n.:;,–—-/|"
_BRACKETED_TICK: Final = re.compile(r"[\[(][xX✓][\])]")


def is_mark(text: str) -> bool:
    """Whether a text is nothing but a tick, a cross or an empty box."""
    return bool(_MARK.fullmatch(text.strip()))


def is_ticked(mark: str) -> bool:
    """Whether a mark says yes."""
    return mark in TICKED or mark in "xX" or bool(_BRACKETED_TICK.fullmatch(mark))


def split_marks(asked: Field, text: str) -> list[tuple[bool, str]]:
    """Each mark in a text and the words it belongs to: those after it, or those before it where that fits the choices better."""
    found = list(_MARK.finditer(text))
    if not found:
        return []
    edges = [0, *(place for mark in found for place in mark.span()), len(text)]
    between = [text[edges[number] : edges[number + 1]] for number in range(0, len(edges), 2)]
    after = [words.strip(_ENDS) for words in between[1:]]
    before = [words.strip(_ENDS) for words in between[:-1]]
    words = before if _known(asked, before) > _known(asked, after) else after
    return [(is_ticked(mark[0].strip()), word) for mark, word in zip(found, words, strict=True)]


def choice_of(asked: Field, text: str) -> str | None:
    """The value of a choice by its words in any language, with or without what they have in parentheses; None for other words."""
    plain = clean(text).strip(_ENDS)
    if asked.type.json == "boolean":
        said = yes_or_no(plain)
        return None if isinstance(said, str) else "true" if said else "false"
    return choice_names(asked).get(compact(plain))


def is_choice_line(asked: Field, text: str) -> bool:
    """Whether a text is nothing but choices of a question, with or without boxes."""
    boxes = split_marks(asked, text)
    return all(choice_of(asked, words) is not None for words in ([words for _, words in boxes] if boxes else [text]))


def choice_names(asked: Field) -> dict[str, str]:
    """The value for each way to write a choice."""
    names: dict[str, str] = {}
    doubtful: set[str] = set()
    for choice in asked.choices:
        for label in choice.label.values():
            parts = {without_parentheses(label), *re.findall(r"\(([^()]{2,})\)", label)}
            for part in parts:
                name = compact(part)
                if names.setdefault(name, choice.value) != choice.value:
                    doubtful.add(name)
    names = {name: value for name, value in names.items() if name not in doubtful}
    exact = {compact(label): choice.value for choice in asked.choices for label in choice.label.values()}
    return names | exact | {compact(choice.value): choice.value for choice in asked.choices}


def _known(asked: Field, words: list[str]) -> int:
    return sum(choice_of(asked, word.split("\n")[0].split("\t")[0]) is not None for word in words)
