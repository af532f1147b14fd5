"""More layouts written from memory of real forms of others, scored once before the reader was changed for them: agencies abroad, web forms, e-mail."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from tests.shared.forms.layouts.blind_forms import GREY, guidance, shade, small
from tests.shared.forms.layouts.kit import Page, Question, blocks, bold, columns, fill, grid, layout, sections, write


@layout
def abroad_quoted_mail(document: Document, questions: Sequence[Question], page: Page) -> None:
    """An e-mail's text: its head, then each question quoted with ``>`` and numbered, the answer under it."""
    head = page.say(
        "Fra: Marit Bjørnstad <marit@eksempel.no>\nSendt: 3. mai 2026 10:12\nTil: Nye metoder\nEmne: SV: Skjema\n\nHei,\nSvarene står under hvert spørsmål.",
        "Frå: Marit Bjørnstad <marit@eksempel.no>\nSendt: 3. mai 2026 10:12\nTil: Nye metodar\nEmne: SV: Skjema\n\nHei,\nSvara står under kvart spørsmål.",
        "From: Marit Bjørnstad <marit@eksempel.no>\nSent: 3 May 2026 10:12\nTo: New Methods\nSubject: RE: Form\n\nHello,\nOur answers are given below each question.",
    )
    for line in head.split("\n"):
        document.add_paragraph(line)
    number = 0
    for section, asked in sections(questions):
        document.add_paragraph(f"> {section.upper()}")
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph(f"> {heading}")
            for question in found:
                number += 1
                document.add_paragraph(f"> {number}. {question.label}")
                write(document, question.answer)
                document.add_paragraph()
    write(document, page.say("Med vennlig hilsen\nMarit Bjørnstad", "Venleg helsing\nMarit Bjørnstad", "Kind regards\nMarit Bjørnstad"))


