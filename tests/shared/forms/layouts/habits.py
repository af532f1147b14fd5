"""Forms as people make them over and over: habits that are nobody's layout, but everybody's."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.shared import Pt, RGBColor

from tests.shared.forms.layouts.kit import Page, Question, blocks, bold, fill, grid, layout, sections, ticked, write


@layout
def question_and_answer_lines(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Every question and answer says so itself."""
    asks, answers = page.say("Spørsmål", "Spørsmål", "Question"), page.say("Svar", "Svar", "Answer")
    number = 0
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            number += 1
            document.add_paragraph(f"{asks} {number}: {question.label}")
            document.add_paragraph(f"{answers}: {question.answer.split(chr(10))[0]}")
            for line in question.answer.split("\n")[1:]:
                document.add_paragraph(line)


@layout
def leaders_to_the_answer(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            first, *rest = question.answer.split("\n")
            document.add_paragraph(f"{question.label}: ______{first}______" if first else f"{question.label}: ____________________")
            for line in rest:
                document.add_paragraph(line)


@layout
def plain_labels_and_bold_answers(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            document.add_paragraph(f"{question.label}:")
            for line in question.answer.split("\n") if question.answer else []:
                bold(document, line)


@layout
def blue_slanted_answers(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            row.cells[0].text = question.label
            for number, line in enumerate(question.answer.split("\n")):
                paragraph = row.cells[1].paragraphs[0] if number == 0 else row.cells[1].add_paragraph()
                run = paragraph.add_run(line)
                run.italic, run.font.color.rgb = True, RGBColor(0x10, 0x40, 0xC0)
        document.add_paragraph()


@layout
def capital_labels(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_paragraph(heading.upper())
        for question in asked:
            document.add_paragraph(question.label.upper())
            write(document, question.answer)
            document.add_paragraph()


@layout
def a_table_in_a_table(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A frame of one cell round everything."""
    frame = grid(document, 1, rows=1).rows[0].cells[0]
    frame.paragraphs[0].add_run(page.title)
    for _, asked in blocks(questions):
        table = frame.add_table(rows=0, cols=2)
        for question in asked:
            row = table.add_row()
            fill(row.cells[0], question.label)
            fill(row.cells[1], question.answer)
        frame.add_paragraph()


@layout
def labels_over_cells(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Short answers in a grid with the labels in the row above, long ones in rows of their own."""
    for _, asked in blocks(questions):
        short = [question for question in asked if "\n" not in question.answer and len(question.answer) < 60]
        short = short[: len(short) // 3 * 3] if asked[0].row is None else []
        table = grid(document, 3)
        for start in range(0, len(short), 3):
            head, answers = table.add_row(), table.add_row()
            for place, question in enumerate(short[start : start + 3]):
                bold(head.cells[place].paragraphs[0], question.label)
                answers.cells[place].text = question.answer
        for question in (each for each in asked if each not in short):
            head, answers = table.add_row(), table.add_row()
            bold(head.cells[0].merge(head.cells[2]).paragraphs[0], question.label)
            fill(answers.cells[0].merge(answers.cells[2]), question.answer)
        document.add_paragraph()


@layout
def sections_in_another_order(document: Document, questions: Sequence[Question], page: Page) -> None:
    found = list(sections(questions))
    page.chance.shuffle(found)
    for title, asked in found:
        document.add_heading(title, 1)
        for heading, part in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in part:
                bold(document, f"{question.label}:")
                write(document, question.answer)


@layout
def labels_with_slips(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Typed from memory: a letter is missing in a long label here and there."""
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            label = question.label
            if len(label) > 25 and page.chance.random() < 0.3:
                place = page.chance.randint(5, len(label) - 5)
                label = label[:place] + label[place + 1 :]
            row = table.add_row()
            fill(row.cells[0], label)
            fill(row.cells[1], question.answer)
        document.add_paragraph()


@layout
def labels_broken_over_lines(document: Document, questions: Sequence[Question], page: Page) -> None:
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            words = question.label.split(" ")
            paragraph = row.cells[0].paragraphs[0]
            paragraph.add_run(" ".join(words[: (len(words) + 1) // 2]))
            if len(words) > 3:
                paragraph.add_run().add_break()
            else:
                paragraph.add_run(" ")
            paragraph.add_run(" ".join(words[(len(words) + 1) // 2 :]))
            fill(row.cells[1], question.answer)
        document.add_paragraph()


@layout
def larger_letters_for_labels(document: Document, questions: Sequence[Question], page: Page) -> None:
    """No styles and nothing bold: labels are only larger, with a line of help in parentheses below."""
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for number, question in enumerate(asked):
            document.add_paragraph().add_run(question.label).font.size = Pt(14)
            if number % 3 == 0 and question.answer:
                document.add_paragraph(page.say("(kort og presist, maks 300 ord)", "(kort og presist)", "(at most 300 words)"))
            write(document, question.answer)
            document.add_paragraph()


@layout
def choices_struck_out(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Yes / no with the wrong one crossed out."""
    for _, asked in blocks(questions):
        table = grid(document, 2)
        for question in asked:
            row = table.add_row()
            row.cells[0].text = question.label
            if len(question.choices) == 2 and question.chosen:
                for number, choice in enumerate(question.choices):
                    row.cells[1].paragraphs[0].add_run(" / " if number else "")
                    row.cells[1].paragraphs[0].add_run(choice).font.strike = choice not in question.chosen
            else:
                fill(row.cells[1], question.answer)
        document.add_paragraph()


@layout
def yes_with_more(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Boxes on the label's own line, answers in bullets."""
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            if question.choices and len(question.choices) < 5:
                bold(document, f"{question.label}  ").add_run("  ".join(ticked(question)))
            else:
                bold(document, question.label)
                for line in question.answer.split("\n") if question.answer else []:
                    document.add_paragraph(line, style="List Bullet")


@layout
def indented_table_of_the_secretariat(document: Document, questions: Sequence[Question], page: Page) -> None:
    """One cell a question: number, label in bold and colon, the answer after it or below."""
    document.add_paragraph(page.title, style="Title")
    number = 0
    for _, asked in blocks(questions):
        table = grid(document, 1)
        for question in asked:
            number += 1
            cell = table.add_row().cells[0]
            paragraph = bold(cell.paragraphs[0], f"{number}. {question.label}:")
            lines = question.answer.split("\n")
            if len(lines) == 1 and len(question.answer) < 60:
                paragraph.add_run(f" {question.answer}")
            else:
                write(cell, question.answer)
        document.add_paragraph()
