"""What paragraph and character styles of a Word document say about their text: heading, bold, faint, list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from services.shared.sandbox.readers import xml
from services.shared.sandbox.readers.xml import children_of, first_child

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE, _STYLE, _BASED_ON, _RUN_STYLE = (f"{_W}{name}" for name in ("val", "style", "basedOn", "rStyle"))
_HEADING = re.compile(r"(?:heading|overskrift) ?([1-9])", re.IGNORECASE)
_TITLES = ("title", "tittel", "subtitle", "undertittel")
_OUTLINE_LEVELS = frozenset("012345678")
_OFF = ("0", "false", "off", "none")
_SPEAKS = {f"{_W}{name}": name for name in ("b", "u", "caps", "i", "color", "vanish", "webHidden", "strike", "dstrike", "highlight", "shd")}
"""What run properties say that matters here; the others are fonts, sizes and languages."""
_ROOT = re.compile(
    rb"\s*(?:<\?xml[^>]*encoding=[\"']UTF-8[\"'][^>]*\?>\s*)?<w:styles\s[^>]*xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"[^>]*(?<!/)>",
    re.IGNORECASE,
)
"""What a part of styles begins with. One in another encoding that does not say so is no XML."""
_AS_WRITTEN = re.compile(r"[\w .,()-]*", re.ASCII)
"""An id that stands in the bytes as it is."""
_END = b"</w:style>"
_MOST_CUT_OUT = 100
_SHADED, _FILL = f"{_W}shd", f"{_W}fill"
_UNMARKED = ("none", "auto", "ffffff", "white")
_MOST_STYLES = 2000
_MOST_ANCESTORS = 12


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks. None: not said here."""

    strong: bool | None = None
    underlined: bool | None = None
    faint: bool | None = None
    hidden: bool | None = None
    struck: bool | None = None
    marked: bool | None = None

    def over(self, below: Look) -> Look:
        """This look where it says something, the one below it elsewhere."""
        if self is PLAIN or below is PLAIN:
            return below if self is PLAIN else self
        return Look(
            below.strong if self.strong is None else self.strong,
            below.underlined if self.underlined is None else self.underlined,
            below.faint if self.faint is None else self.faint,
            below.hidden if self.hidden is None else self.hidden,
            below.struck if self.struck is None else self.struck,
            below.marked if self.marked is None else self.marked,
        )


@dataclass(frozen=True, slots=True)
class Style:
    """A style with all it inherits."""

    level: int = 0
    item: bool = False
    look: Look = Look()


_Raw = tuple[str, int | None, bool, Look]
"""What a style says itself: the style it is based on, its level as a heading, whether it is of a list, its look."""
PLAIN = Look()
NO_STYLE = Style()


def look_of(properties: etree._Element | None) -> tuple[str, Look]:
    """The style that run properties (a `w:rPr`) name, or an empty text, and what they say themselves."""
    style, said = "", []
    for element in properties if properties is not None else ():
        name = element.tag
        if name in _SPEAKS:
            said.append((_SPEAKS[name], (element.get(_FILL if name == _SHADED else _VALUE) or "true").lower()))
        elif name == _RUN_STYLE:
            style = element.get(_VALUE, "")
    return style, _look(tuple(said)) if said else PLAIN


@lru_cache(maxsize=256)
def _look(properties: tuple[tuple[str, str], ...]) -> Look:
    said = dict(properties)

    def switched(*names: str) -> bool | None:
        states = [said[name] not in _OFF for name in names if name in said]
        return any(states) if states else None

    faint = switched("i")
    if "color" in said and _is_grey(said["color"]):
        faint = True
    marks = [said[name] not in _UNMARKED for name in ("highlight", "shd") if name in said]
    if "color" in said:
        marks.append(_is_colourful(said["color"]))
    return Look(
        switched("b", "caps"), switched("u"), faint, switched("vanish", "webHidden"), switched("strike", "dstrike"), any(marks) if marks else None
    )


def used_in(roots: Iterable[etree._Element]) -> set[str]:
    """The ids of the styles that paragraphs and runs of these parts have: a few of the hundreds that Word keeps."""
    return {element.get(_VALUE, "") for root in roots for element in root.iter(f"{_W}pStyle", f"{_W}rStyle")}


