"""Layouts put together at random: how labels look, where answers stand, how choices are given. Each document keeps to what was drawn for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docx.document import Document
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from tests.shared.forms.layouts.kit import Page, Question, blocks, grid, layout, sections, ticked

_ANSWER_LOOKS = ("plain", "plain", "plain", "blue", "indented", "quoted")
_BOXES = (None, None, ("☒", "☐"), ("[x]", "[ ]"), ("(X)", "( )"), ("☑", "☐"), ("X", "☐"))
_STUDY_LOOKS = ("heading", "bold", "plain")


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one document."""

    label: str
    answer: str
    number: str
    end: str
    help: str
    boxes: tuple[str, str] | None
    side_by_side: bool
    heading: str
    between: bool
    skips: bool


def draw(page: Page, label: Sequence[str]) -> Drawn:
    """Habits at random."""
    chance = page.chance
    return Drawn(
        label=chance.choice(label),
        answer=chance.choice(_ANSWER_LOOKS),
        number=chance.choice(("", "", "{n}. ", "{s}.{n} ", "{s}.{n}) ", "Spm. {n}: ", "({n}) ")),
        end=chance.choice(("", "", ":", " *", ":*", " :")),
        help=chance.choice(("", "", "", "parentheses", "slanted", "note")),
        boxes=chance.choice(_BOXES),
        side_by_side=chance.random() < 0.5,
        heading=chance.choice(_STUDY_LOOKS),
        between=chance.random() < 0.3,
        skips=chance.random() < 0.3,
    )


def _words(drawn: Drawn, question: Question, section: int, number: int) -> str:
    label = question.label.rstrip("?:") if ":" in drawn.end else question.label
    label = label.upper() if drawn.label == "capitals" else label
    return drawn.number.format(s=section, n=number) + label + drawn.end


def _put_label(paragraph: Paragraph, words: str, drawn: Drawn) -> None:
    run = paragraph.add_run(words)
    run.bold = True if drawn.label == "bold" else None
    run.underline = True if drawn.label == "underlined" else None
    run.italic = True if drawn.label == "slanted" else None
    if drawn.label == "large":
        run.font.size, run.bold = Pt(13), True
    if drawn.label == "coloured":
        run.font.color.rgb, run.bold = RGBColor(0x1F, 0x3A, 0x93), True


def _put_help(where: Document | _Cell, paragraph: Paragraph, drawn: Drawn, page: Page) -> None:
    text = page.say("Beskriv kort, og vis til kilder", "Skriv kort, og vis til kjelder", "Describe briefly, with sources")
    if drawn.help == "parentheses":
        paragraph.add_run(f" ({text.lower()})")
    elif drawn.help == "slanted":
        where.add_paragraph().add_run(text + ".").italic = True
    elif drawn.help == "note":
        run = where.add_paragraph().add_run(text + ".")
        run.font.size, run.font.color.rgb = Pt(8), RGBColor(0x80, 0x80, 0x80)


def _lines(drawn: Drawn, question: Question) -> list[str]:
    if drawn.boxes and question.choices:
        lines = ticked(question, *drawn.boxes)
        return ["   ".join(lines)] if drawn.side_by_side and len(lines) < 4 else lines
    return question.answer.split("\n") if question.answer else []


def _put_answer(new: Callable[[], Paragraph], drawn: Drawn, question: Question) -> None:
    for line in _lines(drawn, question):
        paragraph = new()
        run = paragraph.add_run(line)
        if drawn.answer == "blue":
            run.font.color.rgb = RGBColor(0x00, 0x70, 0xC0)
        if drawn.answer == "indented":
            paragraph.paragraph_format.left_indent = Cm(1)
        if drawn.answer == "quoted" and line == question.answer:
            run.font.size = Pt(12)


def _head(document: Document, text: str, drawn: Drawn) -> None:
    if drawn.heading == "heading":
        document.add_heading(text, 3)
    else:
        document.add_paragraph().add_run(text).bold = True if drawn.heading == "bold" else None


Write = Callable[[Document, Question, str, Drawn, Page], None]


