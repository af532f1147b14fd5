"""Honest files that careless readers refuse or misread."""

from __future__ import annotations

import codecs
import io
import zipfile
from datetime import UTC, datetime

from samples.builders import hostile_archives
from samples.builders.attachments import mail, pdf_report, survival_curve, word_with_objects
from samples.builders.compound import compound_file
from samples.builders.outlook import OutlookMessage, outlook_message
from samples.builders.spreadsheet import workbook
from tests.corpora import parts, rare, tnef
from tests.corpora.case import Case
from tests.corpora.parts import embedded, paragraph, pdf, relationships, word, word_part, zipped

_DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)

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
    Case("pdf-with-text-in-table", "a.pdf", rare.pdf_with_text_in_table, None, ("a.pdf/a.txt",)),
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
    Case("zip-of-one-disk", "a.zip", rare.zip_of_one_disk, None, ("a.zip/a.txt",)),
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
    Case("mail-with-careless-base64", "a.eml", rare.mail_with_careless_base64, None, ("a.eml/a.gif", "a.eml/b.gif", "a.eml/c.gif")),
    Case("mail-with-invitation-and-card", "a.eml", lambda: _mail_with_invitation(), None, ("a.eml/invite.ics", "a.eml/Kari.vcf")),
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


def _mail_with_invitation() -> bytes:
    meeting = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:M\xc3\xb8te\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Kari Nordmann\r\nEND:VCARD\r\n"
    return mail("M\u00f8te", "Hei", _DAY, [("invite.ics", "text/calendar", meeting), ("Kari.vcf", "text/vcard", card)])


def _mail_with_logo() -> bytes:
    whole = mail("x", "Hei", _DAY, [("Notat.txt", "text/plain", b"x")], inline_picture=("logo.gif", b"GIF89a"))
    return whole.replace(b"image/png", b"image/gif")
