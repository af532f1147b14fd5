"""The lines of a form as they stand on paper: what the box hands out and the reader of labels reads. Plain data, no parser.

Nobody changes one. They are not frozen all the same: a form has hundreds, and making a frozen one costs five times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(slots=True, unsafe_hash=True)
class Cell:
    """A place in a table: ``table`` numbers the tables of the document; ``row``, ``column``, ``height`` and ``width`` are of its grid."""

    table: int
    row: int
    column: int
    height: int = 1
    width: int = 1


@dataclass(slots=True, unsafe_hash=True)
class Line:
    """One paragraph.

    ``text`` as typed, line breaks and tabs included. ``flow`` is the same for paragraphs that are read one after the other: the body is 0,
    every cell, text box, header and footer has its own; ``outside`` is the flow in which this one stands. ``level`` is that of a heading (1 to 9), else 0. ``strong`` is how many
    characters at the beginning stand out (bold, underlined, capitals by format), ``marked`` are the stretches further on, as (start, end), that do
    or are highlighted or in colour; ``faint``: all of it is grey or in italics, ``faded``: so many characters at its end are; ``item``: it
    is an item of a list; ``struck``: a part of it was crossed out and left out of the text. ``controls`` are the parts of the text that
    stand in a content control, as (tag, start, end). ``notes`` are the texts of its foot- and endnotes.
    """

    text: str
    flow: int = 0
    outside: int = 0
    cell: Cell | None = None
    level: int = 0
    strong: int = 0
    faint: bool = False
    faded: int = 0
    item: bool = False
    struck: bool = False
    aside: bool = False
    controls: tuple[tuple[str, int, int], ...] = ()
    notes: tuple[str, ...] = ()
    marked: tuple[tuple[int, int], ...] = ()

    def part(self, start: int, end: int) -> Line:
        """What stands between two places of it. Its notes stay with what ends as it does."""
        length = max(0, end - start)
        return replace(
            self,
            text=self.text[start:end],
            strong=max(0, min(length, self.strong - start)),
            controls=tuple((tag, max(0, a - start), min(length, b - start)) for tag, a, b in self.controls if a <= end and b >= start),
            notes=self.notes if end >= len(self.text) else (),
            faded=max(0, min(length, self.faded - (len(self.text) - end))),
            marked=tuple((max(0, a - start), min(length, b - start)) for a, b in self.marked if a < end and b > start),
        )


def lines_of_text(text: str) -> tuple[Line, ...]:
    """The lines of a plain text. Tabs part cells, and lines with tabs in them that follow each other make a table."""
    lines: list[Line] = []
    flow = table = row = 0
    in_table = False
    for written in text.splitlines():
        parts = written.split("\t")
        if len(parts) == 1:
            in_table = False
            lines.append(Line(written))
            continue
        table, row = (table, row + 1) if in_table else (table + 1, 0)
        in_table = True
        for column, part in enumerate(parts):
            flow += 1
            lines.append(Line(part, flow=flow, cell=Cell(table, row, column)))
    return tuple(lines)


def text_of(lines: Sequence[Line]) -> str:
    """The lines as one text: a line for each paragraph or table row, a tab between cells."""
    pieces: list[str] = []
    before: Line | None = None
    for line in lines:
        if before is not None:
            one_row = line.cell and before.cell and (line.cell.table, line.cell.row) == (before.cell.table, before.cell.row)
            pieces.append("\t" if one_row and line.flow != before.flow else "\n")
        pieces.append(line.text)
        before = line
    return "".join(pieces)