def _whole_form(document: Document, questions: Sequence[Question], page: Page, drawn: Drawn, put: Write, *, one_table: bool = False) -> None:
    document.add_heading(page.title, 0)
    for number, (section, asked) in enumerate(sections(questions), 1):
        document.add_heading(f"{number}. {section}" if drawn.number else section, 1)
        place = 0
        for heading, found in blocks(asked):
            if heading:
                _head(document, heading, drawn)
            if one_table:
                grid(document, 2)
            for question in found:
                place += 1
                if not (drawn.skips and not question.answer):
                    put(document, question, _words(drawn, question, number, place), drawn, page)


@layout
def dice_label_over_answer(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A label in a paragraph of its own, help under or behind it, the answer below."""
    drawn = draw(page, ("bold", "underlined", "heading", "large", "coloured", "capitals"))

    def put(document: Document, question: Question, words: str, drawn: Drawn, page: Page) -> None:
        paragraph = document.add_heading(level=2) if drawn.label == "heading" else document.add_paragraph()
        _put_label(paragraph, words, drawn)
        _put_help(document, paragraph, drawn, page)
        _put_answer(document.add_paragraph, drawn, question)
        if drawn.between:
            document.add_paragraph()

    _whole_form(document, questions, page, drawn, put)


@layout
def dice_answer_beside_label(document: Document, questions: Sequence[Question], page: Page) -> None:
    """The answer begins on the label's line, after a space or a tab."""
    drawn = draw(page, ("bold", "underlined", "coloured"))
    gap = page.chance.choice((" ", "\t", "  "))

    def put(document: Document, question: Question, words: str, drawn: Drawn, page: Page) -> None:
        paragraph = document.add_paragraph()
        _put_label(paragraph, words, drawn)
        paragraph.add_run(gap)
        left = [paragraph]
        _put_answer(lambda: left.pop() if left else document.add_paragraph(), drawn, question)

    _whole_form(document, questions, page, drawn, put)


@layout
def dice_cells(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Tables of two columns, one for each stretch, with any look of labels and any help in the label's cell."""
    drawn = draw(page, ("plain", "bold", "underlined", "slanted", "coloured", "capitals"))

    def put(document: Document, question: Question, words: str, drawn: Drawn, page: Page) -> None:
        label, answer = document.tables[-1].add_row().cells
        _put_label(label.paragraphs[0], words, drawn)
        _put_help(label, label.paragraphs[0], drawn, page)
        left = [answer.paragraphs[0]]
        _put_answer(lambda: left.pop() if left else answer.add_paragraph(), drawn, question)

    _whole_form(document, questions, page, drawn, put, one_table=True)


@layout
def dice_a_frame_for_each(document: Document, questions: Sequence[Question], page: Page) -> None:
    """A table of two rows for each question: the label above, the answer below, or both in one cell."""
    drawn = draw(page, ("plain", "bold", "coloured", "capitals"))
    rows = page.chance.choice((1, 2))

    def put(document: Document, question: Question, words: str, drawn: Drawn, page: Page) -> None:
        cells = [row.cells[0] for row in grid(document, 1, rows=rows).rows]
        _put_label(cells[0].paragraphs[0], words, drawn)
        _put_help(cells[0], cells[0].paragraphs[0], drawn, page)
        left = [] if rows == 1 else [cells[1].paragraphs[0]]
        _put_answer(lambda: left.pop() if left else cells[-1].add_paragraph(), drawn, question)
        document.add_paragraph()

    _whole_form(document, questions, page, drawn, put)


@layout
def dice_plain_lines(document: Document, questions: Sequence[Question], page: Page) -> None:
    """Nothing stands out: a label, a colon and the answer, or a label and the answer below."""
    drawn = draw(page, ("plain", "capitals", "slanted"))
    below = page.chance.random() < 0.3

    def put(document: Document, question: Question, words: str, drawn: Drawn, page: Page) -> None:
        paragraph = document.add_paragraph()
        _put_label(paragraph, words if below else words.rstrip("* :") + ":", drawn)
        if not below:
            paragraph.add_run(" ")
        left = [] if below else [paragraph]
        _put_answer(lambda: left.pop() if left else document.add_paragraph(), drawn, question)
        if drawn.between:
            document.add_paragraph()

    _whole_form(document, questions, page, drawn, put)
