"""Builders for files as small as the case allows, written by hand where no library writes such things."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from samples.builders.hostile_pdf import raw_pdf

MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of the members, in order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def word(body: str, parts: Mapping[str, bytes] | None = None, *, main_type: str = MAIN) -> bytes:
    """A docx with that XML in its body; `parts` are added or replace what is there."""
    members = {
        "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="{main_type}"/></Types>'.encode(),
        "_rels/.rels": relationships(("officeDocument", "word/document.xml", False)),
        "word/document.xml": word_part("document", f"<w:body>{body}</w:body>"),
    }
    return zipped({**members, **(parts or {})})


def word_part(name: str, content: str) -> bytes:
    """A part such as `document` or `hdr` of a docx."""
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:{name} {_NAMESPACES}>{content}</w:{name}>'.encode()


def paragraph(text: str) -> str:
    """A paragraph."""
    return f"<w:p><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def control(tag: str, content: str, properties: str = "") -> str:
    """A content control round block content."""
    return f'<w:sdt><w:sdtPr><w:tag w:val="{escape(tag)}"/>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>'


def relationships(*lines: tuple[str, str, bool]) -> bytes:
    """A .rels part of (last word of the type, target, external)."""
    body = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{escape(target)}"{" TargetMode=" + chr(34) + "External" + chr(34) if out else ""}/>'
        for number, (kind, target, out) in enumerate(lines)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{body}</Relationships>'.encode()


def pdf(catalog: bytes = b"", page: bytes = b"", objects: Sequence[bytes] = ()) -> bytes:
    """A PDF of one page: object 1 the catalog, 2 the page tree, 3 the page, 4 and on `objects`."""
    return raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s >>" % page,
            *objects,
        ]
    )


def embedded(data: bytes) -> bytes:
    """A stream object that holds an attached file."""
    return b"<< /Type /EmbeddedFile /Length %d >>\nstream\n%s\nendstream" % (len(data), data)
