"""Text on a page that nobody sees but everybody can copy: boxes drawn over it, or text in the colour of the box behind it.

Cheap for ordinary pages: the order and the places of what is painted say whether anything may lie over text. Only then is the page drawn, once with and
once without that text. What can be seen makes a difference; what makes none is hidden. So dark headings with light text are no false alarm,
and a label on top of a box does not hide that there is text beneath.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import pypdfium2
import pypdfium2.raw

pdfium: Any = pypdfium2.raw  # made by a generator, without types
Box = tuple[float, float, float, float]  # left, bottom, right, top; points
_Matrix = tuple[float, float, float, float, float, float]

_SMALLEST = 4.0  # points; thinner is a line or a border
_COLUMN = 3.0  # points of a word that must lie under a cover
_OPAQUE, _DARK, _ALIKE = 250, 128, 30
_MOST_OBJECTS, _MOST_DEPTH, _MOST_PIXELS = 50_000, 6, 3_000_000
_SEEN_SHARE = 0.04  # of a word's box: what peeps out at the edges of its cover
_PAGE_SHARE = 0.8  # an image that fills the page is a scan, and the text beneath it what a program has read there
_COVERING_ANNOTATIONS = frozenset(
    {
        pdfium.FPDF_ANNOT_SQUARE,
        pdfium.FPDF_ANNOT_CIRCLE,
        pdfium.FPDF_ANNOT_POLYGON,
        pdfium.FPDF_ANNOT_HIGHLIGHT,
        pdfium.FPDF_ANNOT_STRIKEOUT,
        pdfium.FPDF_ANNOT_INK,
        pdfium.FPDF_ANNOT_LINE,
        pdfium.FPDF_ANNOT_STAMP,
        pdfium.FPDF_ANNOT_FREETEXT,
        pdfium.FPDF_ANNOT_REDACT,
    }
)
_INVISIBLE = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})


class OutOfTime(Exception):
    """The time for looking under covers is used up."""


@dataclass(slots=True)
class _Painted:
    """A text or a cover. ``order``: when it is painted; ``colour`` of a cover: red, green, blue, or None when only the drawing tells."""

    handle: Any
    order: int
    box: Box
    colour: tuple[int, int, int] | None = None
    image: bool = False
    to_be_removed: bool = False


@dataclass(slots=True)
class _Suspect:
    """A text that may be hidden, and what may hide it."""

    text: _Painted
    covers: list[_Painted] = field(default_factory=list)

    @property
    def invisible(self) -> bool:
        return pdfium.FPDFTextObj_GetTextRenderMode(self.text.handle) in _INVISIBLE


def hides_text(page: Any, textpage: Any, deadline: float) -> bool:
    """Whether words of the page are in the file but not to be seen where something lies over or behind them.

    ``page``, ``textpage``: PDFium's own handles. ``deadline``: of `time.process_time()`. Raises OutOfTime when the page could not be drawn before it.
    """
    texts, covers = _painted(page)
    if not texts or not covers:
        return False
    suspects = list(_suspects(texts, covers))
    if not suspects:
        return False
    words = list(_covered_words(textpage, suspects))
    if any(cover.to_be_removed for _, cover, _ in words):
        return True
    return bool(words) and _any_unseen(page, suspects, words, deadline)


def _painted(page: Any) -> tuple[list[_Painted], list[_Painted]]:
    """The texts and the covers of a page in the order of painting."""
    places: list[tuple[int, int, _Matrix | None]] = []
    covers: list[_Painted] = []
    if _holds_only_text(page):
        return [], []
    width, height = _size(page)
    for order, (address, kind, matrix) in enumerate(_objects(_address(page), None, 0)):
        if order > _MOST_OBJECTS:
            break
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            places.append((address, order, matrix))
        else:
            cover = _cover(_handle(address), kind, matrix, order)
            if cover is not None and not (cover.image and _area(cover.box) > _PAGE_SHARE * width * height):
                covers.append(cover)
    covers += _annotations(page)
    if not covers:  # as on most pages: where each text lies need not be asked
        return [], []
    texts = ((_handle(address), order, matrix) for address, order, matrix in places)
    return [_Painted(handle, order, box) for handle, order, matrix in texts if (box := _box(handle, matrix)) is not None], covers


def _with_numbers(function: Any, result: Any, *arguments: Any) -> Any:
    """A function of PDFium whose handles are plain numbers: the library's typed pointers cost three times as much, and a page has hundreds of objects."""
    return ctypes.PYFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


