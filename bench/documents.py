"""``python -m bench.documents``: what the box's readers cost for one document, beside the plain library on the same bytes, turn by turn in one process.

The library does the least that gives a person the same: the text, and what is inside as files. Our reader does that and looks for macros, active content,
hidden text, fødselsnummer, bombs and a wrong type. Both are warm, as in the zygote. ``box``: the same document alone in a child of a real box, all of it.
"""

from __future__ import annotations

import gc
import io
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import pypdf

from bench import material, plain_library, processes
from bench.report import TEXT, print_documents
from samples.builders.attachments import mail
from samples.builders.outlook import OutlookMessage, outlook_message
from samples.content.prose import REPORT_PARAGRAPHS

ROUNDS, ROUNDS_OF_LARGE, OPENINGS, LARGE_PAGES = 40, 5, 20, 300
_SENT: Final = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
_TEXT: Final = "\n\n".join(REPORT_PARAGRAPHS)

Bare = Callable[[bytes, Path], object]
"""Reads the bytes of a document; may write what is inside it to the folder."""


@dataclass(frozen=True)
class Document:
    """A document and the plain way to read it. ``ours``: a part of our reading to measure instead of all."""

    name: str
    data: bytes
    bare: Bare
    role: Literal["form", "attachment"] = "attachment"
    ours: Bare | None = None
    rounds: int = ROUNDS


def measure() -> dict[str, dict[str, float]]:
    """For each document its bytes, CPU-ms of our reader, of the library and in the box, and the ratio of the first two (of medians)."""
    _warm_up()
    with tempfile.TemporaryDirectory(prefix="mottak-bench-documents-") as folder:
        found = {document.name: _beside_the_library(document, Path(folder)) for document in _documents()}
        for document in _documents():
            if document.ours is None:
                found[document.name]["box_ms"] = _in_the_box(document, Path(folder))
    return found


def main() -> None:
    """Print the figures."""
    print_documents(measure())


def _warm_up() -> None:
    """The readers as a zygote has them."""
    from services.shared.sandbox import Policy, child

    child.warm_up(Policy.load(), tables=False)
    gc.collect()
    gc.freeze()


def _beside_the_library(document: Document, folder: Path) -> dict[str, float]:
    ours: list[float] = []
    theirs: list[float] = []
    readers = (theirs, document.bare), (ours, document.ours or _reader(document))
    for number in range(document.rounds + 1):
        for spent, read in readers:
            place = folder / f"{document.name}-{number}-{len(spent)}-{read is document.bare}"
            place.mkdir()
            began = time.process_time()
            read(document.data, place)
            spent.append((time.process_time() - began) * 1000)
    ours_ms, bare_ms = (statistics.median(spent[1:]) for spent in (ours, theirs))  # the first of each is warm-up
    return {"bytes": float(len(document.data)), "ours_ms": ours_ms, "bare_ms": bare_ms, "ratio": ours_ms / bare_ms}


def _reader(document: Document) -> Bare:
    """Our reader, as a child calls it. Raises ValueError when it found a fault: then it did not do the work."""
    from services.shared.sandbox import Policy
    from services.shared.sandbox.opening import Budget, FileOpening

    rules = Policy.load()

    def read(data: bytes, folder: Path) -> object:
        scratch = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        opening = FileOpening(rules, Budget(1 << 30, 1000, 10_000_000), scratch, "0", lambda path: None)
        try:
            answer = opening.run({"id": "0", "role": document.role, "name": document.name, "size": len(data)}, io.BytesIO(data))
        finally:
            opening.close()
            os.close(scratch)
        if answer["findings"]:
            raise ValueError(answer["findings"])
        return answer

    return read


def _in_the_box(document: Document, folder: Path) -> float:
    """CPU-ms of zygote, child and our side of the conversation for a submission of this document alone."""
    from services.shared.sandbox import Box, Incoming, Policy

    path = folder / document.name
    path.write_bytes(document.data)
    with Box(Policy.load(), folder / "scratch") as box, path.open("rb") as stream:
        for opening in range(OPENINGS + 2):
            if opening == 2:
                began = _spent()
            with box.open_submission([Incoming("0", document.role, document.name, stream, len(document.data))]):
                pass
        return (_spent() - began) / OPENINGS * 1000


