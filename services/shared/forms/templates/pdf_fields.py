"""The fields of a PDF form (AcroForm, ISO 32000-1, 12.7), as reportlab objects. Boxes and marks around them are drawn by the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream, PDFString

Rectangle = tuple[float, float, float, float]

_READ_ONLY, _REQUIRED, _MULTILINE, _COMBO = 1, 1 << 1, 1 << 12, 1 << 17
_HIDDEN, _PRINT = 1 << 1, 1 << 2
_INK: Final = "0.118 0.169 0.235"
SIZE: Final = 10
_LEADING: Final = 12
ON: Final = "Yes"


class Fields:
    """Collects the fields of one document. Each method gives the new field's dictionary, for the tags to refer to.

    ``canvas``: a reportlab Canvas, of which its stubs leave out what is needed here.
    """

    def __init__(self, canvas: Any) -> None:
        self._canvas = canvas
        self._document = canvas._doc
        self._fields: list[Any] = []
        font = PDFDictionary(
            {"Type": PDFName("Font"), "Subtype": PDFName("Type1"), "BaseFont": PDFName("Helvetica"), "Encoding": PDFName("WinAnsiEncoding")}
        )
        self._fonts = PDFDictionary({"Font": PDFDictionary({"Helv": self._document.Reference(font, "formHelvetica")})})

    def text(self, name: str, tooltip: str, place: Rectangle, value: str, *, multiline: bool, required: bool) -> PDFDictionary:
        """A field to write in."""
        entries = {"FT": PDFName("Tx"), "V": PDFString(value.replace("\n", "\r")), "AP": self._shown(value, place, multiline=multiline)}
        return self._add(name, tooltip, place, (_MULTILINE if multiline else 0) | (_REQUIRED if required else 0), entries)

    def choice(self, name: str, tooltip: str, place: Rectangle, value: str, options: Sequence[tuple[str, str]], *, required: bool) -> PDFDictionary:
        """A list to choose one from; ``options`` are values and labels, ``value`` one of the values."""
        entries = {
            "FT": PDFName("Ch"),
            "V": PDFString(value),
            "Opt": PDFArray([PDFArray([PDFString(key), PDFString(label)]) for key, label in options]),
            "AP": self._shown(dict(options)[value] if value else "", place, multiline=False),
        }
        return self._add(name, tooltip, place, _COMBO | (_REQUIRED if required else 0), entries)

    def check_box(self, name: str, tooltip: str, place: Rectangle, *, checked: bool) -> PDFDictionary:
        """A box to tick."""
        state = PDFName(ON if checked else "Off")
        size = place[2] - place[0]
        tick = f"q {_INK} RG 1.6 w 1 J {size * 0.22:.2f} {size * 0.5:.2f} m {size * 0.42:.2f} {size * 0.26:.2f} l {size * 0.8:.2f} {size * 0.76:.2f} l S Q"
        looks = PDFDictionary({ON: self._look(tick, place, "ticked"), "Off": self._look("", place, "empty")})
        return self._add(name, tooltip, place, 0, {"FT": PDFName("Btn"), "V": state, "AS": state, "AP": PDFDictionary({"N": looks})})

    def fact(self, name: str, value: str) -> None:
        """A field that nobody sees and nobody changes."""
        self._add(name, name, (0, 0, 0, 0), _READ_ONLY, {"FT": PDFName("Tx"), "V": PDFString(value)}, flags=_HIDDEN)

    def finish(self) -> None:
        """Make all of them the document's form."""
        form = PDFDictionary(
            {
                "Fields": PDFArray(self._fields),
                "DA": PDFString(f"/Helv {SIZE} Tf {_INK} rg"),
                "DR": self._fonts,
                "NeedAppearances": "true",
            }
        )
        self._document.Catalog.AcroForm = form

    def _add(self, name: str, tooltip: str, place: Rectangle, field_flags: int, entries: dict[str, Any], flags: int = _PRINT) -> PDFDictionary:
        field = PDFDictionary(
            {
                "Type": PDFName("Annot"),
                "Subtype": PDFName("Widget"),
                "Rect": PDFArray([round(side, 2) for side in place]),
                "T": PDFString(name),
                "TU": PDFString(tooltip),
                "F": flags,
                "Ff": field_flags,
                "DA": PDFString(f"/Helv {SIZE} Tf {_INK} rg"),
                **entries,
            }
        )
        self._canvas._addAnnotation(field)
        self._fields.append(self._canvas._annotationrefs[-1])
        return field

    def _shown(self, text: str, place: Rectangle, *, multiline: bool) -> PDFDictionary:
        """How a filled text looks. What Helvetica cannot show is a question mark here; the value has it all the same."""
        width, height = place[2] - place[0], place[3] - place[1]
        lines = [part for line in text.split("\n") for part in (simpleSplit(line, "Helvetica", SIZE, width - 6) or [""])] if multiline else [text]
        first = height - SIZE - 2 if multiline else (height - SIZE) / 2 + 2
        shown = "".join(f"({_escaped(line)}) Tj 0 -{_LEADING} Td " for line in lines[: int(height / _LEADING) + 1])
        return PDFDictionary(
            {"N": self._look(f"/Tx BMC q BT /Helv {SIZE} Tf {_INK} rg 3 {first:.2f} Td {shown}ET Q EMC" if text else "/Tx BMC EMC", place)}
        )

    def _look(self, drawing: str, place: Rectangle, name: str | None = None) -> Any:
        width, height = round(place[2] - place[0], 2), round(place[3] - place[1], 2)
        stream = PDFStream(
            PDFDictionary(
                {"Type": PDFName("XObject"), "Subtype": PDFName("Form"), "BBox": PDFArray([0, 0, width, height]), "Resources": self._fonts}
            ),
            drawing,
        )
        key = f"look-{name}-{width}-{height}" if name else None
        if key and key in self._document.idToObject:
            return self._document.Reference(self._document.idToObject[key], key)
        return self._document.Reference(stream, key)


def _escaped(text: str) -> str:
    """Text between the brackets of a PDF string, in WinAnsi with everything beyond ASCII in octal."""
    codes = text.encode("cp1252", "replace")
    return "".join(f"\\{code:03o}" if code in b"()\\" or not 32 <= code < 127 else chr(code) for code in codes)
