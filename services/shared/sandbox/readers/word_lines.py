"""The lines of a Word document as they stand on paper: paragraphs with how they look, where in a table they stand and which content
controls are in them. Deleted, hidden and crossed-out text is left out; inserted text is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lxml import etree

from services.shared.sandbox.readers import word_marks
from services.shared.sandbox.readers.word_styles import NO_STYLE, PLAIN, Look, Style, look_of, outline_level
from services.shared.sandbox.readers.xml import children_of, said_in

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKUP = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_VALUE = f"{_W}val"
_OFF = ("0", "false", "off")

_THROUGH = {f"{_W}{name}" for name in ("ins", "moveTo", "customXml", "smartTag", "hyperlink", "fldSimple", "dir", "bdo")} | {
    f"{_MARKUP}AlternateContent",
    f"{_MARKUP}Choice",
}
"""Elements that only stand around what they hold."""
_HOLD_BLOCKS = {f"{_W}{name}" for name in ("footnote", "endnote", "tr", "tc")}
_DRAWN = {f"{_W}drawing", f"{_W}pict", f"{_W}object", f"{_MARKUP}AlternateContent"}
_BREAKS = {f"{_W}tab": "\t", f"{_W}ptab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_NOTES = {f"{_W}footnoteReference": "footnote", f"{_W}endnoteReference": "endnote"}
_PARAGRAPH, _TABLE, _ROW, _CELL = f"{_W}p", f"{_W}tbl", f"{_W}tr", f"{_W}tc"
_MOST_IN_NOTE, _MOST_IN_CONTROL = 20_000, 1_000_000
_PARAGRAPH_PROPERTIES, _RUN_PROPERTIES, _ROW_PROPERTIES, _CELL_PROPERTIES, _CONTROL_PROPERTIES = (
    f"{_W}{name}Pr" for name in ("p", "r", "tr", "tc", "sdt")
)
_PARAGRAPH_STYLE, _OUTLINE, _NUMBERED = (f"{_W}{name}" for name in ("pStyle", "outlineLvl", "numPr"))
_SPAN, _BEFORE, _MERGED_ACROSS, _MERGED_DOWN, _DELETED = (f"{_W}{name}" for name in ("gridSpan", "gridBefore", "hMerge", "vMerge", "del"))
_CONTENT, _TAG, _PLACEHOLDER = (f"{_W}{name}" for name in ("sdtContent", "tag", "showingPlcHdr"))
_MARKS = ("item", "struck", "aside", "controls", "notes")
_SEVERAL = 3
_RUN, _TEXT, _CONTROL, _BOX, _LINK = f"{_W}r", f"{_W}t", f"{_W}sdt", f"{_W}txbxContent", f"{_W}hyperlink"


@dataclass(slots=True)
class Place:
    """A cell of a table's grid; it grows while cells below or beside it are merged into it."""

    table: int
    row: int
    column: int
    height: int = 1
    width: int = 1


