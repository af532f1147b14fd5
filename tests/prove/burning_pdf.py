"""PDF files made to burn: small to send, and endless, huge or deep for whoever follows what they say."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from samples.builders.bombs import deflated_zeros
from samples.builders.hostile_pdf import raw_pdf
from tests.corpora.parts import embedded, pdf

_FONT = b"/Resources << /Font << /F1 5 0 R >> %s >>"
_HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_MARK = b"BT /F1 12 Tf 100 700 Td (Hemmelig tekst her) Tj ET "
_COVER = b"0 0 0 rg 90 690 300 40 re f "


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object, deflated."""
    packed = zlib.compress(data, 9)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), entries, packed)


def raw_stream(packed: bytes, entries: bytes) -> bytes:
    """A stream object of bytes as they are."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(packed), entries, packed)


def zeros(size: int, entries: bytes = b"") -> bytes:
    """A deflated stream of zero bytes."""
    return raw_stream(b"\x78\x9c" + deflated_zeros(size), b"/Filter /FlateDecode " + entries)


def page_of(content: bytes, resources: bytes = b"", *more: bytes, box: bytes = b"") -> bytes:
    """A PDF of one page with a font: object 4 is the content (a whole object), 5 the font, 6 and on ``more``."""
    return pdf(b"", b"/Contents 4 0 R " + box + _FONT % resources, [content, _HELVETICA, *more])


def forms_within_forms(levels: int = 30) -> bytes:
    """Each form is drawn twice by the one around it: 2^30 drawings."""
    forms = []
    for level in range(levels):
        body = b"/X Do /X Do" if level < levels - 1 else _MARK
        inner = b"<< /XObject << /X %d 0 R >> /Font << /F1 5 0 R >> >>" % (7 + level)
        forms.append(stream(body, b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources " + inner))
    return page_of(stream(b"/X Do"), b"/XObject << /X 6 0 R >>", *forms)


def form_in_itself() -> bytes:
    """A form that draws itself twice."""
    inner = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X 6 0 R >> >>"
    return page_of(stream(b"/X Do"), b"/XObject << /X 6 0 R >>", stream(b"/X Do /X Do", inner))


def pattern_in_pattern(levels: int = 20) -> bytes:
    """Tiles made of tiles made of tiles, each a thousandth of a point wide, on a page that must be drawn."""
    tiles = []
    for level in range(levels):
        inner = b"/Pattern cs /P scn 0 0 9 9 re f" if level < levels - 1 else b"1 0 0 rg 0 0 1 1 re f"
        entries = b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 0.001 /YStep 0.001 /Resources << /Pattern << /P %d 0 R >> >>"
        tiles.append(stream(inner, entries % (7 + level)))
    return page_of(stream(_MARK + b"/Pattern cs /P scn 0 0 595 842 re f " + _COVER), b"/Pattern << /P 6 0 R >>", *tiles)


def shading_of_slow_function() -> bytes:
    """A cover whose colour a program of a hundred thousand steps reckons for each pixel."""
    program = b"{ " + b"dup sin exch cos add " * 25_000 + b"dup dup }"
    function = stream(program, b"/FunctionType 4 /Domain [0 1 0 1] /Range [0 1 0 1 0 1]")
    shading = b"<< /ShadingType 1 /ColorSpace /DeviceRGB /Domain [0 1 0 1] /Matrix [595 0 0 842 0 0] /Function 7 0 R >>"
    return page_of(stream(_MARK + b"/S sh " + _COVER), b"/Shading << /S 6 0 R >>", shading, function)


def huge_picture_over_text(entries: bytes, data: bytes) -> bytes:
    """A picture of 60,000 by 60,000 points that lies over text and must be drawn."""
    picture = raw_stream(data, b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 " + entries)
    return page_of(stream(_MARK + b"q 300 0 0 40 90 690 cm /I Do Q " + _COVER), b"/XObject << /I 6 0 R >>", picture)


def huge_page() -> bytes:
    """A page of a billion points a side, with covered text."""
    return page_of(stream(_MARK + _COVER), box=b"/MediaBox [0 0 1000000000 1000000000] ")


def many_letters(count: int = 4_000_000) -> bytes:
    """One page with millions of letters on top of each other, all of them covered."""
    return page_of(stream(b"BT /F1 12 Tf 100 700 Td (" + b"a " * (count // 2) + b") Tj ET " + _COVER))


def many_texts(count: int = 300_000) -> bytes:
    """One page with hundreds of thousands of texts, each covered by each of as many covers."""
    return page_of(stream((b"BT /F1 12 Tf 100 700 Td (ab) Tj ET " + _COVER) * count))


def many_operators() -> bytes:
    """A hundred million bytes of saved states that are never restored."""
    return page_of(stream(b"q " * 50_000_000))


def deep_arrays() -> bytes:
    """Brackets in brackets, in a page and in the catalogue."""
    deep = b"[" * 200_000 + b"]" * 200_000
    return pdf(b"/Deep " + deep, b"/Deep " + deep)


def table_of_a_billion(rows: bytes = b"1000000000") -> bytes:
    """The cross-reference table says that it has a billion rows."""
    return pdf().replace(b"xref\n0 4", b"xref\n0 " + rows)


def inflated_table(size: int = 1 << 30) -> bytes:
    """A cross-reference stream of a gigabyte of rows."""
    start = b"%PDF-1.7\n"
    entries = b"/Type /XRef /W [1 4 2] /Size 2000000000 /Index [0 2000000000] /Root 1 0 R "
    return start + b"1 0 obj\n" + zeros(size, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(start)


def table_with_wide_rows() -> bytes:
    """A cross-reference stream with rows of two gigabytes."""
    start = b"%PDF-1.7\n"
    entries = b"/Type /XRef /W [2000000000 2000000000 2000000000] /Size 9 /Root 1 0 R "
    return start + b"1 0 obj\n" + zeros(1 << 20, entries) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(start)


def chain_of_tables(count: int = 60_000) -> bytes:
    """Every update names the one before it."""
    out, previous = bytearray(pdf()), 0
    previous = out.rindex(b"xref\n0 ")
    for _ in range(count):
        start = len(out)
        out += b"xref\n0 0\ntrailer\n<< /Size 4 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (previous, start)
        previous = start
    return bytes(out)


def object_streams_in_each_other() -> bytes:
    """An object stream that says it holds a billion objects, and names another as its beginning."""
    body = zlib.compress(b"1 0 2 0 3 0 " * 1000)
    holder = raw_stream(body, b"/Type /ObjStm /N 1000000000 /First 12000 /Extends 4 0 R /Filter /FlateDecode ")
    return pdf(b"/Extra 4 0 R", objects=[holder])


def fields_in_fields(depth: int = 90_000) -> bytes:
    """A form field under tens of thousands of others, with all their names in its own."""
    name = b"n" * 60
    fields = [b"<< /T (%s) /Kids [%d 0 R] >>" % (name, number + 5) for number in range(depth)]
    return pdf(b"/AcroForm << /Fields [4 0 R] >>", objects=[*fields, b"<< /T (x) /FT /Tx /V (y) >>"])


def same_file_many_times(count: int = 2000, size: int = 60 << 20) -> bytes:
    """Thousands of attachments of other names that are all the same sixty megabytes, deflated to nearly nothing."""
    names = b"".join(b"(n%d) << /Type /Filespec /F (n%d.txt) /EF << /F 4 0 R >> >> " % (number, number) for number in range(count))
    return pdf(b"/Names << /EmbeddedFiles << /Names [" + names + b"] >> >>", objects=[zeros(size, b"/Type /EmbeddedFile ")])


def filters_in_a_row() -> bytes:
    """An attachment deflated over and over: each filter of many makes a thousand times more."""
    data = zlib.compress(zlib.compress(zlib.compress(bytes(900 << 20), 9), 9), 9)
    file = raw_stream(data, b"/Type /EmbeddedFile /Filter [" + b"/FlateDecode " * 3 + b"]")
    return pdf(b"/Names << /EmbeddedFiles << /Names [(x) << /Type /Filespec /F (x.txt) /EF << /F 4 0 R >> >>] >> >>", objects=[file])


def lengths_of_ascii() -> bytes:
    """An attachment with fifty filters that each change nothing much."""
    file = raw_stream(b"0" * 4_000_000 + b">", b"/Type /EmbeddedFile /Filter [" + b"/ASCIIHexDecode " * 50 + b"]")
    return pdf(b"/Names << /EmbeddedFiles << /Names [(x) << /Type /Filespec /F (x.txt) /EF << /F 4 0 R >> >>] >> >>", objects=[file])


def wide_characters() -> bytes:
    """A font whose table of characters maps four billion of them, and whose list of widths is as long."""
    table = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange "
    table += b"100 beginbfrange " + b"<00000000> <FFFFFFFF> <0041> " * 100 + b"endbfrange endcmap end"
    descendant = b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /W [0 2147483647 500] >>"
    font = b"<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [7 0 R] /ToUnicode 6 0 R >>"
    return pdf(b"", b"/Contents 4 0 R " + _FONT % b"", [stream(b"BT /F1 12 Tf <00410042> Tj ET"), font, stream(table), descendant])


def letters_that_draw_themselves() -> bytes:
    """A font whose only letter is a drawing with that letter in it."""
    glyph = stream(b"1000 0 0 0 750 750 d1 BT /F1 1 Tf (aaaaaaaa) Tj ET 0 0 750 750 re f")
    font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 750 750] /FontMatrix [0.001 0 0 0.001 0 0] /CharProcs << /a 6 0 R >> "
        b"/Encoding << /Type /Encoding /Differences [97 /a] >> /FirstChar 97 /LastChar 97 /Widths [1000] /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    return pdf(b"", b"/Contents 4 0 R " + _FONT % b"", [stream(b"BT /F1 12 Tf 100 700 Td (aaaaaaaaaa) Tj ET " + _COVER), font, glyph])


def bookmarks_in_a_row(count: int = 99_000) -> bytes:
    """Tens of thousands of bookmarks, and actions that follow each other."""
    marks = [b"<< /Title (m) /Next %d 0 R >>" % (number + 5) for number in range(count)]
    return pdf(b"/Outlines << /First 4 0 R >>", objects=marks)


def pages_of_one_bomb(count: int = 2000) -> bytes:
    """Two thousand pages with the same endless content."""
    kids = b" ".join(b"%d 0 R" % (number + 4) for number in range(count))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 3 0 R >>"
    return raw_pdf(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count), zeros(70 << 20), *[page] * count]
    )


def without_table(count: int = 400_000) -> bytes:
    """Hundreds of thousands of objects and no table of them: whoever mends it reads all."""
    return b"%PDF-1.7\n" + b"".join(b"%d 0 obj << /Type /Page >> endobj\n" % number for number in range(count)) + b"trailer << /Root 1 0 R >>\n%%EOF"


def _jbig2() -> bytes:
    """A page of JBIG2 that says it is sixty thousand points a side and is one generic region of nothing."""
    page = struct.pack(">IBBI", 0, 48, 1, 19) + struct.pack(">IIIIBH", 60_000, 60_000, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", 60_000, 60_000, 0, 0, 0) + b"\x00" + bytes([3, 255, 253, 255, 2, 254, 254, 254]) + bytes(64)
    return page + struct.pack(">IBBI", 1, 38, 1, len(region)) + region


BURNING_PDF: dict[str, Callable[[], bytes]] = {
    "forms within forms": forms_within_forms,
    "form in itself": form_in_itself,
    "pattern in pattern": pattern_in_pattern,
    "shading of a slow function": shading_of_slow_function,
    "huge deflated picture": lambda: huge_picture_over_text(
        b"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode", b"\x78\x9c" + deflated_zeros(2 << 30)
    ),
    "huge fax picture": lambda: huge_picture_over_text(
        b"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 60000 /Rows 60000 >>", bytes(100)
    ),
    "huge JBIG2 picture": lambda: huge_picture_over_text(b"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode", _jbig2()),
    "huge run-length picture": lambda: huge_picture_over_text(
        b"/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter [/FlateDecode /RunLengthDecode]", zlib.compress(b"\x81\x00" * (80 << 20), 9)
    ),
    "huge page": huge_page,
    "many letters": many_letters,
    "many texts": many_texts,
    "many operators": many_operators,
    "content of zeros": lambda: page_of(zeros(600 << 20)),
    "deep arrays": deep_arrays,
    "table of a billion": table_of_a_billion,
    "inflated table": inflated_table,
    "table with wide rows": table_with_wide_rows,
    "chain of tables": chain_of_tables,
    "object streams in each other": object_streams_in_each_other,
    "fields in fields": fields_in_fields,
    "same file many times": same_file_many_times,
    "filters in a row": filters_in_a_row,
    "fifty filters": lengths_of_ascii,
    "wide characters": wide_characters,
    "letters that draw themselves": letters_that_draw_themselves,
    "bookmarks in a row": bookmarks_in_a_row,
    "pages of one bomb": pages_of_one_bomb,
    "without table": without_table,
    "attached itself": lambda: pdf(
        b"/Names << /EmbeddedFiles << /Names [(x) << /Type /Filespec /F (x.pdf) /EF << /F 4 0 R >> >>] >> >>",
        objects=[embedded(pdf(b"/Names << /EmbeddedFiles << /Kids [4 0 R 4 0 R] >> >>", objects=[b"<< /Kids [4 0 R] >>"]))],
    ),
}
"""By what is burning in it."""