_kind_of = _with_numbers(pdfium.FPDFPageObj_GetType, ctypes.c_int, ctypes.c_void_p)
_of_page = (
    _with_numbers(pdfium.FPDFPage_CountObjects, ctypes.c_int, ctypes.c_void_p),
    _with_numbers(pdfium.FPDFPage_GetObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
)
_of_form = (
    _with_numbers(pdfium.FPDFFormObj_CountObjects, ctypes.c_int, ctypes.c_void_p),
    _with_numbers(pdfium.FPDFFormObj_GetObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong),
)


def _holds_only_text(page: Any) -> bool:
    """As most pages do: told without a step of Python for each of their objects."""
    address, (count, at) = _address(page), _of_page
    kinds = set(map(_kind_of, map(at, repeat(address), range(min(count(address), _MOST_OBJECTS)))))
    return kinds <= {pdfium.FPDF_PAGEOBJ_TEXT} and not pdfium.FPDFPage_GetAnnotCount(page)


def _objects(holder: int, matrix: _Matrix | None, depth: int) -> Iterator[tuple[int, int, _Matrix | None]]:
    """Address, kind and place of what a page, or (deeper) a form on it, is made of."""
    count, at = _of_form if depth else _of_page
    for number in range(count(holder)):
        address = at(holder, number)
        kind = _kind_of(address)
        if kind != pdfium.FPDF_PAGEOBJ_FORM:
            yield address, kind, matrix
        elif depth < _MOST_DEPTH:
            yield from _objects(address, _times(_matrix_of(_handle(address)), matrix), depth + 1)


def _cover(handle: Any, kind: int, matrix: _Matrix | None, order: int) -> _Painted | None:
    """A filled surface, a thick line or a picture that is large enough to lie over a word, and opaque."""
    if kind == pdfium.FPDF_PAGEOBJ_PATH:
        mode, stroked = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDFPath_GetDrawMode(handle, mode, stroked)
        if not mode.value and not stroked.value:
            return None
        colour = _colour(handle, pdfium.FPDFPageObj_GetFillColor if mode.value else pdfium.FPDFPageObj_GetStrokeColor)
        if colour is None or (not mode.value and not _thick(handle)):
            return None
    elif kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING):
        colour = None
    else:
        return None
    box = _box(handle, matrix)
    if box is None or box[2] - box[0] < _SMALLEST or box[3] - box[1] < _SMALLEST:
        return None
    return _Painted(handle, order, box, colour, image=kind != pdfium.FPDF_PAGEOBJ_PATH)


def _thick(handle: Any) -> bool:
    width = ctypes.c_float()
    return bool(pdfium.FPDFPageObj_GetStrokeWidth(handle, width)) and width.value >= _SMALLEST


def _annotations(page: Any) -> Iterator[_Painted]:
    """What was laid over the page by a commenting tool; it is painted last."""
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), 2000)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            rectangle = pdfium.FS_RECTF()
            if kind in _COVERING_ANNOTATIONS and pdfium.FPDFAnnot_GetRect(annotation, rectangle):
                left, right = sorted((rectangle.left, rectangle.right))
                bottom, top = sorted((rectangle.bottom, rectangle.top))
                yield _Painted(None, _MOST_OBJECTS + 1, (left, bottom, right, top), to_be_removed=kind == pdfium.FPDF_ANNOT_REDACT)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _suspects(texts: Sequence[_Painted], covers: Sequence[_Painted]) -> Iterator[_Suspect]:
    by_band: dict[int, list[_Painted]] = {}
    for cover in covers:
        for band in _bands(cover.box):
            by_band.setdefault(band, []).append(cover)
    for text in texts:
        suspect, colour = _Suspect(text), None
        for cover in {id(cover): cover for band in _bands(text.box) for cover in by_band.get(band, ())}.values():
            if not _lies_over(cover.box, text.box):
                continue
            if cover.order < text.order:  # behind the text: it hides only text of its own colour
                if cover.colour is None or sum(cover.colour) > 3 * _DARK:
                    continue
                colour = colour or _colour(text.handle, pdfium.FPDFPageObj_GetFillColor)
                if colour is None or max(abs(one - other) for one, other in zip(colour, cover.colour, strict=True)) > _ALIKE:
                    continue
            suspect.covers.append(cover)
        if suspect.covers:
            yield suspect


