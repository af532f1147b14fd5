"""A filled Word form: python-docx for the page, raw structured document tags (``w:sdt``) for the fields, as Word itself writes them."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import docx
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from lxml import etree

from samples.builders.controls import Answers, Block, Control, Definition, blocks, day_text, form_title
from samples.builders.repack import with_members

_W14 = "http://schemas.microsoft.com/office/word/2010/wordml"
_LANGUAGES = {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}
_PLACEHOLDER = {"nb": "Klikk her for å skrive inn tekst.", "nn": "Klikk her for å skrive inn tekst.", "en": "Click here to enter text."}
_CHOOSE = {"nb": "Velg et element.", "nn": "Vel eit element.", "en": "Choose an item."}
_BLUE = RGBColor(0x00, 0x32, 0x83)


def docx_form(
    definition: Definition,
    answers: Answers,
    language: str = "nb",
    *,
    form_version: str | None = None,
    tagged: bool = True,
    split_runs: bool = False,
    leave_out: Collection[str] = (),
) -> bytes:
    """A filled form as .docx.

    ``form_version`` overrides the definition's. ``tagged=False`` writes the controls without tags (a form of somebody's own making: only
    labels tell what is what). ``split_runs`` breaks each text into several runs, as Word does after editing. ``leave_out`` names tags whose
    controls are missing from the form altogether.
    """
    document = docx.Document()
    _set_up_page(document, form_title(definition, language), language)
    writer = _Writer(language, tagged, split_runs)
    _hidden_facts(document, writer, definition, form_version or definition["form_version"], language)
    for block in blocks(definition, answers, language):
        _write_block(document, writer, block, leave_out)
    out = io.BytesIO()
    document.save(out)
    return with_members(out.getvalue(), {})


def _set_up_page(document: Document, title: str, language: str) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = title, "Nye metoder", ""
    properties.language = _LANGUAGES[language]
    properties.created = properties.modified = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)
    section = document.sections[0]
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin = section.bottom_margin = Cm(2)
    section.header.paragraphs[0].text = "Nye metoder"
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    marks = etree.SubElement(normal.element.get_or_add_rPr(), qn("w:lang"))
    marks.set(qn("w:val"), _LANGUAGES[language])
    for level, size in ((1, 14), (2, 12)):
        style = document.styles[f"Heading {level}"]
        style.font.size, style.font.color.rgb = Pt(size), _BLUE
    heading = document.add_heading(title, 0)
    heading.runs[0].font.color.rgb = _BLUE
    heading.runs[0].font.size = Pt(20)


def _hidden_facts(document: Document, writer: _Writer, definition: Definition, version: str, language: str) -> None:
    """The tags every form carries about itself, on one small line under the title."""
    paragraph = document.add_paragraph()
    for tag, value in (("form_type", definition["form_type"]), ("form_version", version), ("language", language)):
        paragraph._p.append(writer.inline_text(tag, tag, value, locked=True))
        paragraph.add_run("  ")
    for run in paragraph.runs:
        run.font.size = Pt(8)


def _write_block(document: Document, writer: _Writer, block: Block, leave_out: Collection[str]) -> None:
    title = block.title if block.repeated is None else f"{block.title} {block.repeated}"
    controls = [control for control in block.controls if control.tag not in leave_out]
    if not controls:
        return
    document.add_heading(title, 1 if block.repeated is None else 2)
    table = document.add_table(rows=len(controls), cols=2)
    table.style = "Table Grid"
    for row, control in zip(table.rows, controls, strict=True):
        row.cells[0].width, row.cells[1].width = Cm(6), Cm(10.6)
        row.cells[0].paragraphs[0].add_run(control.label).bold = True
        _write_control(row.cells[1], writer, control)


def _write_control(cell: _Cell, writer: _Writer, control: Control) -> None:
    if control.kind == "long_text":
        cell._tc.remove(cell.paragraphs[0]._p)
        cell._tc.append(writer.block_text(control.tag, control.label, str(control.value).split("\n") if control.value else []))
        cell.add_paragraph()
        return
    paragraph = cell.paragraphs[0]
    if control.kind == "checks":
        for index, (value, label) in enumerate(control.choices):
            line = paragraph if index == 0 else cell.add_paragraph()
            line._p.append(writer.check_box(f"{control.tag}/{value}", label, value in _chosen(control)))
            line.add_run(f" {label}")
    elif control.kind == "check":
        paragraph._p.append(writer.check_box(control.tag, control.label, control.value is True))
        paragraph.add_run({"nb": " Ja", "nn": " Ja", "en": " Yes"}[writer.language])
    elif control.kind == "choice":
        paragraph._p.append(writer.drop_down(control))
    elif control.kind == "date":
        paragraph._p.append(writer.date(control))
    else:
        paragraph._p.append(writer.inline_text(control.tag, control.label, str(control.value)))


def _chosen(control: Control) -> tuple[str, ...]:
    return control.value if isinstance(control.value, tuple) else ()


class _Writer:
    """Makes ``w:sdt`` elements; each gets its own id."""

    def __init__(self, language: str, tagged: bool, split_runs: bool) -> None:
        self.language = language
        self._tagged = tagged
        self._split_runs = split_runs
        self._next_id = 1000

    def inline_text(self, tag: str, label: str, value: str, locked: bool = False) -> etree._Element:
        control, properties = self._control(tag, label, placeholder=not value)
        if locked:
            _element(properties, "lock", val="sdtContentLocked")
        _element(properties, "text")
        self._runs(_element(control, "sdtContent"), value or _PLACEHOLDER[self.language])
        return control

    def block_text(self, tag: str, label: str, paragraphs: Sequence[str]) -> etree._Element:
        """Several paragraphs: the control stands around them, not inside one."""
        control, _ = self._control(tag, label, placeholder=not paragraphs)
        content = _element(control, "sdtContent")
        for text in paragraphs or [_PLACEHOLDER[self.language]]:
            self._runs(_element(content, "p"), text)
        return control

    def drop_down(self, control: Control) -> etree._Element:
        element, properties = self._control(control.tag, control.label, placeholder=not control.value)
        choices = _element(properties, "dropDownList")
        _element(choices, "listItem", displayText=_CHOOSE[self.language], value="")
        for value, label in control.choices:
            _element(choices, "listItem", displayText=label, value=value)
        shown = dict(control.choices).get(str(control.value), str(control.value))
        self._runs(_element(element, "sdtContent"), shown or _CHOOSE[self.language])
        return element

    def date(self, control: Control) -> etree._Element:
        value = str(control.value)
        element, properties = self._control(control.tag, control.label, placeholder=not value)
        day = _element(properties, "date")
        if value:
            day.set(qn("w:fullDate"), f"{value}T00:00:00Z")
        _element(day, "dateFormat", val="dd.MM.yyyy")
        _element(day, "lid", val=_LANGUAGES[self.language])
        _element(day, "storeMappedDataAs", val="dateTime")
        _element(day, "calendar", val="gregorian")
        self._runs(_element(element, "sdtContent"), day_text(value) if value else _PLACEHOLDER[self.language])
        return element

    def check_box(self, tag: str, label: str, checked: bool) -> etree._Element:
        element, properties = self._control(tag, label, placeholder=False)
        box = etree.SubElement(properties, f"{{{_W14}}}checkbox", nsmap={"w14": _W14})
        etree.SubElement(box, f"{{{_W14}}}checked").set(f"{{{_W14}}}val", "1" if checked else "0")
        for state, sign in (("checkedState", "2612"), ("uncheckedState", "2610")):
            mark = etree.SubElement(box, f"{{{_W14}}}{state}")
            mark.set(f"{{{_W14}}}val", sign)
            mark.set(f"{{{_W14}}}font", "MS Gothic")
        run = _element(_element(element, "sdtContent"), "r")
        _element(run, "t").text = "\u2612" if checked else "\u2610"
        return element

    def _control(self, tag: str, label: str, placeholder: bool) -> tuple[etree._Element, etree._Element]:
        element = etree.Element(qn("w:sdt"), nsmap={"w": qn("w:x")[1:-2]})
        properties = _element(element, "sdtPr")
        self._next_id += 1
        if self._tagged:
            _element(properties, "alias", val=label[:64])
            _element(properties, "tag", val=tag)
        _element(properties, "id", val=str(self._next_id))
        if placeholder:
            _element(properties, "showingPlcHdr")
        return element, properties

    def _runs(self, parent: etree._Element, text: str) -> None:
        middle = len(text) // 2 if self._split_runs else 0
        for part in (text[:middle], text[middle:]):
            if part:
                words = _element(_element(parent, "r"), "t")
                words.text = part
                words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _element(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, qn(f"w:{name}"))
    for key, value in attributes.items():
        child.set(qn(f"w:{key}"), value)
    return child
