"""Gives content controls back the tags that LibreOffice before 7.5 drops, from the bookmarks of our own Word form (`services.shared.bookmarks`)."""

from __future__ import annotations

from lxml import etree

from services.shared import bookmarks

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_START, _NAME, _VALUE, _ALIAS, _TAG = f"{_W}bookmarkStart", f"{_W}name", f"{_W}val", f"{_W}alias", f"{_W}tag"
_CONTROL, _PROPERTIES, _CONTENT, _CELL, _PARAGRAPH = f"{_W}sdt", f"{_W}sdtPr", f"{_W}sdtContent", f"{_W}tc", f"{_W}p"
_WITH_A_VALUE = (f"{_W14}checkbox", f"{_W}dropDownList", f"{_W}comboBox", f"{_W}date")


def restore_tags(root: etree._Element) -> None:
    """Tag what stands at a bookmark of ours whose tag is nowhere in the part.

    A box, a list and a date keep their control. For other text, the whole cell becomes the control: the answer to a question has the cell to
    itself, and LibreOffice lets all paragraphs but the first slip out.
    """
    known = {tag.get(_VALUE) for tag in root.iter(_TAG)}
    for start in list(root.iter(_START)):
        tag = bookmarks.tag_of(start.get(_NAME, ""))
        if not tag or tag in known:
            continue
        known.add(tag)
        control, cell = next(start.iterancestors(_CONTROL), None), next(start.iterancestors(_CELL), None)
        properties = control.find(_PROPERTIES) if control is not None else None
        if properties is not None and (cell is None or any(properties.find(kind) is not None for kind in _WITH_A_VALUE)):
            etree.SubElement(properties, _TAG).set(_VALUE, tag)
        elif cell is not None:
            _make_control(cell, tag)


def _make_control(cell: etree._Element, tag: str) -> None:
    control = etree.Element(_CONTROL)
    etree.SubElement(etree.SubElement(control, _PROPERTIES), _TAG).set(_VALUE, tag)
    content = etree.SubElement(control, _CONTENT)
    for paragraph in cell.findall(_PARAGRAPH):
        _drop_repeats(paragraph)
        content.append(paragraph)
    cell.append(control)


def _drop_repeats(paragraph: etree._Element) -> None:
    """LibreOffice 7.4 writes a plain control once with all its text, then again for every change of script inside it (a sign, then all again)."""
    title = None
    for control in paragraph.findall(_CONTROL):
        alias = control.find(f"{_PROPERTIES}/{_ALIAS}")
        again = alias is not None and alias.get(_VALUE) == title
        title = None if alias is None else alias.get(_VALUE)
        if again:
            paragraph.remove(control)
