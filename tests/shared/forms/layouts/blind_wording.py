"""The words around the questions in the blind layouts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import groupby

from tests.shared.forms.layouts.kit import Page, Question

_SMALL_WORDS = {"av", "og", "i", "for", "til", "på", "ved", "the", "of", "and", "som"}


def greeting(page: Page) -> str:
    """What people write before the questions, with words that are also in labels."""
    return page.say(
        "Vedlagt følger opplysninger om metoden. Kontaktperson, organisasjon og referanser står under. Si fra hvis noe mangler.",
        "Her kjem opplysningar om metoden. Kontaktperson, organisasjon og referansar står under. Sei frå om noko manglar.",
        "Please find below the information on the method. Contact person, organisation and references follow. Let us know if anything is missing.",
    )


def help_text(page: Page) -> str:
    """A line of help, as people set below a label."""
    said = (
        (
            "Skriv kort. Legg ved dokumentasjon hvis du har det.",
            "Skriv kort. Legg ved dokumentasjon om du har det.",
            "Be brief. Attach documentation if you have any.",
        ),
        ("Fylles ut av innsender.", "Skal fyllast ut av innsendar.", "To be filled in by the submitter."),
        (
            "Oppgi kilde. Bruk eget ark ved behov, og vis til referansene.",
            "Oppgi kjelde. Bruk eige ark ved behov, og vis til referansane.",
            "State the source. Use a separate sheet if needed, and refer to the references.",
        ),
    )
    return page.say(*page.chance.choice(said))


def parts(questions: Sequence[Question]) -> list[list[list[Question]]]:
    """Stretches of questions: outside a group each is one list of one; inside, the rows of the group."""
    found: list[list[list[Question]]] = []
    for repeated, several in groupby(questions, key=lambda each: each.group if each.row is not None else None):
        asked = list(several)
        if repeated is None:
            found.append([asked])
        else:
            found.append([list(row) for _, row in groupby(asked, key=lambda each: each.row)])
    return found


def reworded(label: str, chance: random.Random) -> str:
    """A label as somebody types it from memory: two letters swapped, a small word left out, capitals or a colon."""
    kind = chance.randrange(5)
    words = label.split(" ")
    if kind == 0:
        long_words = [index for index, word in enumerate(words) if re.fullmatch(r"\w{7,}", word)]
        if long_words:
            index = chance.choice(long_words)
            at = chance.randrange(2, len(words[index]) - 2)
            word = words[index]
            words[index] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return " ".join(words)
    if kind == 1:
        small = [index for index, word in enumerate(words) if word in _SMALL_WORDS]
        if small and len(words) > 3:
            del words[chance.choice(small)]
        return " ".join(words)
    return {2: f"{label}:", 3: label.upper(), 4: label}[kind]
