"""Word files that somebody has tampered with, or that are not what they say."""

from __future__ import annotations

import io
import zlib

import docx

from samples.builders.attachments import word_with_objects
from samples.builders.bombs import Member, crc_of_zeros, deflated_zeros, raw_zip
from samples.builders.compound import compound_file
from samples.builders.repack import unzip, with_members, zip_bytes
from samples.builders.spreadsheet import workbook

_DOCUMENT = "word/document.xml"
_MACRO_TYPE = b"application/vnd.ms-word.document.macroEnabled.main+xml"
_PLAIN_TYPE = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def letter(text: str = "Hei. Her er et vanlig brev som ikke er noe skjema.") -> bytes:
    """A Word file without any field."""
    document = docx.Document()
    document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    return with_members(out.getvalue(), {})


def report() -> bytes:
    """A proper Word attachment with a workbook and a file inside, to spoil."""
    return word_with_objects("Dokumentasjon", workbook("Tall", [["År", "Antall"], [2025, 12]]), "Målinger.csv", b"tid;verdi\n1;2\n")


def truncated(package: bytes, share: float = 0.6) -> bytes:
    """The first part of a file: an upload that was cut off."""
    return package[: int(len(package) * share)]


def with_macros(package: bytes, *, macro_type: bool = False) -> bytes:
    """Adds a VBA project; with ``macro_type`` also the content type of a .docm."""
    members = unzip(package)
    project = compound_file({"VBA": {"dir": b"\x01" * 200, "ThisDocument": b"\x01" * 300}, "PROJECT": b'ID="{00000000}"\r\nModule=ThisDocument\r\n'})
    types = members["[Content_Types].xml"].replace(
        b"</Types>", b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
    )
    if macro_type:
        types = types.replace(_PLAIN_TYPE, _MACRO_TYPE)
    relations = members["word/_rels/document.xml.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdVba" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/>'
        b"</Relationships>",
    )
    changes = {"[Content_Types].xml": types, "word/_rels/document.xml.rels": relations, "word/vbaProject.bin": project}
    return with_members(package, changes)


def with_doctype(package: bytes, declaration: bytes, reference: bytes) -> bytes:
    """Puts a DTD in front of the document and ``reference`` (an entity) in its first text."""
    xml = unzip(package)[_DOCUMENT]
    start = xml.index(b"<w:document")
    body = xml[start:].replace(b"</w:t>", reference + b"</w:t>", 1)
    return with_members(package, {_DOCUMENT: xml[:start] + declaration + body})


def external_entity(package: bytes) -> bytes:
    """An entity that would read a file of the server."""
    return with_doctype(package, b'<!DOCTYPE x [<!ENTITY fil SYSTEM "file:///etc/passwd">]>', b"&fil;")


def billion_laughs(package: bytes) -> bytes:
    """Entities of entities: ten to the ninth copies of a word."""
    rows = b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10))
    return with_doctype(package, b'<!DOCTYPE x [<!ENTITY l0 "ha">' + rows + b"]>", b"&l9;")


def remote_schema(package: bytes) -> bytes:
    """A DTD that would be fetched from elsewhere."""
    return with_doctype(package, b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', b"")


def broken_xml(package: bytes) -> bytes:
    """The document part ends in the middle of an element."""
    return with_members(package, {_DOCUMENT: unzip(package)[_DOCUMENT][:-40]})


def deep_xml(package: bytes, depth: int = 100_000) -> bytes:
    """Elements in elements, far deeper than any real text."""
    xml = unzip(package)[_DOCUMENT]
    nested = b"<w:p>" * depth + b"</w:p>" * depth
    return with_members(package, {_DOCUMENT: xml.replace(b"<w:body>", b"<w:body>" + nested, 1)})


def inflated_part(package: bytes, size: int = 600_000_000) -> bytes:
    """The document part holds hundreds of megabytes of spaces, a thousandth of that on the wire."""
    members = [Member(name.encode(), data, len(data), zlib.crc32(data), method=0) for name, data in unzip(package).items() if name != _DOCUMENT]
    members.append(Member(_DOCUMENT.encode(), deflated_zeros(size), size, crc_of_zeros(size)))
    return raw_zip(members)


def remote_template(package: bytes) -> bytes:
    """The template is to be loaded from another machine when the file is opened."""
    relation = (
        b'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
        b'Target="http://127.0.0.1:9/mal.dotm" TargetMode="External"/></Relationships>'
    )
    return with_members(package, {"word/_rels/settings.xml.rels": relation})


def without_document() -> bytes:
    """A package that says it is Word and holds no document."""
    members = unzip(letter())
    del members[_DOCUMENT]
    return zip_bytes(members)


def old_word() -> bytes:
    """A Word 97 file, by its container and its main stream."""
    return compound_file({"WordDocument": b"\xec\xa5\xc1\x00" + bytes(5000), "1Table": bytes(4200), "\x05SummaryInformation": bytes(400)})
