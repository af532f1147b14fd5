"""The plain library call on a document: what reading it costs anybody. Nothing is confined, and nothing looked for. Each writes what is inside to a folder."""

from __future__ import annotations

import io
import zipfile
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Final

import docx
import openpyxl
import oxmsg
import pypdf
import pypdfium2
from docx.oxml.ns import qn
from lxml import etree

from bench.controls import answers_in

DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"


def word_form(data: bytes, folder: Path) -> object:
    """Answers by tag and text of a form."""
    document = docx.Document(io.BytesIO(data))
    return answers_in(document), _words(document)


def word(data: bytes, folder: Path) -> object:
    """Text of a Word document."""
    return _words(docx.Document(io.BytesIO(data)))


def _words(document: Any) -> object:
    return [text.text for text in document.element.body.iter(qn("w:t"))]


def sheet(data: bytes, folder: Path) -> object:
    """Cells of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    return [row for sheet in book for row in sheet.iter_rows(values_only=True)]


def presentation(data: bytes, folder: Path) -> object:
    """No library of Python that is kept up reads only the text, so this is what the quickest would do."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        roots = [etree.fromstring(archive.read(name)) for name in archive.namelist() if name.startswith("ppt/slides/")]
    return [text.text for root in roots for text in root.iter(f"{{{DRAWING}}}t")]


def pdf(data: bytes, folder: Path) -> object:
    """What pypdf tells of a PDF, and its text."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    return reader.metadata, reader.get_fields(), dict(reader.attachments), len(reader.pages), pdf_text(data, folder)


def pdf_text(data: bytes, folder: Path) -> object:
    """Text of a PDF, by the fastest maintained library."""
    pdf: Any = pypdfium2.PdfDocument(data)  # type: ignore[no-untyped-call]  # the library has no types
    texts = []
    for number in range(len(pdf)):
        page = pdf[number]
        textpage = page.get_textpage()
        texts.append(textpage.get_text_range())
        textpage.close()
        page.close()
    pdf.close()
    return texts


def archive(data: bytes, folder: Path) -> object:
    """Unpack a zip, and read its texts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return [path.read_text("utf-8") for path in folder.glob("*.txt")]


def mail(data: bytes, folder: Path) -> object:
    """Unpack a mail, and read its text."""
    message: Any = message_from_bytes(data, policy=policy.default)
    for part in message.iter_attachments():
        (folder / part.get_filename()).write_bytes(part.get_payload(decode=True))
    return message["Subject"], message.get_body(("plain",)).get_content(), (folder / "notat.txt").read_text("utf-8")


def message(data: bytes, folder: Path) -> object:
    """Unpack an Outlook message, and read its text."""
    message = oxmsg.Message.load(io.BytesIO(data))
    for attachment in message.attachments:
        (folder / str(attachment.file_name)).write_bytes(attachment.file_bytes or b"")
    return message.subject, message.body, (folder / "notat.txt").read_text("utf-8")
