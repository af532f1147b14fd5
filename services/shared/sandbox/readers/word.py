"""Word documents: content controls by tag, text, embedded files.

The element tree of `word/document.xml` is read directly: what python-docx calls text leaves content controls out, and controls in headers,
footers, notes and text boxes count as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lxml import etree

from services.shared.sandbox.readers import office
from services.shared.sandbox.readers.package import Package
from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_TRANSITIONAL = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TEXT_PART = re.compile(r"word/(?:document\d*|header\d*|footer\d*|footnotes|endnotes|comments)\.xml", re.IGNORECASE)
_TRUE = ("1", "true", "on")

_TEXT, _TAB, _BREAK, _PARAGRAPH = f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}p"
_CELL, _ROW, _CONTROL, _INSTRUCTION = f"{_W}tc", f"{_W}tr", f"{_W}sdt", f"{_W}instrText"
_PROPERTIES, _TAG, _VALUE, _PLACEHOLDER = f"{_W}sdtPr", f"{_W}tag", f"{_W}val", f"{_W}showingPlcHdr"
_CHECK_BOX, _DATE, _CHOICES = f"{_W14}checkbox", f"{_W}date", (f"{_W}dropDownList", f"{_W}comboBox")
_MARKS = {_TAB: "\t", _BREAK: "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def read(opening: FileOpening, document: Document) -> None:
    """A docx: rules, text, controls where it may be the form, embedded files."""
    from services.shared.sandbox.opening import Form

    package = office.package_of(opening, document)
    office.check_rules(opening, document, package)
    form = Form("docx", document, {}, None, "") if opening.may_be_form else None
    parsed: set[str] = set()
    texts: list[str] = []
    left = opening.policy.opening.searched_bytes
    for name in sorted(filter(_TEXT_PART.fullmatch, package.names), key=lambda name: "document" not in name):
        size = package.parts[name.casefold()].file_size
        if size > left and not form:
            document.text_searched = False
            document.note("text_too_long_to_search")
            continue
        left -= size
        parsed.add(name)
        root = _without_fallbacks(package, name, opening.policy.opening.form_part_bytes if form else None)
        text = _text_of(opening, document, root)
        document.search(text, part=name)
        if form:
            texts.append(text)
            _read_controls(opening, document, root, form.tags)
    if not parsed and document.text_searched:
        raise Refused("file_corrupt", reason="missing part", part="word/document.xml")
    package.refuse_doctypes(parsed)
    if form:
        form.text = "\n".join(texts)
        opening.form_found(form)
    office.extract_embedded(opening, document, package)


def _without_fallbacks(package: Package, name: str, most: int | None) -> etree._Element:
    data = package.read(name, most)
    if _STRICT in data[:8192]:
        data = data.replace(_STRICT, _TRANSITIONAL)  # "Strict Open XML": the same words under another namespace
    from services.shared.sandbox.readers import xml

    root = xml.parse(data, name)
    if b"Fallback" in data:
        # the same drawing a second time for old programs: every control and text in it would count twice
        etree.strip_elements(root, _FALLBACK, with_tail=False)
    return root


def _text_of(opening: FileOpening, document: Document, root: etree._Element) -> str:
    """All text, a line for each paragraph or table row, a tab between cells."""
    pieces: list[str] = []
    first_cell = in_new_cell = False
    for element in root.iter(_TEXT, _PARAGRAPH, _CELL, _ROW, _INSTRUCTION, *_MARKS):
        tag = element.tag
        if tag == _TEXT:
            pieces.append(element.text or "")
        elif tag == _PARAGRAPH:
            if not in_new_cell:
                pieces.append("\n")
            in_new_cell = False
        elif tag == _CELL:
            if not first_cell:
                pieces.append("\t")
            first_cell, in_new_cell = False, True
        elif tag == _ROW:
            pieces.append("\n")
            first_cell = True
        elif tag == _INSTRUCTION:
            office.check_instruction(opening, document, element.text or "")
        elif _stands_in_run(element):
            pieces.append(_MARKS[str(tag)])
    return "".join(pieces).strip("\n")


def _read_controls(opening: FileOpening, document: Document, root: etree._Element, tags: dict[str, object]) -> None:
    for control in root.iter(_CONTROL):
        properties = control.find(_PROPERTIES)
        if properties is None:
            continue
        named = {element.tag: element for element in properties}
        tag = named[_TAG].get(_VALUE, "").strip() if _TAG in named else ""
        if not tag or len(tag) > 300:
            continue
        value = _value_of(control, named)
        if isinstance(value, str):
            value = value[: opening.policy.opening.form_value_characters]
            if document.identity_numbers:  # else there is none in the whole part
                document.search(value, part="field", field=tag)
        if not tags.get(tag):  # the first that is filled in wins
            tags[tag] = value
        if len(tags) > opening.policy.opening.form_fields:
            raise Refused("file_too_complex", reason="fields")


def _value_of(control: etree._Element, properties: dict[str, etree._Element]) -> str | bool:
    if _CHECK_BOX in properties:
        checked = properties[_CHECK_BOX].find(f"{_W14}checked")
        return checked is not None and checked.get(f"{_W14}val", "1").lower() in _TRUE
    if _PLACEHOLDER in properties and properties[_PLACEHOLDER].get(_VALUE, "1").lower() in _TRUE:
        return ""
    day = properties[_DATE].get(f"{_W}fullDate") if _DATE in properties else None
    if day:
        return day[:10]
    text = _content_text(control)
    for kind in _CHOICES:
        if kind in properties:
            return _chosen(properties[kind], text)
    return text


def _chosen(choices: etree._Element, text: str) -> str:
    """The value of the list item whose words stand in the control; the words themselves when none fits (a combo box takes any)."""
    for item in choices.iter(f"{_W}listItem"):
        value = item.get(f"{_W}value") or ""
        if text in (item.get(f"{_W}displayText") or value, value):
            return value
    return text


def _stands_in_run(element: etree._Element) -> bool:
    """A tab in a run is a tab; elsewhere (in paragraph properties) the same element sets a tab stop."""
    parent = element.getparent()
    return parent is not None and parent.tag == f"{_W}r"


def _content_text(control: etree._Element) -> str:
    content = control.find(f"{_W}sdtContent")
    if content is None:
        return ""
    return "".join(_content_pieces(content)).strip()


def _content_pieces(content: etree._Element) -> Iterator[str]:
    paragraphs = 0
    for element in content.iter(_TEXT, _PARAGRAPH, *_MARKS):
        if element.tag == _TEXT:
            yield element.text or ""
        elif element.tag == _PARAGRAPH:
            paragraphs += 1
            if paragraphs > 1:
                yield "\n"
        elif _stands_in_run(element):
            yield _MARKS[str(element.tag)]
