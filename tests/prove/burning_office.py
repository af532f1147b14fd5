"""Word, Excel and PowerPoint files made to burn: a few kilobytes that are millions of elements, or elements that each cost as much as all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from samples.builders.compound import compound_file
from samples.builders.repack import zip_bytes
from tests.corpora.parts import MAIN, control, paragraph, relationships, word, word_part

_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_SLIDES_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"


def package(main_type: str, main_part: str, parts: Mapping[str, bytes]) -> bytes:
    """An Office package whose main part has that type."""
    types = (
        f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main_part}" ContentType="{main_type}"/></Types>'
    )
    return zip_bytes({"[Content_Types].xml": types.encode(), "_rels/.rels": relationships(("officeDocument", main_part, False)), **parts})


def workbook_of(parts: Mapping[str, str]) -> bytes:
    """A workbook with these parts under ``xl/``: the content of each root."""
    whole = {"xl/workbook.xml": f'<workbook xmlns="{_SHEET}"/>'.encode()}
    for name, content in parts.items():
        root = "sst" if "sharedStrings" in name else "worksheet"
        whole[f"xl/{name}"] = f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{_SHEET}">{content}</{root}>'.encode()
    return package(_WORKBOOK_TYPE, "xl/workbook.xml", whole)


def cells(rows: int, columns: int) -> str:
    """A sheet of numbers that says it is as large as a sheet may be."""
    row = "<row>" + "".join(f'<c r="A1"><v>{column}</v></c>' for column in range(columns)) + "</row>"
    return f'<dimension ref="A1:XFD1048576"/><sheetData>{row * rows}</sheetData>'


def styles_in_a_row(count: int = 60_000) -> bytes:
    """Each style is based on the next, and all are used."""
    styles = "".join(f'<w:style w:type="paragraph" w:styleId="s{n}"><w:basedOn w:val="s{n + 1}"/></w:style>' for n in range(count))
    body = "".join(f'<w:p><w:pPr><w:pStyle w:val="s{n}"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>' for n in range(count))
    return word(body, {"word/styles.xml": word_part("styles", styles)})


def notes_everywhere(references: int = 200_000) -> bytes:
    """A long footnote that is referred to hundreds of thousands of times."""
    note = f'<w:footnote w:id="1">{paragraph("lang note " * 1900)}</w:footnote>'
    reference = '<w:footnoteReference w:id="1"/>'
    return word(f"<w:p><w:r>{reference * references}<w:t>a</w:t></w:r></w:p>", {"word/footnotes.xml": word_part("footnotes", note)})


def controls_in_controls(depth: int = 70, text: int = 200_000) -> bytes:
    """Controls round each other, and all of them round the same long text."""
    inner = paragraph("a") * (text // 50)
    for level in range(depth):
        inner = control(f"tag{level}", inner)
    return word(inner)


def many_controls(count: int = 300_000) -> bytes:
    """Hundreds of thousands of controls in one line."""
    return word(
        "<w:p>"
        + "<w:sdt><w:sdtPr><w:tag w:val='a'/></w:sdtPr><w:sdtContent><w:r><w:t>x</w:t></w:r></w:sdtContent></w:sdt>" * (count // 10)
        + "</w:p>"
    )


def tables_in_tables(depth: int = 60, width: int = 6) -> bytes:
    """Tables in tables, each cell said to be merged with those around it."""
    properties = '<w:tcPr><w:gridSpan w:val="999999999"/><w:vMerge/></w:tcPr>'
    inner = paragraph("innerst")
    for _ in range(depth):
        beside = f"<w:tc>{properties}{paragraph('a')}</w:tc>"
        inner = f"<w:tbl><w:tr><w:tc>{properties}{inner}</w:tc>{beside * width}</w:tr></w:tbl>"
    return word(inner)


def boxes_in_boxes(depth: int = 40) -> bytes:
    """Text boxes in text boxes, in drawings of both kinds."""
    inner = paragraph("innerst")
    for _ in range(depth):
        inner = f"<w:p><w:r><w:pict><w:txbxContent>{inner}</w:txbxContent></w:pict></w:r></w:p>"
    return word(inner * 100)


def bound_controls(count: int = 4000, items: int = 300_000) -> bytes:
    """Thousands of controls, each bound to the last of hundreds of thousands of values."""
    binding = "<w:dataBinding w:xpath='/a[1]/b[9999]' w:storeItemID='{1}'/>"
    body = "".join(control(f"t{number}", "", binding) for number in range(count))
    return word(
        body,
        {
            "customXml/item1.xml": b"<a>" + b"<b/>" * items + b"</a>",
            "customXml/itemProps1.xml": b'<d:datastoreItem xmlns:d="http://schemas.openxmlformats.org/officeDocument/2006/customXml" d:itemID="{1}"/>',
        },
    )


def attributes_of_one(count: int = 900_000) -> bytes:
    """One element with hundreds of thousands of attributes."""
    return word("<w:p " + " ".join(f'a{number}="1"' for number in range(count)) + "/>")


def namespaces_in_each_other(depth: int = 200, count: int = 400) -> bytes:
    """Every level declares hundreds of namespaces, and what is inside looks its own up among all of them."""
    declared = (" ".join(f'xmlns:n{level}x{number}="u{level}x{number}"' for number in range(count)) for level in range(depth))
    opened = "".join(f"<w:p {level}>" for level in declared)
    return word(opened + "<w:t>a</w:t>" * 200_000 + "</w:p>" * depth)


def remarks_before_root(count: int = 4_000_000) -> bytes:
    """Millions of empty remarks before the root of a part that nobody reads."""
    return word(paragraph("x"), {"word/theme.xml": b"<!---->" * count + b"<a/>"})


def many_relationships(parts: int = 4900, lines: int = 900) -> bytes:
    """Thousands of lists of relationships with a thousand lines each."""
    listed = relationships(*[("hyperlink", "http://example.no/", True)] * lines)
    return word(paragraph("x"), {f"word/_rels/p{number}.xml.rels": listed for number in range(parts)})


def many_objects(count: int = 4900) -> bytes:
    """Thousands of embedded Word files."""
    inner = word(paragraph("a"))
    return word(paragraph("x"), {f"word/embeddings/d{number}.docx": inner for number in range(count)})


def object_with_twisted_folders(count: int = 30_000) -> bytes:
    """An embedded object with tens of thousands of storages in one another's names."""
    return word(paragraph("x"), {"word/embeddings/oleObject1.bin": compound_file({f"s{number}": b"x" for number in range(count)})})


