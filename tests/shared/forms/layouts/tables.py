"""Forms laid out in tables."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.shared import RGBColor

from tests.shared.forms.layouts.kit import (
    Page,
    Question,
    blocks,
    bold,
    deleted,
    fill,
    footnote,
    grid,
    inserted,
    layout,
    legacy_box,
    sections,
    symbol_box,
    ticked,
    write,
)  # fmt: skip


@layout
def label_and_answer_cells(document: Document, questions: Sequence[Question], page: Page) -> None:
    document.add_heading(page.title, 0)
    for title, asked in sections(questions):
        document.add_heading(title, 1)
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            fill(row.cells[0], question.label)
            fill(row.cells[1], question.answer)


@layout
def one_long_table_with_section_rows(document: Document, questions: Sequence[Question], page: Page) -> None:
    document.add_paragraph(page.title.upper())
    table = grid(document, 2)
    for number, (title, asked) in enumerate(sections(questions), 1):
        row = table.add_row()
        bold(row.cells[0].merge(row.cells[1]).paragraphs[0], f"{number}. {title}")
        for place, question in enumerate(asked, 1):
            row = table.add_row()
            bold(row.cells[0].paragraphs[0], f"{number}.{place} {question.label}")
            fill(row.cells[1], question.answer)


@layout
def number_label_answer(document: Document, questions: Sequence[Question], page: Page) -> None:
    table = grid(document, 3, rows=1)
    for cell, text in zip(
        table.rows[0].cells, ("Nr.", page.say("Spørsmål", "Spørsmål", "Question"), page.say("Svar", "Svar", "Answer")), strict=True
    ):
        bold(cell.paragraphs[0], text)
    for number, question in enumerate(questions, 1):
        row = table.add_row()
        row.cells[0].text = str(number)
        row.cells[1].text = question.label
        fill(row.cells[2], question.answer)


@layout
def label_guidance_answer(document: Document, questions: Sequence[Question], page: Page) -> None:
    table = grid(document, 3, rows=1)
    for cell, text in zip(
        table.rows[0].cells, ("Felt", page.say("Veiledning", "Rettleiing", "Guidance"), page.say("Svar", "Svar", "Answer")), strict=True
    ):
        cell.text = text
    for question in questions:
        row = table.add_row()
        row.cells[0].text = question.label
        row.cells[1].text = page.say("Beskriv kort og presist.", "Skildre kort og presist.", "Describe briefly.")
        fill(row.cells[2], question.answer)


@layout
def two_pairs_in_a_row(document: Document, questions: Sequence[Question], page: Page) -> None:
    for title, asked in sections(questions):
        bold(document, title)
        table = grid(document, 4)
        short = [question for question in asked if "\n" not in question.answer and len(question.answer) < 80 and question.row is None]
        for left, right in zip(short[::2], short[1::2], strict=False):
            row = table.add_row()
            for cell, text in zip(row.cells, (left.label + ":", left.answer, right.label + ":", right.answer), strict=True):
                fill(cell, text)
        paired = short[: len(short) // 2 * 2]
        for question in (each for each in asked if each not in paired):
            row = table.add_row()
            row.cells[0].text = question.label + ":"
            fill(row.cells[1].merge(row.cells[3]), question.answer)


@layout
def label_row_then_answer_row(document: Document, questions: Sequence[Question], page: Page) -> None:
    document.add_heading(page.title, 1)
    for _, asked in blocks(questions):
        table = grid(document, 1)
        for question in asked:
            bold(table.add_row().cells[0].paragraphs[0], question.label)
            fill(table.add_row().cells[0], question.answer)
        document.add_paragraph()


@layout
def answer_under_the_label_in_its_cell(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 1)
        for question in asked:
            cell = table.add_row().cells[0]
            bold(cell.paragraphs[0], question.label)
            write(cell, question.answer)
        document.add_paragraph()


@layout
def merged_label_cells(document: Document, questions: Sequence[Question], page: Page) -> None:
    for title, asked in sections(questions):
        document.add_heading(title, 2)
        table = grid(document, 4)
        for question in asked:
            row = table.add_row()
            left, right = row.cells[0].merge(row.cells[1]), row.cells[2].merge(row.cells[3])
            left.paragraphs[0].add_run(f"{question.label} *")
            fill(right, question.answer)


@layout
def labels_merged_over_rows(document: Document, questions: Sequence[Question], page: Page) -> None:
    table = grid(document, 2)
    for question in questions:
        lines = question.answer.split("\n")
        if question.row is not None or len(lines) == 1:
            row = table.add_row()
            row.cells[0].text = question.label
            fill(row.cells[1], question.answer)
            continue
        rows = [table.add_row() for _ in lines]
        rows[0].cells[0].merge(rows[-1].cells[0]).paragraphs[0].add_run(question.label)
        for row, line in zip(rows, lines, strict=True):
            row.cells[1].text = line


@layout
def help_in_parentheses_and_italics(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            bold(row.cells[0].paragraphs[0], f"{question.label} {page.say('(obligatorisk)', '(obligatorisk)', '(required)')}")
            help_text = row.cells[0].add_paragraph().add_run(page.say("Maks 500 ord. Se veilederen.", "Maks 500 ord.", "At most 500 words."))
            help_text.italic = True
            fill(row.cells[1], question.answer)
        document.add_paragraph()


@layout
def group_with_header_row(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in sections(questions):
        single = [question for question in asked if question.row is None]
        table = grid(document, 2)
        for question in single:
            row = table.add_row()
            fill(row.cells[0], question.label)
            fill(row.cells[1], question.answer)
        rows = [question for question in asked if question.row is not None]
        if rows:
            document.add_heading(rows[0].group, 2)
            labels = list(dict.fromkeys(question.label for question in rows))
            table = grid(document, len(labels), rows=1)
            for cell, label in zip(table.rows[0].cells, labels, strict=True):
                bold(cell.paragraphs[0], label)
            for number in sorted({question.row for question in rows if question.row is not None}):
                row = table.add_row()
                for question in (each for each in rows if each.row == number):
                    fill(row.cells[labels.index(question.label)], question.answer)
        document.add_paragraph()


@layout
def group_with_a_column_for_each_row(document: Document, questions: Sequence[Question], page: Page) -> None:
    for title, asked in sections(questions):
        document.add_heading(title, 1)
        single = [question for question in asked if question.row is None]
        table = grid(document, 2)
        for question in single:
            row = table.add_row()
            fill(row.cells[0], question.label)
            fill(row.cells[1], question.answer)
        rows = [question for question in asked if question.row is not None]
        if rows:
            count = max(question.row or 0 for question in rows) + 1
            table = grid(document, count + 1, rows=1)
            for number in range(count):
                bold(table.rows[0].cells[number + 1].paragraphs[0], f"Studie {number + 1}")
            for label in dict.fromkeys(question.label for question in rows):
                row = table.add_row()
                row.cells[0].text = label
                for question in (each for each in rows if each.label == label):
                    fill(row.cells[(question.row or 0) + 1], question.answer)
        document.add_paragraph()


@layout
def boxes_for_choices(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            bold(row.cells[0].paragraphs[0], question.label)
            fill(row.cells[1], "\n".join(ticked(question)) if question.choices else question.answer)
        document.add_paragraph()


@layout
def crosses_in_columns(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Yes and no have columns of their own; the rest has cells beside."""
    yes, no = page.say("Ja", "Ja", "Yes"), page.say("Nei", "Nei", "No")
    for _, asked in blocks(questions):
        booleans = [question for question in asked if question.choices == (yes, no)]
        for question in asked:
            if question not in booleans:
                table = grid(document, 2, rows=1)
                table.rows[0].cells[0].text = question.label
                fill(table.rows[0].cells[1], question.answer)
                document.add_paragraph()
        if booleans:
            table = grid(document, 3, rows=1)
            table.rows[0].cells[1].text, table.rows[0].cells[2].text = yes, no
            for question in booleans:
                row = table.add_row()
                row.cells[0].text = question.label
                for place, choice in ((1, yes), (2, no)):
                    row.cells[place].text = "X" if choice in question.chosen else ""
            document.add_paragraph()


