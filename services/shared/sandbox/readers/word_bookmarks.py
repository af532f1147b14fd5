"""Content controls whose tags a program dropped, by the bookmarks that our own Word form puts around them (`services.shared.bookmarks`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from lxml import etree

from services.shared import bookmarks

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_START, _NAME = f"{_W}bookmarkStart", f"{_W}name"
_CONTROL, _PROPERTIES, _CELL = f"{_W}sdt", f"{_W}sdtPr", f"{_W}tc"
_WITH_A_VALUE = (f"{_W14}checkbox", f"{_W}dropDownList", f"{_W}comboBox", f"{_W}date")

Value = str | bool


def controls_in(root: etree._Element, known: Collection[str], value_of: Callable[[etree._Element], Value]) -> Iterator[tuple[str, Value]]:
    """Tag and value of every bookmarked question whose tag is not among `known`. `value_of` reads a control, or all text of an element that is none.

    A box, a list and a date are read from the control. Other text is read from the whole table cell: the answer to a question has the cell to
    itself, and LibreOffice lets all paragraphs but the first slip out of the control.
    """
    seen = set[str]()
    for start in root.iter(_START):
        tag = bookmarks.tag_of(start.get(_NAME, ""))
        if not tag or tag in known or tag in seen:
            continue
        seen.add(tag)
        control = next(start.iterancestors(_CONTROL), None)
        cell = next(start.iterancestors(_CELL), None)
        if control is not None and _has_value(control):
            yield tag, value_of(control)
        elif (holder := cell if cell is not None else control) is not None:
            yield tag, value_of(holder)


def _has_value(control: etree._Element) -> bool:
    properties = control.find(_PROPERTIES)
    return properties is not None and any(properties.find(kind) is not None for kind in _WITH_A_VALUE)
