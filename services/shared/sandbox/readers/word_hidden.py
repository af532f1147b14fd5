"""What a Word document carries without showing it: deleted text that is still there, comments, hidden text, white text."""

from __future__ import annotations

from lxml import etree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE, _FILL = f"{_W}val", f"{_W}fill"
_OFF = ("0", "false", "off", "none")
_NO_SHADE = ("", "auto", "FFFFFF")


def kinds_in(root: etree._Element) -> set[str]:
    """The kinds in one part, of ``deleted``, ``comments``, ``hidden``, ``white``; empty for most documents."""
    found = set()
    if any((text.text or "").strip() for text in root.iter(f"{_W}delText")):
        found.add("deleted")
    if next(root.iter(f"{_W}comment"), None) is not None:
        found.add("comments")
    if any(mark.get(_VALUE, "1").lower() not in _OFF and _marks_text(mark) for mark in root.iter(f"{_W}vanish")):
        found.add("hidden")
    if any(mark.get(_VALUE, "").upper() == "FFFFFF" and _marks_text(mark) and not _stands_on_colour(mark) for mark in root.iter(f"{_W}color")):
        found.add("white")
    return found


def _marks_text(mark: etree._Element) -> bool:
    """The mark is of a run that has text, not of a style or a paragraph's end."""
    properties = mark.getparent()
    run = properties.getparent() if properties is not None and properties.tag == f"{_W}rPr" else None
    return run is not None and run.tag == f"{_W}r" and any((text.text or "").strip() for text in run.iterfind(f"{_W}t"))


def _stands_on_colour(mark: etree._Element) -> bool:
    """White text in a table, a drawing or on a shade is a heading on colour; what a table's style gives is not looked up."""
    for around in mark.iterancestors():
        if around.tag in (f"{_W}tbl", f"{_W}txbxContent"):
            return True
        shade = around.find(f"{_W}shd") if around.tag == f"{_W}rPr" else around.find(f"{_W}pPr/{_W}shd") if around.tag == f"{_W}p" else None
        if shade is not None and shade.get(_FILL, "").upper() not in _NO_SHADE:
            return True
        if around.tag == f"{_W}p" and around.find(f"{_W}pPr/{_W}pStyle") is not None:
            return True
        if around.tag == f"{_W}rPr" and around.find(f"{_W}highlight") is not None:
            return True
    return False
