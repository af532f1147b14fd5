"""Four layouts written when all others had been mended for: marked-up text pasted into Word, arrows, a column of sources."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document

from tests.shared.forms.layouts.kit import Page, Question, blocks, bold, fill, grid, layout, sections, write


@layout
def pasted_marked_up_text(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Markdown pasted as it is: ``## Section``, ``**Label:** answer``, long answers below."""
    document.add_paragraph(f"# {page.title}")
    for section, asked in sections(questions):
        document.add_paragraph(f"## {section}")
        for heading, found in blocks(asked):
            if heading:
                document.add_paragraph(f"### {heading}")
            for question in found:
                first, *rest = question.answer.split("\n")
                document.add_paragraph(f"**{question.label}:** {first}".rstrip())
                write(document, "\n".join(rest))
                document.add_paragraph()


@layout
def pasted_arrows(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Bold questions, each answer begins with an arrow."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            for question in found:
                bold(document, question.label)
                write(document, f"→ {question.answer}" if question.answer else "→")


@layout
def pasted_cell_for_each_section(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Each section is one cell: bold labels with a colon, the answers beside and below, all inside it."""
    document.add_heading(page.title, 1)
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            cell = grid(document, 1, rows=1).cell(0, 0)
            if heading:
                cell.paragraphs[0].add_run(heading).italic = True
            for question in found:
                first, *rest = question.answer.split("\n")
                paragraph = cell.add_paragraph()
                paragraph.add_run(f"{question.label}:").bold = True
                paragraph.add_run(f" {first}")
                write(cell, "\n".join(rest))


@layout
def pasted_column_of_sources(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Question, answer and the source of the answer, which stands beside every second one."""
    document.add_heading(page.title, 1)
    heads = page.say("Spørsmål|Svar|Kilde", "Spørsmål|Svar|Kjelde", "Question|Answer|Source").split("|")
    for section, asked in sections(questions):
        document.add_heading(section, 2)
        for heading, found in blocks(asked):
            if heading:
                document.add_heading(heading, 3)
            table = grid(document, 3, rows=1)
            for cell, text in zip(table.rows[0].cells, heads, strict=True):
                bold(cell.paragraphs[0], text)
            for question in found:
                cells = table.add_row().cells
                fill(cells[0], question.label)
                fill(cells[1], question.answer)
                fill(cells[2], "SPC, 5.1" if question.answer and page.chance.random() < 0.5 else "")
