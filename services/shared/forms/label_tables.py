"""Labels in tables: the answer stands in the cell beside, in the cell below, or in the label's own cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.shared.form_lines import Line
from services.shared.forms.label_candidates import Candidate
from services.shared.forms.label_place import TABLE_STRENGTH, Place
from services.shared.forms.label_words import compact, reading_rules
from services.shared.forms.layout import Block, Item, Table
from services.shared.forms.ticks import is_mark

if TYPE_CHECKING:
    from services.shared.forms.label_places import Places

_LABEL, _OWN, _HEADING, _EMPTY, _OTHER = "label", "own", "heading", "empty", "other"
_SEVERAL: Final = 2
_LONGEST_HELP: Final = 400


class TableReader:
    """Reads tables for the labels in them. See `services.shared.forms.label_places`."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def read(self, table: Table) -> bool:
        """Find the labels of a table and their answers; False when it has none and is a part of what stands around it."""
        kinds = {id(block): self._kind(block) for row in table.rows for block in row}
        if not any(kind in (_LABEL, _OWN) for kind in kinds.values()):
            return self._read_inside(table, kinds)
        pairs = sum(self._is_pair(table, row, kinds) for row in table.rows)
        done: set[int] = set()
        for index, row in enumerate(table.rows):
            if id(row[0]) in done and all(id(block) in done for block in row):
                continue
            if self._is_header(table, index, kinds, done):
                self._read_header(table, index, kinds, done)
            else:
                self._read_row(table, row, kinds, done, pairs)
        return True

    def _read_inside(self, table: Table, kinds: dict[int, str]) -> bool:
        """A table that only places things: labels may stand further down in its cells."""
        inside = [block for row in table.rows for block in row if self._labels_in(block) >= _SEVERAL + 1 or self._holds_table(block)]
        if not inside:
            return False
        for block in inside:
            self._places.read_stream(block.items)
        return True

    def _labels_in(self, block: Block) -> int:
        found = (self._places.finder.find(line) for line in block.items if isinstance(line, Line))
        return len({candidate.match.targets[0].name for candidate in found if candidate is not None and not candidate.is_heading})

    def _holds_table(self, block: Block) -> bool:
        return any(isinstance(item, Table) and any(self._kind(inner) in (_LABEL, _OWN) for row in item.rows for inner in row) for item in block.items)

    def _kind(self, block: Block) -> str:
        first = _first(block)
        if first is None:
            return _EMPTY if not any(isinstance(item, Table) for item in block.items) else _OTHER
        candidate = self._places.finder.find(first)
        if candidate is None and block.column == 0 and len(block.text) < _LONGEST_HELP:
            candidate = self._places.finder.find_like(first)
        if candidate is None:
            return _OTHER
        if candidate.is_heading:
            return _HEADING
        return _OWN if candidate.rest or self._labels_in(block) > 1 or _rest(block, first) else _LABEL

    def _is_pair(self, table: Table, row: Sequence[Block], kinds: dict[int, str]) -> bool:
        """Whether a label and an answer stand side by side in this row."""
        return any(kinds[id(left)] in (_LABEL, _OWN) and kinds[id(right)] == _OTHER and left.end == right.column for left, right in pairwise(row))

    def _is_header(self, table: Table, index: int, kinds: dict[int, str], done: set[int]) -> bool:
        """A row of labels with their answers in the rows below."""
        row = [block for block in table.rows[index] if id(block) not in done]
        labels = [block for block in row if kinds[id(block)] == _LABEL]
        others = [block for block in row if kinds[id(block)] in (_OTHER, _OWN)]
        if len(labels) < _SEVERAL or len(others) > 1 or (others and others[0] is not row[0]) or index + 1 >= len(table.rows):
            return False
        below = [block for block in (table.below(label) for label in labels) if block is not None]
        return len(below) >= _SEVERAL and sum(kinds[id(block)] in (_OTHER, _OWN, _EMPTY) for block in below) > len(below) / 2

    def _read_header(self, table: Table, index: int, kinds: dict[int, str], done: set[int]) -> None:
        labels = [block for block in table.rows[index] if kinds[id(block)] == _LABEL]
        candidates = [self._candidate(label) for label in labels]
        groups = {candidate.match.targets[0].field.key for candidate in candidates if candidate.match.targets[0].sub}
        in_group = len(groups) == 1
        for record, row in enumerate(table.rows[index + 1 :]):
            kinds_here = [kinds[id(block)] for block in row]
            if kinds_here.count(_LABEL) >= _SEVERAL or (kinds_here[0] == _HEADING and len(row) == 1) or (record and not in_group):
                break
            done |= {id(block) for block in row}
            for label, candidate in zip(labels, candidates, strict=True):
                answer = next((block for block in row if block.column <= label.column < block.end), None)
                self._add(label, candidate, answer.items if answer else [], table=table.number, record=record if in_group else None)

    def _read_row(self, table: Table, row: Sequence[Block], kinds: dict[int, str], done: set[int], pairs: int) -> None:
        position = 0
        blocks = [block for block in row if id(block) not in done]
        while position < len(blocks):
            block = blocks[position]
            kind = kinds[id(block)]
            position += 1
            if kind == _HEADING:
                self._places.read_stream(block.items)
                continue
            if kind not in (_LABEL, _OWN):
                continue
            right = self._answers_beside(table, block, kinds)
            written = [answer for answer in right if kinds[id(answer)] != _EMPTY]
            if kind == _OWN and not self._is_only_help(block, written, pairs):
                before = len(self._places.found)
                self._places.read_stream(block.items)
                if right and pairs >= _SEVERAL:  # elsewhere in this table the answers stand beside
                    for place in self._places.found[before:]:
                        place.doubts.add("own cell")
                continue
            if right:
                self._read_beside(table, block, right, written)
                done |= {id(answer) for answer in right}
                position = next((n for n, each in enumerate(blocks) if n >= position and id(each) not in done), len(blocks))
            elif position > 1 and is_mark(blocks[position - 2].text):
                self._add(block, self._candidate(block), blocks[position - 2].items, table=table.number)
            else:
                self._read_below(table, block, kinds, done)

    def _answers_beside(self, table: Table, block: Block, kinds: dict[int, str]) -> list[Block]:
        """The cells to the right of a label up to the next label of the row."""
        found: list[Block] = []
        ended_at = 63
        for other in table.beside(block):
            if other.column >= ended_at:
                continue
            if kinds[id(other)] in (_LABEL, _HEADING) and (found or other.row == block.row):
                if not found and kinds[id(other)] == _LABEL and other.row == block.row and table.beside(other):
                    return []
                if self._is_same_label(block, other):
                    found.append(other)
                    continue
                ended_at = min(ended_at, other.column)
                continue
            found.append(other)
        return [other for other in found if other.column < ended_at]

    def _is_same_label(self, block: Block, other: Block) -> bool:
        return compact(block.text) == compact(other.text)

    def _is_only_help(self, block: Block, written: Sequence[Block], pairs: int) -> bool:
        """Whether what follows the label in its own cell is help, and the answer stands beside."""
        first = _first(block)
        candidate = self._places.finder.find(first) if first else None
        if first is None or candidate is None or self._labels_in(block) > 1:
            return False
        if written:
            return not (candidate.rest and pairs < _SEVERAL)
        rest = _rest(block, first)
        return bool(rest) and not candidate.rest and pairs >= _SEVERAL and all(_is_help(line) for line in rest)

    def _read_beside(self, table: Table, block: Block, right: Sequence[Block], written: Sequence[Block]) -> None:
        candidate = self._candidate(block)
        target = candidate.match.targets[0]
        if target.sub is not None and len(written) > 1 and len(right) > 1:
            for record, answer in enumerate(sorted(right, key=lambda other: other.column)):
                self._add(block, candidate, answer.items, table=table.number, record=record)
            return
        chosen = self._answer_cells(table, right, written)
        items = [item for answer in chosen for item in answer.items]
        if len(chosen) > 1 and all(is_mark(answer.text) or not answer.text for answer in right):
            items = list(self._marked(table, right))
            chosen = [right[0]]
        place = self._add(block, candidate, items, table=table.number)
        if len(chosen) > 1 and not (target.asked.choices or target.asked.type.json == "boolean" or target.asked.type.shape == "list"):
            place.doubts.add("several cells")

    def _answer_cells(self, table: Table, right: Sequence[Block], written: Sequence[Block]) -> Sequence[Block]:
        """Of several cells the one under a heading that says "answer", or those that are not under one that says "help"."""
        if len(right) < 2:
            return right
        words = reading_rules()
        heads = {block.column: " ".join(block.text.casefold().split()).strip(" :") for block in table.rows[0]}
        named = [block for block in right if heads.get(block.column) in words.answer_words]
        left = [block for block in right if heads.get(block.column) not in words.help_words]
        return named or [block for block in left if block in written] or left[:1] or right[:1]

    def _marked(self, table: Table, right: Sequence[Block]) -> list[Line]:
        """Crosses in columns named for the choices, as ticked boxes beside their names."""
        heads = {block.column: block.text for block in table.rows[0]}
        return [Line(f"{'☒' if block.text.strip() not in ('', '☐') else '☐'} {heads.get(block.column, '')}") for block in right]

    def _read_below(self, table: Table, block: Block, kinds: dict[int, str], done: set[int]) -> None:
        """A label with no cell beside: the answer is the row below, when that is no label itself."""
        candidate = self._candidate(block)
        items: list[Item] = []
        below = table.below(block)
        last_in_row = not table.beside(block)
        if below is not None and last_in_row and kinds[id(below)] in (_OTHER, _EMPTY):
            row = next(row for row in table.rows if below in row)
            answers = [other for other in row if other.column >= block.column]
            if all(kinds[id(other)] in (_OTHER, _EMPTY) for other in answers):
                items = [item for answer in answers for item in answer.items]
                done |= {id(answer) for answer in answers}
        self._add(block, candidate, items, table=table.number)

    def _candidate(self, block: Block) -> Candidate:
        first = _first(block)
        candidate = self._places.finder.find(first) if first else None
        if candidate is None:
            raise LookupError("a cell that holds a label has none")
        return candidate

    def _add(self, block: Block, candidate: Candidate, items: Sequence[Item], *, table: int, record: int | None = None) -> Place:
        first = _first(block)
        place = Place(
            replace(candidate, rest=""), candidate.match.targets[0], TABLE_STRENGTH, first or Line(""), list(items), table, record, in_stream=False
        )
        self._places.add(place)
        return place


def _first(block: Block) -> Line | None:
    return next((item for item in block.items if isinstance(item, Line) and item.text.strip()), None)


def _rest(block: Block, first: Line | None) -> list[Line]:
    """The lines with text after the first."""
    lines = [item for item in block.items if isinstance(item, Line) and item.text.strip()]
    return [line for line in lines if line is not first]


def _is_help(line: Line) -> bool:
    text = line.text.strip()
    return line.faint or (text.startswith("(") and text.endswith(")"))
