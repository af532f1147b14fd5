"""Submissions that are good, and each about something of its own: two about the same would be held as possible duplicates (gate G11)."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from samples.builders.json_form import json_form
from samples.builders.word_form import docx_form
from samples.content import medicines, proposals
from samples.content.proposals import forslag
from samples.content.requests import anmodning, revurdering
from samples.make import write
from samples.sample import definition

TODAY = date.today()  # noqa: DTZ011 - the forms' dates are Norwegian days; a day's difference does not matter to them
_numbers = count(1)


def own_answers(what: str = "", **changes: Any) -> dict[str, Any]:
    """Answers of an anmodning about an indication that nobody else has."""
    indication = f"{medicines.VELKARSA.indication} Utvalg {what or next(_numbers)}."
    return anmodning(medicines.VELKARSA, TODAY, indication=indication, **changes)


def good_json(what: str = "", *, language: str = "nb", **changes: Any) -> bytes:
    """An anmodning as JSON."""
    return json_form(definition("anmodning"), own_answers(what, **changes), language)


def good_docx(what: str = "", **changes: Any) -> bytes:
    """An anmodning as a Word document."""
    return docx_form(definition("anmodning"), own_answers(what, **changes))


def good_forslag(what: str = "", **changes: Any) -> bytes:
    """A forslag as JSON."""
    title = f"{proposals.SENSOR.title}, utvalg {what or next(_numbers)}"
    return json_form(definition("forslag"), forslag(proposals.SENSOR, TODAY, title=title, **changes))


def good_revurdering(what: str = "", **changes: Any) -> bytes:
    """A revurdering as JSON."""
    indication = f"{medicines.MYASTEROL.indication} Utvalg {what or next(_numbers)}."
    return json_form(definition("revurdering"), revurdering(medicines.MYASTEROL, TODAY, "ID2022_041", indication=indication, **changes))


@cache
def written_samples(folder: Path) -> Path:
    """The project's samples on disk, written once per folder."""
    write(folder, TODAY)
    return folder