@layout
def old_form_fields_and_symbols(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            row.cells[0].text = question.label + ":"
            if not question.choices:
                fill(row.cells[1], question.answer)
                continue
            for number, choice in enumerate(question.choices):
                paragraph = row.cells[1].paragraphs[0] if number == 0 else row.cells[1].add_paragraph()
                (legacy_box if len(question.choices) > 2 else symbol_box)(paragraph, checked=choice in question.chosen)
                paragraph.add_run(f" {choice}")
        document.add_paragraph()


@layout
def tracked_changes_in_cells(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            row.cells[0].text = question.label
            first, *rest = question.answer.split("\n")
            paragraph = row.cells[1].paragraphs[0]
            deleted(paragraph, page.say("Fylles ut senere", "Blir fylt ut seinare", "To be completed"))
            half = len(first) // 2
            paragraph.add_run(first[:half])
            inserted(paragraph, first[half:])
            for line in rest:
                inserted(row.cells[1].add_paragraph(), line)
        document.add_paragraph()


@layout
def page_as_a_table_of_two_columns(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A table without lines that only places things: each half holds several questions."""
    for _, asked in blocks(questions):
        table = document.add_table(rows=1, cols=2)
        half = (len(asked) + 1) // 2
        for cell, part in zip(table.rows[0].cells, (asked[:half], asked[half:]), strict=True):
            for question in part:
                bold(cell, question.label)
                write(cell, question.answer)
        document.add_paragraph()


@layout
def footnotes_on_labels(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for number, question in enumerate(asked):
            row = table.add_row()
            row.cells[0].text = question.label
            if number % 5 == 0:
                footnote(document, row.cells[0].paragraphs[0], page.say("Se veilederen punkt 3.", "Sjå rettleiaren.", "See the guidance."))
            fill(row.cells[1], question.answer)
        document.add_paragraph()


@layout
def shaded_form_of_an_agency(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Small grey labels above the answer in the same cell, two cells a row."""
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for left, right in zip(asked[::2], [*asked[1::2], None], strict=False):
            row = table.add_row()
            for cell, question in zip(row.cells, (left, right), strict=True):
                if question is not None:
                    run = cell.paragraphs[0].add_run(question.label)
                    run.font.color.rgb = RGBColor(0x70, 0x70, 0x70)
                    write(cell, question.answer)
        document.add_paragraph()
