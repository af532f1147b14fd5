"""Honest files of the rarer kinds that real collections hold: damaged tables, portfolios with folders, old code pages, unnamed parts, text that carries files."""

from __future__ import annotations

import binascii
import io
import struct
import zipfile
import zlib

from samples.builders.attachments import pdf_report, word_with_objects
from samples.builders.compound import compound_file
from samples.builders.spreadsheet import workbook
from tests.corpora.parts import embedded, paragraph, pdf, word, zipped

_PICTURE = b"GIF89a\x01\x00\x01\x00\x00\x00\x00\x00\x3b"


def pdf_with_wrong_table() -> bytes:
    """The table of objects points beside them, as after a transfer that changed line ends; the file is whole."""
    whole = pdf(b"/Names << /EmbeddedFiles << /Names [(a) 4 0 R] >> >>", objects=[_specification(b"a.txt", 5), embedded(b"en")])
    return (
        whole.rpartition(b"xref\n0 ")[0]
        + b"xref\n0 3\n0000000000 65535 f \n0000009999 00000 x \ntrailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n12\n%%EOF\n"
    )


def pdf_with_text_in_table() -> bytes:
    """Where the number of an object should stand in the table, there is no end of something else."""
    whole = pdf_with_wrong_table()
    return whole.replace(b"xref\n0 3\n", b"xref\n" + b"x" * 200 + b" 3\n")


def pdf_with_page_twice() -> bytes:
    """The same page stands twice in the page tree."""
    return pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [3 0 R 3 0 R]/Count 2")


def portfolio() -> bytes:
    """A portfolio: one file in a folder's folder, one at the top."""
    return pdf(
        b"/Names << /EmbeddedFiles << /Names [(<2>a.txt) 4 0 R (b.txt) 5 0 R] >> >> /Collection << /Type /Collection /Folders 8 0 R >>",
        objects=[
            _specification(b"a.txt", 6),
            _specification(b"b.txt", 7),
            embedded(b"en"),
            embedded(b"to"),
            b"<< /Type /Folder /ID 0 /Name (Portefolje) /Child 9 0 R >>",
            b"<< /Type /Folder /ID 1 /Name (Studier) /Parent 8 0 R /Child 10 0 R >>",
            b"<< /Type /Folder /ID 2 /Name (Fase 3) /Parent 9 0 R >>",
        ],
    )


def pdf_with_associated_files() -> bytes:
    """Files associated with the document, with a page, with an annotation and with an element of the structure."""
    return pdf(
        b"/AF [4 0 R] /StructTreeRoot << /Type /StructTreeRoot /K << /S /Document /K [<< /S /P /AF [10 0 R] >>] >> >>",
        b"/AF [6 0 R] /Annots [<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /AF [8 0 R] >>]",
        [
            *(_specification(b"dokument.txt", 5), embedded(b"en")),
            *(_specification(b"side.txt", 7), embedded(b"to")),
            *(_specification(b"merknad.txt", 9), embedded(b"tre")),
            *(_specification(b"element.txt", 11), embedded(b"fire")),
        ],
    )


def word_in_word() -> bytes:
    """A document in a document, with a workbook in the inner one."""
    inner = word_with_objects("x", workbook("x", [[1]]), "Notat.txt", b"x")
    return word(paragraph("x"), {"word/embeddings/Microsoft_Word_Document1.docx": inner})


def word_with_acrobat_object() -> bytes:
    """A PDF put in as an object of the program that shows it, beside an object that only its own program understands."""
    return word(
        paragraph("x"),
        {
            "word/embeddings/oleObject1.bin": compound_file({"CONTENTS": pdf_report("x", 1)}),
            "word/embeddings/oleObject2.bin": compound_file({"CONTENTS": b"\x01\x02\x03\x04" * 20}),
        },
    )


def zip_told_in_unicode() -> bytes:
    """An old name with the true one beside it in the extra field."""
    placeholder = b"s?knad.txt"
    told = "søknad.txt".encode()
    info = zipfile.ZipInfo(placeholder.decode())
    info.extra = struct.pack("<HHBI", 0x7075, 5 + len(told), 1, zlib.crc32(b"s\xffknad.txt")) + told
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, b"x")
    return out.getvalue().replace(placeholder, b"s\xffknad.txt")


