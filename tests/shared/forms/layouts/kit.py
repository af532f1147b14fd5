"""What layouts are made with, and where they are registered."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from lxml import etree


@dataclass(frozen=True)
class Question:
    """One question and what somebody typed for it."""

    key: str
    label: str
    answer: str
    choices: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    section: str = ""
    row: int | None = None
    group: str = ""


@dataclass(frozen=True)
class Page:
    """What holds for the whole document."""

    language: str
    title: str
    chance: random.Random

    def say(self, nb: str, nn: str, en: str) -> str:
        """The words in the language of the document."""
        return {"nb": nb, "nn": nn, "en": en}[self.language]


Layout = Callable[[Document, Sequence[Question], Page], None]
LAYOUTS: dict[str, Layout] = {}


def layout(function: Layout) -> Layout:
    """Registers a layout under its name."""
    name = function.__name__
    if name in LAYOUTS:
        raise ValueError(f"two layouts are named {name}")
    LAYOUTS[name] = function
    return function


def sections(questions: Sequence[Question]) -> Iterator[tuple[str, list[Question]]]:
    """The questions under their headings, in order."""
    for section, found in groupby(questions, key=lambda question: question.section):
        yield section, list(found)


def blocks(questions: Sequence[Question]) -> Iterator[tuple[str | None, list[Question]]]:
    """Stretches of questions: those of a row of a group with its heading (``Studie 2``), others with None."""
    for (group, row), found in groupby(questions, key=lambda question: (question.group, question.row)):
        yield (f"{group} {row + 1}" if row is not None else None), list(found)


def write(where: Document | _Cell, text: str, **style: object) -> Paragraph | None:
    """A paragraph for each line of a text."""
    paragraph = None
    for line in text.split("\n") if text else []:
        paragraph = where.add_paragraph(line, **style)
    return paragraph


def fill(cell: _Cell, text: str) -> None:
    """A cell with a paragraph for each line of a text."""
    first, *rest = text.split("\n")
    cell.paragraphs[0].add_run(first)
    for line in rest:
        cell.add_paragraph(line)


def bold(where: Document | _Cell | Paragraph, text: str) -> Paragraph:
    """A bold run, in a paragraph of its own unless one is given."""
    paragraph = where if isinstance(where, Paragraph) else where.add_paragraph()
    paragraph.add_run(text).bold = True
    return paragraph


def grid(document: Document, columns: int, *, rows: int = 0) -> Table:
    """A table with lines."""
    table = document.add_table(rows=rows, cols=columns)
    table.style = "Table Grid"
    return table


def inserted(paragraph: Paragraph, text: str) -> None:
    """Text put in while changes are tracked."""
    run = _run(text, "t")
    change = parse_xml(f'<w:ins {nsdecls("w")} w:id="7" w:author="Kari" w:date="2026-02-03T10:00:00Z"/>')
    change.append(run)
    paragraph._p.append(change)


def deleted(paragraph: Paragraph, text: str) -> None:
    """Text taken out while changes are tracked."""
    change = parse_xml(f'<w:del {nsdecls("w")} w:id="8" w:author="Kari" w:date="2026-02-03T10:00:00Z"/>')
    change.append(_run(text, "delText"))
    paragraph._p.append(change)


def _run(text: str, kind: str) -> etree._Element:
    run = parse_xml(f"<w:r {nsdecls('w')}/>")
    element = etree.SubElement(run, qn(f"w:{kind}"))
    element.text = text
    element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return run


_BOX = """<w:r {namespaces} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"
 xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" xmlns:v="urn:schemas-microsoft-com:vml">
<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><a:graphic><a:graphicData
 uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:txbx><w:txbxContent/></wps:txbx></wps:wsp></a:graphicData>
</a:graphic></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent/></v:textbox></v:shape></w:pict></mc:Fallback>
</mc:AlternateContent></w:r>"""


def text_box(paragraph: Paragraph, *lines: tuple[str, bool]) -> None:
    """A text box anchored in a paragraph, for new programs and for old; each line with whether it is bold."""
    run = parse_xml(_BOX.format(namespaces=nsdecls("w", "wp", "a")))
    for content in run.iter(qn("w:txbxContent")):
        for text, is_bold in lines:
            inner = etree.SubElement(content, qn("w:p"))
            piece = etree.SubElement(inner, qn("w:r"))
            if is_bold:
                etree.SubElement(etree.SubElement(piece, qn("w:rPr")), qn("w:b"))
            etree.SubElement(piece, qn("w:t")).text = text
    paragraph._p.append(run)


def footnote(document: Document, paragraph: Paragraph, text: str) -> None:
    """A footnote at the end of a paragraph."""
    part = next((each for each in document.part.package.iter_parts() if str(each.partname) == "/word/footnotes.xml"), None)
    if part is None:
        blob = f'<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote></w:footnotes>'.encode()
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
        part = Part(PackURI("/word/footnotes.xml"), kind, blob, document.part.package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    notes = etree.fromstring(part.blob)
    number = str(len(notes))
    note = etree.SubElement(notes, qn("w:footnote"))
    note.set(qn("w:id"), number)
    inner = etree.SubElement(etree.SubElement(note, qn("w:p")), qn("w:r"))
    etree.SubElement(inner, qn("w:t")).text = text
    part._blob = etree.tostring(notes)
    reference = parse_xml(f'<w:r {nsdecls("w")}><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="{number}"/></w:r>')
    paragraph._p.append(reference)


def columns(document: Document, count: int = 2) -> None:
    """The whole page in text columns."""
    properties = document.sections[0]._sectPr
    properties.append(parse_xml(f'<w:cols {nsdecls("w")} w:num="{count}" w:space="708"/>'))


def ticked(question: Question, ticked_box: str = "☒", empty_box: str = "☐") -> list[str]:
    """The choices with a box before each."""
    return [f"{ticked_box if choice in question.chosen else empty_box} {choice}" for choice in question.choices]


def legacy_box(paragraph: Paragraph, *, checked: bool) -> None:
    """A check box of the old kind (FORMCHECKBOX)."""
    state = '<w:checked w:val="1"/>' if checked else ""
    for kind in ("begin", "separate", "end"):
        data = f'<w:ffData><w:name w:val="Kontroll1"/><w:checkBox><w:sizeAuto/><w:default w:val="0"/>{state}</w:checkBox></w:ffData>'
        inner = f'<w:fldChar w:fldCharType="{kind}">{data if kind == "begin" else ""}</w:fldChar>'
        paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{inner}</w:r>"))
        if kind == "begin":
            paragraph._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:instrText xml:space="preserve"> FORMCHECKBOX </w:instrText></w:r>'))


def symbol_box(paragraph: Paragraph, *, checked: bool) -> None:
    """A box from a symbol font, as people insert it."""
    paragraph._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:sym w:font="Wingdings" w:char="{"F0FE" if checked else "F0A8"}"/></w:r>'))
