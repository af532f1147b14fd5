"""Writing XML. Only building and serialising: nothing is parsed here."""

from __future__ import annotations

import re

from lxml import etree

# XML 1.0 knows no way to write these; file names and titles from outside may hold them.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def root_element(namespace: str, name: str) -> etree._Element:
    """A root in its own default namespace, ready for ``xsi:type`` below it."""
    namespaces: dict[str | None, str] = {None: namespace, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    return etree.Element(etree.QName(namespace, name), nsmap=namespaces)  # type: ignore[arg-type]  # the stubs forbid the default namespace


def add(parent: etree._Element, name: str, text: object = None, **attributes: str) -> etree._Element:
    """Append an element in the parent's namespace; ``text`` is written as text, None as an empty element."""
    tag = str(parent.tag)
    element = etree.SubElement(parent, tag[: tag.rindex("}") + 1] + name, attributes)
    if text is not None:
        written = str(text)
        element.text = _NOT_XML.sub("\ufffd", written) if _NOT_XML.search(written) else written
    return element


def to_bytes(root: etree._Element) -> bytes:
    """Indented, UTF-8, with a declaration: the same bytes for the same tree."""
    etree.indent(root, space=" ")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8")) + b"\n"
