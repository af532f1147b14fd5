"""A form as a PDF with fields to fill in: questions down the page, short ones two and two, in the order they are tabbed through."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from services.shared import words
from services.shared.forms.templates.paper import Block, Item, Paper
from services.shared.forms.templates.pdf_fields import SIZE, Fields
from services.shared.forms.templates.pdf_tags import Tags

_WIDTH, _HEIGHT = A4
_MARGIN: Final = 56
_TOP, _BOTTOM = _HEIGHT - 60, 64
_INNER: Final = _WIDTH - 2 * _MARGIN
_GAP: Final = 20
_HALF: Final = (_INNER - _GAP) / 2
_LINE: Final = 21
_BOX: Final = 12
_CHOICE_LINE: Final = 18
_BLUE, _INK, _GREY, _RED = HexColor(0x003283), HexColor(0x1E2B3C), HexColor(0x515D6D), HexColor(0xB3253A)
_FILL, _BORDER = HexColor(0xF4F6F9), HexColor(0x77818F)
_PLAIN, _BOLD = "Helvetica", "Helvetica-Bold"
_LABEL, _HELP = (_BOLD, 9.5, 12.0), (_PLAIN, 8.5, 10.5)  # font, size, leading


def document(form: Paper) -> bytes:
    """The form as .pdf; the same form gives the same bytes."""
    return _Pages(form).draw(total=_page_count(form.empty)).finish()


@lru_cache(maxsize=64)
def _page_count(form: Paper) -> int:
    """How many pages there are, which each of them tells; answers do not change it."""
    return _Pages(form).draw(total=0).count


@dataclass(frozen=True)
class _Placed:
    """A question with its lines broken for its width; ``above`` is the height of those lines."""

    item: Item
    label: list[str]
    help: list[str]
    width: float
    field: float

    @property
    def above(self) -> float:
        return len(self.label) * _LABEL[2] + len(self.help) * _HELP[2] + 4


class _Pages:
    def __init__(self, form: Paper) -> None:
        self._form = form
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out, pagesize=A4, invariant=1, pageCompression=1, lang=form.locale)
        self._canvas.setTitle(form.title)
        self._canvas.setAuthor(self._word("publisher"))
        self._canvas.setSubject(form.title)
        self._canvas.setViewerPreference("DisplayDocTitle", "true")
        self._fields, self._tags = Fields(self._canvas), Tags(self._canvas)
        self._y = _TOP
        self._total = 0
        self.count = 0

    def draw(self, *, total: int) -> _Pages:
        """Draw everything; ``total`` is the number of pages that the feet tell."""
        self._total = total
        self._head()
        for block in self._form.blocks:
            self._block(block)
        for name, value in self._form.facts:
            self._fields.fact(name, value)
        self._end_page()
        return self

    def finish(self) -> bytes:
        """The bytes."""
        self._fields.finish()
        self._tags.finish()
        self._canvas.save()
        return self._out.getvalue()

    def _head(self) -> None:
        self._text("H1", self._form.title, (_BOLD, 21, 26), _BLUE, _MARGIN, _INNER)
        self._y -= 6
        for key in ("lead", "send", "contact"):
            self._text("P", self._word(key), (_PLAIN, 10, 14), _INK, _MARGIN, _INNER)
            self._y -= 3

    def _block(self, block: Block) -> None:
        placed = list(_in_lines(block.items))
        self._room(60 + (_height(placed[0]) if placed else 120))
        self._y -= 26
        self._heading("H2", block.title, 14, 0)
        if block.rows:
            self._y -= 4
            self._text("P", self._word("rows", count=len(block.rows)), (_PLAIN, 10, 14), _INK, _MARGIN, _INNER)
        self._items(placed)
        for row in block.rows:
            placed = list(_in_lines(row.items))
            self._room(60 + _height(placed[0]))
            self._y -= 18
            self._heading("H3", f"{block.row_title} {row.number}", 11.5, 1)
            self._items(placed)

    def _heading(self, kind: str, text: str, size: float, level: int) -> None:
        place = f"h{self._canvas.getPageNumber()}-{self._y:.0f}"
        self._canvas.bookmarkPage(place, fit="XYZ", left=0, top=self._y + 10)
        self._canvas.addOutlineEntry(text, place, level, closed=level == 0)
        if level == 0:
            with self._tags.decoration():
                self._canvas.setStrokeColor(_BLUE)
                self._canvas.setLineWidth(1)
                self._canvas.line(_MARGIN, self._y + 8, _WIDTH - _MARGIN, self._y + 8)
            self._y -= 6
        self._text(kind, text, (_BOLD, size, size * 1.3), _BLUE, _MARGIN, _INNER)

    def _items(self, lines: list[list[_Placed]]) -> None:
        for line in lines:
            self._room(_height(line))
            self._y -= 12
            above = max(placed.above for placed in line)
            top = self._y
            for column, placed in enumerate(line):
                self._y = top
                self._question(placed, _MARGIN + column * (_HALF + _GAP), top - above)
            self._y = top - above - max(placed.field for placed in line)

    def _question(self, placed: _Placed, left: float, y: float) -> None:
        """The words, then the field whose top is at ``y``."""
        item = placed.item
        with self._tags.text("P"):
            self._lines(placed.label, _LABEL, _INK, left)
            if item.required:
                self._canvas.setFillColor(_RED)
                self._canvas.drawString(left + stringWidth(placed.label[-1], *_LABEL[:2]) + 3, self._y + _LABEL[2] - _LABEL[1], "*")
        if placed.help:
            with self._tags.text("P"):
                self._lines(placed.help, _HELP, _GREY, left)
        tooltip = f"{item.label} ({self._word('required')})" if item.required else item.label
        if item.kind in ("check", "checks"):
            boxes = [(item.tag, self._word("true"), tooltip, bool(item.value))]
            if isinstance(item.value, tuple):
                boxes = [(f"{item.tag}/{value}", label, f"{item.label}: {label}", value in item.value) for value, label in item.choices]
            for tag, label, tip, checked in boxes:
                self._box(left, y - _BOX - 3, _BOX, _BOX)
                self._tags.field(self._fields.check_box(tag, tip, (left, y - _BOX - 3, left + _BOX, y - 3), checked=checked))
                self._y = y - 3
                self._text("P", label, (_PLAIN, SIZE, 12), _INK, left + _BOX + 7, placed.width - _BOX - 7)
                y -= _CHOICE_LINE
            return
        place = (left, y - placed.field, left + placed.width, y)
        self._box(left, y - placed.field, placed.width, placed.field, arrow=item.kind == "choice")
        if item.kind == "choice":
            value = str(item.value)
            options = [("", self._word("placeholder.choice")), *item.choices]
            if value not in dict(options):
                options.append((value, value))
            self._tags.field(self._fields.choice(item.tag, tooltip, place, value, options, required=item.required))
        else:
            self._tags.field(self._fields.text(item.tag, tooltip, place, item.shown, multiline=item.kind == "lines", required=item.required))

    def _box(self, left: float, bottom: float, width: float, height: float, *, arrow: bool = False) -> None:
        with self._tags.decoration():
            self._canvas.setStrokeColor(_BORDER)
            self._canvas.setFillColor(_FILL)
            self._canvas.setLineWidth(0.75)
            self._canvas.roundRect(left, bottom, width, height, 2, stroke=1, fill=1)
            if arrow:
                x, y = left + width - 12, bottom + height / 2
                self._canvas.setStrokeColor(_GREY)
                self._canvas.lines([(x - 3.5, y + 2, x, y - 2), (x, y - 2, x + 3.5, y + 2)])

    def _text(self, kind: str, text: str, style: tuple[str, float, float], colour: Any, left: float, width: float) -> None:
        with self._tags.text(kind):
            self._lines(simpleSplit(text, style[0], style[1], width), style, colour, left)

    def _lines(self, lines: list[str], style: tuple[str, float, float], colour: Any, left: float) -> None:
        self._canvas.setFillColor(colour)
        for number, line in enumerate(lines, 1):
            self._canvas.setFont(style[0], style[1])
            self._canvas.drawString(left, self._y - style[1], line if number == len(lines) else f"{line} ")
            self._y -= style[2]

    def _room(self, height: float) -> None:
        if self._y - height < _BOTTOM:
            self._end_page()
            self._y = _TOP

    def _end_page(self) -> None:
        self.count += 1
        foot = f"{self._word('publisher')} – {self._form.title}, {self._word('version', version=dict(self._form.facts)['form_version'])}"
        with self._tags.decoration():
            self._canvas.setFillColor(_GREY)
            self._canvas.setFont(_PLAIN, 8)
            self._canvas.drawString(_MARGIN, 36, foot)
            self._canvas.drawRightString(_WIDTH - _MARGIN, 36, self._word("page", page=self.count, pages=self._total))
        self._canvas.showPage()
        self._tags.page_done()

    def _word(self, key: str, **values: Any) -> str:
        return words.text(f"templates.{key}", self._form.language, **values)


def _in_lines(items: tuple[Item, ...]) -> Iterator[list[_Placed]]:
    """The questions as they stand beside each other: two short ones share a line."""
    waiting: list[_Placed] = []
    for item in items:
        short = _is_short(item)
        if waiting and not short:
            yield waiting
            waiting = []
        waiting.append(_placed(item, _HALF if short else _INNER))
        if not short or len(waiting) == 2:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _is_short(item: Item) -> bool:
    if item.kind == "choice":
        return all(stringWidth(label, _PLAIN, SIZE) < _HALF - 30 for _, label in item.choices) and len(item.label) < 90
    return item.kind == "date" or (item.kind == "text" and len(item.label) < 90)


def _placed(item: Item, width: float) -> _Placed:
    label = simpleSplit(item.label, *_LABEL[:2], width - 10)
    lines = [line for text in item.help for line in simpleSplit(text, *_HELP[:2], width)]
    if item.kind in ("check", "checks"):
        field: float = _CHOICE_LINE * max(1, len(item.choices))
    else:
        field = _lines_height(item) if item.kind == "lines" else _LINE
    return _Placed(item, label, lines, width, field)


def _lines_height(item: Item) -> float:
    """Room for a longer answer. What is longer still is scrolled in the field; a row of a group is one of several."""
    return 56 if item.type_name != "long_text" or "/" in item.tag else 110 if item.is_long else 78


def _height(line: list[_Placed]) -> float:
    return 12 + max(placed.above for placed in line) + max(placed.field for placed in line)