@layout
def abroad_web_form_printed(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A web form saved to Word: a star at what is required, radio buttons and tick boxes printed, answers indented."""
    document.add_heading(page.title, 1)
    small(
        document.add_paragraph(),
        page.say("Innlevert 03.05.2026 kl. 10:12, referanse 31415926", "Levert 03.05.2026 kl. 10:12, referanse 31415926", "Submitted 03.05.2026, reference 31415926"),
    )  # fmt: skip
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                bold(document, question.label + (" *" if page.chance.random() < 0.5 else ""))
                if question.choices:
                    ticked, empty = ("◉", "○") if len(question.chosen) < 2 and len(question.choices) < 6 else ("☑", "☐")
                    lines = [f"{ticked if choice in question.chosen else empty} {choice}" for choice in question.choices]
                else:
                    lines = question.answer.split("\n")
                for line in lines:
                    document.add_paragraph(line).paragraph_format.left_indent = Cm(1)


@layout
def abroad_applicants_response(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Numbered headings, and before each answer a line of its own that says whose answer follows."""
    said = page.say("Leverandørens svar:", "Svar frå leverandøren:", "Applicant's response:")
    document.add_paragraph(page.title, style="Title")
    for chapter, (section, asked) in enumerate(sections(questions), 1):
        document.add_heading(f"{chapter}. {section}", 1)
        number = 0
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in found:
                number += 1
                document.add_heading(f"{chapter}.{number}. {question.label}", 3)
                document.add_paragraph().add_run(said).italic = True
                write(document, question.answer)


@layout
def abroad_instructions_in_a_box(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Headings, a shaded box with instructions under some of them, the answer as text below the box."""
    document.add_heading(page.title, 0)
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in found:
                document.add_heading(question.label, 3)
                if page.chance.random() < 0.5:
                    box = grid(document, 1, rows=1).cell(0, 0)
                    shade(box, "EDEDED")
                    fill(box, guidance(page))
                write(document, question.answer)


@layout
def abroad_office_use_only(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Three columns under heads: what is asked, filled in by the applicant, for the office's own use (a few have OK)."""
    document.add_heading(page.title, 1)
    heads = page.say(
        "Opplysning|Utfylles av søker|Forbeholdt sekretariatet", "Opplysning|Søkjar fyller ut|Berre for sekretariatet", "Information|To be completed by applicant|Office use only"
    ).split("|")  # fmt: skip
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            table = grid(document, 3, rows=1)
            for cell, text in zip(table.rows[0].cells, heads, strict=True):
                shade(cell)
                bold(cell.paragraphs[0], text)
            for question in found:
                cells = table.add_row().cells
                fill(cells[0], question.label)
                fill(cells[1], question.answer)
                fill(cells[2], "OK" if question.answer and page.chance.random() < 0.2 else "")


@layout
def abroad_section_down_the_side(document: Document, questions: Sequence[Question], page: Page) -> None:
    """The section's name in a cell down the left side, then question and answer; rows of a group have their name in their own cell."""
    document.add_heading(page.title, 1)
    table = grid(document, 3)
    for section, asked in sections(questions):
        for heading, found in blocks(asked):
            rows = []
            for question in found:
                rows.append(table.add_row())
                fill(rows[-1].cells[1], question.label)
                fill(rows[-1].cells[2], question.answer)
            side = rows[0].cells[0].merge(rows[-1].cells[0])
            bold(side.paragraphs[0], heading or section)


@layout
def abroad_hanging_tabs(document: Document, questions: Sequence[Question], page: Page) -> None:
    """``Label:``, a tab and the answer; each further line of the answer begins with a tab, too."""
    document.add_paragraph(page.title.upper())
    for section, asked in sections(questions):
        document.add_paragraph()
        document.add_paragraph(section.upper())
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph(heading)
            for question in found:
                first, *rest = question.answer.split("\n")
                lines = [f"{question.label}:\t{first}", *(f"\t{line}" for line in rest)]
                for line in lines:
                    form = document.add_paragraph(line).paragraph_format
                    form.left_indent, form.first_line_indent = Cm(6), Cm(-6)


@layout
def abroad_numbered_by_word(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Questions are items of a numbered list that Word counts; answers are plain or bulleted below, indented."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                document.add_paragraph(question.label, style="List Number")
                is_list = len(question.chosen) > 1
                for line in question.answer.split("\n"):
                    document.add_paragraph(line, style="List Bullet" if is_list else None).paragraph_format.left_indent = Cm(1)


def control(paragraph: Paragraph, text: str, *, prompt: str) -> None:
    """A content control that is not ours: no tag, a name that says nothing; it shows its prompt while it is empty."""
    empty = "" if text else "<w:showingPlcHdr/>"
    sdt = parse_xml(
        f'<w:sdt {nsdecls("w")}><w:sdtPr><w:alias w:val="Tekst"/><w:id w:val="{1000 + len(text)}"/>{empty}<w:text w:multiLine="1"/></w:sdtPr><w:sdtContent/></w:sdt>'
    )
    run = parse_xml(f"<w:r {nsdecls('w')}/>")
    sdt[-1].append(run)
    for number, line in enumerate((text or prompt).split("\n")):
        if number:
            run.append(parse_xml(f"<w:br {nsdecls('w')}/>"))
        piece = parse_xml(f'<w:t {nsdecls("w")} xml:space="preserve"/>')
        piece.text = line
        run.append(piece)
    paragraph._p.append(sdt)


@layout
def abroad_controls_of_others(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Another's form with content controls of its own beside small capitals labels: no tags, prompts in what is empty."""
    prompt = page.say("Klikk her for å skrive inn tekst.", "Klikk her for å skrive inn tekst.", "Click here to enter text.")
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
                cells[0].paragraphs[0].add_run(question.label).font.small_caps = True
                control(cells[1].paragraphs[0], question.answer, prompt=prompt)


@layout
def abroad_two_text_columns(document: Document, questions: Sequence[Question], page: Page) -> None:
    """The page in two columns of text, labels in coloured capitals by hand, answers in italics."""
    columns(document)
    document.add_paragraph().add_run(page.title).font.size = Pt(16)
    for section, asked in sections(questions):
        run = document.add_paragraph().add_run(section)
        run.bold, run.font.size = True, Pt(13)
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph().add_run(heading).bold = True
            for question in found:
                run = document.add_paragraph().add_run(question.label.upper())
                run.font.color.rgb, run.font.size = RGBColor(0x00, 0x5B, 0x82), Pt(8)
                for line in question.answer.split("\n"):
                    document.add_paragraph().add_run(line).italic = True


@layout
def abroad_grey_question_numbers(document: Document, questions: Sequence[Question], page: Page) -> None:
    """``[4] Label`` in bold with help in the same line after it in small italics, the answer on the next line."""
    document.add_heading(page.title, 1)
    number = 0
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                number += 1
                paragraph = document.add_paragraph()
                paragraph.add_run(f"[{number}] ").font.color.rgb = GREY
                paragraph.add_run(question.label).bold = True
                if page.chance.random() < 0.3:
                    small(paragraph, f" {guidance(page)}")
                write(document, question.answer)
