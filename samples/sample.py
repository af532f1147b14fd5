"""One sample and its file name, which says how it must end: ``<nn>-<form>-<what>.<ending>[.<agencies>].<ext>``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_FORMS = Path(__file__).resolve().parent.parent / "schemas" / "forms"
_REFUSED = "refused-"


@dataclass(frozen=True)
class Ending:
    """How a submission ends. ``status`` is a submission's status, or None where POST itself refuses with the problem ``code``."""

    status: str | None
    code: str | None = None
    primaries: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = self.status or f"{_REFUSED}{self.code}"
        agencies = "+".join(self.primaries) + "".join(f"~{agency}" for agency in self.copies)
        return f"{words}.{agencies}" if agencies else words


@dataclass(frozen=True)
class Sender:
    """Who submits a sample: a demo actor, and for whom when it is the secretariat that does it for somebody (an organisation number)."""

    actor: str
    on_behalf_of: str | None = None


VENDOR = Sender("leverandor")
HOSPITAL = Sender("forslagsstiller")
FOR_DMP = Sender("sekretariat", on_behalf_of="974761122")
_USUAL = {"forslag": HOSPITAL, "innspill": HOSPITAL, "metodevarsel": FOR_DMP}


@dataclass(frozen=True)
class Sample:
    """A submission as its sender has it on disk: a form, and attachments by file name."""

    number: int
    what: str
    ending: Ending
    extension: str
    form: bytes = field(repr=False)
    attachments: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    sent_by: Sender | None = None

    @property
    def sender(self) -> Sender:
        """Who submits it: who usually sends such a form, unless it says otherwise."""
        return self.sent_by or _USUAL.get(self.what.partition("-")[0], VENDOR)

    @property
    def stem(self) -> str:
        """The form's file name without its extension; ``<stem>.vedlegg`` is the folder of its attachments."""
        return f"{self.number:02d}-{self.what}.{self.ending}"

    @property
    def name(self) -> str:
        """The form's file name."""
        return f"{self.stem}.{self.extension}"


def routed(primaries: str, copies: str = "") -> Ending:
    """Ends at the named agencies (space between; order does not matter)."""
    return Ending("routed", None, tuple(sorted(primaries.split())), tuple(sorted(copies.split())))


def ends(status: str) -> Ending:
    """Ends in the status, at no agency."""
    return Ending(status)


def refused(code: str) -> Ending:
    """Is answered with a problem of that code and leaves nothing."""
    return Ending(None, code)


def ending_of(file_name: str) -> Ending:
    """The ending that a sample's file name tells. ValueError for a name of another shape."""
    parts = file_name.split(".")
    if len(parts) not in (3, 4):
        raise ValueError(f"not a sample's name: {file_name!r}")
    if parts[1].startswith(_REFUSED):
        return refused(parts[1].removeprefix(_REFUSED))
    if len(parts) == 3:
        return ends(parts[1])
    primaries, *copies = parts[2].split("~")
    return Ending(parts[1], None, tuple(primaries.split("+")), tuple(copies))


@cache
def definition(form_type: str, version: str = "1.0") -> dict[str, Any]:
    """The form's definition as the product has it."""
    loaded: dict[str, Any] = json.loads((_FORMS / form_type / version / "definition.json").read_text("utf-8"))
    return loaded
