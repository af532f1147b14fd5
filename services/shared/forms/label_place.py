"""One label of a form, found in a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from services.shared.form_lines import Line
from services.shared.forms.label_candidates import Candidate
from services.shared.forms.label_index import Target
from services.shared.forms.layout import Item

TABLE_STRENGTH: Final = 30
"""How far a label in a cell of its own stands out."""


@dataclass(slots=True, eq=False)
class Place:
    """A label where it stands, and its ``answer`` (with what the label's own line holds after it).

    ``table``, ``record`` and ``headings_before`` tell the rows of a group apart: the table it stands in, the row or column of answers, how
    many numbered headings came before. ``inside``: the label in whose answer it would stand were it none. ``doubts`` say why one should ask.
    """

    candidate: Candidate
    target: Target
    strength: int
    line: Line
    answer: list[Item] = field(default_factory=list)
    table: int = 0
    record: int | None = None
    headings_before: int = 0
    doubts: set[str] = field(default_factory=set)
    inside: Place | None = None
    in_stream: bool = True
    kept: bool = True

    @property
    def is_open(self) -> bool:
        """Whether its answer may go on over several lines."""
        return self.target.asked.type_name == "long_text" or self.target.asked.type.shape in ("list", "rows", "choices")

    @property
    def has_answer(self) -> bool:
        """Whether anything is written for it."""
        return bool(self.candidate.rest) or any(not isinstance(item, Line) or item.text.strip() for item in self.answer)
