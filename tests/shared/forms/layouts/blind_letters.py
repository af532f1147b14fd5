"""Forms as letters and running text, written by someone who had not seen the reader."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.shared import RGBColor
from docx.text.run import Run

from tests.shared.forms.layouts.blind_wording import greeting, parts
from tests.shared.forms.layouts.kit import Page, Question, bold, deleted, inserted, layout, legacy_box, sections, text_box


@layout
def blind_doctors_letter(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A doctor's letter: greeting, ``Label: answer`` on each line, longer answers under their label, bullets, a signature."""
    document.add_paragraph(page.say("Hei,", "Hei,", "Dear all,"))
    document.add_paragraph(greeting(page))
    for _, asked in sections(questions):
        for rows in parts(asked):
            for number, row in enumerate(rows, start=1):
                if row[0].row is not None:
                    document.add_paragraph(f"{row[0].group} {number}")
                for question in row:
                    first, *rest = question.answer.split("\n")
                    label = question.label.rstrip(":")
                    if rest:
                        document.add_paragraph(f"{label}:")
                        for line in (first, *rest):
                            document.add_paragraph(line, style="List Bullet" if len(line) < 80 else "Normal")
                    else:
                        document.add_paragraph(f"{label}: {first}")
        document.add_paragraph()
    document.add_paragraph(page.say("Vennlig hilsen", "Venleg helsing", "Kind regards"))
    document.add_paragraph(page.say("Kari Nordmann, overlege", "Kari Nordmann, overlege", "Kari Nordmann, consultant"))


@layout
def blind_converted_from_pdf(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A PDF saved as Word: no headings, no bold; tabs stand between label and answer, page numbers come in between."""
    printed = 0
    for section, asked in sections(questions):
        document.add_paragraph(section)
        for question in asked:
            lines = question.answer.split("\n")
            document.add_paragraph(f"{question.label}\t{lines[0]}")
            for line in lines[1:]:
                document.add_paragraph(f"\t{line}")
            printed += len(lines)
            if printed > 40:
                printed = 0
                document.add_paragraph(page.say("Side 2 av 9", "Side 2 av 9", "Page 2 of 9"))


@layout
def blind_blue_after_a_line_break(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Question and answer share a paragraph: a numbered question, a line break, the answer in blue."""
    document.add_heading(page.title, 1)
    number = 0
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for question in asked:
            number += 1
            must = page.say(" (obligatorisk)", " (obligatorisk)", " (required)") if page.chance.random() < 0.4 else ""
            paragraph = document.add_paragraph()
            paragraph.add_run(f"{number}. {question.label}{must}")
            for line in question.answer.split("\n"):
                run: Run = paragraph.add_run()
                run.add_break()
                run.add_text(line)
                run.font.color.rgb = RGBColor(0, 0x70, 0xC0)


@layout
def blind_old_check_boxes(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A form from before content controls: old check boxes before the choices in one line, other answers underlined after a tab."""
    document.add_paragraph(page.title).style = "Title"
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for question in asked:
            paragraph = document.add_paragraph()
            bold(paragraph, f"{question.label}:")
            if question.choices and (question.chosen or not question.answer):
                for choice in question.choices:
                    line = document.add_paragraph()
                    legacy_box(line, checked=choice in question.chosen)
                    line.add_run(f" {choice}")
                continue
            first, *rest = question.answer.split("\n")
            paragraph.add_run("\t")
            paragraph.add_run(first or "________________").underline = True
            for line_text in rest:
                document.add_paragraph().add_run(line_text).underline = True


@layout
def blind_draft_with_changes_and_boxes(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A draft: the first section in text boxes, then labels as headings with last year's answer struck out and this year's put in."""
    document.add_heading(page.title, 1)
    document.add_paragraph(greeting(page))
    for part, (section, asked) in enumerate(sections(questions)):
        document.add_heading(section, 2)
        for question in asked:
            if part == 0:
                paragraph = document.add_paragraph()
                text_box(paragraph, (question.label, True), *((line, False) for line in question.answer.split("\n")))
                continue
            document.add_heading(question.label, 3)
            for line in question.answer.split("\n"):
                paragraph = document.add_paragraph()
                if page.chance.random() < 0.4:
                    deleted(paragraph, page.say("Som i fjor.", "Som i fjor.", "Same as last year."))
                    inserted(paragraph, line)
                else:
                    paragraph.add_run(line)
