"""Forms laid out as running text."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.enum.text import WD_BREAK

from tests.shared.forms.layouts.kit import (
    Page,
    Question,
    blocks,
    bold,
    columns,
    deleted,
    fill,
    footnote,
    grid,
    inserted,
    layout,
    sections,
    text_box,
    ticked,
    write,
)  # fmt: skip


@layout
def headings_and_paragraphs(document: Document, questions: Sequence[Question], page: Page) -> None:
    document.add_heading(page.title, 0)
    for title, asked in sections(questions):
        document.add_heading(title, 1)
        for heading, part in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in part:
                document.add_heading(question.label, 3)
                write(document, question.answer)


@layout
def numbered_headings_with_help(document: Document, questions: Sequence[Question], page: Page) -> None:
    document.add_paragraph(page.title, style="Title")
    number = 0
    for heading, part in blocks(questions):
        if heading:
            document.add_heading(heading, 1)
        for question in part:
            number += 1
            document.add_heading(f"{number}. {question.label}", 2)
            document.add_paragraph().add_run(page.say("Beskriv kort.", "Skildre kort.", "Describe briefly.")).italic = True
            write(document, question.answer)


@layout
def bold_labels_over_answers(document: Document, questions: Sequence[Question], page: Page) -> None:
    for title, asked in sections(questions):
        document.add_heading(title, 1)
        for heading, part in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in part:
                bold(document, question.label)
                write(document, question.answer)
                document.add_paragraph()


@layout
def bold_labels_with_colon_on_the_line(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            bold(document, heading)
        for question in asked:
            first, *rest = question.answer.split("\n")
            bold(document, f"{question.label}: ").add_run(first)
            for line in rest:
                document.add_paragraph(line)


@layout
def bold_labels_without_colon(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            first, *rest = question.answer.split("\n")
            bold(document, question.label).add_run(f" {first}")
            for line in rest:
                document.add_paragraph(line)


@layout
def underlined_labels(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            document.add_paragraph().add_run(question.label).underline = True
            write(document, question.answer)


@layout
def plain_lines_with_colon(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_paragraph(heading)
        for question in asked:
            document.add_paragraph(f"{question.label}: {question.answer.split(chr(10))[0]}")
            for line in question.answer.split("\n")[1:]:
                document.add_paragraph(line)


@layout
def plain_labels_on_lines_of_their_own(document: Document, questions: Sequence[Question], page: Page) -> None:
    for title, asked in sections(questions):
        document.add_heading(title, 1)
        for heading, part in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in part:
                document.add_paragraph(question.label)
                write(document, question.answer)
                document.add_paragraph()


@layout
def line_breaks_within_paragraphs(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            paragraph = bold(document, question.label)
            for line in question.answer.split("\n") if question.answer else []:
                paragraph.add_run().add_break()
                paragraph.add_run(line)


@layout
def numbered_list_of_questions(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            bold(document.add_paragraph(style="List Number"), question.label)
            write(document, question.answer)


@layout
def two_text_columns(document: Document, questions: Sequence[Question], page: Page) -> None:
    columns(document)
    half = len(questions) // 2
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 3)
        for question in asked:
            bold(document, question.label)
            paragraph = write(document, question.answer)
            if question is questions[half] and paragraph is not None:
                paragraph.add_run().add_break(WD_BREAK.COLUMN)


@layout
def tracked_changes_in_text(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for number, question in enumerate(asked):
            bold(document, question.label + ":")
            for line in question.answer.split("\n") if question.answer else []:
                paragraph = document.add_paragraph()
                if number % 2:
                    deleted(paragraph, "Utkast. ")
                    inserted(paragraph, line)
                else:
                    words = line.split(" ")
                    paragraph.add_run(" ".join(words[:2]))
                    deleted(paragraph, " gammel tekst")
                    inserted(paragraph, (" " if words[2:] else "") + " ".join(words[2:]))


@layout
def answers_in_text_boxes(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            paragraph = bold(document, question.label)
            if question.answer:
                text_box(paragraph, *((line, False) for line in question.answer.split("\n")))


@layout
def questions_in_text_boxes(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            lines = [(line, False) for line in question.answer.split("\n")] if question.answer else []
            text_box(document.add_paragraph(), (question.label, True), *lines)


@layout
def footnotes_in_text(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for number, question in enumerate(asked):
            paragraph = document.add_heading(question.label, 3)
            if number % 6 == 0:
                footnote(document, paragraph, page.say("Obligatorisk felt", "Obligatorisk felt", "Mandatory"))
            last = write(document, question.answer)
            if last is not None and number % 4 == 1:
                footnote(document, last, "Berg K. Eksempelstudien. 2023.")


@layout
def boxes_on_a_line(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            bold(document, heading)
        for question in asked:
            bold(document, question.label)
            if question.choices:
                document.add_paragraph("   ".join(ticked(question, "[x]", "[ ]")))
            else:
                write(document, question.answer)


@layout
def boxes_after_the_words(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            document.add_heading(question.label, 3)
            if question.choices:
                for choice in question.choices:
                    document.add_paragraph(f"{choice} {'☒' if choice in question.chosen else '☐'}")
            else:
                write(document, question.answer)


@layout
def mixed_as_forms_grow(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Contact in a table, what is ticked with boxes, long answers under headings, studies in tables."""
    document.add_heading(page.title, 0)
    for index, (title, asked) in enumerate(sections(questions)):
        document.add_heading(f"{index + 1} {title}", 1)
        for heading, part in blocks(asked):
            if index % 2 == 0 or heading:
                if heading:
                    document.add_paragraph(heading, style="Heading 3")
                table = grid(document, 2)
                for question in part:
                    row = table.add_row()
                    row.cells[0].text = question.label
                    fill(row.cells[1], "  ".join(ticked(question)) if question.choices else question.answer)
                document.add_paragraph()
                continue
            for question in part:
                bold(document, question.label)
                write(document, "\n".join(ticked(question)) if question.choices else question.answer)


@layout
def labels_in_two_languages(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            document.add_paragraph(f"{question.label} / {question.label}", style="Heading 4")
            write(document, question.answer)


@layout
def tabs_between_label_and_answer(document: Document, questions: Sequence[Question], page: Page) -> None:
    for heading, asked in blocks(questions):
        if heading:
            document.add_heading(heading, 2)
        for question in asked:
            first, *rest = question.answer.split("\n")
            document.add_paragraph(f"{question.label}\t{first}")
            for line in rest:
                document.add_paragraph(line)
