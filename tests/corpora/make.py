"""The corpora: `accept/` are honest files that careless readers refuse or misread, `reject/` are files that must get a certain code.

`python -m tests.corpora.make FOLDER` writes them; nothing made is committed.
"""

from __future__ import annotations

import codecs
import io
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from samples.builders import bombs, hostile_archives, hostile_office, hostile_pdf
from samples.builders.attachments import mail, ole_package, pdf_report, survival_curve, word_with_objects
from samples.builders.compound import compound_file
from samples.builders.outlook import OutlookMessage, outlook_message
from samples.builders.sealed import encrypted_office, encrypted_pdf
from samples.builders.spreadsheet import workbook
from tests.corpora import parts, rare, tnef
from tests.corpora.parts import embedded, paragraph, pdf, relationships, word, word_part, zipped

_DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A file. `code`: the finding it must get, None for an honest one; `inside`: the paths of what is found in it (honest ones only)."""

    what: str
    file_name: str
    build: Callable[[], bytes]
    code: str | None = None
    inside: tuple[str, ...] = ()
    role: Literal["form", "attachment"] = "attachment"

    def path(self, folder: Path) -> Path:
        """Where `make` writes it."""
        return folder / ("reject" if self.code else "accept") / f"{self.what}{Path(self.file_name).suffix}"


ACCEPT = (
    Case(
        "word-with-workbook-and-package",
        "a.docx",
        lambda: word_with_objects("x", workbook("x", [[1]]), "Måling æøå.txt", b"tall"),
        None,
        ("a.docx/Microsoft_Excel_Sheet1.xlsx", "a.docx/Måling æøå.txt"),
    ),
    Case("word-with-very-compressible-part", "a.docx", lambda: word(paragraph("x"), {"word/styles.xml": word_part("styles", " " * 2_000_000)})),
    Case(
        "word-with-own-template",
        "a.docx",
        lambda: word(
            paragraph("x"), {"word/_rels/settings.xml.rels": relationships(("attachedTemplate", "file:///C:\\Users\\kari\\Maler\\Brev.dotx", True))}
        ),
    ),
    Case(
        "word-with-links",
        "a.docx",
        lambda: word(
            paragraph("x"),
            {
                "word/_rels/document.xml.rels": relationships(
                    ("hyperlink", "https://nyemetoder.no/", True), ("image", "https://example.org/a.png", True)
                )
            },
        ),
    ),
    Case(
        "word-in-utf16",
        "a.docx",
        lambda: word(
            "",
            {"word/document.xml": word_part("document", f"<w:body>{paragraph('æøå')}</w:body>").decode().replace("UTF-8", "UTF-16").encode("utf-16")},
        ),
    ),
    Case(
        "word-of-office-online",
        "a.docx",
        lambda: zipped(
            {
                "[Content_Types].xml": f'<Types><Override PartName="/word/document2.xml" ContentType="{parts.MAIN}"/></Types>'.encode(),
                "word/document2.xml": word_part("document", f"<w:body>{paragraph('x')}</w:body>"),
            }
        ),
    ),
    Case(
        "word-with-equation",
        "a.docx",
        lambda: word(paragraph("x"), {"word/embeddings/oleObject1.bin": compound_file({"Equation Native": b"x" * 40})}),
    ),
    Case(
        "word-in-word",
        "a.docx",
        rare.word_in_word,
        None,
        (
            "a.docx/Microsoft_Word_Document1.docx",
            "a.docx/Microsoft_Word_Document1.docx/Microsoft_Excel_Sheet1.xlsx",
            "a.docx/Microsoft_Word_Document1.docx/Notat.txt",
        ),
    ),
    Case("word-with-acrobat-object", "a.docx", rare.word_with_acrobat_object, None, ("a.docx/oleObject1.pdf",)),
    Case("workbook", "a.xlsx", lambda: workbook("Budsjett", [["a", 1], ["b", 2.5]])),
    Case("pdf-report", "a.pdf", lambda: pdf_report("Rapport", 2)),
    Case("pdf-with-junk-before-header", "a.pdf", lambda: b"\r\n\r\n" + pdf_report("Rapport", 1)),
    Case(
        "pdf-with-name-tree-of-kids",
        "a.pdf",
        lambda: pdf(
            b"/Names << /EmbeddedFiles << /Kids [4 0 R 5 0 R] >> >>",
            objects=[
                b"<< /Names [(a) 6 0 R] >>",
                b"<< /Names [(b) 7 0 R] >>",
                b"<< /Type /Filespec /F (a.txt) /UF (a.txt) /EF << /F 8 0 R >> >>",
                b"<< /Type /Filespec /F (b.txt) /UF (b\\346.txt) /EF << /F 9 0 R /UF 9 0 R >> >>",
                embedded(b"en"),
                embedded(b"to"),
            ],
        ),
        None,
        ("a.pdf/a.txt", "a.pdf/bæ.txt"),
    ),
    Case(
        "pdf-with-paper-clip-on-page",
        "a.pdf",
        lambda: pdf(
            page=b"/Annots [4 0 R]",
            objects=[
                b"<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS 5 0 R >>",
                b"<< /Type /Filespec /F (c.txt) /EF << /F 6 0 R >> >>",
                embedded(b"tre"),
            ],
        ),
        None,
        ("a.pdf/c.txt",),
    ),
    Case(
        "pdf-with-same-file-in-tree-and-on-page",
        "a.pdf",
        lambda: pdf(
            b"/Names << /EmbeddedFiles << /Names [(x) 5 0 R] >> >>",
            b"/Annots [4 0 R]",
            [
                b"<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS 5 0 R >>",
                b"<< /Type /Filespec /F (c.txt) /EF << /F 6 0 R >> >>",
                embedded(b"tre"),
            ],
        ),
        None,
        ("a.pdf/c.txt",),
    ),
    Case("pdf-with-wrong-table", "a.pdf", rare.pdf_with_wrong_table, None, ("a.pdf/a.txt",)),
    Case("pdf-with-page-twice", "a.pdf", rare.pdf_with_page_twice),
    Case("pdf-portfolio-with-folders", "a.pdf", rare.portfolio, None, ("a.pdf/Studier/Fase 3/a.txt", "a.pdf/b.txt")),
    Case(
        "pdf-with-associated-files",
        "a.pdf",
        rare.pdf_with_associated_files,
        None,
        ("a.pdf/dokument.txt", "a.pdf/side.txt", "a.pdf/merknad.txt", "a.pdf/element.txt"),
    ),
    Case("pdf-locked-but-not-encrypted-for-reading", "a.pdf", lambda: _owner_locked_pdf()),
    Case(
        "zip-with-folders-and-leftovers",
        "a.zip",
        lambda: zipped({"Mappe/": b"", "Mappe/æ.txt": b"hei", "__MACOSX/._x": b"\0", ".DS_Store": b"\0"}),
        None,
        ("a.zip/Mappe/æ.txt",),
    ),
    Case("zip-with-old-code-page", "a.zip", lambda: _old_zip("Søknad å.txt".encode("cp850")), None, ("a.zip/Søknad å.txt",)),
    Case("zip-with-windows-code-page", "a.zip", lambda: _old_zip("Søknad å.txt".encode("cp1252")), None, ("a.zip/Søknad å.txt",)),
    Case("zip-with-one-windows-letter", "a.zip", lambda: _old_zip("Søknad.txt".encode("cp1252")), None, ("a.zip/Søknad.txt",)),
    Case("zip-with-windows-folders", "a.zip", lambda: zipped({"Mappe\\": b"", "Mappe\\a.txt": b"x"}), None, ("a.zip/Mappe/a.txt",)),
    Case("zip-told-in-unicode", "a.zip", rare.zip_told_in_unicode, None, ("a.zip/søknad.txt",)),
    Case("zip-from-china", "a.zip", rare.zip_from_china, None, ("a.zip/临床研究.txt",)),
    Case("zip-from-a-pipe", "a.zip", rare.zip_from_a_pipe, None, ("a.zip/tall.csv",)),
    Case("zip-packed-otherwise", "a.zip", rare.zip_packed_otherwise, None, ("a.zip/a.txt", "a.zip/b.txt")),
    Case("zip-with-same-name-twice", "a.zip", hostile_archives.same_name_twice, None, ("a.zip/notat.txt", "a.zip/notat (2).txt")),
    Case("zip-in-zip", "a.zip", lambda: zipped({"b.zip": zipped({"c.txt": b"x"})}), None, ("a.zip/b.zip", "a.zip/b.zip/c.txt")),
    Case("endnote-library", "a.enlx", lambda: zipped({"a.txt": b"x"}), None, ("a.enlx/a.txt",)),
    Case(
        "mail-with-inline-picture-and-forwarded-mail",
        "a.eml",
        lambda: mail(
            "Innsending",
            "Hei",
            _DAY,
            [("Notat.txt", "text/plain", b"x")],
            inline_picture=("figur.png", survival_curve()),
            forwarded=mail("Videresendt", "Hei", _DAY, [("Rapport.pdf", "application/pdf", pdf_report("x", 1))]),
        ),
        None,
        ("a.eml/figur.png", "a.eml/Notat.txt", "a.eml/Videresendt.eml", "a.eml/Videresendt.eml/Rapport.pdf"),
    ),
    Case(
        "mail-about-another-behind-a-mark",
        "a.eml",
        lambda: codecs.BOM_UTF8 + mail("x", "Hei", _DAY, forwarded=mail("Metode 1/2", "Hei", _DAY)),
        None,
        ("a.eml/Metode 1_2.eml",),
    ),
    Case("mail-with-logo-in-text", "a.eml", lambda: _mail_with_logo(), None, ("a.eml/logo.gif", "a.eml/Notat.txt")),
    Case("mail-with-unnamed-parts", "a.eml", rare.mail_with_unnamed_parts, None, ("a.eml/vedlegg 3.gif", "a.eml/vedlegg 4.asc")),
    Case("mail-with-names-in-pieces", "a.eml", rare.mail_with_names_in_pieces, None, ("a.eml/Måling.txt", "a.eml/Søknad.txt")),
    Case(
        "mail-from-outlook",
        "a.eml",
        lambda: tnef.mail_with_winmail(
            tnef.winmail(
                tnef.attached("Måling nr. 1.txt", b"en tekst"),
                tnef.attached_message("Videresendt", tnef.winmail(tnef.attached("Notat.txt", b"enda en"))),
            )
        ),
        None,
        ("a.eml/winmail.dat", "a.eml/winmail.dat/Måling nr. 1.txt", "a.eml/winmail.dat/Videresendt/Notat.txt"),
    ),
    Case(
        "mail-from-outlook-with-something-behind",
        "a.eml",
        lambda: tnef.mail_with_winmail(tnef.winmail(tnef.attached("Notat.txt", b"en tekst")) + b"\r\n-- \r\nsendt videre"),
        None,
        ("a.eml/winmail.dat", "a.eml/winmail.dat/Notat.txt"),
    ),
    Case("mail-with-file-in-text", "a.eml", rare.mail_with_file_in_text, None, ("a.eml/notat.txt",)),
    Case(
        "outlook-message-with-message",
        "a.msg",
        lambda: outlook_message(
            OutlookMessage(
                "Innsending",
                "Hei",
                ("Kari", "kari@example.org"),
                [("Mottak", "mottak@example.org")],
                _DAY,
                [("Notat.txt", "text/plain", b"x")],
                [OutlookMessage("Videresendt", "Hei", ("Ola", "ola@example.org"), [], _DAY, [("Inni æ.txt", "text/plain", b"y")])],
            )
        ),
        None,
        ("a.msg/Notat.txt", "a.msg/Videresendt/Inni æ.txt"),
    ),
    Case("text-in-windows-code-page", "a.txt", lambda: "Blåbær på ø".encode("cp1252")),
    Case("text-in-utf16", "a.txt", lambda: "Blåbær".encode("utf-16")),
    Case("table-of-numbers", "a.csv", lambda: b"a;b\r\n1;2\r\n"),
    Case("picture", "a.png", survival_curve),
)

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


def make(folder: Path) -> None:
    """Write every case to its place under `folder`."""
    for case in (*ACCEPT, *REJECT):
        path = case.path(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.build())


def _old_zip(name: bytes) -> bytes:
    """A zip from before names were UTF-8."""
    placeholder = "X" * len(name)
    return zipped({placeholder: b"x"}, zipfile.ZIP_STORED).replace(placeholder.encode(), name)


def _owner_locked_pdf() -> bytes:
    """Encrypted, but opens with an empty password: only printing and copying are "forbidden"."""
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_report("x", 1)))
    writer.encrypt("", "eier", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _mail_with_logo() -> bytes:
    whole = mail("x", "Hei", _DAY, [("Notat.txt", "text/plain", b"x")], inline_picture=("logo.gif", b"GIF89a"))
    return whole.replace(b"image/png", b"image/gif")


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


if __name__ == "__main__":
    make(Path(sys.argv[1]))
