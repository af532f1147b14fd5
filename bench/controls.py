"""The content controls of a Word form, read without knowing the form."""

from __future__ import annotations

from typing import Any

from docx.oxml.ns import qn

_CHECK_BOX = "{http://schemas.microsoft.com/office/word/2010/wordml}checkbox"
_CHECKED = "{http://schemas.microsoft.com/office/word/2010/wordml}checked"
_MARK = "{http://schemas.microsoft.com/office/word/2010/wordml}val"


def answers_in(document: Any) -> dict[str, Any]:
    """The content controls by tag, as far as a script without knowledge of the form can tell their types."""
    found: dict[str, Any] = {}
    for control in document.element.body.iter(qn("w:sdt")):
        properties = control.find(qn("w:sdtPr"))
        tag = properties.find(qn("w:tag")).get(qn("w:val"))
        box = properties.find(_CHECK_BOX)
        if box is not None:
            key, _, value = tag.partition("/")
            ticked = box.find(_CHECKED).get(_MARK) == "1"
            if not value:
                found[key] = ticked
            elif ticked:
                found.setdefault(key, []).append(value)
        elif properties.find(qn("w:showingPlcHdr")) is None:
            found[tag] = "".join(text.text or "" for text in control.iter(qn("w:t")))
    return found
