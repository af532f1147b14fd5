"""Forms in tables, written by someone who had not seen the reader."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, RGBColor
from docx.table import _Cell

from tests.shared.forms.layouts.blind_wording import greeting, help_text, parts, reworded
from tests.shared.forms.layouts.kit import Page, Question, bold, fill, grid, layout, sections, ticked


def _shade(cell: _Cell, colour: str) -> None:
    cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{colour}"/>'))


def _small_print(cell: _Cell, text: str) -> None:
    run = cell.add_paragraph().add_run(text)
    run.italic = True
    run.font.size = Pt(8)


@layout
def blind_numbered_rows_of_the_secretariat(document: Document, questions: Sequence[Question], page: Page) -> None:
    """As the secretariat's form looked in 2019: one table, dark section rows, a number, a grey label with small print, the answer."""
    document.add_heading(page.title, 0)
    document.add_paragraph(greeting(page))
    table = grid(document, 3)
    for part, (section, asked) in enumerate(sections(questions), start=1):
        cells = table.add_row().cells
        head = cells[0].merge(cells[2])
        _shade(head, "1F3864")
        run = head.paragraphs[0].add_run(f"{part}. {section}")
        run.bold = True
        run.font.color.rgb = RGBColor(255, 255, 255)
        for number, question in enumerate(asked, start=1):
            cells = table.add_row().cells
            cells[0].text = f"{part}.{number}"
            _shade(cells[1], "D9D9D9")
            bold(cells[1].paragraphs[0], question.label)
            if page.chance.random() < 0.3:
                _small_print(cells[1], help_text(page))
            fill(cells[2], question.answer)


@layout
def blind_consultants_grey_box(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A consultant's form: a table for each section, label and slanted help text to the left in grey, the answer to the right."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        table = grid(document, 2)
        for question in asked:
            left, right = table.add_row().cells
            _shade(left, "EDEDED")
            mark = " *" if page.chance.random() < 0.5 else ""
            bold(left.paragraphs[0], question.label + mark)
            _small_print(left, help_text(page))
            if question.choices and question.chosen:
                fill(right, "\n".join(ticked(question, "☑", "☐")))
            else:
                fill(right, question.answer)
        document.add_paragraph()


@layout
def blind_boxes_in_a_box(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A frame for each section: an outer table of one column, its heading in the first cell, a table inside the second."""
    for section, asked in sections(questions):
        outer = grid(document, 1, rows=2)
        bold(outer.cell(0, 0).paragraphs[0], section.upper())
        inner = outer.cell(1, 0).add_table(rows=0, cols=2)
        for number, question in enumerate(asked, start=1):
            left, right = inner.add_row().cells
            left.text = f"{chr(96 + number)}) {question.label}" if number <= 26 else question.label
            fill(right, question.answer)
        outer.cell(1, 0).add_paragraph()
        document.add_paragraph()


@layout
def blind_short_side_by_side_long_below(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Short questions two and two, label above answer; a long one has its label across the table and the answer across below."""
    document.add_heading(page.title, 0)
    for section, asked in sections(questions):
        document.add_paragraph().add_run(section).bold = True
        table = grid(document, 2)
        waiting: list[Question] = []
        for question in asked:
            if len(question.answer) > 45 or "\n" in question.answer or len(question.label) > 60:
                for each in waiting:
                    _pair(table.add_row().cells, table.add_row().cells, [each])
                waiting = []
                label, answer = table.add_row().cells, table.add_row().cells
                wide = label[0].merge(label[1])
                _shade(wide, "F2F2F2")
                bold(wide.paragraphs[0], question.label)
                fill(answer[0].merge(answer[1]), question.answer)
                continue
            waiting.append(question)
            if len(waiting) == 2:
                _pair(table.add_row().cells, table.add_row().cells, waiting)
                waiting = []
        if waiting:
            _pair(table.add_row().cells, table.add_row().cells, waiting)


def _pair(above: Sequence[_Cell], below: Sequence[_Cell], asked: Sequence[Question]) -> None:
    for column, question in enumerate(asked):
        _shade(above[column], "F2F2F2")
        bold(above[column].paragraphs[0], question.label)
        fill(below[column], question.answer)


@layout
def blind_regulatory_affairs(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A company's letter: letterhead, contents, numbered headings, the question in bold, the answer below; repeated rows with one column each."""
    document.sections[0].header.paragraphs[0].text = "Nordfarma AS · Regulatory Affairs · Postboks 100 Skøyen, 0212 Oslo"
    document.sections[0].footer.paragraphs[0].text = page.say("Side 1 av 12", "Side 1 av 12", "Page 1 of 12")
    document.add_paragraph("Oslo, 3.2.2026\t\tRef. RA-2026-017")
    document.add_heading(page.title, 1)
    document.add_paragraph(greeting(page))
    for part, (section, asked) in enumerate(sections(questions), start=1):
        document.add_heading(f"{part} {section}", 2)
        for rows in parts(asked):
            if len(rows) == 1:
                for question in rows[0]:
                    bold(document, question.label)
                    for line in question.answer.split("\n"):
                        document.add_paragraph(line)
                continue
            _columns_of_rows(document, rows)


def _columns_of_rows(document: Document, rows: Sequence[Sequence[Question]]) -> None:
    labels = list(dict.fromkeys(question.label for row in rows for question in row))
    table = grid(document, len(rows) + 1)
    head = table.add_row().cells
    for column, row in enumerate(rows, start=1):
        bold(head[column].paragraphs[0], f"{row[0].group} {column}")
    for label in labels:
        cells = table.add_row().cells
        bold(cells[0].paragraphs[0], label)
        for column, row in enumerate(rows, start=1):
            fill(cells[column], next((question.answer for question in row if question.label == label), ""))
    document.add_paragraph()


@layout
def blind_filled_with_yellow_marking(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A table where the label is reworded by whoever typed it from memory, and the answer is marked in yellow; empty ones still say what Word says."""
    document.add_paragraph(page.title, style="Title")
    prompt = page.say(
        "Klikk eller trykk her for å skrive inn tekst.", "Klikk eller trykk her for å skrive inn tekst.", "Click or tap here to enter text."
    )
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        table = grid(document, 2)
        for question in asked:
            left, right = table.add_row().cells
            left.text = reworded(question.label, page.chance)
            if not question.answer:
                right.text = prompt
            for number, line in enumerate(question.answer.split("\n") if question.answer else []):
                paragraph = right.add_paragraph() if number else right.paragraphs[0]
                paragraph.add_run(line).font.highlight_color = WD_COLOR_INDEX.YELLOW


@layout
def blind_framed_answers(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Each question a bold line, each answer in a frame of its own below it: a table of one cell."""
    document.add_heading(page.title, 0)
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        for rows in parts(asked):
            for number, row in enumerate(rows, start=1):
                if row[0].row is not None:
                    document.add_heading(f"{row[0].group} {number}", 2)
                for question in row:
                    bold(document, question.label)
                    fill(grid(document, 1, rows=1).cell(0, 0), question.answer)
                    document.add_paragraph()
