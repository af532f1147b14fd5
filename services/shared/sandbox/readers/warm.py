"""Small files of our own, read in the zygote before the first fork: what is imported late is there then, and a child begins with code that has
run already, so that it copies few of the zygote's pages (one that had never read a Word form used a third more processor time for its first)."""

from __future__ import annotations

import io
import zipfile

import pypdf

from services.shared.sandbox.policy import Policy
from services.shared.sandbox.readers import json_form, mail, pdf

_ROUNDS = 12
"""The interpreter adapts code to what it works on after about eight calls, and the pages that changes are the zygote's then, not each child's."""

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_RUN = "<w:r><w:rPr><w:rStyle w:val='s'/><w:b/></w:rPr><w:t>Navn: 123456</w:t><w:tab/><w:t>æ</w:t><w:br/></w:r>"
_CONTROLS = (
    "<w:text/>",
    "<w:showingPlcHdr/><w:text/>",
    "<w:date w:fullDate='2026-01-05T00:00:00Z'/>",
    "<w:dropDownList><w:listItem w:displayText='Navn: 123456' w:value='a'/></w:dropDownList>",
    "<w14:checkbox><w14:checked w14:val='1'/></w14:checkbox>",
)


def read_one_of_each(policy: Policy) -> None:
    """Every parser, on a file of its kind."""
    pdf.configure(policy.opening.embedded_bytes)
    samples = {"form.docx": _word_form(), "report.pdf": _pdf()}
    for number in range(_ROUNDS):
        for name, data in samples.items():
            _open(policy, name, data, "form" if number % 2 else "attachment")
    json_form.parse(b'{"a": [1.5, true, null, "\\u00e6"]}', policy.opening.json_depth)
    mail.warm()
    for code_page in ("cp437", "cp850", "cp1252", "utf-16", "latin-1"):
        "x".encode(code_page).decode(code_page)


def read_a_table() -> None:
    """The reader of tables, which only some boxes have."""
    from services.shared.sandbox.readers import table  # only where it is used: it brings openpyxl

    table.warm()


def _open(policy: Policy, name: str, data: bytes, role: str) -> None:
    """As a child would. There is no scratch folder: the file attached to the PDF cannot be extracted, no text handed out; a policy that refuses the file is none of our business."""
    from services.shared.sandbox.opening import Budget, FileOpening

    opening = FileOpening(policy, Budget(len(data), 1, 0), -1, "", lambda path: None)
    opening.run({"id": "warm", "role": role, "name": name, "size": len(data)}, io.BytesIO(data))


def _word_form() -> bytes:
    """A Word form with every kind of control, a table, styles, a header and properties."""
    controls = "".join(
        f"<w:tr><w:tc><w:tcPr><w:tcW w:w='1'/></w:tcPr><w:p><w:pPr><w:pStyle w:val='p'/></w:pPr>{_RUN}</w:p></w:tc><w:tc><w:p><w:bookmarkStart w:id='{number}' w:name='x'/>"
        f"<w:sdt><w:sdtPr><w:alias w:val='a'/><w:tag w:val='t{number}'/>{kind}</w:sdtPr><w:sdtContent>{_RUN}</w:sdtContent></w:sdt></w:p></w:tc></w:tr>"
        for number, kind in enumerate(_CONTROLS)
    )
    block = f"<w:sdt><w:sdtPr><w:tag w:val='b'/></w:sdtPr><w:sdtContent><w:p>{_RUN}</w:p></w:sdtContent></w:sdt>"
    parts = {
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Override PartName='/word/document.xml' "
        "ContentType='application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'/></Types>",
        "_rels/.rels": f"<Relationships xmlns='{_RELATIONS}'><Relationship Id='r' Type='officeDocument' Target='word/document.xml'/></Relationships>",
        "word/document.xml": f"<w:document xmlns:w='{_W}' xmlns:w14='http://schemas.microsoft.com/office/word/2010/wordml'><w:body>"
        f"<w:tbl>{controls}</w:tbl>{block}<w:p>{_RUN}</w:p></w:body></w:document>",
        "word/header1.xml": f"<w:hdr xmlns:w='{_W}'><w:p>{_RUN}</w:p></w:hdr>",
        # in double quotes, as Word writes: that is what styles are cut out of
        "word/styles.xml": f'<w:styles xmlns:w="{_W}"><w:style w:styleId="p"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
        '<w:style w:styleId="s"><w:name w:val="s"/><w:basedOn w:val="p"/><w:rPr><w:i/><w:color w:val="808080"/></w:rPr></w:style></w:styles>',
        "word/settings.xml": f"<w:settings xmlns:w='{_W}'/>",
        "docProps/core.xml": "<c:coreProperties xmlns:c='http://schemas.openxmlformats.org/package/2006/metadata/core-properties'/>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(name, f"<?xml version='1.0' encoding='UTF-8'?>\n{text}")
    return out.getvalue()


def _pdf() -> bytes:
    """A PDF with two lines of text, an attached file and a property."""
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(200, 200)
    font = DictionaryObject(
        {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"), NameObject("/BaseFont"): NameObject("/Helvetica")}
    )
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})})
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 20 100 Td (Navn 123456) Tj 0 -20 Td (Text) Tj ET")
    page[NameObject("/Contents")] = writer._add_object(content.flate_encode())
    writer.add_attachment("a.txt", b"a")
    writer.add_metadata({"/Title": "warm"})
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