def read_styles(data: bytes, part: str, used: Set[str]) -> dict[str, Style]:
    """The styles that are used, by id. ``data`` are the bytes of the part of that name. Raises Refused."""
    elements = _elements(data, part, used)
    raw: dict[str, _Raw] = {}
    return {identifier: _inherited(identifier, elements, raw) for identifier in used & elements.keys()}


def _elements(data: bytes, part: str, used: Set[str]) -> dict[str, etree._Element]:
    """At least these styles and those they are based on, by id.

    Word keeps hundreds of styles of which a document has ten; a tree of them all costs more than the rest of the document. So they are cut out of the
    bytes, where these are written as Word, LibreOffice and python-docx write them.
    """
    root_tag = _ROOT.match(data)
    if root_tag is None or b"!" in data or len(used) > _MOST_CUT_OUT or not all(map(_AS_WRITTEN.fullmatch, used)):
        return _by_id(xml.parse(data, part))
    elements: dict[str, etree._Element] = {}
    wanted: Set[str] = used
    for _ in range(_MOST_ANCESTORS):
        cut_out = [piece for identifier in wanted if (piece := _cut_out(data, identifier.encode()))]
        if not cut_out:
            break
        elements |= _by_id(xml.parse(b"".join([root_tag[0], *cut_out, b"</w:styles>"]), part))
        wanted = {_value(first_child(style, _BASED_ON)) for style in elements.values()} - elements.keys() - {""}
        if not all(map(_AS_WRITTEN.fullmatch, wanted)):
            return _by_id(xml.parse(data, part))
    return elements


def _cut_out(data: bytes, identifier: bytes) -> bytes:
    """The element of a style; nothing where there is none."""
    named = data.find(b'w:styleId="' + identifier + b'"')
    begins = data.rfind(b"<", 0, named) if named >= 0 else -1
    ends = data.find(_END, named) if begins >= 0 else -1
    return data[begins : ends + len(_END)] if ends >= 0 and data.startswith(b"<w:style ", begins) else b""


def _by_id(root: etree._Element) -> dict[str, etree._Element]:
    elements: dict[str, etree._Element] = {}
    for style in root.iterfind(_STYLE):
        identifier = style.get(f"{_W}styleId")
        if identifier is not None and len(elements) < _MOST_STYLES:
            elements.setdefault(identifier, style)
    return elements


def _raw(style: etree._Element) -> _Raw:
    said = children_of(style)
    paragraph = children_of(said.get(f"{_W}pPr"))
    return (
        _value(said.get(f"{_W}basedOn")),
        _level(_value(said.get(f"{_W}name")), paragraph.get(f"{_W}outlineLvl")),
        f"{_W}numPr" in paragraph,
        look_of(said.get(f"{_W}rPr"))[1],
    )


def outline_level(outline: etree._Element | None) -> int:
    """The level that the outline level (`w:outlineLvl`) of a paragraph gives a heading, from 1; 0 for none."""
    text = _value(outline)
    return int(text) + 1 if text in _OUTLINE_LEVELS else 0


def _level(name: str, outline: etree._Element | None) -> int | None:
    if found := _HEADING.fullmatch(name):
        return int(found[1])
    if name.lower() in _TITLES:
        return 1
    return outline_level(outline) or None


def _inherited(identifier: str, elements: dict[str, etree._Element], raw: dict[str, _Raw]) -> Style:
    level: int | None = None
    item, look = False, PLAIN
    for _ in range(_MOST_ANCESTORS):
        if identifier not in elements:
            break
        if identifier not in raw:
            raw[identifier] = _raw(elements[identifier])
        identifier, own_level, own_item, own_look = raw[identifier]
        level = own_level if level is None else level
        item, look = item or own_item, look.over(own_look)
    return Style(level or 0, item and not level, look)


def _is_grey(color: str) -> bool:
    """Whether a colour is a grey between black and white."""
    parts = _parts(color)
    return bool(parts) and 0x55 <= parts[0] <= 0xD0 and max(parts) - min(parts) <= 12


def _is_colourful(color: str) -> bool:
    """Whether a colour is none of black, grey and white."""
    parts = _parts(color)
    return bool(parts) and max(parts) - min(parts) > 0x40


def _parts(color: str) -> list[int]:
    """Red, green and blue of a colour that is said in digits."""
    return [int(color[place : place + 2], 16) for place in (0, 2, 4)] if re.fullmatch("[0-9a-f]{6}", color) else []


def _value(element: etree._Element | None) -> str:
    return "" if element is None else element.get(_VALUE) or ""
