"""PDF files that loop, act, or break. Written by hand: no library writes such things."""

from __future__ import annotations

from collections.abc import Sequence


def raw_pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of the given objects, numbered from 1; object 1 is the catalogue. The cross-reference table is right."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


_PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"


def page_tree_loop() -> bytes:
    """The page tree is its own child."""
    return raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"])


def field_tree_loop() -> bytes:
    """A form field that is its own parent and child."""
    form = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>"
    return raw_pdf([form, _PAGES, _PAGE, b"<< /T (form_type) /FT /Tx /Parent 4 0 R /Kids [4 0 R] >>"])


def deep_page_tree(depth: int = 20_000) -> bytes:
    """A page tree of one page under very many levels."""
    levels = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 %s >>" % (n + 3, b"/Parent %d 0 R" % (n + 1) if n else b"") for n in range(depth)]
    return raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", *levels, b"<< /Type /Page /MediaBox [0 0 9 9] /Parent %d 0 R >>" % (depth + 1)])


def javascript() -> bytes:
    """A script that runs when the file is opened."""
    catalogue = b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\('hei'\\);) >> >>"
    return raw_pdf([catalogue, _PAGES, _PAGE])


def launch() -> bytes:
    """A page that starts a program."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /AA << /O << /S /Launch /F (cmd.exe) >> >> >>"
    return raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", _PAGES, page])


def object_stream_chain() -> bytes:
    """An indirect length that points at itself."""
    stream = b"<< /Length 4 0 R /Filter /FlateDecode >>\nstream\nxxxx\nendstream"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"
    return raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", _PAGES, page, stream])


def previous_loop() -> bytes:
    """The cross-reference table names itself as the one before it."""
    plain = raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", _PAGES, _PAGE], b"/Prev 0000000000")
    return plain.replace(b"/Prev 0000000000", b"/Prev %010d" % plain.rindex(b"xref\n0 "))


def embedded_program() -> bytes:
    """A program attached inside the PDF."""
    catalogue = b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(oppdatering.exe) 4 0 R] >> >> >>"
    program = b"MZ\x90\x00" + bytes(300)
    content = b"<< /Type /EmbeddedFile /Length %d >>\nstream\n%s\nendstream" % (len(program), program)
    return raw_pdf([catalogue, _PAGES, _PAGE, b"<< /Type /Filespec /F (oppdatering.exe) /EF << /F 5 0 R >> >>", content])
