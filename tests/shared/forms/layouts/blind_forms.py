"""Layouts by somebody who had not opened the reader: forms as offices make them, in tables and frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from docx.document import Document
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from tests.shared.forms.layouts.kit import Page, Question, blocks, bold, fill, grid, layout, sections, text_box, write

GREY = RGBColor(0x76, 0x76, 0x76)
BLUE = RGBColor(0x1F, 0x4E, 0x9E)


def shade(cell: _Cell, colour: str = "D9E2F3") -> None:
    """A cell with a background."""
    cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{colour}"/>'))


def small(where: Paragraph, text: str, *, italic: bool = True) -> Paragraph:
    """Small grey text, as help is set."""
    run = where.add_run(text)
    run.italic, run.font.size, run.font.color.rgb = italic, Pt(8), GREY
    return where


def guidance(page: Page) -> str:
    """What stands under a question to help whoever fills it in."""
    return page.chance.choice(
        (
            page.say("Maks 300 ord. Ikke oppgi taushetsbelagt informasjon.", "Maks 300 ord. Ikkje oppgi teieplikta informasjon.", "Max. 300 words. No confidential information."),
            page.say("Fyll ut så presist som mulig, og oppgi kilde.", "Fyll ut så presist som råd, og oppgi kjelde.", "Be as precise as possible, and state the source."),
            page.say("Se veiledningen på nettsiden.", "Sjå rettleiinga på nettsida.", "See the guidance on the website."),
        )
    )  # fmt: skip


def number_fields(paragraph: Paragraph, *names: str) -> None:
    """Fields of Word such as PAGE, each with what it showed last."""
    for name in names:
        for kind in ("begin", "separate", "end"):
            if kind == "end":
                paragraph.add_run("3")
            paragraph._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:fldChar w:fldCharType="{kind}"/></w:r>'))
            if kind == "begin":
                paragraph._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:instrText xml:space="preserve"> {name} </w:instrText></w:r>'))


def running_heads(document: Document, page: Page) -> None:
    """The form's name at the top and the number of the page at the foot of each page."""
    document.sections[0].header.paragraphs[0].add_run(f"Nye metoder\t\t{page.title}")
    foot = document.sections[0].footer.paragraphs[0]
    foot.add_run(
        page.say(
            "Versjon 3.2, sist endret 12.01.2026\tSide ", "Versjon 3.2, sist endra 12.01.2026\tSide ", "Version 3.2, last changed 12.01.2026\tPage "
        )
    )
    number_fields(foot, "PAGE", "NUMPAGES")