def marks_on_one_letter(count: int = 3_000_000) -> bytes:
    """A letter with millions of accents."""
    return word(paragraph("a" + "\u0301" * count))


def long_line_of(what: str, count: int) -> Callable[[], bytes]:
    """A letter with one endless line."""
    return lambda: word(paragraph(what * count) + paragraph("Virkestoff: " + what * count) + paragraph("Virkestoff"))


BURNING_OFFICE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "million paragraphs": ("docx", lambda: word("<w:p/>" * 2_600_000)),
    "paragraphs of text": ("docx", lambda: word(paragraph("Merkenavn:") * 400_000)),
    "styles in a row": ("docx", styles_in_a_row),
    "notes everywhere": ("docx", notes_everywhere),
    "controls in controls": ("docx", controls_in_controls),
    "many controls": ("docx", many_controls),
    "tables in tables": ("docx", tables_in_tables),
    "boxes in boxes": ("docx", boxes_in_boxes),
    "bound controls": ("docx", bound_controls),
    "attributes of one": ("docx", attributes_of_one),
    "namespaces in each other": ("docx", namespaces_in_each_other),
    "remarks before root": ("docx", remarks_before_root),
    "many relationships": ("docx", many_relationships),
    "many objects": ("docx", many_objects),
    "object with twisted folders": ("docx", object_with_twisted_folders),
    "marks on one letter": ("docx", marks_on_one_letter),
    "line of colons": ("docx", long_line_of(": ", 90_000)),
    "line of parentheses": ("docx", long_line_of("(", 180_000)),
    "line of stars": ("docx", long_line_of("*_", 90_000)),
    "line of bars": ("docx", long_line_of(" | a:", 40_000)),
    "line of boxes": ("docx", long_line_of("☐ ", 90_000)),
    "line of numbers": ("docx", long_line_of("1. ", 60_000)),
    "part of zeros": ("docx", lambda: word("", {"word/document.xml": bytes(120 << 20)})),
    "types of megabytes": (
        "docx",
        lambda: word("", {"[Content_Types].xml": b"<Types>" + b"<Default/>" * 400_000 + f'<Override ContentType="{MAIN}"/></Types>'.encode()}),
    ),
    "million shared texts": ("xlsx", lambda: workbook_of({"sharedStrings.xml": "<si><t>a</t></si>" * 1_100_000})),
    "million cells": ("xlsx", lambda: workbook_of({"worksheets/sheet1.xml": cells(8000, 100)})),
    "million empty cells": ("xlsx", lambda: workbook_of({"worksheets/sheet1.xml": "<c/>" * 4_900_000})),
    "thousands of sheets": ("xlsx", lambda: workbook_of({f"worksheets/sheet{number}.xml": cells(20, 20) for number in range(4900)})),
    "sheet of a hundred megabytes": ("xlsx", lambda: workbook_of({"worksheets/sheet1.xml": "<c/>" * 30_000_000})),
    "slides of text": (
        "pptx",
        lambda: package(
            _SLIDES_TYPE,
            "ppt/presentation.xml",
            {
                "ppt/presentation.xml": b"<p/>",
                **{
                    f"ppt/slides/slide{number}.xml": b'<s xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
                    + b"<a:p><a:t>a</a:t></a:p>" * 1000
                    + b"</s>"
                    for number in range(4900)
                },
            },
        ),
    ),
}
"""By what is burning in it: extension and bytes."""
