"""Layouts by somebody who had not opened the reader: what one would plainly write with python-docx in an hour, tables and headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docx.document import Document
from docx.enum.section import WD_SECTION
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from tests.shared.forms.layouts.kit import Page, Question, blocks, bold, fill, grid, layout, sections, ticked, write

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def other_date(page: Page, text: str) -> str:
    """A date in one more of the ways people write it; other text as it is."""
    found = _DATE.fullmatch(text)
    if not found:
        return text
    year, month, day = found.groups()
    return page.chance.choice(
        (f"{day}/{month}/{year}", f"{day}.{month}.{year}", f"{int(day)}.{int(month)}-{year}", f"{day}-{month}-{year}", f"{year}.{month}.{day}")
    )


def studies(document: Document, asked: Sequence[Question]) -> Table:
    """A repeated group as a table: a header row of labels, a row for each."""
    first = [question for question in asked if question.row == 0]
    table = grid(document, len(first), rows=1)
    for cell, question in zip(table.rows[0].cells, first, strict=True):
        cell.text = question.label
    for row in range(max(question.row or 0 for question in asked) + 1):
        for cell, question in zip(table.add_row().cells, (each for each in asked if each.row == row), strict=True):
            fill(cell, question.answer)
    return table


def whole_groups(questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    """Stretches of questions under the name of their group, or ``""``: all rows of a group together."""
    found: list[tuple[str, list[Question]]] = []
    for question in questions:
        if not found or found[-1][0] != question.group:
            found.append((question.group, []))
        found[-1][1].append(question)
    return found


@layout
def plain_table_for_each_section(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Heading 1, then a table ``Spørsmål | Svar`` with a header row; studies are a table with their labels in the header row."""
    document.add_heading(page.title, 0)
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        for group, found in whole_groups(asked):
            if group:
                document.add_paragraph(group)
                studies(document, found)
                continue
            table = grid(document, 2, rows=1)
            table.rows[0].cells[0].text, table.rows[0].cells[1].text = (
                page.say("Spørsmål", "Spørsmål", "Question"),
                page.say("Svar", "Svar", "Answer"),
            )
            for question in found:
                cells = table.add_row().cells
                cells[0].text = question.label
                fill(cells[1], other_date(page, question.answer))


@layout
def plain_numbered_headings_only_the_answered(document: Document, questions: Sequence[Question], page: Page) -> None:
    """``3.2 Label`` as Heading 2 and the answer under it; questions without an answer were taken out."""
    document.add_heading(page.title, 0)
    for number, (section, asked) in enumerate(sections([question for question in questions if question.answer]), 1):
        document.add_heading(f"{number} {section}", 1)
        inner = 0
        for heading, found in blocks(asked):
            if heading:
                inner += 1
                document.add_heading(f"{number}.{inner} {heading}", 2)
            for place, question in enumerate(found, 1):
                inner += not heading
                document.add_heading(
                    f"{number}.{inner}.{place} {question.label}" if heading else f"{number}.{inner} {question.label}", 3 if heading else 2
                )
                write(document, question.answer)


def link(paragraph: Paragraph, text: str) -> None:
    """Text inside a hyperlink."""
    element = parse_xml(
        f'<w:hyperlink {nsdecls("w")} w:anchor="x"><w:r><w:rPr><w:u w:val="single"/></w:rPr><w:t xml:space="preserve"/></w:r></w:hyperlink>'
    )
    element[0][-1].text = text
    paragraph._p.append(element)


@layout
def plain_bold_label_then_answer_after_a_space(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A bold ``Label *`` and the answer in the same paragraph with nothing but a space between; boxes for choices; addresses are links."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                paragraph = bold(document, question.label + page.chance.choice(("", " *", "*", ":")))
                first, *rest = question.answer.split("\n")
                if question.choices:
                    paragraph.add_run(" " + "  ".join(ticked(question)))
                elif "@" in first:
                    paragraph.add_run(" ")
                    link(paragraph, first)
                else:
                    paragraph.add_run(f" {first}")
                    write(document, "\n".join(rest))


@layout
def plain_merged_cells(document: Document, questions: Sequence[Question], page: Page) -> None:
    """One table of five columns: the section down the side (vMerge), two short pairs in a row, long questions over all columns and the answer in the row below."""
    bold(document, page.title)
    table = grid(document, 5)
    for section, asked in sections(questions):
        start = len(table.rows)
        for heading, found in blocks(asked):
            if heading:
                _spread(table, 1, 4).text = heading
            short: list[Question] = []
            for question in found:
                if "\n" in question.answer or len(question.answer) > 40 or len(question.label) > 60:
                    _short(table, short)
                    short = []
                    _spread(table, 1, 4).text = question.label
                    fill(_spread(table, 1, 4), question.answer)
                else:
                    short.append(question)
            _short(table, short)
        table.cell(start, 0).merge(table.cell(len(table.rows) - 1, 0)).text = section


def _spread(table: Table, first: int, last: int) -> _Cell:
    cells = table.add_row().cells
    merged: _Cell = cells[first].merge(cells[last])
    return merged


def _short(table: Table, short: Sequence[Question]) -> None:
    for left, right in zip(short[::2], [*short[1::2], *[None] * (len(short) % 2)], strict=True):
        cells = table.add_row().cells
        cells[1].text = left.label
        fill(cells[2], left.answer)
        if right:
            cells[3].text = right.label
            fill(cells[4], right.answer)
        else:
            cells[2].merge(cells[4])


@layout
def plain_sections_in_two_columns(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Every section is a Word section of two text columns under a heading across the page; bold ``Label:`` over the answer."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_section(WD_SECTION.CONTINUOUS)
        document.add_heading(section, 2)
        word_section = document.add_section(WD_SECTION.CONTINUOUS)
        word_section._sectPr.append(parse_xml(f'<w:cols {nsdecls("w")} w:num="2" w:space="708"/>'))
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            for question in found:
                bold(document, question.label.rstrip("?:") + ":")
                write(document, "  ".join(ticked(question, "[X]", "[ ]")) if question.choices else question.answer)


@layout
def plain_styles_of_word(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Labels in the style Caption or Subtitle, answers in Quote or Body Text, with an empty paragraph between; ``Svar:`` before short answers."""
    document.add_paragraph(page.title, style="Title")
    label_style, answer_style = page.chance.choice((("Caption", "Quote"), ("Subtitle", "Body Text"), ("Intense Quote", "No Spacing")))
    said = page.say("Svar: ", "Svar: ", "Answer: ")
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in found:
                document.add_paragraph(question.label, style=label_style)
                write(document, said + question.answer if question.answer and "\n" not in question.answer else question.answer, style=answer_style)
                document.add_paragraph()
