"""What a check may know beyond the answers. Nothing here is read from a clock or a store, so that the past can be tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol


class Register(Protocol):
    """A list kept elsewhere (organisations, methods, decisions) that can be asked for what it knows of a key."""

    @property
    def is_fresh(self) -> bool:
        """Whether it is new enough for its word to be an error; an older one can only warn."""
        ...

    def rows(self, key: str) -> Sequence[Mapping[str, str]]:
        """The rows for a key in its normal form; none when the register does not have it. A key may have several rows."""
        ...


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks are told.

    ``today`` and ``received_at`` are Norwegian calendar days. ``attachments`` are the names of the files sent along. ``submitter_kind``
    is None when nobody said, and ``unknown`` when it is known that it cannot be told. ``registers`` are by name. ``identity_numbers``
    are the ids of documents in which a national identity number was found; None when the documents were not looked through.
    """

    today: date
    received_at: date
    attachments: Sequence[str] = ()
    submitter_kind: str | None = None
    registers: Mapping[str, Register] | None = None
    input_deadline: date | None = None
    identity_numbers: Sequence[str] | None = None
