"""Which lines of a document are the labels of a form, and what stands as the answer to each.

People write what looks like a label into an answer, too. So a label is believed for how it stands there: in a table for its cell; in
running text for standing out at least as far as the label whose answer it would end, and for coming in the order of the form.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final

from services.shared.form_lines import Line
from services.shared.forms.label_candidates import ALIKE, CAPITALS, HEADING, PLAIN, STRONG, Candidate, Finder, stands_out, traits_of
from services.shared.forms.label_index import FULL, LIKE
from services.shared.forms.label_place import TABLE_STRENGTH, Place
from services.shared.forms.label_tables import TableReader
from services.shared.forms.label_words import reading_rules, spaced
from services.shared.forms.layout import Item, Layout, Table
from services.shared.forms.ticks import choice_of, split_marks

_SEVERAL: Final = 3
_MANY: Final = 6
_NEARLY_ALL: Final = 0.75
_SHORT_LINE: Final = 120
_LONGEST_LABEL: Final = 250
_NEXT_LABEL: Final = re.compile(r"(?:\t{1,40}+|\s{3,40}+|\s{1,40}+\|\s{1,40}+|[,;]\s{1,40}+)(?=[^\t:|]{2,80}:)")
_ENDS_WITH_NUMBER: Final = re.compile(r"[\s#]([0-9]{1,2})\W*$")


@dataclass(slots=True)
class _Stream:
    """Events of a stretch of running text: a label, a line or table of an answer, or an end (None)."""

    events: list[Place | Item | None] = field(default_factory=list)


class Places:
    """Finds the labels of a form in a document."""

    def __init__(self, finder: Finder, layout: Layout) -> None:
        self.found: list[Place] = []
        self._finder = finder
        self._streams: list[_Stream] = []
        self._kinds = self._count_kinds(layout.body)
        if self._is_bold_text(layout.body):
            finder.take_bold_for_text()
            self._kinds = self._count_kinds(layout.body)
        finder.expect(self._habits(layout.body))
        self._tables = TableReader(self, layout.body)
        self._headings = 0
        for items in (layout.body, *layout.asides):
            self.read_stream(items)

    @property
    def finder(self) -> Finder:
        """What looks labels up."""
        return self._finder

    def add(self, place: Place) -> None:
        """A label that stands somewhere."""
        place.headings_before = self._headings
        self.found.append(place)

    def read_stream(self, items: Sequence[Item]) -> None:
        """Running text with tables in their places."""
        stream = _Stream()
        self._streams.append(stream)
        owner: Place | None = None
        parted = list(self._parted(items))
        for item, following in zip_longest(parted, parted[1:]):
            if isinstance(item, Line) and reading_rules().page_number.match(item.text):
                continue
            if isinstance(item, Table):
                if owner is not None and self._is_framed_answer(item, owner, stream):
                    stream.events.append(item)
                elif self._tables.read(item):
                    owner = None
                    stream.events.append(None)
                else:
                    stream.events.append(item)
                continue
            owner = self._line(stream, item, owner, following)

    def _is_framed_answer(self, table: Table, owner: Place, stream: _Stream) -> bool:
        """Whether a table of one cell straight below a label is the frame around its answer, whatever that reads like."""
        if not table.is_frame or owner.candidate.match.heading or _holds_text(stream.events):
            return False
        found = (self._finder.find(line) for line in table.lines())
        return len({each.match.targets[0].name for each in found if each is not None and not each.is_heading}) < _SEVERAL

    def _line(self, stream: _Stream, line: Line, owner: Place | None, following: Item | None) -> Place | None:
        """One line of running text; the label whose answer comes next."""
        candidate = self._candidate(line, owner)
        if owner is not None and _is_choice_of(owner, line) and not _is_label_too(candidate, owner, following):
            stream.events.append(line)
            return owner
        boxed = candidate is not None and _has_boxes(candidate, following)
        if candidate is not None and candidate.is_heading:
            if owner is None or candidate.strength >= min(owner.strength - ALIKE, STRONG):
                if owner is not None and owner.is_open and candidate.strength < CAPITALS and _holds_text(stream.events):
                    owner.doubts.add("heading")
                self._stop(stream, line)
                return None
            candidate = None
        if candidate is not None and (owner is None or boxed or self._begins_anew(candidate, owner, stream)):
            place = Place(candidate, candidate.match.targets[0], candidate.strength, line, inside=None if boxed else owner)
            self.add(place)
            stream.events.append(place)
            return place
        if candidate is None and owner is not None and self._ends_answer(line, owner, stream):
            self._stop(stream, line)
            return None
        if owner is None and _ENDS_WITH_NUMBER.search(line.text) and stands_out(line):
            self._headings += 1
        stream.events.append(line)
        return owner

    def _stop(self, stream: _Stream, line: Line) -> None:
        if _ENDS_WITH_NUMBER.search(line.text):
            self._headings += 1
        stream.events.append(None)

    def _candidate(self, line: Line, owner: Place | None) -> Candidate | None:
        candidate = self._finder.find(line)
        if candidate is not None or not line.text.strip():
            return candidate
        looks_like_label = self._finder.stands_out(line) or 0 < line.strong < len(line.text) or line.text.rstrip().endswith((":", "?"))
        if not looks_like_label and (owner is not None or len(line.text) > _SHORT_LINE):
            return None
        return self._finder.find_like(line)

    def _begins_anew(self, candidate: Candidate, owner: Place, stream: _Stream) -> bool:
        """Whether a label-like line is a label of the form, and not a part of the answer to ``owner``."""
        if owner.candidate.match.heading and not _holds_text(stream.events):
            return True  # a heading of the form that reads like the one question below it
        if candidate.strength >= owner.strength - ALIKE:
            is_label = candidate.match.fit > LIKE or candidate.strength >= owner.strength
            owner.doubts |= set() if is_label else {"heading"}
            return is_label
        if owner.target.sub is None and owner.target.field.fields:
            return True
        answered = bool(owner.candidate.rest) or _holds_text(stream.events)
        several = self._kinds[_kind(candidate.strength)] >= _SEVERAL
        if not owner.is_open:
            return several or answered
        owner.doubts.add("heading" if candidate.match.heading else "inside:" + "/".join(candidate.match.targets[0].name))
        return False

    def _ends_answer(self, line: Line, owner: Place, stream: _Stream) -> bool:
        """Whether a line that is no label we know ends the answer to ``owner``: an unknown question or a heading between."""
        strength = self._finder.stands_out(line)
        if not strength:
            if spaced(line.text) in reading_rules().closings:
                owner.doubts.add("closing")
                return True
            if owner.strength <= PLAIN + ALIKE and _looks_like_question(line) and _holds_text(stream.events):
                owner.doubts.add("question")
            return False
        if line.level == 0 and self._kinds[_kind(STRONG)] < _SEVERAL:
            return False  # labels do not stand out here: it is an answer that does
        if strength < owner.strength - ALIKE:
            owner.doubts.add("heading")
            return False
        if line.level == 0 and not bool(owner.candidate.rest) and not _holds_text(stream.events) and not _looks_like_question(line):
            owner.doubts.add("heading")
            return False
        if line.level == 0 and owner.is_open and not _looks_like_question(line):
            owner.doubts.add("heading")
        return True

    def joined(self, items: Sequence[Item], *, most: int = 10**6) -> list[Item]:
        """The items, with labels that go over two or three lines on one; only at the first ``most`` lines."""
        found: list[Item] = []
        number = 0
        while number < len(items):
            item = items[number]
            number += 1
            if isinstance(item, Line) and most > 0 and item.text.strip():
                most -= 1
                for length in (1, 2):
                    together = [item, *(other for other in items[number : number + length] if isinstance(other, Line) and other.text.strip())]
                    if len(together) == length + 1 and (line := self._joined_line(together)) is not None:
                        item = line
                        number += length
                        break
            found.append(item)
        return found

    def _joined_line(self, lines: Sequence[Line]) -> Line | None:
        """Several lines as one, when only together they are a label."""
        text = " ".join(line.text.strip() for line in lines)
        first = self._finder.find(lines[0])
        opens = lines[-1].text.lstrip().startswith("(")
        if len(text) > _LONGEST_LABEL or (first is not None and not opens) or any(self._finder.find(line) is not None for line in lines[1:]):
            return None
        line = replace(lines[0], text=text, strong=len(text) if lines[0].strong >= len(lines[0].text.rstrip()) > 0 else 0, notes=lines[-1].notes)
        found = self._finder.find(line)
        return line if found is not None and found.whole and found.match.fit == FULL and (first is None or first.match.fit < FULL or opens) else None

    def _parted(self, items: Sequence[Item]) -> Iterator[Item]:
        """The items, with lines that hold several labels parted before each: ``Telefon: 22 00 00 00, E-post: kari@eksempel.no``."""
        for item in self.joined(items):
            if isinstance(item, Table):
                yield item
                continue
            line: Line | None = item
            while line is not None:
                first, line = self._split(line)
                yield first

    def _split(self, line: Line) -> tuple[Line, Line | None]:
        candidate = self._finder.find(line)
        if candidate is None or not candidate.rest or candidate.is_heading or candidate.match.targets[0].asked.type_name == "long_text":
            return line, None
        start = len(line.text) - len(line.text.lstrip()) + len(candidate.label)
        for found in _NEXT_LABEL.finditer(line.text, start):
            end = found.end()
            second = line.part(end, len(line.text))
            following = self._finder.find(second)
            if following is not None and following.match.fit == FULL and not following.is_heading:
                return line.part(0, found.start()), second
        return line, None

    def _count_kinds(self, items: Sequence[Item]) -> Counter[int]:
        """How many fields have a label of each kind in running text."""
        names: dict[int, set[tuple[str, str]]] = {}
        for item in items:
            if isinstance(item, Line) and (found := self._finder.find(item)) and not found.is_heading and found.match.fit == FULL:
                names.setdefault(_kind(found.strength), set()).add(found.match.targets[0].name)
        return Counter({kind: len(found) for kind, found in names.items()})

    def _habits(self, items: Sequence[Item]) -> dict[str, bool]:
        """What nearly all plain labels of this document have in common, or none of them has: a line that differs is likely a part of an answer."""
        seen: dict[str, dict[tuple[str, str], bool]] = {}
        for item in items:
            if not isinstance(item, Line) or (found := self._finder.find(item)) is None:
                continue
            if not found.is_heading and found.match.fit == FULL and _kind(found.strength) == PLAIN:
                for trait, has_it in traits_of(item, found.label).items():
                    seen.setdefault(trait, {}).setdefault(found.match.targets[0].name, has_it)
        habits: dict[str, bool] = {}
        for trait, names in seen.items():
            share = sum(names.values()) / len(names)
            if len(names) >= _MANY and not 1 - _NEARLY_ALL < share < _NEARLY_ALL:
                habits[trait] = share >= _NEARLY_ALL
        return habits

    def _is_bold_text(self, items: Sequence[Item]) -> bool:
        """Whether it is the answers that are bold here, and the labels plain."""
        bold = [item for item in items if isinstance(item, Line) and not item.level and stands_out(item) >= STRONG]
        unknown = sum(self._finder.find(line) is None for line in bold)
        return unknown >= _SEVERAL and unknown > 2 * self._kinds[STRONG] and self._kinds[PLAIN] > self._kinds[STRONG]

    def close(self) -> None:
        """Give each label that was kept what follows it in running text; what was no label after all is text."""
        for place in self.found:
            if place.in_stream:
                place.answer.clear()
        for stream in self._streams:
            owner: Place | None = None
            for event in stream.events:
                if isinstance(event, Place) and event.kept:
                    owner = event
                elif event is None or (isinstance(event, Place) and (event.strength >= STRONG or event.candidate.match.heading)):
                    if owner is not None and event is not None and event.strength < CAPITALS and owner.is_open and owner.has_answer:
                        owner.doubts.add("heading")
                    owner = None
                elif owner is not None:
                    owner.answer.append(event.line if isinstance(event, Place) else event)


def _is_choice_of(owner: Place, line: Line) -> bool:
    """Whether a line is one of the choices the question before it gives."""
    asked = owner.target.asked
    return bool(asked.choices or asked.type.json == "boolean") and choice_of(asked, line.text) is not None


def _is_label_too(candidate: Candidate | None, owner: Place, following: Item | None) -> bool:
    """Whether a line that is a choice of the question before it is the next label: it stands out, and no further choice comes after it."""
    if candidate is None or candidate.strength < min(owner.strength, STRONG):
        return False
    is_in_list = isinstance(following, Line) and _is_choice_of(owner, following)
    return candidate.strength > owner.strength or (candidate.strength >= STRONG and not is_in_list)


def _has_boxes(candidate: Candidate, following: Item | None) -> bool:
    """Whether boxes with its choices stand beside a label, or straight below: no text of an answer has them."""
    below = following.text if isinstance(following, Line) and candidate.whole else ""
    boxes = [(target.asked, split_marks(target.asked, candidate.rest or below)) for target in candidate.match.targets[:1]]
    return any(any(choice_of(asked, words) is not None for _, words in found) for asked, found in boxes)


def _kind(strength: int) -> int:
    """Labels of one kind: headings, what stands out, plain text."""
    return HEADING if strength > TABLE_STRENGTH else STRONG if strength >= STRONG - ALIKE else PLAIN


def _holds_text(events: Sequence[Place | Item | None]) -> bool:
    """Whether text stands since the last label."""
    for event in reversed(events):
        if event is None or isinstance(event, Place):
            return isinstance(event, Place) and bool(event.candidate.rest)
        if isinstance(event, Table) or event.text.strip():
            return True
    return False


def _looks_like_question(line: Line) -> bool:
    text = line.text.strip()
    return len(text) <= _SHORT_LINE and text.endswith((":", "?"))
