"""Attachments as senders make them: reports, workbooks, pictures, archives, mails, and files with files inside."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import docx
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from samples.builders.compound import compound_file
from samples.builders.repack import with_members
from samples.content.prose import REPORT_PARAGRAPHS

_FIXED = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)


def pdf_report(title: str, pages: int = 3) -> bytes:
    """A report of ``pages`` pages: headings, running Norwegian text and a table on each."""
    out = io.BytesIO()
    styles = getSampleStyleSheet()
    story: list[Flowable] = [Paragraph(title, styles["Title"])]
    for page in range(pages):
        if page:
            story.append(PageBreak())
        story.append(Paragraph(f"{page + 1} Resultater fra del {page + 1}", styles["Heading2"]))
        for number in range(4):
            story.append(Paragraph(REPORT_PARAGRAPHS[(page * 3 + number) % len(REPORT_PARAGRAPHS)], styles["BodyText"]))
            story.append(Spacer(1, 6))
        rows = [["Endepunkt", "Intervensjon", "Komparator", "HR (95 % KI)"]]
        rows += [[name, f"{12 + page + row},{row}", f"{9 + row},{page % 10}", f"0,{70 + row} (0,58–0,91)"] for row, name in enumerate(_ENDPOINTS)]
        table = Table(rows, hAlign="LEFT")
        table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black"), ("FONTSIZE", (0, 0), (-1, -1), 9)]))
        story.append(table)
    SimpleDocTemplate(out, pagesize=A4, title=title, author="Nye metoder-eksempel").build(story, canvasmaker=_fixed_canvas)
    return out.getvalue()


_ENDPOINTS = ("Totaloverlevelse (md.)", "Progresjonsfri overlevelse (md.)", "Responsrate (%)", "Livskvalitet, endring")


def _fixed_canvas(*arguments: Any, **options: Any) -> Canvas:
    """A canvas that writes no time of its own, so that the same report is the same bytes."""
    return Canvas(*arguments, **{**options, "invariant": 1})


def pdf_with_files(title: str, files: Mapping[str, bytes]) -> bytes:
    """A one-page PDF with files attached inside it (the catalogue's name tree)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_report(title, 1))))
    for name, data in files.items():
        writer.add_attachment(name, data)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def survival_curve(width: int = 480, height: int = 320) -> bytes:
    """A .png of two falling step curves on white."""
    rows = [bytearray(b"\xff" * width * 3) for _ in range(height)]
    for x in range(30, width - 10):
        step = (x - 30) // 22
        for drop, colour in ((9, b"\x00\x32\x83"), (13, b"\xc0\x30\x20")):
            y = min(height - 20, 20 + step * drop)
            for thick in range(2):
                rows[y + thick][x * 3 : x * 3 + 3] = colour
    for x in range(30, width - 10):
        rows[height - 12][x * 3 : x * 3 + 3] = b"\0\0\0"
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", pixels) + _png_chunk(b"IEND", b"")


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def ole_package(name: str, data: bytes) -> bytes:
    """An "Insert object > from file" part: a compound file whose ``\\x01Ole10Native`` stream carries the file and its name."""
    short = name.encode("cp1252", "replace") + b"\0"
    path = b"C:\\Temp\\" + short
    wide = b"".join(struct.pack("<I", len(text)) + text.encode("utf-16-le") for text in (f"C:\\Temp\\{name}", name, f"C:\\Temp\\{name}"))
    body = struct.pack("<H", 2) + short + path + struct.pack("<HHI", 0, 3, len(path)) + path + struct.pack("<I", len(data)) + data + wide
    return compound_file({"\x01Ole10Native": struct.pack("<I", len(body)) + body, "\x03ObjInfo": b"\x00\x00\x03\x00\x0d\x00"})


def word_with_objects(title: str, embedded_workbook: bytes, package_name: str, package: bytes) -> bytes:
    """A .docx with text, an embedded workbook and an embedded file (OLE package), each shown as an icon."""
    document = docx.Document()
    document.core_properties.created = document.core_properties.modified = _FIXED
    document.core_properties.title = title
    document.add_heading(title, 1)
    for text in REPORT_PARAGRAPHS[:6]:
        document.add_paragraph(text)
    icon, _ = document.part.get_or_add_image(io.BytesIO(survival_curve(64, 64)))
    owner = document.part.package
    book = Part(PackURI("/word/embeddings/Microsoft_Excel_Sheet1.xlsx"), CONTENT_TYPE.SML_SHEET, embedded_workbook, owner)
    native = Part(PackURI("/word/embeddings/oleObject1.bin"), CONTENT_TYPE.OFC_OLE_OBJECT, ole_package(package_name, package), owner)
    for number, (part, kind, program) in enumerate(
        ((book, RELATIONSHIP_TYPE.PACKAGE, "Excel.Sheet.12"), (native, RELATIONSHIP_TYPE.OLE_OBJECT, "Package")), 1
    ):
        relation = document.part.relate_to(part, kind)
        document.add_paragraph()._p.append(parse_xml(_OBJECT.format(number=number, icon=icon, program=program, relation=relation)))
    out = io.BytesIO()
    document.save(out)
    return with_members(out.getvalue(), {})


_OBJECT = """<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml"
 xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:object>
<v:shape id="object{number}" style="width:48pt;height:48pt" o:ole=""><v:imagedata r:id="{icon}" o:title=""/></v:shape>
<o:OLEObject Type="Embed" ProgID="{program}" ShapeID="object{number}" DrawAspect="Icon" ObjectID="_100{number}" r:id="{relation}"/>
</w:object></w:r>"""


def mail(
    subject: str,
    body: str,
    sent: datetime,
    attachments: Sequence[tuple[str, str, bytes]] = (),
    *,
    inline_picture: tuple[str, bytes] | None = None,
    forwarded: bytes | None = None,
) -> bytes:
    """An .eml. ``attachments`` are (file name, media type, bytes); the picture stands inline, named; ``forwarded`` is an .eml inside it."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Innsending Eksempel <innsending@eksempelfarma.example>"
    message["To"] = "Nye metoder <mottak@nyemetoder.example>"
    message["Date"] = sent
    message["Message-ID"] = f"<{zlib.crc32(subject.encode()):08x}@eksempelfarma.example>"
    message.set_content(body)
    if inline_picture:
        name, data = inline_picture
        message.add_alternative(f'<p>{body}</p><img src="cid:figur" alt="{name}">', subtype="html")
        _, page = message.iter_parts()
        cast(EmailMessage, page).add_related(data, "image", "png", cid="<figur>", filename=name, disposition="inline")
    for name, media_type, data in attachments:
        main, sub = media_type.split("/", 1)
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    if forwarded:
        message.add_attachment(message_from_bytes(forwarded, policy=policy.default))
    _fixed_boundaries(message)
    return message.as_bytes()


def _fixed_boundaries(message: EmailMessage) -> None:
    """Boundaries that depend on the position only: the library's own are random."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_del_{zlib.crc32(str(message['Subject']).encode()):08x}_{number}")