def _bands(box: Box) -> range:
    low, high = (int(max(-20_000.0, min(20_000.0, value)) // 50) for value in (box[1], box[3]))
    return range(low, high + 1)


def _lies_over(cover: Box, text: Box) -> bool:
    wide = min(cover[2], text[2]) - max(cover[0], text[0])
    high = min(cover[3], text[3]) - max(cover[1], text[1])
    return wide >= _COLUMN and high >= 0.4 * (text[3] - text[1])


def _covered_words(textpage: Any, suspects: Sequence[_Suspect]) -> Iterator[tuple[Box, _Painted, bool]]:
    """The parts of words that lie in a cover: their box, the cover, whether the text is of the invisible kind."""
    by_address = {_address(suspect.text.handle): suspect for suspect in suspects}
    invisible = {address: suspect.invisible for address, suspect in by_address.items()}
    box, cover, address, letters = None, None, 0, 0
    for number in range(pdfium.FPDFText_CountChars(textpage)):
        now = _address(pdfium.FPDFText_GetTextObject(textpage, number))
        suspect = by_address.get(now)
        char = None if suspect is None or chr(pdfium.FPDFText_GetUnicode(textpage, number) & 0xFFFF).isspace() else _char_box(textpage, number)
        found = None if suspect is None or char is None else _cover_of(char, suspect.covers)
        if box is not None and cover is not None and (found is not cover or now != address or letters >= 40):
            if letters > 1:
                yield box, cover, invisible[address]
            box, letters = None, 0
        if found is not None and char is not None:
            box = char if box is None else (min(box[0], char[0]), min(box[1], char[1]), max(box[2], char[2]), max(box[3], char[3]))
            cover, address, letters = found, now, letters + 1
    if box is not None and cover is not None and letters > 1:
        yield box, cover, invisible[address]


def _cover_of(char: Box, covers: Sequence[_Painted]) -> _Painted | None:
    x, y = (char[0] + char[2]) / 2, (char[1] + char[3]) / 2
    return next((cover for cover in covers if cover.box[0] <= x <= cover.box[2] and cover.box[1] <= y <= cover.box[3]), None)


def _any_unseen(page: Any, suspects: Sequence[_Suspect], words: Sequence[tuple[Box, _Painted, bool]], deadline: float) -> bool:
    drawing = _Drawing(page, [box for box, _, _ in words])
    whole = drawing.draw(deadline)
    for suspect in suspects:
        pdfium.FPDFPageObj_SetIsActive(suspect.text.handle, False)
    try:
        without = drawing.draw(deadline)
    finally:
        for suspect in suspects:
            pdfium.FPDFPageObj_SetIsActive(suspect.text.handle, True)
    return any(_unseen(drawing.part(whole, box), drawing.part(without, box), cover, invisible) for box, cover, invisible in words)


def _unseen(whole: list[bytes], without: list[bytes], cover: _Painted, invisible: bool) -> bool:
    pixels = sum(map(len, whole)) // 4
    if not pixels:
        return False
    if (cover.image or invisible) and not _flat_and_dark(whole):
        return False  # a picture, or a scan with what a program read in it
    different = 0
    for row, other in zip(whole, without, strict=True):
        if row != other:
            different += sum(any(abs(row[at + part] - other[at + part]) > _ALIKE for part in range(3)) for at in range(0, len(row), 4))
    return different <= _SEEN_SHARE * pixels


def _flat_and_dark(rows: list[bytes]) -> bool:
    values = [value for row in rows for part in range(3) for value in row[part::4]]
    return max(values) <= _DARK and max(values) - min(values) <= _ALIKE


class _Drawing:
    """Draws the part of a page that its words lie on, annotations too, two pixels to the point if that is not too large."""

    def __init__(self, page: Any, boxes: Sequence[Box]) -> None:
        width, height = _size(page)
        scale = min(2.0, (_MOST_PIXELS / max(1.0, width * height)) ** 0.5)
        self._page = page
        self._whole = max(1, int(width * scale)), max(1, int(height * scale))
        if self._whole[0] * self._whole[1] > 2 * _MOST_PIXELS:
            raise OutOfTime
        places = [self._place(box) for box in boxes]
        self._left, self._top = min(place[0] for place in places), min(place[1] for place in places)
        self._width = max(1, max(place[2] for place in places) - self._left)
        self._height = max(1, max(place[3] for place in places) - self._top)

    def draw(self, deadline: float) -> bytes:
        """The pixels, four bytes each. Raises OutOfTime."""
        bitmap = pypdfium2.PdfBitmap.new_native(self._width, self._height, pdfium.FPDFBitmap_BGRx)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, self._width, self._height)

        def late(_: Any) -> int:
            return int(time.process_time() > deadline)

        pause = pdfium.IFSDK_PAUSE(version=1, user=None)
        pause.NeedToPauseNow = type(pause.NeedToPauseNow)(late)
        try:
            # The page is drawn at its whole size, moved so that the part lies on the bitmap: the rest costs next to nothing.
            status = pdfium.FPDF_RenderPageBitmap_Start(bitmap, self._page, -self._left, -self._top, *self._whole, 0, pdfium.FPDF_ANNOT, pause)
        finally:
            pdfium.FPDF_RenderPage_Close(self._page)
        if status != pdfium.FPDF_RENDER_DONE or late(None):
            raise OutOfTime
        self._stride = bitmap.stride
        return bytes(bitmap.buffer)

    def part(self, pixels: bytes, box: Box) -> list[bytes]:
        """The rows of pixels of a box on the page."""
        left, top, right, bottom = self._place(box)
        start, end = 4 * (left - self._left), 4 * (right - self._left)
        return [pixels[row * self._stride + start : row * self._stride + end] for row in range(top - self._top, bottom - self._top)]

    def _place(self, box: Box) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of the whole page."""
        columns, rows = [], []
        for x, y in ((box[0], box[1]), (box[2], box[3])):
            column, row = ctypes.c_int(), ctypes.c_int()
            pdfium.FPDF_PageToDevice(self._page, 0, 0, *self._whole, 0, x, y, column, row)
            columns.append(min(max(column.value, 0), self._whole[0]))
            rows.append(min(max(row.value, 0), self._whole[1]))
        return min(columns), min(rows), max(columns), max(rows)


def _char_box(textpage: Any, number: int) -> Box | None:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not pdfium.FPDFText_GetCharBox(textpage, number, left, right, bottom, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _box(handle: Any, matrix: _Matrix | None) -> Box | None:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(handle, left, bottom, right, top):
        return None
    if matrix is None:
        return left.value, bottom.value, right.value, top.value
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left.value, right.value) for y in (bottom.value, top.value)]
    return min(x for x, _ in corners), min(y for _, y in corners), max(x for x, _ in corners), max(y for _, y in corners)


def _colour(handle: Any, ask: Any) -> tuple[int, int, int] | None:
    """Red, green and blue, or None when it is see-through."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not ask(handle, red, green, blue, alpha) or alpha.value < _OPAQUE:
        return None
    return red.value, green.value, blue.value


def _matrix_of(handle: Any) -> _Matrix:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(handle, matrix)
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _times(first: _Matrix, then: _Matrix | None) -> _Matrix:
    if then is None:
        return first
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _size(page: Any) -> tuple[float, float]:
    return pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)


def _handle(address: int) -> Any:
    return ctypes.cast(address, pdfium.FPDF_PAGEOBJECT)


def _address(handle: Any) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0
