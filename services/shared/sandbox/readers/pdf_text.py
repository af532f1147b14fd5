"""The text of a PDF, page by page, through PDFium: three times faster than pypdf."""

from __future__ import annotations

import ctypes
import io
import time
from typing import TYPE_CHECKING, Any, BinaryIO

import pypdfium2
import pypdfium2.raw

from services.shared.sandbox.readers import pdf_covers

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

pdfium: Any = pypdfium2.raw  # made by a generator, without types
_CHARACTERS = 1 << 14
"""Room for the text of most pages."""
_MOST_IN_MEMORY = 64 << 20
_PAGES_NAMED = 20


def search(opening: FileOpening, document: Document) -> str:
    """Search the pages for fødselsnummer and for text that is only covered, as far as the policy's pages and seconds go; the text, bounded,
    when the file may be the form."""
    limits = opening.policy.opening
    try:
        pdf = _open(document)
    except pypdfium2.PdfiumError:
        document.text_searched = False
        document.note("text_unreadable")
        return ""
    kept: list[str] = []
    room = limits.form_text_characters if opening.may_be_form else 0
    started, words = time.process_time(), False
    under = _UnderCovers(limits.covered_seconds)
    pages = _Pages(pdf, under)
    try:
        count = len(pdf)
        for number in range(count):
            if number >= limits.pages or time.process_time() - started - under.spent > limits.search_seconds:
                document.text_searched = False
                document.note("text_too_long_to_search")
                break
            text = pages.text(number)
            words = words or bool(text.strip())
            document.read(text, page=number + 1)
            if room > 0:
                kept.append(text[:room])
                room -= len(text)
                if room < 0:
                    document.note("form_too_long_to_read_whole")
    finally:
        pdf.close()
    if under.pages:
        named = ", ".join(map(str, under.pages[:_PAGES_NAMED])) + (" …" if len(under.pages) > _PAGES_NAMED else "")
        opening.finding(document, "redaction_not_real", pages=named)
    if under.left <= 0:
        document.note("not_all_covers_looked_under")
    if not words:
        document.text_searched = False
        document.note("no_text")  # pictures of pages, as from a scanner
    return "\n".join(kept).replace("\r\n", "\n")


def written_anew(document: Document) -> BinaryIO | None:
    """The same file as PDFium reads it, which takes what other programs take (junk before the header, a wrong table of objects); None when it cannot."""
    if document.size > _MOST_IN_MEMORY:
        return None
    mended = io.BytesIO()
    try:
        pdf = _open(document)
        try:
            pdf.save(mended)
        finally:
            pdf.close()
    except pypdfium2.PdfiumError:
        return None
    mended.seek(0)
    return mended


def _open(document: Document) -> pypdfium2.PdfDocument:
    document.stream.seek(0)
    source = document.stream.read() if document.size <= _MOST_IN_MEMORY else document.stream
    return pypdfium2.PdfDocument(source)


class _UnderCovers:
    """Numbers of the pages with text that is only covered; ``left`` seconds of processor time for looking."""

    def __init__(self, seconds: float) -> None:
        self.left, self.spent = float(seconds), 0.0
        self.pages: list[int] = []

    def look(self, page: Any, textpage: Any, number: int) -> None:
        """Look at one page (PDFium's handles of it and its text), if there is time left."""
        if self.left <= 0:
            return
        began = time.process_time()
        try:
            if pdf_covers.hides_text(page, textpage, began + self.left):
                self.pages.append(number)
        except pdf_covers.OutOfTime:
            self.left = 0.0
        took = time.process_time() - began
        self.left, self.spent = self.left - took, self.spent + took


class _Pages:
    """The text of one page after the other, asked of PDFium itself: the library's objects for a page and its text cost as much as reading half a page."""

    def __init__(self, pdf: pypdfium2.PdfDocument, under: _UnderCovers) -> None:
        self._pdf, self._under = pdf, under
        self._room = (ctypes.c_ushort * _CHARACTERS)()
        self._box = pdfium.FS_RECTF()

    def text(self, number: int) -> str:
        """What can be read on a page, counted from 0; nothing when it is broken."""
        page = pdfium.FPDF_LoadPage(self._pdf, number)
        if not page:
            return ""
        try:
            textpage = pdfium.FPDFText_LoadPage(page)
            if not textpage:
                return ""
            try:
                text = self._text_on(page, textpage)
                if text:
                    self._under.look(page, textpage, number + 1)
                return text
            finally:
                pdfium.FPDFText_ClosePage(textpage)
        finally:
            pdfium.FPDF_ClosePage(page)

    def _text_on(self, page: Any, textpage: Any) -> str:
        box = self._box
        if not pdfium.FPDF_GetPageBoundingBox(page, box):
            return ""
        within = textpage, box.left, box.top, box.right, box.bottom
        length = pdfium.FPDFText_GetBoundedText(*within, self._room, len(self._room)) - 1  # a zero stands at its end where there is room for one
        if length >= len(self._room) - 1:  # perhaps cut off
            needed = pdfium.FPDFText_GetBoundedText(*within, None, 0)
            self._room = (ctypes.c_ushort * (needed + 1))()
            length = pdfium.FPDFText_GetBoundedText(*within, self._room, needed)
        return ctypes.string_at(self._room, 2 * max(0, length)).decode("utf-16-le", "ignore")
