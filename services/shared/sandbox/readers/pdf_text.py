"""The text of a PDF, page by page, through PDFium: three times faster than pypdf."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pypdfium2

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_MOST_IN_MEMORY = 64 << 20


def search(opening: FileOpening, document: Document) -> str:
    """Search the pages for fødselsnummer, as far as the policy's pages and seconds go; the text, bounded, when the file may be the form."""
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
    try:
        count = len(pdf)
        for number in range(count):
            if number >= limits.pages or time.process_time() - started > limits.search_seconds:
                document.text_searched = False
                document.note("text_too_long_to_search")
                break
            text = _page_text(pdf, number)
            words = words or bool(text.strip())
            document.search(text, page=number + 1)
            if room > 0:
                kept.append(text[:room])
                room -= len(text)
    finally:
        pdf.close()
    if not words:
        document.text_searched = False
        document.note("no_text")  # pictures of pages, as from a scanner
    return "\n".join(kept).replace("\r\n", "\n")


def _open(document: Document) -> pypdfium2.PdfDocument:
    document.stream.seek(0)
    source = document.stream.read() if document.size <= _MOST_IN_MEMORY else document.stream
    return pypdfium2.PdfDocument(source)


def _page_text(pdf: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = pdf[number]
        try:
            textpage = page.get_textpage()
            try:
                text: str = textpage.get_text_bounded()
                return text
            finally:
                textpage.close()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return ""
