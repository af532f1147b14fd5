"""The last layouts written before anything was mended for them: tables of contents, run-in headings, pasted sheets."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.shared import Cm, Pt
from docx.table import Table, _Row

from tests.shared.forms.layouts.blind_forms import shade
from tests.shared.forms.layouts.kit import Page, Question, blocks, bold, fill, grid, layout, sections, write


@layout
def last_table_of_contents(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A table of contents with every numbered heading and its page, then the headings with the answers."""
    document.add_heading(page.title, 0)
    document.add_paragraph(page.say("Innhold", "Innhald", "Contents"), style="Heading 1")
    numbered: list[tuple[str, int, Question | None]] = []
    for chapter, (section, asked) in enumerate(sections(questions), 1):
        numbered.append((f"{chapter} {section}", 1, None))
        number = 0
        for heading, found in blocks(asked):
            if heading:
                numbered.append((heading, 2, None))
            for question in found:
                number += 1
                numbered.append((f"{chapter}.{number} {question.label}", 3, question))
    for place, (text, level, _) in enumerate(numbered):
        document.add_paragraph(f"{text}\t{2 + place // 8}").paragraph_format.left_indent = Cm(0.5 * level)
    document.add_page_break()
    for text, level, question in numbered:
        document.add_heading(text, level)
        if question is not None:
            write(document, question.answer)


@layout
def last_run_in_headings(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Bold run-in headings with a full stop, and the answer goes on in the same line."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                first, *rest = question.answer.split("\n")
                paragraph = document.add_paragraph()
                paragraph.add_run(question.label + ("" if question.label.endswith("?") else ".")).bold = True
                paragraph.add_run(f" {first}")
                write(document, "\n".join(rest))


@layout
def last_dotted_lines(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Dots or a line from the question to the answer, and a line to write on where there is none; long answers below."""
    document.add_heading(page.title, 1)
    leader = page.chance.choice((" ...................... ", ": ____________ ", "…………… "))
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                if "\n" in question.answer or len(question.answer) > 60:
                    document.add_paragraph(f"{question.label}{leader}".rstrip())
                    write(document, question.answer)
                else:
                    document.add_paragraph(f"{question.label}{leader}{question.answer}")


def put(row: _Row, *texts: str) -> None:
    """Texts in the cells of a row."""
    for cell, text in zip(row.cells, texts, strict=True):
        fill(cell, text)


@layout
def last_pasted_sheet(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A sheet pasted as one table: row numbers, an empty column, question, an empty column, answer; empty rows before sections."""
    table = grid(document, 5)
    number = 0
    put(table.add_row(), "", "", page.title, "", "")
    for section, asked in sections(questions):
        put(table.add_row(), "", "", "", "", "")
        put(table.add_row(), "", section.upper(), "", "", "")
        for heading, found in blocks(asked):
            if heading:
                put(table.add_row(), "", "", heading, "", "")
            for question in found:
                number += 1
                put(table.add_row(), str(number), "", question.label, "", question.answer)


def _one_row(table: Table, *texts: str) -> None:
    put(table.add_row(), *texts)


@layout
def last_matrix_of_choices(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A few choices head the columns of a small table with a cross under the chosen; other answers below a bold label."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                bold(document, question.label)
                if 2 <= len(question.choices) <= 6:
                    table = grid(document, len(question.choices))
                    _one_row(table, *question.choices)
                    _one_row(table, *("X" if choice in question.chosen else "" for choice in question.choices))
                else:
                    write(document, question.answer)


@layout
def last_slanted_questions(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Questions in italics, answers upright, nothing else tells them apart."""
    document.add_paragraph().add_run(page.title).font.size = Pt(18)
    for section, asked in sections(questions):
        bold(document, section)
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            for question in found:
                document.add_paragraph().add_run(question.label).italic = True
                write(document, question.answer)


@layout
def last_bold_answers(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Plain labels with a colon, all answers in bold beside or below."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                paragraph = document.add_paragraph(f"{question.label}: ")
                first, *rest = question.answer.split("\n")
                paragraph.add_run(first).bold = True
                for line in rest:
                    bold(document, line)


@layout
def last_the_word_answer_in_a_cell(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Two rows for each question: the question across, then a cell that says "answer" and the answer beside it."""
    document.add_heading(page.title, 1)
    word = page.say("Svar", "Svar", "Answer")
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            table = grid(document, 2)
            for question in found:
                cells = table.add_row().cells
                label = cells[0].merge(cells[1])
                shade(label)
                fill(label, question.label)
                _one_row(table, f"{word}:", question.answer)


@layout
def last_first_part_in_the_page_head(document: Document, questions: Sequence[Question], page: Page) -> None:
    """The first part of the form in a table in the head of the page, as on printed forms; the rest as headings."""
    (first, asked), *others = sections(questions)
    head = document.sections[0].header
    head.paragraphs[0].add_run(f"{page.title} – {first}")
    table = head.add_table(rows=0, cols=2, width=Cm(16))
    for question in asked:
        put(table.add_row(), question.label, question.answer)
    for section, found in others:
        document.add_heading(section, 1)
        for heading, inner in blocks(found):
            if heading:
                document.add_heading(heading, 2)
            for question in inner:
                document.add_heading(question.label, 3)
                write(document, question.answer)
