"""Labels in tables: the answer stands in the cell beside, in the cell below, or in the label's own cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.shared.form_lines import Line
from services.shared.forms.label_candidates import ALIKE, Candidate
from services.shared.forms.label_place import TABLE_STRENGTH, Place
from services.shared.forms.label_words import reading_rules
from services.shared.forms.layout import Block, Item, Table
from services.shared.forms.ticks import is_choice_line, is_mark

if TYPE_CHECKING:
    from services.shared.forms.label_places import Places

_LABEL, _OWN, _HEADING, _EMPTY, _OTHER = "label", "own", "heading", "empty", "other"
_SEVERAL: Final = 2
_MANY: Final = 0.4
_FEW_ROWS: Final = 3
_REMARKS: Final = 2
_LONGEST_HELP: Final = 400


class TableReader:
    """Reads tables for the labels in them. See `services.shared.forms.label_places`."""

    def __init__(self, places: Places, body: Sequence[Item]) -> None:
        self._places = places
        self._all = [item for item in body if isinstance(item, Table)]
        self._by_columns = False
        self._own_share = 0.0
        self._heads: dict[int, str] = {}
        self._main: int | None = None

    def read(self, table: Table) -> bool:
        """Find the labels of a table and their answers; False when it has none and is a part of what stands around it."""
        for block in (block for row in table.rows for block in row):
            block.items = self._places.joined(block.items, most=1)
        kinds = {id(block): self._kind(block) for row in table.rows for block in row}
        kinds |= {id(block): _HEADING for row in table.rows for block in row if self._is_heading_over_questions(table, block, kinds)}
        if self._helped_over_answers:
            kinds |= {id(block): _LABEL for block, _ in self._over_answers(table, kinds)}
        self._own_share = _own_share(kinds) if len(table.rows) > _FEW_ROWS else self._own_share_of_all
        if not any(kind in (_LABEL, _OWN) for kind in kinds.values()):
            return self._read_inside(table, kinds)
        headers = {index for index in range(len(table.rows)) if self._is_header(table, index, kinds)}
        self._heads = self._heads_of(table, kinds)
        if not headers:
            self._forget_labels_in_answers(table, kinds)
        pairs = sum(self._is_pair(row, kinds) for row in table.rows)
        self._main = self._main_column(table, kinds)
        self._by_columns = self._has_a_column_for_each_record(table, kinds)
        done: set[int] = set()
        for index, row in enumerate(table.rows):
            if all(id(block) in done for block in row):
                continue
            if index in headers:
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

    def _forget_labels_in_answers(self, table: Table, kinds: dict[int, str]) -> None:
        """Right of a label stands its answer, whatever it reads like, unless most of that column are labels with answers of their own."""
        columns: dict[int, list[str]] = {}
        last = {row[-1].column for row in table.rows}
        for row in table.rows:
            for block in row:
                if kinds[id(block)] != _EMPTY:
                    columns.setdefault(block.column, []).append(kinds[id(block)])
        own = _own_beside(table, kinds) or self._own_beside
        labels = {column for column, found in columns.items() if sum(kind in (_LABEL, _OWN) for kind in found) >= len(found) / 2}
        labels = {column for column in labels if column == min(columns) or own > 0 or column not in last}
        labels = {column for column in labels if self._heads.get(column) == self._heads.get(min(labels))}
        for row in table.rows:
            follows = False
            for block in row:
                if follows and block.column not in labels and kinds[id(block)] in (_LABEL, _OWN, _HEADING):
                    kinds[id(block)] = _OTHER
                follows = follows or kinds[id(block)] in (_LABEL, _OWN)

    @cached_property
    def _own_beside(self) -> int:
        """See `_own_beside`: of all tables, for one that does not say itself."""
        return sum(_own_beside(table, kinds) for table, kinds in self._kinds_of_all)

    @cached_property
    def _kinds_of_all(self) -> list[tuple[Table, dict[int, str]]]:
        """All tables of the text with the kinds of their cells: what one is too small to say itself the others say."""
        return [(table, {id(block): self._kind(block) for row in table.rows for block in row}) for table in self._all]

    @cached_property
    def _helped_over_answers(self) -> bool:
        """Whether labels with help in their own cell have their answers in the cell below, here as in any other table."""
        below = Counter(kind for table, kinds in self._kinds_of_all for _, kind in self._over_answers(table, kinds))
        return below[_OTHER] > below[_LABEL] + below[_OWN]

    @cached_property
    def _own_share_of_all(self) -> float:
        """See `_own_share`: of all tables, for one too small to say itself."""
        all_kinds: dict[int, str] = {}
        for table, kinds in self._kinds_of_all:
            over = self._over_answers(table, kinds) if self._helped_over_answers else []
            all_kinds |= kinds | {id(block): _LABEL for block, _ in over}
        return _own_share(all_kinds)

    def _over_answers(self, table: Table, kinds: dict[int, str]) -> list[tuple[Block, str]]:
        """The cells that hold a label and help and nothing else, alone in their row over another cell; and of what kind that is."""
        found: list[tuple[Block, str]] = []
        for row in table.rows:
            block, below = row[0], table.below(row[0])
            if len(row) > 1 or below is None or kinds[id(block)] != _OWN or kinds[id(below)] == _HEADING:
                continue
            first = _first(block)
            rest = _rest(block, first)
            if self._labels_in(block) == 1 and not self._candidate(block).rest and rest and all(_is_help(line) for line in rest):
                found.append((block, kinds[id(below)]))
        return found

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

    def _is_heading_over_questions(self, table: Table, block: Block, kinds: dict[int, str]) -> bool:
        """Whether a heading of the form that reads like a question stands down the side of questions, perhaps of just that one."""
        if kinds[id(block)] != _LABEL or not self._candidate(block).match.heading:
            return False
        right = [other for other in table.beside(block) if other.row == block.row]
        if not right or kinds[id(right[0])] not in (_LABEL, _OWN):
            return False
        if block.bottom - block.row > 1:
            return True
        is_same = self._candidate(right[0]).match.targets[0].name == self._candidate(block).match.targets[0].name
        return is_same and kinds[id(right[0])] == _LABEL and len(right) > 1  # else it is the answer, which begins so

    def _is_pair(self, row: Sequence[Block], kinds: dict[int, str]) -> bool:
        """Whether a label and an answer stand side by side in this row."""
        return any(kinds[id(left)] in (_LABEL, _OWN) and kinds[id(right)] == _OTHER and left.end == right.column for left, right in pairwise(row))

    def _heads_of(self, table: Table, kinds: dict[int, str]) -> dict[int, str]:
        """The texts over the columns, when the first row is one of heads and not of a label and its answer."""
        first = table.rows[0]
        is_heads = len(first) > 1 and not any(kinds[id(block)] in (_LABEL, _OWN) for block in first)
        return {block.column: block.text for block in first if block.text} if is_heads else {}

    def _main_column(self, table: Table, kinds: dict[int, str]) -> int | None:
        """Of several columns of answers the one in which by far most are written: in the others stand remarks."""
        counts: Counter[int] = Counter()
        for row in table.rows:
            label = next((block for block in row if kinds[id(block)] in (_LABEL, _OWN)), None)
            right = self._answers_beside(table, label, kinds) if label is not None else []
            counts.update(block.column for block in right if len(right) > 1 and kinds[id(block)] != _EMPTY)
        (column, most), (_, next_most) = [*counts.most_common(2), (None, 0), (None, 0)][:2]
        return column if most >= _REMARKS * max(next_most, 1) else None

    def _has_a_column_for_each_record(self, table: Table, kinds: dict[int, str]) -> bool:
        """Whether the labels of a group stand in the first column, and each further column is a row of the group."""
        for row in table.rows:
            if kinds[id(row[0])] in (_LABEL, _OWN) and self._candidate(row[0]).match.targets[0].sub is not None:
                right = self._answers_beside(table, row[0], kinds)
                written = [block for block in right if kinds[id(block)] != _EMPTY]
                if len(written) > 1 and len(self._answer_cells(right, written)) > 1:
                    return True
        return False

    def _is_header(self, table: Table, index: int, kinds: dict[int, str]) -> bool:
        """A row of labels with their answers in the rows below."""
        row = table.rows[index]
        labels = [block for block in row if kinds[id(block)] == _LABEL]
        others = [block for block in row if kinds[id(block)] in (_OTHER, _OWN)]
        if len(labels) < _SEVERAL or len(others) > 1 or (others and others[0] is not row[0]) or index + 1 >= len(table.rows):
            return False
        below = [(label, block) for label in labels if (block := table.below(label)) is not None]
        answers = [block for label, block in below if kinds[id(block)] in (_OTHER, _EMPTY) or self._stands_out_less(block, self._candidate(label))]
        return len(below) >= _SEVERAL and len(answers) > len(below) / 2

    def _read_header(self, table: Table, index: int, kinds: dict[int, str], done: set[int]) -> None:
        labels = [block for block in table.rows[index] if kinds[id(block)] == _LABEL]
        candidates = [self._candidate(label) for label in labels]
        groups = {candidate.match.targets[0].field.key for candidate in candidates if candidate.match.targets[0].sub}
        in_group = len(groups) == 1
        below = table.rows[index + 1 :]
        several = self._rows_below(below, kinds) > 1
        for record, row in enumerate(below):
            if (record and not in_group) or self._ends_header(row, kinds):
                break
            done |= {id(block) for block in row}
            for label, candidate in zip(labels, candidates, strict=True):
                answer = next((block for block in row if block.column <= label.column < block.end), None)
                self._add(label, candidate, answer.items if answer else [], table=table.number, record=record if in_group and several else None)

    def _ends_header(self, row: Sequence[Block], kinds: dict[int, str]) -> bool:
        """Whether a row is no more one of answers: it holds labels, or one label alone, or a heading."""
        found = [kinds[id(block)] for block in row]
        alone = found[0] == _LABEL and all(kind == _EMPTY for kind in found[1:])
        return found.count(_LABEL) >= _SEVERAL or alone or (found[0] == _HEADING and len(row) == 1)

    def _rows_below(self, rows: Sequence[Sequence[Block]], kinds: dict[int, str]) -> int:
        """How many rows of answers follow under a row of labels."""
        return next((number for number, row in enumerate(rows) if self._ends_header(row, kinds)), len(rows))

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
            if kind == _OTHER and self._holds_table(block):
                self._places.read_stream(block.items)
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
            if right and (pairs or written or not self._is_answered_below(table, block, kinds)):
                self._read_beside(table, block, right, written)
                done |= {id(answer) for answer in right}
                position = next((n for n, each in enumerate(blocks) if n >= position and id(each) not in done), len(blocks))
            elif position > 1 and is_mark(blocks[position - 2].text):
                self._add(block, self._candidate(block), blocks[position - 2].items, table=table.number)
            else:
                self._read_below(table, block, kinds, done)

    def _answers_beside(self, table: Table, block: Block, kinds: dict[int, str]) -> list[Block]:
        """The cells to the right of a label up to the next label of the row."""
        beside = table.beside(block)
        ends = [other.column for other in beside if other.row == block.row and kinds[id(other)] in (_LABEL, _OWN, _HEADING)]
        return [other for other in beside if other.column < min(ends, default=64)]

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
        chosen = self._answer_cells(right, written)
        if target.sub is not None and self._by_columns and len(right) > 1:
            for record, answer in enumerate(sorted(right, key=lambda other: other.column)):
                self._add(block, candidate, answer.items, table=table.number, record=record)
            return
        items = [item for answer in chosen for item in answer.items]
        if len(right) > 1 and written and self._heads and all(is_mark(other.text) for other in written):
            items = list(self._marked(right))
            written, chosen = [], [right[0]]
        place = self._add(block, candidate, items, table=table.number)
        if self._main is not None and len(right) > 1 and any(answer.column != self._main for answer in written):
            place.doubts.add("remarks")
        if len(chosen) > 1 and not (target.asked.choices or target.asked.type.json == "boolean"):
            place.doubts.add("several cells")
        if any((line := _first(answer)) is not None and self._places.finder.find(line) is not None for answer in chosen):
            place.doubts.add("another label")

    def _answer_cells(self, right: Sequence[Block], written: Sequence[Block]) -> Sequence[Block]:
        """Of several cells the one under a heading that says "answer", or those that are not under one that says "help"."""
        if len(right) < 2:
            return right
        words = reading_rules()
        heads = {column: " ".join(text.casefold().split()).strip(" :") for column, text in self._heads.items()}
        named = [block for block in right if heads.get(block.column) in words.answer_words]
        left = [block for block in right if heads.get(block.column) not in words.help_words]
        main = [block for block in left if block in written and block.column == self._main]
        return named or main or [block for block in left if block in written] or left[:1] or right[:1]

    def _marked(self, right: Sequence[Block]) -> list[Line]:
        """Crosses in columns named for the choices, as ticked boxes beside their names."""
        return [Line(f"{'☒' if block.text.strip() not in ('', '☐') else '☐'} {self._heads.get(block.column, '')}") for block in right]

    def _read_below(self, table: Table, block: Block, kinds: dict[int, str], done: set[int]) -> None:
        """A label with no cell beside: the answer is the row below, when that is no label itself."""
        candidate = self._candidate(block)
        items: list[Item] = []
        below = table.below(block)
        last_in_row = all(kinds[id(other)] == _EMPTY for other in table.beside(block))
        if below is not None and last_in_row:
            answers = [other for other in row_of(table, below) if other.column >= block.column]
            has_questions = len(answers) > 1 and any(kinds[id(other)] in (_LABEL, _OWN) for other in answers)
            if candidate.match.heading and (has_questions or any(self._holds_table(other) for other in answers)):
                return  # a heading that reads like a question, over questions with answers of their own
            if all(kinds[id(other)] in (_OTHER, _EMPTY) or self._stands_out_less(other, candidate) for other in answers):
                for answer in (*answers, *self._more_choices(table, answers, candidate)):
                    items += answer.items
                    done.add(id(answer))
        self._add(block, candidate, items, table=table.number)

    def _more_choices(self, table: Table, answers: Sequence[Block], candidate: Candidate) -> Iterator[Block]:
        """The cells of the rows below a row of choices that hold further choices of the same question."""
        asked = candidate.match.targets[0].asked
        for row in table.rows[table.rows.index(row_of(table, answers[0])) + 1 :]:
            written = [block for block in row if block.text]
            if not asked.choices or not written or not all(is_choice_line(asked, block.text) for block in written):
                return
            yield from row

    def _is_answered_below(self, table: Table, block: Block, kinds: dict[int, str]) -> bool:
        """Whether text stands in the cell below a label: in a table where no answer stands beside its label, it is the answer."""
        below = table.below(block)
        return below is not None and kinds[id(below)] == _OTHER

    def _stands_out_less(self, block: Block, label: Candidate) -> bool:
        """Whether a cell begins with what reads like a label, but does not look like this one."""
        first = _first(block)
        found = self._places.finder.find(first) if first else None
        if found is None:
            return False
        return found.strength < label.strength - ALIKE or (label.whole and not found.whole and self._own_share < _MANY)

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


def row_of(table: Table, block: Block) -> list[Block]:
    """The row in which a cell begins."""
    return next(row for row in table.rows if row[0].row == block.row)


def _own_share(kinds: dict[int, str]) -> float:
    """How many of the cells with a label hold its answer, too."""
    found = list(kinds.values())
    labels = found.count(_OWN) + found.count(_LABEL)
    return found.count(_OWN) / labels if labels else 0.0


def _own_beside(table: Table, kinds: dict[int, str]) -> int:
    """How many cells with a label and its answer stand beside another label, less the labels with an answer beside."""
    found = 0
    for row in table.rows:
        for left, right in pairwise([block for block in row if kinds[id(block)] != _EMPTY]):
            found += kinds[id(left)] == _OWN and kinds[id(right)] in (_OWN, _LABEL)
            found -= kinds[id(left)] == _LABEL and kinds[id(right)] == _OTHER
    return found


def _first(block: Block) -> Line | None:
    return next((item for item in block.items if isinstance(item, Line) and item.text.strip()), None)


def _rest(block: Block, first: Line | None) -> list[Line]:
    """The lines with text after the first."""
    lines = [item for item in block.items if isinstance(item, Line) and item.text.strip()]
    return [line for line in lines if line is not first]


def _is_help(line: Line) -> bool:
    text = line.text.strip()
    return line.faint or (text.startswith("(") and text.endswith(")"))
