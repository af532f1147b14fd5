"""Writing XML, one element after the other: a version's two documents have some seven hundred, and a tree of them would cost more than all else that is planned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# XML 1.0 knows no way to write these; file names and titles from outside may hold them.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TO_ESCAPE = re.compile("[&<>\r]|" + _NOT_XML.pattern)
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE: Final = "xsi:type"
_NONE: Final[Mapping[str, str]] = {}


class Writer:
    """A document with its root element open: indented by one blank, UTF-8, with a declaration. The same calls give the same bytes.

    Names are ours; texts and attributes may come from outside. ``xsi:type`` may be used everywhere.
    """

    def __init__(self, namespace: str, name: str, attributes: Mapping[str, str] = _NONE) -> None:
        self._lines = ["<?xml version='1.0' encoding='UTF-8'?>"]
        self._names: list[str] = []
        self._indent = ""
        self.open(name, {"xmlns": namespace, "xmlns:xsi": _XSI, **attributes})

    def open(self, name: str, attributes: Mapping[str, str] = _NONE) -> None:
        """Begin an element that has others in it."""
        self._lines.append(f"{self._indent}<{name}{_attributes(attributes) if attributes else ''}>")
        self._names.append(name)
        self._indent += " "

    def close(self) -> None:
        """End the element that was opened last."""
        self._indent = self._indent[1:]
        self._lines.append(f"{self._indent}</{self._names.pop()}>")

    def add(self, name: str, text: object, attributes: Mapping[str, str] = _NONE) -> None:
        """An element with nothing but text in it."""
        written = text if type(text) is str else str(text)
        if _TO_ESCAPE.search(written):
            written = _escaped(written)
        self._lines.append(f"{self._indent}<{name}{_attributes(attributes) if attributes else ''}>{written}</{name}>")

    def to_bytes(self) -> bytes:
        """End what is open, and the document."""
        while self._names:
            self.close()
        return ("\n".join(self._lines) + "\n").encode()


def _escaped(text: str) -> str:
    kept = _NOT_XML.sub("\ufffd", text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _attributes(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{_in_attribute(value)}"' for name, value in attributes.items())


def _in_attribute(value: str) -> str:
    return _escaped(value).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