@layout
def office_shaded_box_for_each_question(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Each question numbered in a shaded box, the answer in the row below it; sections are numbered headings."""
    running_heads(document, page)
    document.add_heading(page.title, 0)
    write(document, page.say("Utfylt skjema sendes til nyemetoder@helse-sorost.no.", "Utfylt skjema skal sendast til nyemetoder@helse-sorost.no.", "Send the form to nyemetoder@helse-sorost.no."))  # fmt: skip
    for chapter, (section, asked) in enumerate(sections(questions), 1):
        document.add_heading(f"{chapter}. {section}", 1)
        number = 0
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in found:
                number += 1
                table = grid(document, 1, rows=2)
                shade(table.cell(0, 0))
                bold(table.cell(0, 0).paragraphs[0], f"{chapter}.{number} {question.label}")
                fill(table.cell(1, 0), question.answer)
                document.add_paragraph()


@layout
def office_label_cell_with_guidance(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Two columns: question in bold with help in small italics under it, and the answer; section titles across both."""
    document.add_paragraph(page.title, style="Title")
    table = grid(document, 2)
    for section, asked in sections(questions):
        cells = table.add_row().cells
        title = cells[0].merge(cells[1])
        shade(title, "1F3864")
        title.paragraphs[0].add_run(section).font.color.rgb = RGBColor(255, 255, 255)
        for heading, found in blocks(asked):
            if heading:
                cells = table.add_row().cells
                cells[0].merge(cells[1]).paragraphs[0].add_run(heading).italic = True
            for question in found:
                cells = table.add_row().cells
                bold(cells[0].paragraphs[0], question.label)
                if page.chance.random() < 0.6:
                    small(cells[0].add_paragraph(), guidance(page))
                fill(cells[1], question.answer)


@layout
def office_small_label_in_the_answers_box(document: Document, questions: Sequence[Question], page: Page) -> None:
    """As forms of the state: a small grey label at the top of a box, the answer in the same box, short ones side by side."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for is_short, run in groupby(found, key=lambda each: "\n" not in each.answer and len(each.answer) < 40 and not each.choices):
                left = list(run)
                while left:
                    count = min(3, len(left)) if is_short else 1
                    beside, left = left[:count], left[count:]
                    table = grid(document, count, rows=1)
                    for cell, question in zip(table.rows[0].cells, beside, strict=True):
                        small(cell.paragraphs[0], question.label, italic=False)
                        for line in question.answer.split("\n"):
                            cell.add_paragraph(line)


@layout
def office_no_question_answer(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Three columns: number, question, answer, with a row of headings and section rows across."""
    document.add_heading(page.title, 1)
    table = grid(document, 3, rows=1)
    for cell, text in zip(
        table.rows[0].cells,
        page.say("Nr.|Spørsmål|Svar fra leverandør", "Nr.|Spørsmål|Svar frå leverandør", "No.|Question|Answer").split("|"),
        strict=True,
    ):
        bold(cell.paragraphs[0], text)
    number = 0
    for section, asked in sections(questions):
        cells = table.add_row().cells
        bold(cells[0].merge(cells[2]).paragraphs[0], section.upper())
        for heading, found in blocks(asked):
            if heading:
                cells = table.add_row().cells
                bold(cells[0].merge(cells[2]).paragraphs[0], heading)
            for question in found:
                number += 1
                cells = table.add_row().cells
                fill(cells[0], str(number))
                fill(cells[1], question.label)
                fill(cells[2], question.answer)


@layout
def office_two_questions_in_a_row(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Four columns, label and answer twice; long answers across the page under their label."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            table = grid(document, 4)
            waiting: Question | None = None
            for question in found:
                if len(question.answer) > 40 or "\n" in question.answer:
                    for text, is_label in ((question.label, True), (question.answer, False)):
                        cells = table.add_row().cells
                        cell = cells[0].merge(cells[3])
                        bold(cell.paragraphs[0], text) if is_label else fill(cell, text)
                elif waiting is None:
                    waiting = question
                    cells = table.add_row().cells
                    bold(cells[0].paragraphs[0], f"{question.label}:")
                    fill(cells[1], question.answer)
                    pair = cells
                else:
                    bold(pair[2].paragraphs[0], f"{question.label}:")
                    fill(pair[3], question.answer)
                    waiting = None


@layout
def office_studies_side_by_side(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Studies with a column for each study; the rest as label and answer."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        rows = [each for each in asked if each.row is not None]
        table = grid(document, 2)
        for question in (each for each in asked if each.row is None):
            cells = table.add_row().cells
            fill(cells[0], question.label)
            fill(cells[1], question.answer)
        if not rows:
            continue
        document.add_paragraph()
        count = 1 + max(each.row or 0 for each in rows)
        study = page.say("Studie", "Studie", "Study")
        table = grid(document, 1 + count, rows=1)
        for number in range(count):
            bold(table.cell(0, number + 1).paragraphs[0], f"{study} {number + 1}")
        names = list(dict.fromkeys(each.key.rpartition("/")[2] for each in rows))
        for name in names:
            same = [each for each in rows if each.key.rpartition("/")[2] == name]
            cells = table.add_row().cells
            bold(cells[0].paragraphs[0], same[0].label)
            for question in same:
                fill(cells[1 + (question.row or 0)], question.answer)


@layout
def office_tables_inside_answers(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A one-column table for each section; long answers stand in a table of their own inside the answer's cell."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        bold(document, section)
        table = grid(document, 1)
        for heading, found in blocks(asked):
            if heading:
                bold(table.add_row().cells[0].paragraphs[0], heading)
            for question in found:
                label = table.add_row().cells[0]
                shade(label, "EEEEEE")
                fill(label, question.label)
                cell = table.add_row().cells[0]
                lines = question.answer.split("\n")
                if len(lines) < 3:
                    fill(cell, question.answer)
                    continue
                fill(cell, lines[0])
                inner = cell.add_table(rows=len(lines) - 1, cols=1)
                inner.style = "Table Grid"
                for line, row in zip(lines[1:], inner.rows, strict=True):
                    fill(row.cells[0], line)
                cell.add_paragraph()


@layout
def office_answers_in_text_boxes(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Underlined questions; a drawn box under each for the answer."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                document.add_paragraph().add_run(question.label).underline = True
                text_box(document.add_paragraph(), *((line, False) for line in question.answer.split("\n")))


@layout
def office_labels_in_frames(document: Document, questions: Sequence[Question], page: Page) -> None:
    """As an old office program saves: labels in frames in the margin, answers beside them, no style has a name."""
    document.add_paragraph().add_run(page.title).font.size = Pt(18)
    for section, asked in sections(questions):
        run = document.add_paragraph().add_run(section)
        run.font.size, run.bold = Pt(14), True
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph().add_run(heading).bold = True
            for question in found:
                label = document.add_paragraph()
                label._p.get_or_add_pPr().append(
                    parse_xml(f'<w:framePr {nsdecls("w")} w:w="2500" w:hSpace="141" w:wrap="around" w:vAnchor="text" w:hAnchor="page" w:x="700"/>')
                )
                label.add_run(question.label).font.size = Pt(9)
                write(document, question.answer) if question.answer else document.add_paragraph()


@layout
def office_label_and_answer_in_one_paragraph(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Soft line breaks only: the label in bold, a break, and the answer's lines with breaks between."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                paragraph = document.add_paragraph()
                paragraph.add_run(question.label).bold = True
                for line in question.answer.split("\n"):
                    run = paragraph.add_run()
                    run.add_break(WD_BREAK.LINE)
                    run.add_text(line)


@layout
def office_guidance_under_headings(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Headings with help in italics under some of them, and the answer after."""
    document.add_heading(page.title, 0)
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in found:
                document.add_heading(question.label, 3)
                if page.chance.random() < 0.5:
                    small(document.add_paragraph(), guidance(page))
                write(document, question.answer)


def form_field(paragraph: Paragraph, kind: str, data: str, shown: str | None = None) -> None:
    """A form field of the old kind: FORMTEXT shows text, FORMDROPDOWN and FORMCHECKBOX keep theirs in their data."""
    for place in ("begin", "separate", "end"):
        inner = f'<w:ffData><w:name w:val="Felt"/><w:enabled/>{data}</w:ffData>' if place == "begin" else ""
        if place == "end" and shown is not None:
            for number, line in enumerate(shown.split("\n")):
                run = paragraph.add_run()
                if number:
                    run.add_break(WD_BREAK.LINE)
                run.add_text(line)
        paragraph._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:fldChar w:fldCharType="{place}">{inner}</w:fldChar></w:r>'))
        if place == "begin":
            paragraph._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:instrText xml:space="preserve"> {kind} </w:instrText></w:r>'))


@layout
def office_form_fields_of_word_97(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Form fields of the old kind: text, check boxes, and drop-downs whose choice stands in the field's data alone."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        table = grid(document, 2)
        for heading, found in blocks(asked):
            if heading:
                cells = table.add_row().cells
                bold(cells[0].merge(cells[1]).paragraphs[0], heading)
            for question in found:
                cells = table.add_row().cells
                bold(cells[0].paragraphs[0], question.label)
                paragraph = cells[1].paragraphs[0]
                if len(question.choices) > 6 and len(question.chosen) < 2:
                    entries = [page.say("Velg", "Vel", "Choose"), *question.choices]
                    result = entries.index(question.chosen[0]) if question.chosen else 0
                    listed = "".join(f'<w:listEntry w:val="{entry}"/>' for entry in entries)
                    form_field(paragraph, "FORMDROPDOWN", f'<w:ddList><w:result w:val="{result}"/>{listed}</w:ddList>')
                elif question.choices:
                    for number, choice in enumerate(question.choices):
                        where = cells[1].add_paragraph() if number else paragraph
                        state = '<w:checked w:val="1"/>' if choice in question.chosen else ""
                        form_field(where, "FORMCHECKBOX", f'<w:checkBox><w:sizeAuto/><w:default w:val="0"/>{state}</w:checkBox>')
                        where.add_run(f" {choice}")
                else:
                    form_field(paragraph, "FORMTEXT", "<w:textInput/>", question.answer or "\u2002" * 5)
