"""Word, Excel and PowerPoint packages: which of them it is, what they must not carry, the files embedded in them, the text of the latter two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from services.shared.sandbox.policy import FileType, Policy
from services.shared.sandbox.readers import ole, safezip
from services.shared.sandbox.readers.package import CONTENT_TYPES, Package
from services.shared.sandbox.readers.refused import OutOfBudget, Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_MAIN_TYPES = {
    b"wordprocessingml.document.main+xml": "docx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
    b"presentationml.presentation.main+xml": "pptx",
}
_MACRO_TYPES = re.compile(rb"macroEnabled|ms-office\.vbaProject|ms-excel\.sheet\.binary", re.IGNORECASE)
_FETCHED_ON_OPENING = {"attachedTemplate", "oleObject", "subDocument", "frame", "package", "control", "mailMergeSource"}
_ON_OWN_DISK = re.compile(r"(?:file:/{0,3})?/?[A-Za-z]:|[^:/\\]+\Z", re.IGNORECASE)
_DATA_EXCHANGE = re.compile(r"^\s*DDE(?:AUTO)?\b", re.IGNORECASE)

_SHEET_TEXT = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}t"
_SHEET_VALUE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}v"
_SLIDE_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_SLIDE_PARAGRAPH = "{http://schemas.openxmlformats.org/drawingml/2006/main}p"
_ASIDE_PARTS = re.compile(
    r"(?:docProps/[^/]+|customXml/item\d+|(?:word|xl|ppt)/(?:charts|diagrams|drawings|glossary)/[^/]+|word/people|"
    r"xl/(?:workbook|externalLinks/[^/]+|tables/[^/]+|persons/[^/]+|pivotCache/[^/]+)|ppt/(?:presentation|commentAuthors|authors|tags/[^/]+|slideMasters/[^/]+|slideLayouts/[^/]+))\.xml",
    re.IGNORECASE,
)
_FOR_PEOPLE = {"name", "descr", "title", "displayName", "author", "v", "val", "tooltip"}
_TEXT_PARTS = {
    "xlsx": re.compile(r"xl/(?:sharedStrings|worksheets/[^/]+|(?:comments/)?comments?[^/]*|threadedComments/[^/]+)\.xml", re.IGNORECASE),
    "pptx": re.compile(r"ppt/(?:slides|notesSlides|comments)/[^/]+\.xml", re.IGNORECASE),
}


def recognise(document: Document, found: FileType, policy: Policy) -> FileType | None:
    """What a zip really is: an Office package by its content types, another kind of container (None: not known to us), or a plain zip."""
    opening = policy.opening
    if found.key in ("zip", "enlx"):
        archive = safezip.open_zip(
            document.stream, entries=opening.archive_entries, member_bytes=opening.member_bytes, total_bytes=opening.unpacked_bytes
        )
        names = {info.filename for info in archive.infolist()}
        if CONTENT_TYPES not in names:
            return None if "mimetype" in names else found
    package = Package(document.stream, policy)
    if CONTENT_TYPES.casefold() not in package.parts:
        return None if "mimetype" in package.parts else policy.type("zip")
    content_types = package.content_types()
    if _MACRO_TYPES.search(content_types) or any("vbaproject" in name for name in package.parts):
        raise Refused("macro_not_allowed")
    document.package = package
    kind = next((key for main, key in _MAIN_TYPES.items() if main in content_types), None)
    if kind:
        return policy.type(kind)
    return found if found.key == "zip" else None  # a package of some other program, sent as the zip that it is


def read(opening: FileOpening, document: Document) -> None:
    """An xlsx or pptx: rules, text, embedded files."""
    package = package_of(opening, document)
    check_rules(opening, document, package)
    pattern = _TEXT_PARTS[document.file_type.key if document.file_type else ""]
    left = opening.policy.opening.searched_bytes
    parsed = set()
    for name in package.names:
        if pattern.fullmatch(name):
            size = package.parts[name.casefold()].file_size
            if size > left:
                document.text_searched = False
                document.note("text_too_long_to_search")
                continue
            left -= size
            parsed.add(name)
            root = package.xml(name)
            document.read(_text_of(root), part=name)
            document.search("\n".join(told_aside(root, "{*}cNvPr", "{*}hyperlink")), part=name)
    search_aside(opening, document, package, parsed)
    package.refuse_doctypes(parsed)
    extract_embedded(opening, document, package)


def search_aside(opening: FileOpening, document: Document, package: Package, parsed: set[str]) -> None:
    """Look for fødselsnummer where nobody looks: properties, bound data, names of sheets, drawings, charts. Adds what it parsed to ``parsed``."""
    left = opening.policy.opening.form_part_bytes
    for name in package.names:
        if name in parsed or not _ASIDE_PARTS.fullmatch(name):
            continue
        left -= package.parts[name.casefold()].file_size
        if left < 0:
            document.text_searched = False
            document.note("text_too_long_to_search")
            return
        parsed.add(name)
        root = package.xml(name)
        document.search("\n".join([*(str(text) for text in root.itertext()), *told_aside(root, "*")]), part=name)


def told_aside(root: etree._Element, *elements: str) -> list[str]:
    """What stands in attributes for people of these elements: names, titles, descriptions of pictures."""
    return [str(value) for element in root.iter(*elements) for key, value in element.items() if str(key).rpartition("}")[2] in _FOR_PEOPLE]


def package_of(opening: FileOpening, document: Document) -> Package:
    """The package as `recognise` left it."""
    return document.package or Package(document.stream, opening.policy)


def check_rules(opening: FileOpening, document: Document, package: Package) -> None:
    """What no Office file may carry: active controls, and anything it would fetch or run from elsewhere when it is opened."""
    if any("/activex/" in f"/{name}" for name in package.parts):
        opening.finding(document, "active_content", what="activeX")
    for relationship in package.relationships():
        if not relationship.external:
            continue
        if relationship.kind in _FETCHED_ON_OPENING:
            if relationship.kind == "attachedTemplate" and _ON_OWN_DISK.match(relationship.target):
                document.note("template_on_senders_disk")  # Word writes this by itself; it reaches nothing of the reader's
            else:
                opening.finding(document, "active_content", what=relationship.kind)
        elif relationship.kind != "hyperlink":
            document.note(f"external_{relationship.kind}"[:200])


def check_instruction(opening: FileOpening, document: Document, instruction: str) -> None:
    """A field instruction of Word: DDE starts another program."""
    if _DATA_EXCHANGE.match(instruction):
        opening.finding(document, "active_content", what="DDE")


def extract_embedded(opening: FileOpening, document: Document, package: Package) -> None:
    """Hand over every file under `embeddings/`: packages as they are, OLE objects unwrapped. Pictures and other media are not documents."""
    for info in list(package.parts.values()):
        name = info.filename
        if "/embeddings/" not in name.lower() or name.endswith("/"):
            continue
        try:
            data = safezip.member_bytes(package.archive, info, opening.policy.opening.embedded_bytes)
            short_name = name.rpartition("/")[2]
            if data.startswith(ole.MAGIC):
                ole.extract_object(opening, document, data, short_name)
            else:
                opening.extract(document, short_name, [data])
        except OutOfBudget:
            raise
        except Refused as refused:
            opening.finding(document, refused.code, **{**refused.detail, "part": name})


def _text_of(root: etree._Element) -> str:
    pieces: list[str] = []
    for element in root.iter(_SHEET_TEXT, _SHEET_VALUE, _SLIDE_TEXT, _SLIDE_PARAGRAPH):
        if element.tag == _SLIDE_TEXT:
            pieces.append(element.text or "")
        else:
            pieces.append("\n" + (element.text or ""))
    return "".join(pieces)
