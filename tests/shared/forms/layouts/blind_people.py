"""Layouts by somebody who had not opened the reader: letters, copies and habits of vendors and doctors."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.enum.text import WD_BREAK, WD_COLOR_INDEX
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Cm, Pt

from tests.shared.forms.layouts.blind_forms import BLUE, GREY, guidance, running_heads, small
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
    sections,
    symbol_box,
    ticked,
    write,
)


@layout
def people_letter_before_the_form(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A letter on the vendor's paper, then on a new page numbered bold questions with answers in blue."""
    letter = page.say(
        "Sekretariatet for Nye metoder\nPostboks 404, 2303 Hamar\nOslo, 3. mai 2026\nVår ref.: 26/1042\nVi viser til møtet i april og sender med dette skjemaet.\n"
        "Ta gjerne kontakt dersom noe er uklart.\nMed vennlig hilsen\nEksempel Legemidler AS\nMarit Bjørnstad, markedsdirektør",
        "Sekretariatet for Nye metodar\nPostboks 404, 2303 Hamar\nBergen, 3. mai 2026\nVår ref.: 26/1042\nVi viser til møtet i april og sender med dette skjemaet.\n"
        "Ta gjerne kontakt om noko er uklart.\nVenleg helsing\nEksempel Legemidler AS\nMarit Bjørnstad, marknadsdirektør",
        "The secretariat of New Methods\nPostboks 404, 2303 Hamar\nOslo, 3 May 2026\nOur ref.: 26/1042\nWe refer to the meeting in April and enclose the form.\n"
        "Please contact us with any question.\nKind regards\nEksempel Legemidler AS\nMarit Bjørnstad, Market Access Director",
    )
    write(document, letter)
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph(page.title, style="Title")
    number = 0
    for section, asked in sections(questions):
        document.add_paragraph(section, style="Subtitle")
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            for question in found:
                number += 1
                bold(document, f"{number}. {question.label}")
                for line in question.answer.split("\n"):
                    document.add_paragraph().add_run(line).font.color.rgb = BLUE


@layout
def people_copied_from_google_docs(document: Document, questions: Sequence[Question], page: Page) -> None:
    """All in one style; labels a size larger and grey, not bold, with non-breaking spaces and empty paragraphs between."""
    document.add_paragraph().add_run(page.title).font.size = Pt(20)
    for section, asked in sections(questions):
        document.add_paragraph().add_run(section).font.size = Pt(16)
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph().add_run(heading).font.size = Pt(14)
            for question in found:
                run = document.add_paragraph().add_run(question.label.replace(" ", "\u00a0", 1))
                run.font.size, run.font.color.rgb = Pt(13), GREY
                write(document, question.answer)
                document.add_paragraph()


@layout
def people_letters_and_dashes(document: Document, questions: Sequence[Question], page: Page) -> None:
    """``a) Label – answer`` on one line, further paragraphs of the answer indented."""
    bold(document, page.title)
    for section, asked in sections(questions):
        bold(document, section)
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph(heading)
            for number, question in enumerate(found):
                first, *rest = question.answer.split("\n")
                document.add_paragraph(f"{chr(97 + number % 26)}) {question.label} – {first}")
                for line in rest:
                    document.add_paragraph(line).paragraph_format.left_indent = Cm(1)


