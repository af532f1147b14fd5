"""Ticks and boxes in a Word document: check boxes of both kinds, and the signs of symbol fonts, as Unicode."""

from __future__ import annotations

import re

from lxml import etree

from services.shared.sandbox.readers.xml import first_child

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_VALUE, _PROPERTIES, _CHECK_BOX, _CHECKED = f"{_W}val", f"{_W}sdtPr", f"{_W14}checkbox", f"{_W14}checked"
_TRUE = ("1", "true", "on")
TICKED, EMPTY = "☒", "☐"

_WINGDINGS = {0x6F: EMPTY, 0x71: EMPTY, 0x72: EMPTY, 0xA8: EMPTY, 0x78: TICKED, 0xFB: "✗", 0xFC: "✓", 0xFD: TICKED, 0xFE: "☑"}
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: TICKED, 0x52: "☑", 0x53: TICKED, 0x54: TICKED, 0xA3: EMPTY, 0x2A: EMPTY, 0x30: EMPTY}
_PRIVATE = range(0xF000, 0xF100)
_PRIVATE_SIGN = re.compile("[\uf000-\uf0ff]")


def mark(element: etree._Element) -> str:
    """What an element of a run that is neither text nor break shows: a sign of a symbol font, a form field of the old kind, or nothing."""
    if element.tag == f"{_W}sym":
        return _symbol(element)
    return _legacy_field(element) if element.tag == f"{_W}fldChar" else ""


def _symbol(element: etree._Element) -> str:
    """The sign of a `w:sym`, or nothing for one that says nothing about a form."""
    code = element.get(f"{_W}char", "")
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    return _sign(number, element.get(f"{_W}font", ""))


def plain(text: str, properties: etree._Element | None) -> str:
    """The text of a run, its signs from a symbol font as Unicode."""
    if text.isascii() or not _PRIVATE_SIGN.search(text):
        return text
    fonts = properties.find(f"{_W}rFonts") if properties is not None else None
    font = "" if fonts is None else fonts.get(f"{_W}ascii", "")
    return "".join(_sign(ord(sign), font) if ord(sign) in _PRIVATE else sign for sign in text)


def is_ticked(control: etree._Element) -> bool | None:
    """The state of a check box control; None for another kind of control."""
    properties = first_child(control, _PROPERTIES)
    box = None if properties is None else first_child(properties, _CHECK_BOX)
    if box is None:
        return None
    checked = first_child(box, _CHECKED)
    return checked is not None and checked.get(f"{_W14}val", "1").lower() in _TRUE


def box_of_control(control: etree._Element) -> str | None:
    """A box, ticked or empty, for a check box control; None for another kind."""
    ticked = is_ticked(control)
    return None if ticked is None else TICKED if ticked else EMPTY


def _legacy_field(mark: etree._Element) -> str:
    """What a form field of the old kind (FORMCHECKBOX, FORMDROPDOWN) shows; nothing for a text field, whose text stands in the runs after."""
    data = mark.find(f"{_W}ffData")
    if data is None:
        return ""
    box = data.find(f"{_W}checkBox")
    if box is not None:
        state = box.find(f"{_W}checked")
        state = box.find(f"{_W}default") if state is None else state
        return TICKED if state is not None and state.get(_VALUE, "1").lower() in _TRUE else EMPTY
    choices = data.find(f"{_W}ddList")
    if choices is None:
        return ""
    entries = [entry.get(_VALUE, "") for entry in choices.iterfind(f"{_W}listEntry")]
    result = choices.find(f"{_W}result")
    chosen = "" if result is None else result.get(_VALUE, "")
    place = int(chosen) if chosen.isascii() and chosen.isdecimal() else 0
    return entries[place] if place < len(entries) else ""


def _sign(number: int, font: str) -> str:
    known = _WINGDINGS_2 if font.casefold().startswith("wingdings 2") else _WINGDINGS
    return known.get(number - 0xF000 if number in _PRIVATE else number, "")