def zip_from_china() -> bytes:
    """A name in GBK."""
    name = "临床研究.txt".encode("gbk")
    placeholder = "X" * len(name)
    return zipped({placeholder: b"x"}, zipfile.ZIP_STORED).replace(placeholder.encode(), name)


def zip_from_a_pipe() -> bytes:
    """Packed as it came from another program: sizes behind the data, 64-bit, and the mode of a pipe."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.taken = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:
            self.taken += data
            return len(data)

    out = Pipe()
    info = zipfile.ZipInfo("tall.csv")
    info.external_attr = 0o010600 << 16
    with zipfile.ZipFile(out, "w") as archive, archive.open(info, "w", force_zip64=True) as member:
        member.write(b"a;b\r\n")
    return bytes(out.taken)


def zip_of_one_disk() -> bytes:
    """Made for several disks, and then one was enough: the mark of a part stands before the first member (APPNOTE 8.5.4)."""
    return b"PK00" + zipped({"a.txt": b"x"})


def zip_packed_otherwise() -> bytes:
    """Members packed with bzip2 and LZMA."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", b"x" * 500, zipfile.ZIP_BZIP2)
        archive.writestr("b.txt", b"y" * 500, zipfile.ZIP_LZMA)
    return out.getvalue()


def zip_deflate64() -> bytes:
    """A member packed in the way of Windows for large files, which few programs unpack."""
    data = bytearray(zipped({"a.txt": b"x"}))
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(mark) + offset, 9)
    return bytes(data)


def mail_with_unnamed_parts() -> bytes:
    """A picture and a signature without names; the text twice."""
    picture = binascii.b2a_base64(_PICTURE)
    parts = [
        (
            b"Content-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nHei\r\n"
            b"--B\r\nContent-Type: application/rtf\r\n\r\n{\\rtf1 Hei}\r\n--B--\r\n"
        ),
        b"Content-Type: image/gif\r\nContent-ID: <1>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + picture,
        b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\nabc\r\n",
    ]
    return _mail(b"multipart/mixed; boundary=A", b"".join(b"--A\r\n" + part + b"\r\n" for part in parts) + b"--A--\r\n")


def mail_with_names_in_pieces() -> bytes:
    """A name in numbered pieces (RFC 2231), a name in encoded words (RFC 2047), and a boundary that never ends."""
    parts = [
        b"Content-Type: text/plain\r\nContent-Disposition: attachment; filename*0*=utf-8''M%C3%A5l; filename*1=ing.txt\r\n\r\na\r\n",
        b'Content-Type: text/plain; name="=?iso-8859-1?Q?S=F8knad.txt?="\r\n\r\nb\r\n',
    ]
    return _mail(b"multipart/mixed; boundary=A", b"".join(b"--A\r\n" + part for part in parts))


def mail_with_careless_base64() -> bytes:
    """How the parts are encoded has a blank or a remark behind it, and the last one ends one letter too late."""
    head = b"Content-Disposition: attachment; filename=%b.gif\r\nContent-Transfer-Encoding: %b\r\n\r\n"
    picture = binascii.b2a_base64(_PICTURE, newline=False)
    parts = [head % (b"a", b"base64 ") + picture, head % (b"b", b"BASE64; charset=utf-8") + picture, head % (b"c", b"base64") + picture + b"A"]
    return _mail(b"multipart/mixed; boundary=A", b"".join(b"--A\r\n" + part + b"\r\n" for part in parts) + b"--A--\r\n")


def mail_with_file_in_text() -> bytes:
    """A file in the text itself, as before MIME."""
    lines = b"\r\n".join(binascii.b2a_uu(b"hei hei", backtick=True).splitlines())
    return _mail(b"text/plain", b"Hei\r\n\r\nbegin 644 notat.txt\r\n" + lines + b"\r\n`\r\nend\r\n")


def mail_sealed() -> bytes:
    """A mail that only its receiver can open."""
    return _mail(
        b'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=A',
        b"--A\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--A\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--A--\r\n",
    )


def _mail(kind: bytes, body: bytes) -> bytes:
    return b"From: kari@example.org\r\nSubject: Innsending\r\nMIME-Version: 1.0\r\nContent-Type: " + kind + b"\r\n\r\n" + body


def _specification(name: bytes, stream: int) -> bytes:
    return b"<< /Type /Filespec /F (%s) /UF (%s) /EF << /F %d 0 R >> >>" % (name, name, stream)
