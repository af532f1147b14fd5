"""PDFs with text that is covered in the ways people cover it, and honest ones that look alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.corpora.parts import pdf

_SECRET = b"BT /F 12 Tf 100 700 Td (Pris: 48 000 kroner per pakning) Tj ET "
_BLACK_BOX = b"0 0 0 rg 95 695 220 18 re f "
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def page(content: bytes, *, more: bytes = b"", objects: tuple[bytes, ...] = ()) -> bytes:
    """A page with that content; objects 4 and 5 are the content and the font, `objects` begin with 6."""
    return pdf(
        page=b"/Contents 4 0 R /Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> /ExtGState << /M << /BM /Multiply >> >> >> " + more,
        objects=[b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content), _FONT, *objects],
    )


def _form(content: bytes, matrix: bytes = b"") -> bytes:
    return b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F 5 0 R >> >> %s /Length %d >>\nstream\n%s\nendstream" % (
        matrix,
        len(content),
        content,
    )


def _image(pixels: bytes, width: int, height: int) -> bytes:
    return (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Length %d >>\nstream\n%s\nendstream"
        % (width, height, len(pixels), pixels)
    )


_OVER = b"q 220 0 0 18 95 695 cm /X Do Q "
_NOISE = bytes((7919 * number) % 256 for number in range(64 * 8))

HIDDEN: Mapping[str, Callable[[], bytes]] = {
    "black box over text": lambda: page(_SECRET + _BLACK_BOX),
    "box over part of a line": lambda: page(_SECRET + b"0 0 0 rg 130 695 80 18 re f"),
    "black text on black, as marked in Word": lambda: page(_BLACK_BOX + _SECRET),
    "white box over text": lambda: page(_SECRET + b"1 1 1 rg 95 695 220 18 re f"),
    "grey box with a label over text": lambda: page(_SECRET + b"0.8 g 95 695 220 18 re f 0 g BT /F 9 Tf 110 701 Td (Unntatt offentlighet) Tj ET"),
    "thick line over text": lambda: page(_SECRET + b"0 G 16 w 95 704 m 320 704 l S"),
    "dark picture over text": lambda: page(_SECRET + _OVER, objects=(_image(bytes(64), 8, 8),)),
    "box over text in a form object": lambda: page(b"/X Do", objects=(_form(_SECRET + _BLACK_BOX),)),
    "text in a moved form object, box on the page": lambda: page(b"q 1 0 0 1 -50 -400 cm /X Do Q 0 g 45 295 220 18 re f", objects=(_form(_SECRET),)),
    "text in a form object with a matrix of its own": lambda: page(
        b"/X Do 0 g 45 295 220 18 re f", objects=(_form(_SECRET, b"/Matrix [1 0 0 1 -50 -400]"),)
    ),
    "box on a turned page": lambda: page(_SECRET + _BLACK_BOX, more=b"/Rotate 90"),
    "box on a cropped page": lambda: page(_SECRET + _BLACK_BOX, more=b"/CropBox [50 300 500 800]"),
    "invisible text of a scan under a box": lambda: page(b"3 Tr " + _SECRET + _BLACK_BOX),
    "square laid over it by a commenting tool": lambda: page(
        _SECRET, more=b"/Annots [<< /Type /Annot /Subtype /Square /Rect [95 695 315 713] /C [0 0 0] /IC [0 0 0] /F 4 >>]"
    ),
    "black highlighter": lambda: page(
        _SECRET,
        more=b"/Annots [<< /Type /Annot /Subtype /Highlight /Rect [95 695 315 713] /QuadPoints [95 713 315 713 95 695 315 695] /C [0 0 0] /F 4 >>]",
    ),
    "marked to be removed, never removed": lambda: page(_SECRET, more=b"/Annots [<< /Type /Annot /Subtype /Redact /Rect [95 695 315 713] /F 4 >>]"),
}

HONEST: Mapping[str, Callable[[], bytes]] = {
    "plain text": lambda: page(_SECRET),
    "light text on a dark heading": lambda: page(_BLACK_BOX + b"1 g " + _SECRET),
    "text on a white box": lambda: page(b"1 g 95 695 220 18 re f 0 g " + _SECRET),
    "text on a grey table row": lambda: page(b"0.85 g 95 695 220 18 re f 0 g " + _SECRET),
    "dark grey text on black is seen": lambda: page(_BLACK_BOX + b"0.5 g " + _SECRET),
    "box beside text": lambda: page(_SECRET + b"0 g 95 600 220 18 re f"),
    "box below the line": lambda: page(_SECRET + b"0 g 95 690 220 8 re f"),
    "frame around text": lambda: page(_SECRET + b"0 G 2 w 95 695 220 18 re S"),
    "line through text": lambda: page(_SECRET + b"0 G 1 w 95 704 m 320 704 l S"),
    "yellow marking over text": lambda: page(_SECRET + b"q /M gs 1 1 0 rg 95 695 220 18 re f Q"),
    "yellow highlighter": lambda: page(
        _SECRET,
        more=b"/Annots [<< /Type /Annot /Subtype /Highlight /Rect [95 695 315 713] /QuadPoints [95 713 315 713 95 695 315 695] /C [1 1 0] /F 4 >>]",
    ),
    "scan over what a program read in it": lambda: page(_SECRET + b"q 595 0 0 842 0 0 cm /X Do Q", objects=(_image(_NOISE, 64, 8),)),
    "picture over what a program read in it": lambda: page(_SECRET + _OVER, objects=(_image(_NOISE, 64, 8),)),
    "white edge of a scan over misplaced words": lambda: page(_SECRET + _OVER, objects=(_image(b"\xff" * 64, 8, 8),)),
    "box where the text was taken out": lambda: page(b"BT /F 12 Tf 100 730 Td (Pris:) Tj ET " + _BLACK_BOX),
    "label on a box": lambda: page(_BLACK_BOX + b"1 g BT /F 9 Tf 110 701 Td (Sladdet) Tj ET"),
    "box that is clipped away": lambda: page(_SECRET + b"q 0 0 10 10 re W n " + _BLACK_BOX + b"Q"),
    "hidden comment": lambda: page(_SECRET, more=b"/Annots [<< /Type /Annot /Subtype /Square /Rect [95 695 315 713] /IC [0 0 0] /F 2 >>]"),
}
