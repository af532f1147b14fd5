"""Files that must get a certain code."""

from __future__ import annotations

import io
import zipfile

from samples.builders import bombs, hostile_archives, hostile_office, hostile_pdf
from samples.builders.attachments import ole_package, pdf_report
from samples.builders.sealed import encrypted_office, encrypted_pdf
from samples.builders.spreadsheet import workbook
from tests.corpora import rare, tnef
from tests.corpora.case import Case
from tests.corpora.parts import paragraph, pdf, relationships, word, word_part, zipped

REJECT = (
    Case("empty", "a.pdf", lambda: b"", "file_empty"),
    Case("program", "a.exe", lambda: hostile_archives.PROGRAM, "type_not_allowed"),
    Case("program-called-pdf", "a.pdf", lambda: hostile_archives.PROGRAM, "type_not_allowed"),
    Case("pdf-called-word", "a.docx", lambda: pdf_report("x", 1), "type_mismatch"),
    Case("workbook-called-word", "a.docx", lambda: workbook("x", [[1]]), "type_mismatch"),
    Case("pdf-and-zip-in-one", "a.pdf", lambda: pdf_report("x", 1) + zipped({"a.txt": b"x"}), "type_mismatch"),
    Case("open-document-called-zip", "a.zip", lambda: zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "type_not_allowed"),
    Case("old-word", "a.docx", hostile_office.old_word, "type_not_allowed"),
    Case("word-truncated", "a.docx", lambda: hostile_office.truncated(hostile_office.report()), "file_corrupt"),
    Case("word-encrypted", "a.docx", lambda: encrypted_office(hostile_office.report()), "file_encrypted"),
    Case("word-external-entity", "a.docx", lambda: hostile_office.external_entity(hostile_office.report()), "xml_forbidden"),
    Case("word-billion-laughs", "a.docx", lambda: hostile_office.billion_laughs(hostile_office.report()), "xml_forbidden"),
    Case(
        "word-dtd-in-utf16",
        "a.docx",
        lambda: word(
            "",
            {
                "word/document.xml": (
                    '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]>'
                    + word_part("document", f"<w:body>{paragraph('x')}</w:body>").decode().partition("?>")[2]
                ).encode("utf-16")
            },
        ),
        "xml_forbidden",
    ),
    Case(
        "word-dtd-in-part-nobody-reads",
        "a.docx",
        lambda: word(paragraph("x"), {"word/theme.xml": b"<!DOCTYPE a SYSTEM 'http://x/'><a/>"}),
        "xml_forbidden",
    ),
    Case(
        "word-dtd-behind-long-comment",
        "a.docx",
        lambda: word(paragraph("x"), {"word/theme.xml": b"<!--" + b"x" * 9000 + b"--><!DOCTYPE a><a/>"}),
        "xml_forbidden",
    ),
    Case(
        "word-in-ebcdic",
        "a.docx",
        lambda: word("", {"word/document.xml": '<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037")}),
        "xml_forbidden",
    ),
    Case("word-with-macros", "a.docx", lambda: hostile_office.with_macros(hostile_office.report()), "macro_not_allowed"),
    Case("word-macro-type", "a.docx", lambda: word("", main_type="application/vnd.ms-word.document.macroEnabled.main+xml"), "macro_not_allowed"),
    Case("word-remote-template", "a.docx", lambda: hostile_office.remote_template(hostile_office.report()), "active_content"),
    Case(
        "word-template-on-server",
        "a.docx",
        lambda: word(paragraph("x"), {"word/_rels/settings.xml.rels": relationships(("attachedTemplate", "file://server/share/a.dotx", True))}),
        "active_content",
    ),
    Case(
        "word-linked-object",
        "a.docx",
        lambda: word(paragraph("x"), {"word/_rels/document.xml.rels": relationships(("oleObject", "http://example.org/a.xls", True))}),
        "active_content",
    ),
    Case(
        "word-data-exchange-field",
        "a.docx",
        lambda: word("<w:p><w:r><w:instrText> DDEAUTO c:\\\\cmd.exe </w:instrText></w:r></w:p>"),
        "active_content",
    ),
    Case("word-with-active-x", "a.docx", lambda: word(paragraph("x"), {"word/activeX/activeX1.bin": b"x"}), "active_content"),
    Case("word-with-same-part-twice", "a.docx", lambda: _part_twice(), "file_corrupt"),
    Case("word-deep", "a.docx", lambda: hostile_office.deep_xml(hostile_office.report()), "file_too_complex"),
    Case("word-inflated", "a.docx", lambda: hostile_office.inflated_part(hostile_office.report()), "archive_too_large"),
    Case(
        "program-in-word",
        "a.docx",
        lambda: word(paragraph("x"), {"word/embeddings/oleObject1.bin": ole_package("a.exe", hostile_archives.PROGRAM)}),
        "type_not_allowed",
    ),
    Case(
        "word-line-of-thousands-of-types",
        "a.docx",
        lambda: word("<w:p>" + "<w:r><w:rPr><w:b/></w:rPr><w:t>x</w:t></w:r><w:r><w:t>y</w:t></w:r>" * 6000 + "</w:p>"),
        "file_too_complex",
        role="form",
    ),
    Case(
        "pdf-field-with-thousands-chosen",
        "a.pdf",
        lambda: pdf(b"/AcroForm << /Fields [<< /T (a) /FT /Ch /V [" + b"(b)" * 2000 + b"] >>] >>"),
        "file_too_complex",
    ),
    Case("pdf-encrypted", "a.pdf", lambda: encrypted_pdf(pdf_report("x", 1)), "file_encrypted"),
    Case("pdf-truncated", "a.pdf", lambda: hostile_office.truncated(pdf_report("x", 2), 0.2), "file_corrupt"),
    Case("pdf-page-tree-loop", "a.pdf", hostile_pdf.page_tree_loop, "file_too_complex"),
    Case("pdf-deep-page-tree", "a.pdf", hostile_pdf.deep_page_tree, "file_too_complex"),
    Case("pdf-script-on-opening", "a.pdf", hostile_pdf.javascript, "active_content"),
    Case("pdf-script-in-names", "a.pdf", lambda: pdf(b"/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (x) >>] >> >>"), "active_content"),
    Case("pdf-launching", "a.pdf", hostile_pdf.launch, "active_content"),
    Case(
        "pdf-launching-second",
        "a.pdf",
        lambda: pdf(b"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next << /S /Launch /F (cmd.exe) >> >>"),
        "active_content",
    ),
    Case("pdf-dynamic-form", "a.pdf", lambda: pdf(b"/AcroForm << /XFA (x) /Fields [] >>"), "active_content"),
    Case("pdf-flate-bomb-attached", "a.pdf", lambda: _flate_bomb(), "file_too_complex"),
    Case("program-in-pdf", "a.pdf", hostile_pdf.embedded_program, "type_not_allowed"),
    Case("zip-bomb", "a.zip", lambda: bombs.zero_bomb(2 << 30), "archive_too_large"),
    Case("zip-lying-bomb", "a.zip", lambda: bombs.zero_bomb(1 << 30, declared=1000), "archive_too_large"),
    Case("zip-overlapping", "a.zip", lambda: bombs.overlapping_bomb(entries=50), "archive_too_large"),
    Case("zip-hundred-thousand", "a.zip", bombs.many_entries, "archive_too_many"),
    Case("zip-eight-deep", "a.zip", lambda: bombs.quine_like_chain(8), "archive_too_deep"),
    Case("zip-traversal", "a.zip", lambda: hostile_archives.zip_named(b"../a.txt"), "name_not_allowed"),
    Case("zip-absolute", "a.zip", lambda: hostile_archives.zip_named(b"/a.txt"), "name_not_allowed"),
    Case("zip-backslash", "a.zip", lambda: hostile_archives.zip_named(b"..\\a.txt"), "name_not_allowed"),
    Case("zip-drive", "a.zip", lambda: hostile_archives.zip_named(b"C:/a.txt"), "name_not_allowed"),
    Case("zip-device", "a.zip", lambda: hostile_archives.zip_named(b"aux.txt"), "name_not_allowed"),
    Case("zip-nul-in-name", "a.zip", lambda: hostile_archives.zip_named(b"a.txt\0.exe"), "name_not_allowed"),
    Case("zip-symbolic-link", "a.zip", hostile_archives.symbolic_link, "name_not_allowed"),
    Case("zip-deflate64", "a.zip", rare.zip_deflate64, "type_not_allowed"),
    Case("zip-encrypted", "a.zip", hostile_archives.password_zip, "file_encrypted"),
    Case("zip-two-names", "a.zip", hostile_archives.two_names, "file_corrupt"),
    Case("zip-wrong-checksum", "a.zip", hostile_archives.wrong_checksum, "file_corrupt"),
    Case("winmail-cut-off", "a.eml", lambda: tnef.mail_with_winmail(tnef.winmail(tnef.attached("a.txt", b"x" * 900))[:-200]), "file_corrupt"),
    Case("winmail-six-deep", "a.eml", lambda: tnef.mail_with_winmail(tnef.nested(6)), "archive_too_deep"),
    Case(
        "program-in-winmail",
        "a.eml",
        lambda: tnef.mail_with_winmail(tnef.winmail(tnef.attached("a.exe", hostile_archives.PROGRAM))),
        "type_not_allowed",
    ),
    Case("mail-sealed", "a.eml", rare.mail_sealed, "file_encrypted"),
    Case("mail-twenty-deep", "a.eml", lambda: hostile_archives.mail_in_mail(20), "archive_too_deep"),
    Case("mail-of-many-parts", "a.eml", hostile_archives.many_parts, "archive_too_many"),
    Case("program-in-mail", "a.eml", lambda: hostile_archives.mail_with("a.exe", hostile_archives.PROGRAM), "type_not_allowed"),
    Case("message-truncated", "a.msg", lambda: hostile_office.truncated(hostile_archives.message_with("a.txt", b"x" * 20_000), 0.4), "file_corrupt"),
    Case("message-sector-loop", "a.msg", hostile_archives.sector_loop, "file_corrupt"),
    Case("json-key-twice", "a.json", lambda: b'{"a": 1, "a": 2}', "json_invalid", role="form"),
    Case("json-not-a-number", "a.json", lambda: b'{"a": NaN}', "json_invalid", role="form"),
    Case("json-deep", "a.json", lambda: b'{"a":' * 5000 + b"1" + b"}" * 5000, "json_invalid", role="form"),
    Case("json-not-utf8", "a.json", lambda: '{"a": "æ"}'.encode("latin-1"), "json_invalid", role="form"),
    Case("json-list", "a.json", lambda: b" [1]", "json_invalid", role="form"),
)


def _part_twice() -> bytes:
    out = io.BytesIO(word(paragraph("x")))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("word/DOCUMENT.xml", word_part("document", f"<w:body>{paragraph('noe annet')}</w:body>"))
    return out.getvalue()


def _flate_bomb() -> bytes:
    data = bombs.deflated_zeros(600_000_000)
    import struct
    import zlib

    packed = b"\x78\x9c" + data + struct.pack(">I", zlib.adler32(b""))
    stream = b"<< /Type /EmbeddedFile /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)
    return pdf(b"/Names << /EmbeddedFiles << /Names [(x) 4 0 R] >> >>", objects=[b"<< /Type /Filespec /F (x.txt) /EF << /F 5 0 R >> >>", stream])