def _spent() -> float:
    """CPU seconds of this process and of its box, the children that are gone too."""
    return time.process_time() + processes.cpu_seconds({"bench": os.getpid()})[processes.BOX]


def _documents() -> Iterator[Document]:
    files = {file.name: file.data for file in material.make().attachments}
    sheet = next(file.data for file in material.make(heavy=True).attachments if file.name.endswith(".xlsx"))
    picture, word = files["Figur 2.png"], files["Dokumentasjon.docx"]
    yield Document("form.docx", material.make().form, plain_library.word_form, "form")
    yield Document("report.docx", word, plain_library.word)
    yield Document("numbers.xlsx", sheet, plain_library.sheet)
    yield Document("slides.pptx", _slides(20), plain_library.presentation)
    yield Document("report.pdf", files["Rapport.pdf"], plain_library.pdf)
    yield Document(
        "files.zip", _zipped({"figur.png": picture, **{f"notat {number}.txt": _TEXT.encode() for number in range(8)}}), plain_library.archive
    )
    yield Document(
        "letter.eml",
        mail("Brev", _TEXT, _SENT, [("figur.png", "image/png", picture), ("notat.txt", "text/plain", _TEXT.encode())]),
        plain_library.mail,
    )
    yield Document("letter.msg", _outlook(picture), plain_library.message)
    large = _large_pdf(files["Rapport.pdf"])
    yield Document("300 pages.pdf", large, plain_library.pdf, rounds=ROUNDS_OF_LARGE)
    yield Document(TEXT, large, plain_library.pdf_text, ours=_our_text, rounds=ROUNDS_OF_LARGE)


def _slides(count: int) -> bytes:
    """A presentation with only the parts that hold text."""
    main = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    slide = (
        f"<p:sld xmlns:p='http://schemas.openxmlformats.org/presentationml/2006/main' xmlns:a='{plain_library.DRAWING}'><p:cSld>{{}}</p:cSld></p:sld>"
    )
    lines = [f"<p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>" for text in REPORT_PARAGRAPHS]
    parts = {
        "[Content_Types].xml": f"<Types xmlns='{types}'><Override PartName='/ppt/presentation.xml' ContentType='{main}'/></Types>",
        "ppt/presentation.xml": "<p:presentation xmlns:p='http://schemas.openxmlformats.org/presentationml/2006/main'/>",
        **{f"ppt/slides/slide{number}.xml": slide.format("".join(lines)) for number in range(1, count + 1)},
    }
    return _zipped({name: text.encode() for name, text in parts.items()})


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _outlook(picture: bytes) -> bytes:
    people = ("Innsending", "innsending@eksempelfarma.example"), [("Mottak", "mottak@nyemetoder.example")]
    files = [("figur.png", "image/png", picture), ("notat.txt", "text/plain", _TEXT.encode())]
    return outlook_message(OutlookMessage("Brev", _TEXT, *people, _SENT, files))


def _large_pdf(report: bytes) -> bytes:
    writer, pages = pypdf.PdfWriter(), pypdf.PdfReader(io.BytesIO(report)).pages
    for number in range(LARGE_PAGES):
        writer.add_page(pages[number % 12])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _our_text(data: bytes, folder: Path) -> object:
    """The text alone, with the search for fødselsnummer and for what is only covered."""
    from services.shared.sandbox import Policy
    from services.shared.sandbox.opening import Budget, Document, FileOpening
    from services.shared.sandbox.readers import pdf_text

    budget = Budget(0, 0, 10_000_000)
    document = Document("0", None, "attachment", "a", "a", "a", len(data), 0, io.BytesIO(data), budget)
    pdf_text.search(FileOpening(Policy.load(), budget, -1, "0", lambda path: None), document)
    return document.text


if __name__ == "__main__":
    main()
