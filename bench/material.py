"""The bytes the bench sends: a Word form of about 40 kB, different for each submission, and three attachments of 100 kB each.

The attachments are a mix as senders have them: a PDF report (12 pages of text and tables, and one scanned figure), a Word report (text and one
scanned figure) and a picture. ``heavy`` takes a workbook of numbers in place of the picture: the most XML that fits into 100 kB.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import docx
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, PageBreak, Paragraph, SimpleDocTemplate, Table

from samples.builders.repack import unzip, with_members
from samples.builders.spreadsheet import workbook
from samples.builders.word_form import docx_form
from samples.content import medicines
from samples.content.prose import REPORT_PARAGRAPHS
from samples.content.requests import anmodning
from samples.sample import definition
from services.shared import timestamps

ATTACHMENT_BYTES: Final = 100_000
_SUBSTANCE: Final = "zzmalestoff"


@dataclass(frozen=True)
class File:
    """A file as it is sent: the multipart field, its name and bytes."""

    part: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Material:
    """What all submissions of a run share. ``form`` is the Word form with a placeholder where each submission gets a substance of its own."""

    form: bytes
    attachments: tuple[File, ...]

    def submission(self, name: str) -> list[File]:
        """The files of one submission. ``name`` (letters and digits) becomes its substance: no two are about the same case (rule G11)."""
        words = unzip(self.form)["word/document.xml"].replace(_SUBSTANCE.encode(), f"{_SUBSTANCE}{name}".encode())
        return [File("form", f"anmodning-{name}.docx", with_members(self.form, {"word/document.xml": words})), *self.attachments]


def make(*, heavy: bool = False) -> Material:
    """Make the files; the same bytes every time but for the dates, which are reckoned from today."""
    answers = anmodning(medicines.VELKARSA, timestamps.norwegian_date(timestamps.now()), active_substance=_SUBSTANCE)
    third = File("attachments", "Grunnlag.xlsx", _filled_workbook()) if heavy else File("attachments", "Figur 2.png", _scan(ATTACHMENT_BYTES))
    return Material(
        docx_form(definition("anmodning"), answers),
        (File("attachments", "Rapport.pdf", _report()), File("attachments", "Dokumentasjon.docx", _word_report()), third),
    )


def large_text(path: Path, size: int) -> None:
    """Write ``size`` bytes of random text: letters only, so that nothing in it looks like an identity number and nothing can be compressed away."""
    letters = bytes(range(ord("a"), ord("z") + 1)) + b" "
    table = bytes(letters[value % len(letters)] for value in range(256))
    source = random.Random(11)
    with path.open("wb") as file:
        left = size
        while left:
            piece = source.randbytes(min(left, 1 << 20)).translate(table)
            file.write(piece)
            left -= len(piece)


def _scan(size: int) -> bytes:
    """A .png of noise that cannot be compressed, as a scanned page is, of about ``size`` bytes."""
    width = 200
    height = size // (width * 3 + 1)
    rows = random.Random(5).randbytes(width * 3 * height)
    pixels = zlib.compress(b"".join(b"\0" + rows[start : start + width * 3] for start in range(0, len(rows), width * 3)), 1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _report() -> bytes:
    """A PDF of 12 pages and a figure, filled up to 100 kB by the figure."""
    plain = len(_report_with(0))
    return _report_with(ATTACHMENT_BYTES - plain)


def _report_with(figure_bytes: int) -> bytes:
    out = io.BytesIO()
    styles = getSampleStyleSheet()
    story: list[Flowable] = []
    for page in range(12):
        story.append(Paragraph(f"{page + 1} Resultater", styles["Heading2"]))
        story += [Paragraph(REPORT_PARAGRAPHS[(page * 3 + number) % len(REPORT_PARAGRAPHS)], styles["BodyText"]) for number in range(6)]
        story.append(Table([[f"Endepunkt {row}", f"{12 + row},{page}", f"{9 + row},{row}", "0,71 (0,58–0,91)"] for row in range(8)]))
        story.append(PageBreak())
    if figure_bytes:
        # A picture in a PDF is written as ASCII 85: five bytes for four.
        story.append(Image(io.BytesIO(_scan(figure_bytes * 4 // 5)), 400, 300))
    SimpleDocTemplate(out, pagesize=A4, title="Rapport").build(story, canvasmaker=_unchanging)
    return out.getvalue()


def _unchanging(*arguments: object, **options: object) -> Canvas:
    return Canvas(*arguments, **{**options, "invariant": 1})  # type: ignore[arg-type]  # handed on as it came


def _word_report() -> bytes:
    plain = len(_word_report_with(0))
    return _word_report_with(ATTACHMENT_BYTES - plain)


def _word_report_with(figure_bytes: int) -> bytes:
    document = docx.Document()
    for chapter in range(8):
        document.add_heading(f"{chapter + 1} Dokumentasjon", 1)
        for number in range(6):
            document.add_paragraph(REPORT_PARAGRAPHS[(chapter + number) % len(REPORT_PARAGRAPHS)])
    if figure_bytes:
        document.add_picture(io.BytesIO(_scan(figure_bytes)))
    out = io.BytesIO()
    document.save(out)
    return with_members(out.getvalue(), {})


def _filled_workbook() -> bytes:
    source = random.Random(3)
    rows: list[list[str | int | float]] = [[f"Pasientgruppe {row}", *(round(source.uniform(0, 1000), 3) for _ in range(10))] for row in range(1180)]
    return workbook("Grunnlag", rows)


def multipart(files: list[File], boundary: str) -> bytes:
    """The body of ``POST /submissions``."""
    return b"".join(_part_head(file.part, file.name, boundary) + file.data + b"\r\n" for file in files) + f"--{boundary}--\r\n".encode()


def multipart_of_large(files: list[File], large: Path, boundary: str) -> Iterator[bytes]:
    """The same with one more attachment that stays on disk; a piece at a time."""
    for file in files:
        yield _part_head(file.part, file.name, boundary) + file.data + b"\r\n"
    yield _part_head("attachments", large.name, boundary)
    with large.open("rb") as stream:
        while piece := stream.read(1 << 20):
            yield piece
    yield f"\r\n--{boundary}--\r\n".encode()


def _part_head(part: str, name: str, boundary: str) -> bytes:
    plain = re.sub(r"[^\w .-]", "_", name)
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="{plain}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
