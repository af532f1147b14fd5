"""Layouts by somebody who had not opened the reader: tracked changes, text boxes, notes, mixed and misspelt labels, things said twice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph
from lxml import etree

from services.shared.forms import load_forms
from services.shared.forms.fields import Field
from services.shared.settings import SCHEMAS
from tests.shared.forms.layouts.blind_plain import studies, whole_groups
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
    text_box,
    ticked,
    write,
)

_CHANGE = 'w:id="9" w:author="Ola" w:date="2026-02-03T10:00:00Z"'


def _changed_paragraph(paragraph: Paragraph, kind: str) -> None:
    """The paragraph's mark was inserted or deleted."""
    properties = paragraph._p.get_or_add_pPr()
    properties.append(parse_xml(f"<w:rPr {nsdecls('w')}><w:{kind} {_CHANGE}/></w:rPr>"))


@layout
def plain_review_of_a_draft(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Answers put in with the old text struck, labels corrected, whole paragraphs taken out, all of it tracked; table of two columns."""
    document.add_heading(page.title, 1)
    old = page.say("Avklares senere med hovedkontoret.", "Blir avklart seinare med hovudkontoret.", "To be clarified with head office.")
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            table = grid(document, 2)
            for question in found:
                label, answer = table.add_row().cells
                first, _, last = question.label.partition(" ")
                if last and page.chance.random() < 0.3:
                    label.paragraphs[0].add_run(first + " ")
                    deleted(label.paragraphs[0], "xxx ")
                    inserted(label.paragraphs[0], last)
                else:
                    label.paragraphs[0].add_run(question.label)
                if page.chance.random() < 0.5:
                    gone = answer.paragraphs[0]
                    deleted(gone, old)
                    _changed_paragraph(gone, "del")
                    paragraph = answer.add_paragraph()
                else:
                    paragraph = answer.paragraphs[0]
                    deleted(paragraph, old)
                for number, line in enumerate(question.answer.split("\n") if question.answer else []):
                    paragraph = answer.add_paragraph() if number else paragraph
                    inserted(paragraph, line)
                    _changed_paragraph(paragraph, "ins")


def old_box(paragraph: Paragraph, text: str) -> None:
    """A text box of the old kind alone (VML)."""
    run = parse_xml(
        f'<w:r {nsdecls("w")} xmlns:v="urn:schemas-microsoft-com:vml"><w:pict><v:shape><v:textbox><w:txbxContent/></v:textbox></v:shape></w:pict></w:r>'
    )
    for content in run.iter(qn("w:txbxContent")):
        for line in text.split("\n"):
            piece = etree.SubElement(etree.SubElement(content, qn("w:p")), qn("w:r"))
            etree.SubElement(piece, qn("w:t")).text = line
    paragraph._p.append(run)


@layout
def plain_text_boxes_of_both_kinds(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Bold labels; the answer in a text box anchored in the label's paragraph or in the next, of the new kind doubled or of the old kind alone."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                paragraph = bold(document, question.label)
                anchor = page.chance.choice((paragraph, None)) or document.add_paragraph()
                if page.chance.random() < 0.5:
                    old_box(anchor, question.answer)
                else:
                    text_box(anchor, *((line, False) for line in question.answer.split("\n")))


@layout
def plain_capitals_and_footnotes(document: Document, questions: Sequence[Question], page: Page) -> None:
    """LABELS in capitals with a colon and often a footnote; answers have footnotes, too, some of them in the middle."""
    document.add_heading(page.title, 1)
    note = page.say("Se veiledningen, punkt 4.", "Sjå rettleiinga, punkt 4.", "See the guidance, item 4.")
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            for question in found:
                label = bold(document, question.label.upper() + ":")
                if page.chance.random() < 0.5:
                    footnote(document, label, note)
                paragraph = write(document, question.answer)
                if paragraph is not None and len(question.answer) > 60:
                    footnote(document, paragraph, "Eksempel O. Tidsskr Nor Legeforen 2024; 144: 12–15.")


@cache
def _fields() -> dict[str, dict[tuple[str, ...], Field]]:
    """The definition's fields by title of the form and path of keys."""
    forms, found = load_forms(SCHEMAS / "forms"), {}
    for form_type in forms.types():
        definition = forms.newest(form_type)
        assert definition is not None
        paths = {(each.key,): each for each in definition.fields.values()}
        paths |= {(each.key, sub.key): sub for each in definition.fields.values() for sub in each.fields}
        for title in definition.title.values():
            found[title] = paths
    return found


def _other_words(question: Question, page: Page) -> str:
    """The label in bokmål or nynorsk, an alias, or with one letter wrong."""
    parts = question.key.split("/")
    each = _fields()[page.title][(parts[0], parts[2]) if len(parts) == 3 else (parts[0],)]
    chance = page.chance.random()
    if chance < 0.3:
        return page.chance.choice((each.label["nb"], each.label["nn"]))
    if chance < 0.5 and each.aliases:
        return page.chance.choice(each.aliases)
    if chance < 0.7 and len(question.label) > 12:
        place = page.chance.randrange(3, len(question.label) - 3)
        return question.label[:place] + page.chance.choice(("", "e", question.label[place] * 2)) + question.label[place + 1 :]
    return question.label


@layout
def plain_labels_in_their_own_words(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Table of two columns; labels in bokmål or nynorsk mixed, as aliases, with a letter wrong, with or without question mark."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                bold(document, heading)
            table = grid(document, 2)
            for question in found:
                label, answer = table.add_row().cells
                words = _other_words(question, page)
                label.text = words.rstrip("?") if page.chance.random() < 0.3 else words
                fill(answer, question.answer)


@layout
def plain_headings_in_their_own_words(document: Document, questions: Sequence[Question], page: Page) -> None:
    """The same under headings, choices as boxes below each other."""
    document.add_heading(page.title, 0)
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 2)
            for question in found:
                document.add_heading(_other_words(question, page), 3 if heading else 2)
                write(document, "\n".join(ticked(question)) if question.choices else question.answer)


@layout
def plain_summary_first(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A table sums up the first five answers, then comes the whole form; one question was answered again at the end, in other words."""
    document.add_heading(page.title, 1)
    table = grid(document, 2)
    for question in [each for each in questions if each.row is None and each.answer][:5]:
        cells = table.add_row().cells
        cells[0].text = question.label
        fill(cells[1], question.answer)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                bold(document, f"{question.label} ({page.say('ja/nei', 'ja/nei', 'yes/no')})" if len(question.choices) == 2 else question.label)
                write(document, question.answer)
    again = [question for question in questions if question.row is None and len(question.answer) > 100]
    if again:
        bold(document, page.chance.choice(again).label)
        document.add_paragraph(
            page.say("Vi viser til eget notat av 3. mai.", "Vi viser til eige notat av 3. mai.", "See our separate note of 3 May.")
        )


@layout
def plain_crosses_and_notes(document: Document, questions: Sequence[Question], page: Page) -> None:
    """``Label:`` and the answer on the line; choices as ``( ) Ja (x) Nei``; a study is a table of one row; empty answers are ``-`` or left as dots."""
    document.add_paragraph(page.title, style="Title")
    for section, asked in sections(questions):
        document.add_heading(section, 1)
        for group, found in whole_groups(asked):
            if group:
                bold(document, group)
                studies(document, found)
                continue
            for question in found:
                first, *rest = question.answer.split("\n")
                if question.choices:
                    first, rest = "  ".join(ticked(question, "(x)", "( )")), []
                paragraph = document.add_paragraph(f"{question.label.rstrip('?:')}: ")
                paragraph.add_run(first or page.chance.choice(("…………", "______", "")))
                write(document, "\n".join(rest))