@dataclass(slots=True)
class Paragraph:
    """A paragraph while it is read. See `services.shared.form_lines.Line`."""

    flow: int
    outside: int
    place: Place | None
    aside: bool
    level: int = 0
    item: bool = False
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    strong: int = 0
    bold: int = 0
    all_strong: bool = True
    all_bold: bool = True
    seen: bool = False
    lettered: bool = False
    faint_from: int = -1
    plain_seen: bool = False
    struck: bool = False
    controls: list[tuple[str, int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    marked: list[list[int]] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)

    def add(self, text: str, look: Look) -> None:
        """Text at the end, looking so."""
        if look.hidden:
            return
        if look.struck and text.strip():
            self.struck = True
            return
        self.pieces.append(text)
        self.length += len(text)
        if text.strip():
            self.seen = True
            leads = False
            if not self.lettered:
                leads = not (text[0].isalpha() or any(map(str.isalpha, text)))  # a number before what stands out
                self.lettered = not leads
            if look is PLAIN:  # as most text is
                self.plain_seen = True
                self.faint_from = -1
                self.all_bold, self.all_strong = self.all_bold and leads, self.all_strong and leads
                return
            self.plain_seen = self.plain_seen or not look.faint
            self.faint_from = -1 if not look.faint else self.length - len(text) if self.faint_from < 0 else self.faint_from
            self.all_bold = self.all_bold and bool(look.strong or leads)
            self.all_strong = self.all_strong and bool(look.strong or look.underlined or leads)
            if look.strong or look.underlined or look.marked:
                self._mark(self.length - len(text))
        if self.all_strong and (look.strong or look.underlined):
            self.strong = self.length
        if self.all_bold and look.strong:
            self.bold = self.length

    def _mark(self, start: int) -> None:
        """What was added from there on is set apart from the text around it."""
        if self.marked and self.marked[-1][1] == start:
            self.marked[-1][1] = self.length
        else:
            self.marked.append([start, self.length])

    def as_answer(self, *, underlined_is_strong: bool) -> dict[str, object]:
        """What crosses to the worker; what is as usual is left out."""
        said: dict[str, object] = {"text": "".join(self.pieces)}
        place = self.place
        if self.flow:
            said["flow"] = self.flow
            if self.outside:
                said["outside"] = self.outside
        if place is not None:
            said["cell"] = [place.table, place.row, place.column, place.height, place.width]
        if self.level:
            said["level"] = self.level
        if self.seen:
            if strong := self.strong if underlined_is_strong else self.bold:
                said["strong"] = strong
            if self.marked and (marked := [span for span in self.marked if span[0] or span[1] > strong]):
                said["marked"] = marked
            if not self.plain_seen:
                said["faint"] = True
            elif self.faint_from >= 0:
                said["faded"] = self.length - self.faint_from
        for mark in _MARKS:
            if getattr(self, mark):
                said[mark] = getattr(self, mark)
        return said


class _Within(NamedTuple):
    """Where in the document we are: the flow, the cell, and the content controls around. Made anew for each cell and control; ``_replace`` costs eight times as much."""

    flow: int
    place: Place | None
    aside: bool
    outside: int = 0
    tags: tuple[str, ...] = ()
    empty: bool = False


class Lines:
    """Reads parts of one document. Stops quietly at `most` characters or lines."""

    def __init__(self, styles: Mapping[str, Style], notes: Mapping[tuple[str, str], str], most: int) -> None:
        self.found: list[Paragraph] = []
        self._styles, self._notes, self._most = styles, notes, most
        self._flows = self._tables = 0
        self._open: Paragraph | None = None
        self._last_control = ""

    def read(self, root: etree._Element, *, aside: bool = False) -> None:
        """The lines of a part; `aside`: a header, footer or note."""
        body = root.find(f"{_W}body")
        self._blocks(root if body is None else body, _Within(self._next_flow() if aside else 0, None, aside))
        self._open = None

    @property
    def is_full(self) -> bool:
        """Whether it has stopped: what came later is not in ``found``."""
        return self._most <= 0

    def inline_text(self, container: etree._Element) -> str:
        """The text of runs that stand in no paragraph of their own."""
        paragraph = Paragraph(0, 0, None, aside=False)
        self._inline(container, _Within(0, None, aside=False), paragraph, PLAIN)
        return "".join(paragraph.pieces)

    def _next_flow(self) -> int:
        self._flows += 1
        return self._flows

    def _blocks(self, container: etree._Element, within: _Within) -> None:
        for element in container:
            if self._most <= 0:
                return
            tag = element.tag
            if tag == _PARAGRAPH:
                self._paragraph(element, within)
            elif tag == _TABLE:
                self._open = None
                self._table(element, within)
            elif tag == _CONTROL:
                content, inside = _control(element, within)
                if content is not None:
                    self._blocks(content, inside)
            elif tag in _THROUGH or tag in _HOLD_BLOCKS:
                self._blocks(element, within)

    def _table(self, table: etree._Element, within: _Within) -> None:
        self._tables += 1
        number, above = self._tables, dict[int, Place]()
        for index, (row, inside) in enumerate(_flattened(table, _ROW, within)):
            said = said_in(row, _ROW_PROPERTIES)
            if _DELETED in said:
                continue
            column = _number(said[_BEFORE], 0) if _BEFORE in said else 0
            last: Place | None = None
            for cell, around in _flattened(row, _CELL, inside):
                column, last = self._cell(cell, around, Place(number, index, column), above, last)

    def _cell(self, cell: etree._Element, within: _Within, place: Place, above: dict[int, Place], last: Place | None) -> tuple[int, Place]:
        """Read a cell; the column after it and the place it belongs to."""
        said = said_in(cell, _CELL_PROPERTIES)
        if _SPAN in said:
            place.width = _number(said[_SPAN], 1)
        after = place.column + place.width
        if _MERGED_ACROSS in said and _merged(said[_MERGED_ACROSS]) == "continue" and last is not None:
            last.width += place.width
            return after, last
        if _MERGED_DOWN in said and _merged(said[_MERGED_DOWN]) == "continue" and place.column in above:
            place_above = above[place.column]
            place_above.height = place.row - place_above.row + 1
            place = place_above
            if not _any_text(cell):
                return after, place
        else:
            above[place.column] = place
        flow = self._next_flow()
        before = len(self.found)
        self._open = None
        self._blocks(cell, _Within(flow, place, within.aside, within.flow, within.tags, within.empty))
        self._open = None
        if len(self.found) == before:
            self._keep(Paragraph(flow, within.flow, place, within.aside))
        return after, place

    def _paragraph(self, element: etree._Element, within: _Within) -> None:
        look, mark_deleted, level, item = PLAIN, False, 0, False
        if said := said_in(element, _PARAGRAPH_PROPERTIES):
            style = self._style(said.get(_PARAGRAPH_STYLE))
            look, level = style.look, outline_level(said.get(_OUTLINE)) or style.level
            item = style.item or (level == 0 and _NUMBERED in said)
            mark_deleted = _DELETED in children_of(said.get(_RUN_PROPERTIES))
        paragraph = self._open
        if paragraph is None or paragraph.flow != within.flow:
            paragraph = Paragraph(within.flow, within.outside, within.place, within.aside)
            self._keep(paragraph)
        if not paragraph.seen:
            paragraph.level, paragraph.item = level, item
        start = paragraph.length
        self._inline(element, within, paragraph, look)
        paragraph.controls += [(tag, start, paragraph.length) for tag in within.tags]
        # A deleted paragraph mark joins this paragraph and the next.
        self._open = paragraph if mark_deleted else None
        self._most -= paragraph.length - start + 1
        boxes, paragraph.boxes = paragraph.boxes, []
        for box in boxes:
            opened, self._open = self._open, None
            self._blocks(box, _Within(self._next_flow(), None, within.aside, within.flow, within.tags, within.empty))
            self._open = opened

    def _style(self, named: etree._Element | None) -> Style:
        return NO_STYLE if named is None else self._styles.get(named.get(_VALUE, ""), NO_STYLE)

    def _keep(self, paragraph: Paragraph) -> None:
        self.found.append(paragraph)

    def _inline(self, container: etree._Element, within: _Within, paragraph: Paragraph, look: Look) -> None:
        for element in container:
            tag = element.tag
            if tag == _RUN:
                self._run(element, within, paragraph, look)
            elif tag in _THROUGH:
                self._inline(element, within, paragraph, look)
            elif tag == _CONTROL:
                content, inside = _control(element, within)
                start = paragraph.length
                mark = word_marks.box_of_control(element)
                if mark is not None:
                    paragraph.add(mark, look)
                elif content is not None:
                    self._inline(content, inside, paragraph, look)
                if inside.tags != within.tags:
                    paragraph.controls.append((inside.tags[-1], start, paragraph.length))

    def _run(self, run: etree._Element, within: _Within, paragraph: Paragraph, look: Look) -> None:
        properties = None
        for element in run:
            tag = element.tag
            if tag == _RUN_PROPERTIES:
                properties = element
                style, own = look_of(element)
                if style:
                    look = self._styles.get(style, NO_STYLE).look.over(look)
                look = own.over(look)
                if look.underlined and _is_link(run):
                    look = replace(look, underlined=False, marked=False)  # so are addresses of web pages and of e-mail, wherever they stand
            elif tag == _TEXT:
                if not within.empty:
                    paragraph.add(word_marks.plain(element.text or "", properties), look)
            elif tag in _BREAKS:
                if not within.empty:
                    paragraph.add(_BREAKS[str(tag)], look)
            elif tag in _DRAWN:
                paragraph.boxes += _outermost_boxes(element)
            elif tag in _NOTES:
                note = self._notes.get((_NOTES[str(tag)], element.get(f"{_W}id", "")), "")
                paragraph.notes += [note] if note else []
            else:
                paragraph.add(word_marks.mark(element), look)


def underlining_stands_out(lines: Sequence[Paragraph]) -> bool:
    """Whether underlined text is a label or heading: not where answers are underlined, that is where it follows bold text in the same line."""
    return sum(0 < line.bold < line.strong for line in lines) < _SEVERAL


def notes_of(root: etree._Element, kind: str) -> dict[tuple[str, str], str]:
    """The texts of the footnotes or endnotes by id; those that draw the separating line are none."""
    found: dict[tuple[str, str], str] = {}
    for note in root.iterfind(f"{_W}{kind}"):
        if note.get(f"{_W}type", "normal") == "normal":
            reader = Lines({}, {}, _MOST_IN_NOTE)
            reader.read(note, aside=True)
            found[kind, note.get(f"{_W}id", "")] = "\n".join("".join(line.pieces) for line in reader.found).strip()
    return found


def text_of(content: etree._Element) -> str:
    """The text inside a content control, a line for each paragraph."""
    if len(content) == 1 and len(run := content[0]) == 1 and run.tag == _RUN and run[0].tag == _TEXT:
        return word_marks.plain(run[0].text or "", None).strip()  # as most are
    reader = Lines({}, {}, _MOST_IN_CONTROL)
    if next(content.iter(_PARAGRAPH), None) is None:
        return reader.inline_text(content).strip()
    reader.read(content)
    return "\n".join("".join(line.pieces) for line in reader.found).strip()


def _control(control: etree._Element, within: _Within) -> tuple[etree._Element | None, _Within]:
    """What is inside a content control, and what holds there."""
    parts = children_of(control)
    content, said = parts.get(_CONTENT), children_of(parts.get(_CONTROL_PROPERTIES))
    if not said:
        return content, within
    tag, placeholder = said.get(_TAG), said.get(_PLACEHOLDER)
    name = tag.get(_VALUE, "").strip() if tag is not None else ""
    empty = placeholder is not None and placeholder.get(_VALUE, "1").lower() not in _OFF
    tags = (*within.tags, name) if name and len(name) <= 300 else within.tags
    return content, _Within(within.flow, within.place, within.aside, within.outside, tags, within.empty or empty)


def _is_link(run: etree._Element) -> bool:
    around = run.getparent()
    return around is not None and around.tag == _LINK


def _flattened(container: etree._Element, kind: str, within: _Within) -> Iterator[tuple[etree._Element, _Within]]:
    """The rows of a table or the cells of a row, out of the controls and marks of change around them."""
    for element in container:
        if element.tag == kind:
            yield element, within
        elif element.tag == _CONTROL:
            content, inside = _control(element, within)
            if content is not None:
                yield from _flattened(content, kind, inside)
        elif element.tag in _THROUGH:
            yield from _flattened(element, kind, within)


def _outermost_boxes(drawing: etree._Element) -> list[etree._Element]:
    """The text boxes of a drawing, not those inside another."""
    boxes = list(drawing.iter(_BOX))
    inner = {nested for box in boxes for nested in box.iter(_BOX) if nested is not box}
    return [box for box in boxes if box not in inner]


def _any_text(cell: etree._Element) -> bool:
    return any((text.text or "").strip() for text in cell.iter(_TEXT))


def _merged(merge: etree._Element) -> str:
    return merge.get(_VALUE, "continue")


def _number(element: etree._Element, otherwise: int) -> int:
    text = element.get(_VALUE, "")
    return min(int(text), 63) if text.isascii() and text.isdecimal() else otherwise
