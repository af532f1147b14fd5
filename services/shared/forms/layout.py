"""A form as it stands on paper: paragraphs one after the other, and tables in their place among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.shared.form_lines import Line
from services.shared.forms.normal_forms import clean


@dataclass(slots=True)
class Block:
    """A cell of a table and what is in it. ``column`` counts the columns of the grid, ``end`` is the column after it."""

    row: int
    column: int
    end: int
    bottom: int
    items: list[Item] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """Every line in it, those of tables in it too."""
        for item in self.items:
            if isinstance(item, Table):
                yield from item.lines()
            else:
                yield item

    @property
    def text(self) -> str:
        """All of it as one text."""
        return clean("\n".join(line.text for line in self.lines()))


@dataclass(slots=True)
class Table:
    """A table: its cells row by row. A cell that goes over several rows stands in the first of them."""

    number: int
    rows: list[list[Block]] = field(default_factory=list)

    @property
    def is_frame(self) -> bool:
        """Whether it is one cell, drawn around what is in it."""
        return len(self.rows) == 1 and len(self.rows[0]) == 1

    def lines(self) -> Iterator[Line]:
        """Every line in it."""
        for row in self.rows:
            for block in row:
                yield from block.lines()

    def beside(self, block: Block) -> list[Block]:
        """The cells to the right of one, in its rows, from left to right and top to bottom."""
        rows = [row for row in self.rows if row and block.row <= row[0].row < block.bottom]
        return [other for row in rows for other in row if other.column >= block.end]

    def below(self, block: Block) -> Block | None:
        """The cell that begins in the same column straight below."""
        row = next((row for row in self.rows if row and row[0].row >= block.bottom), [])
        return next((other for other in row if other.column == block.column), None)


Item = Line | Table


@dataclass(slots=True)
class Layout:
    """The body of a document, and what stands aside of it (headers, footers), each read from top to bottom."""

    body: list[Item]
    asides: list[list[Item]]


def layout_of(lines: Sequence[Line]) -> Layout:
    """Lines in the order of the document, put in their places. A line break in a paragraph parts two lines."""
    builder = _Builder()
    for line in lines:
        for part in _parted(line):
            builder.add(part)
    return Layout(builder.body, list(builder.asides.values()))


class _Builder:
    def __init__(self) -> None:
        self.body: list[Item] = []
        self.asides: dict[int, list[Item]] = {}
        self._flows: dict[int, list[Item]] = {0: self.body}
        self._tables: dict[int, Table] = {}
        self._blocks: dict[tuple[int, int, int], Block] = {}

    def add(self, line: Line) -> None:
        """A line, at the end of its flow."""
        self._flow(line).append(line)

    def _flow(self, line: Line) -> list[Item]:
        if line.flow not in self._flows:
            self._flows[line.flow] = self._new_flow(line)
        return self._flows[line.flow]

    def _new_flow(self, line: Line) -> list[Item]:
        outside = self._flows.get(line.outside, self.body)
        if line.cell is None:
            if line.aside:
                return self.asides.setdefault(line.flow, [])
            return outside  # a text box is read where it is anchored
        cell = line.cell
        table = self._tables.get(cell.table)
        if table is None:
            table = self._tables[cell.table] = Table(cell.table)
            outside.append(table)
        place = (cell.table, cell.row, cell.column)
        if place not in self._blocks:
            block = self._blocks[place] = Block(cell.row, cell.column, cell.column + cell.width, cell.row + cell.height)
            if not table.rows or table.rows[-1][0].row != cell.row:
                table.rows.append([])
            table.rows[-1].append(block)
        return self._blocks[place].items


def _parted(line: Line) -> Iterator[Line]:
    if "\n" not in line.text:
        yield line
        return
    start = 0
    for part in line.text.split("\n"):
        end = start + len(part)
        yield line.part(start, end)
        start = end + 1
