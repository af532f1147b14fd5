"""A filled PDF form: the AcroForm is laid out with reportlab, then filled as a reader's program would fill it, with pypdf."""

from __future__ import annotations

import io
from collections.abc import Mapping

from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject
from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from samples.builders.controls import Answers, Control, Definition, blocks, day_text, form_title

_WIDTH, _HEIGHT = (int(side) for side in A4)
_MARGIN = 50
_LABEL_WIDTH = 170
_LANGUAGES = {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}
_BLUE = HexColor(0x003283)


def pdf_form(
    definition: Definition,
    answers: Answers,
    language: str = "nb",
    *,
    form_version: str | None = None,
    embedded: Mapping[str, bytes] | None = None,
) -> bytes:
    """A filled form as .pdf with the field names of the contract; ``embedded`` files are attached inside the PDF by name."""
    layout = _Layout(form_title(definition, language), language)
    facts = {"form_type": definition["form_type"], "form_version": form_version or definition["form_version"], "language": language}
    for name, value in facts.items():
        layout.fact(name, value)
    for block in blocks(definition, answers, language):
        if block.controls:
            layout.heading(block.title if block.repeated is None else f"{block.title} {block.repeated}")
        for control in block.controls:
            layout.control(control)
    return _fill(layout.finish(), {**facts, **layout.values}, language, embedded or {})


class _Layout:
    """Places labels and empty fields down the page and remembers what each is to hold."""

    def __init__(self, title: str, language: str) -> None:
        self._out = io.BytesIO()
        self._canvas = Canvas(self._out, pagesize=A4, invariant=1)
        self._canvas.setTitle(title)
        self._canvas.setAuthor("Nye metoder")
        self._language = language
        self._y = _HEIGHT - 60
        self.values: dict[str, str] = {}
        self._canvas.setFillColor(_BLUE)
        self._canvas.setFont("Helvetica-Bold", 17)
        self._canvas.drawString(_MARGIN, self._y, title)
        self._y -= 26

    def fact(self, name: str, value: str) -> None:
        """A small read-only field that says what form this is."""
        self._label(name)
        self._text_field(name, 16, read_only=True)

    def heading(self, text: str) -> None:
        self._room(60)
        self._y -= 12
        self._canvas.setFillColor(_BLUE)
        self._canvas.setFont("Helvetica-Bold", 12)
        self._canvas.drawString(_MARGIN, self._y, text)
        self._y -= 10

    def control(self, control: Control) -> None:
        if control.kind == "checks":
            self._check_boxes(control)
        elif control.kind == "check":
            self._label(control.label)
            self._check_box(control.tag, control.label, "Yes" if self._language == "en" else "Ja", control.value is True)
        elif control.kind == "choice":
            self._choice(control)
        else:
            text = day_text(str(control.value)) if control.kind == "date" else str(control.value)
            lines = len(simpleSplit(text, "Helvetica", 9, _WIDTH - 2 * _MARGIN - _LABEL_WIDTH - 10)) if control.kind == "long_text" else 1
            self._label(control.label, height=min(max(16, 12 * lines + 6), 400))
            self.values[control.tag] = text
            self._text_field(control.tag, min(max(16, 12 * lines + 6), 400), multiline=control.kind == "long_text")

    def finish(self) -> bytes:
        self._canvas.save()
        return self._out.getvalue()

    def _check_boxes(self, control: Control) -> None:
        self._label(control.label, height=18 * len(control.choices))
        chosen = control.value if isinstance(control.value, tuple) else ()
        for value, label in control.choices:
            self._check_box(f"{control.tag}/{value}", label, label, value in chosen)

    def _check_box(self, name: str, tooltip: str, text: str, checked: bool) -> None:
        self._y -= 16
        self._canvas.acroForm.checkbox(
            name=name, tooltip=tooltip, x=_MARGIN + _LABEL_WIDTH, y=self._y, size=12, borderColor=black, fillColor=white, checked=False
        )
        self._canvas.setFillColor(black)
        self._canvas.setFont("Helvetica", 9)
        self._canvas.drawString(_MARGIN + _LABEL_WIDTH + 18, self._y + 3, text)
        self.values[name] = "/Yes" if checked else "/Off"
        self._y -= 2

    def _choice(self, control: Control) -> None:
        self._label(control.label)
        self._y -= 18
        self._canvas.acroForm.choice(
            name=control.tag,
            tooltip=control.label,
            x=_MARGIN + _LABEL_WIDTH,
            y=self._y,
            width=_WIDTH - 2 * _MARGIN - _LABEL_WIDTH,
            height=16,
            options=[(" ", "")] + [(label, value) for value, label in control.choices],
            value=" ",  # the empty choice, by its label: reportlab fails on a choice without a value
            fontSize=9,
            fillColor=white,
            borderColor=black,
        )
        self.values[control.tag] = str(control.value)
        self._y -= 4

    def _text_field(self, name: str, height: int, *, multiline: bool = False, read_only: bool = False) -> None:
        self._y -= height + 2
        flags = " ".join(word for word, wanted in (("multiline", multiline), ("readOnly", read_only)) if wanted)
        self._canvas.acroForm.textfield(
            name=name,
            tooltip=name,
            x=_MARGIN + _LABEL_WIDTH,
            y=self._y,
            width=_WIDTH - 2 * _MARGIN - _LABEL_WIDTH,
            height=height,
            fontSize=9,
            fillColor=white,
            borderColor=black,
            fieldFlags=flags,
            maxlen=None,  # type: ignore[arg-type]  # None means no limit; the stubs do not know it
        )
        self._y -= 4

    def _label(self, text: str, height: int = 16) -> None:
        lines = simpleSplit(text, "Helvetica", 9, _LABEL_WIDTH - 10)
        self._room(max(height, 11 * len(lines)) + 10)
        self._canvas.setFillColor(black)
        self._canvas.setFont("Helvetica", 9)
        for index, line in enumerate(lines):
            self._canvas.drawString(_MARGIN, self._y - 13 - 11 * index, line)

    def _room(self, height: int) -> None:
        if self._y - height < _MARGIN:
            self._canvas.showPage()
            self._y = _HEIGHT - 60


def _fill(empty: bytes, values: Mapping[str, str], language: str, embedded: Mapping[str, bytes]) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(empty)))
    for page in writer.pages:
        writer.update_page_form_field_values(page, dict(values), auto_regenerate=False)
    writer.root_object[NameObject("/Lang")] = TextStringObject(_LANGUAGES[language])
    for name, data in embedded.items():
        writer.add_attachment(name, data)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
