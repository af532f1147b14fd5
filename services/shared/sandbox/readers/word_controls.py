"""The content controls of a Word document: tag and value, in the order of the document, as often as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from services.shared.sandbox.readers import word_lines, word_marks, xml
from services.shared.sandbox.readers.package import Package

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PROPERTIES_OF_ITEM = "{http://schemas.openxmlformats.org/officeDocument/2006/customXml}itemID"
_CONTROL, _PROPERTIES, _TAG, _VALUE = f"{_W}sdt", f"{_W}sdtPr", f"{_W}tag", f"{_W}val"
_PLACEHOLDER, _DATE, _BINDING = f"{_W}showingPlcHdr", f"{_W}date", f"{_W}dataBinding"
_CONTENT, _LIST_ITEM = f"{_W}sdtContent", f"{_W}listItem"
_CHOICES = (f"{_W}dropDownList", f"{_W}comboBox")
_GONE = (f"{_W}del", f"{_W}moveFrom")
_TRUE = ("1", "true", "on")
_LONGEST_TAG = 300
_STEP = re.compile(r"/(?:([\w.-]+):)?([\w.-]+)(?:\[([0-9]{1,4})\])?")
_PREFIX = re.compile(r"xmlns:([\w.-]+)=['\"]([^'\"]*)['\"]")


class BoundData:
    """The parts of a package that hold the values of data-bound controls (ISO/IEC 29500-1, 17.5.2.6)."""

    def __init__(self, package: Package, most: int) -> None:
        self._package, self._most = package, most
        self._roots: dict[str, etree._Element] | None = None

    def value(self, binding: etree._Element) -> str:
        """The text that a control is bound to, or an empty one. Only plain paths of elements are followed, as Word writes them."""
        path = binding.get(f"{_W}xpath", "")
        steps = list(_STEP.finditer(path))
        if not steps or "".join(step[0] for step in steps) != path or len(steps) > 32:
            return ""
        found = self._items().get(binding.get(f"{_W}storeItemID", "").casefold())
        prefixes = dict(_PREFIX.findall(binding.get(f"{_W}prefixMappings", "")))
        for number, step in enumerate(steps):
            name = f"{{{prefixes[step[1]]}}}{step[2]}" if step[1] in prefixes else step[2]
            if found is None:
                return ""
            if number == 0:
                found = found if found.tag == name else None
            else:
                found = next((each for place, each in enumerate(found.iterchildren(name), 1) if place == int(step[3] or 1)), None)
        return "" if found is None else (found.text or "").strip()

    def _items(self) -> Mapping[str, etree._Element]:
        if self._roots is None:
            self._roots = {}
            for number in re.findall(r"customXml/itemProps([0-9]{1,4})\.xml", "\n".join(self._package.names), re.IGNORECASE):
                item = f"customXml/item{number}.xml"
                if item.casefold() in self._package.parts:
                    identifier = self._package.xml(f"customXml/itemProps{number}.xml", self._most).get(_PROPERTIES_OF_ITEM, "")
                    self._roots[identifier.casefold()] = self._package.xml(item, self._most)
        return self._roots


def controls_in(root: etree._Element, bound: BoundData) -> Iterator[tuple[str, str | bool]]:
    """Tag and value of every content control that has a tag, but for those in deleted text."""
    for control in root.iter(_CONTROL):
        named = xml.said_in(control, _PROPERTIES)
        tag = named[_TAG].get(_VALUE, "").strip() if _TAG in named else ""
        if tag and len(tag) <= _LONGEST_TAG and next(control.iterancestors(*_GONE), None) is None:
            value = _value_of(control, named)
            if value == "" and _BINDING in named:
                value = bound.value(named[_BINDING])
            yield tag, value


def _value_of(control: etree._Element, properties: dict[str, etree._Element]) -> str | bool:
    ticked = word_marks.is_ticked(control)
    if ticked is not None:
        return ticked
    if _PLACEHOLDER in properties and properties[_PLACEHOLDER].get(_VALUE, "1").lower() in _TRUE:
        return ""
    content = xml.first_child(control, _CONTENT)
    text = "" if content is None else word_lines.text_of(content)
    day = properties[_DATE].get(f"{_W}fullDate") if _DATE in properties else None
    if day and text:
        return day[:10]
    for kind in _CHOICES:
        if kind in properties:
            return _chosen(properties[kind], text)
    return text


def _chosen(choices: etree._Element, text: str) -> str:
    """The value of the list item whose words stand in the control; the words themselves when none fits (a combo box takes any)."""
    for item in choices.iter(_LIST_ITEM):
        value = item.get(f"{_W}value") or ""
        if text in (item.get(f"{_W}displayText") or value, value):
            return value
    return text