@layout
def people_yes_and_no_boxes_after_the_question(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Boxes behind the choices on the question's own line (``Ja ☐  Nei ☒``), lists with [x]; other answers after a colon and a tab."""
    running_heads(document, page)
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                if len(question.choices) == 2:
                    boxes = "   ".join(f"{choice} {'☒' if choice in question.chosen else '☐'}" for choice in question.choices)
                    document.add_paragraph(f"{question.label}\t{boxes}")
                elif question.choices:
                    document.add_paragraph(question.label)
                    for line in ticked(question, "[x]", "[ ]"):
                        document.add_paragraph(line)
                else:
                    first, *rest = question.answer.split("\n")
                    paragraph = document.add_paragraph()
                    paragraph.add_run(f"{question.label}:").bold = True
                    paragraph.add_run(f"\t{first}")
                    write(document, "\n".join(rest))


@layout
def people_mark_the_choice(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Every choice stands printed in the answer's cell; the chosen ones are highlighted, bold or underlined."""
    document.add_heading(page.title, 1)
    how = page.chance.choice(("highlight", "bold", "underline"))
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        table = grid(document, 2)
        for heading, found in blocks(asked):
            if heading:
                cells = table.add_row().cells
                cells[0].merge(cells[1]).paragraphs[0].add_run(heading).italic = True
            for question in found:
                cells = table.add_row().cells
                fill(cells[0], question.label)
                if not question.choices:
                    fill(cells[1], question.answer)
                    continue
                for number, choice in enumerate(question.choices):
                    paragraph = cells[1].add_paragraph() if number and len(question.choices) > 3 else cells[1].paragraphs[0]
                    if number and len(question.choices) <= 3:
                        paragraph.add_run(" / ")
                    run = paragraph.add_run(choice)
                    if choice in question.chosen:
                        run.bold, run.underline = how == "bold", how == "underline"
                        run.font.highlight_color = WD_COLOR_INDEX.YELLOW if how == "highlight" else None


@layout
def people_leave_the_prompts(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Copied out of a form with controls: what was not filled in still says to click."""
    text = page.say(
        "Klikk eller trykk her for å skrive inn tekst.", "Klikk eller trykk her for å skrive inn tekst.", "Click or tap here to enter text."
    )
    choose = page.say("Velg et element.", "Vel eit element.", "Choose an item.")
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                bold(document, question.label)
                if question.answer:
                    write(document, question.answer)
                else:
                    document.add_paragraph().add_run(choose if question.choices else text).font.color.rgb = GREY


@layout
def people_question_and_answer(document: Document, questions: Sequence[Question], page: Page) -> None:
    """``Spørsmål 4: …`` and ``Svar: …`` on lines of their own, nothing set apart."""
    ask, answer = page.say("Spørsmål", "Spørsmål", "Question"), page.say("Svar", "Svar", "Answer")
    document.add_paragraph(page.title)
    number = 0
    for section, asked in sections(questions):
        document.add_paragraph(section.upper())
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph(heading)
            for question in found:
                number += 1
                document.add_paragraph(f"{ask} {number}: {question.label}")
                write(document, f"{answer}: {question.answer}")
                document.add_paragraph()


@layout
def people_comment_and_correct(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Going round for comments: answers put in with tracked changes over earlier ones, questions commented upon, help in footnotes."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                label = bold(document, question.label)
                if page.chance.random() < 0.2:
                    document.add_comment(
                        label.runs[0], text=page.say("Kan noen se på dette?", "Kan nokon sjå på dette?", "Can somebody look?"), author="Kari"
                    )
                if page.chance.random() < 0.15:
                    footnote(document, label, guidance(page))
                for number, line in enumerate(question.answer.split("\n")):
                    paragraph = document.add_paragraph()
                    if not number and page.chance.random() < 0.3:
                        deleted(paragraph, "Eksempel ")
                    head, space, tail = line.partition(" ")
                    inserted(paragraph, head + space)
                    paragraph.add_run(tail)


@layout
def people_bullets(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A bulleted list of ``Label: answer``, further lines a level in; sections in capitals, help after the colon of the title."""
    bold(document, page.title.upper())
    small(document.add_paragraph(), guidance(page))
    for section, asked in sections(questions):
        bold(document, section.upper())
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph(heading, style="List Number")
            for question in found:
                first, *rest = question.answer.split("\n")
                document.add_paragraph(f"{question.label}: {first}", style="List Bullet")
                for line in rest:
                    document.add_paragraph(line, style="List Bullet 2")


@layout
def people_boxes_of_a_symbol_font(document: Document, questions: Sequence[Question], page: Page) -> None:
    """The question across the page, its choices side by side in cells with a symbol before each; texts in the row below."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                width = max(1, min(len(question.choices), 4))
                table = grid(document, width, rows=1)
                bold(table.cell(0, 0).merge(table.cell(0, width - 1)).paragraphs[0], question.label)
                if not question.choices:
                    fill(table.add_row().cells[0], question.answer)
                for start in range(0, len(question.choices), width):
                    cells = table.add_row().cells
                    for cell, choice in zip(cells, question.choices[start : start + width], strict=False):
                        symbol_box(cell.paragraphs[0], checked=choice in question.chosen)
                        cell.paragraphs[0].add_run(f" {choice}")
                table._tbl.addnext(parse_xml(f"<w:p {nsdecls('w')}/>"))
