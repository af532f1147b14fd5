"""Word documents: content controls by tag, lines, embedded files.

The element tree of `word/document.xml` is read directly: what python-docx calls text leaves content controls out, and controls in headers,
footers, notes and text boxes count as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lxml import etree

from services.shared.sandbox.protocol import MOST_NOTES_OF_LINE, MOST_SPANS
from services.shared.sandbox.readers import office, word_bookmarks, word_controls, word_hidden, word_lines, word_styles
from services.shared.sandbox.readers.package import Package
from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening, Form

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_TRANSITIONAL = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TEXT_PART = re.compile(r"word/(?:document\d*|header\d*|footer\d*|footnotes|endnotes|comments)\.xml", re.IGNORECASE)
_NOTES = re.compile(r"word/(footnote|endnote)s\.xml", re.IGNORECASE)
_STYLES = "word/styles.xml"

_TEXT, _TAB, _BREAK, _PARAGRAPH = f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}p"
_CELL, _ROW, _INSTRUCTION = f"{_W}tc", f"{_W}tr", f"{_W}instrText"
_MARKS = {_TAB: "\t", _BREAK: "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def read(opening: FileOpening, document: Document) -> None:
    """A docx: rules, text, controls where it may be the form, embedded files."""
    from services.shared.sandbox.opening import Form

    package = office.package_of(opening, document)
    office.check_rules(opening, document, package)
    form = Form("docx", document) if opening.may_be_form else None
    parsed: set[str] = set()
    roots: dict[str, etree._Element] = {}
    unseen: set[str] = set()
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
        document.read(_text_of(opening, document, root), part=name)
        document.search("\n".join(office.told_aside(root, "{*}docPr", "{*}cNvPr", "{*}tag", "{*}alias", "{*}comment")), part=name)
        unseen |= word_hidden.kinds_in(root)
        if form:
            roots[name] = root
    if not parsed and document.text_searched:
        raise Refused("file_corrupt", reason="missing part", part="word/document.xml")
    if unseen:
        opening.finding(document, "hidden_content", what=" ".join(sorted(unseen)))
    office.search_aside(opening, document, package, parsed)
    package.refuse_doctypes(parsed)
    if form:
        _read_form(opening, document, package, roots, form)
        opening.form_found(form)
    office.extract_embedded(opening, document, package)


def _read_form(opening: FileOpening, document: Document, package: Package, roots: Mapping[str, etree._Element], form: Form) -> None:
    """The controls and the lines of all parts; those of the body come first."""
    limits = opening.policy.opening
    bound = word_controls.BoundData(package, limits.form_part_bytes)
    for root in roots.values():
        word_bookmarks.restore_tags(root)
        for tag, value in word_controls.controls_in(root, bound):
            if isinstance(value, str):
                value = value[: limits.form_value_characters]
                if document.identity_numbers:  # else there is none in the whole part
                    document.search(value, part="field", field=tag)
            form.fields.append((tag, value))
            if len(form.fields) > limits.form_fields:
                raise Refused("file_too_complex", reason="fields")
    used = word_styles.used_in(roots.values()) if _STYLES in package.parts else set()
    styles = word_styles.read_styles(package.read(_STYLES, limits.form_part_bytes), _STYLES, used) if used else {}
    notes: dict[tuple[str, str], str] = {}
    for name, root in roots.items():
        if kind := _NOTES.fullmatch(name):
            notes |= word_lines.notes_of(root, kind[1].lower())
    lines = word_lines.Lines(styles, notes, limits.form_text_characters)
    for name, root in roots.items():
        if not _NOTES.fullmatch(name) and "comments" not in name:
            lines.read(root, aside="document" not in name)
    if lines.is_full:
        document.note("form_too_long_to_read_whole")
    if any(len(line.notes) > MOST_NOTES_OF_LINE or max(len(line.marked), len(line.controls)) > MOST_SPANS for line in lines.found):
        raise Refused("file_too_complex", reason="line")
    stands_out = word_lines.underlining_stands_out(lines.found)
    form.lines += [line.as_answer(underlined_is_strong=stands_out) for line in lines.found]


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


def _stands_in_run(element: etree._Element) -> bool:
    """A tab in a run is a tab; elsewhere (in paragraph properties) the same element sets a tab stop."""
    parent = element.getparent()
    return parent is not None and parent.tag == f"{_W}r"
