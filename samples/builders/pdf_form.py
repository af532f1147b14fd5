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
_FIELD_LEFT = _MARGIN + _LABEL_WIDTH
_FIELD_WIDTH = _WIDTH - _MARGIN - _FIELD_LEFT
_LINE = 18
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
    for name in facts:
        layout.fact(name)
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

    def fact(self, name: str) -> None:
        """A read-only field that says what form this is."""
        self._text_field(name, _LINE - 2, self._row(name, _LINE), read_only=True)

    def heading(self, text: str) -> None:
        self._row("", 60)
        self._y += 34
        self._canvas.setFillColor(_BLUE)
        self._canvas.setFont("Helvetica-Bold", 12)
        self._canvas.drawString(_MARGIN, self._y + 12, text)

    def control(self, control: Control) -> None:
        """One label and its field, in a row as high as the higher of the two."""
        height = self._field_height(control)
        top = self._row(control.label, height)
        if control.kind == "checks":
            chosen = control.value if isinstance(control.value, tuple) else ()
            for index, (value, label) in enumerate(control.choices):
                self._check_box(f"{control.tag}/{value}", label, value in chosen, top - _LINE * index)
        elif control.kind == "check":
            self._check_box(control.tag, "Yes" if self._language == "en" else "Ja", control.value is True, top)
        elif control.kind == "choice":
            self._choice(control, top)
        else:
            self.values[control.tag] = _text(control)
            self._text_field(control.tag, height - 2, top, multiline=control.kind == "long_text")

    def finish(self) -> bytes:
        self._canvas.save()
        return self._out.getvalue()

    def _field_height(self, control: Control) -> int:
        if control.kind == "checks":
            return _LINE * len(control.choices)
        if control.kind != "long_text":
            return _LINE
        lines = sum(max(1, len(simpleSplit(line, "Helvetica", 10, _FIELD_WIDTH - 10))) for line in _text(control).split("\n"))
        return min(max(2, lines) * 12 + 4, 400)

    def _row(self, label: str, height: int) -> int:
        """Makes room for a row, writes its label and returns where its field begins, from the top."""
        lines = simpleSplit(label, "Helvetica", 9, _LABEL_WIDTH - 10)
        height = max(height, 11 * len(lines)) + 6
        if self._y - height < _MARGIN:
            self._canvas.showPage()
            self._y = _HEIGHT - 60
        top = self._y
        self._canvas.setFillColor(black)
        self._canvas.setFont("Helvetica", 9)
        for index, line in enumerate(lines):
            self._canvas.drawString(_MARGIN, top - 12 - 11 * index, line)
        self._y -= height
        return top

    def _check_box(self, name: str, text: str, checked: bool, top: int) -> None:
        self._canvas.acroForm.checkbox(name=name, tooltip=text, x=_FIELD_LEFT, y=top - 15, size=12, borderColor=black, fillColor=white)
        self._canvas.setFillColor(black)
        self._canvas.setFont("Helvetica", 9)
        self._canvas.drawString(_FIELD_LEFT + 18, top - 12, text)
        self.values[name] = "/Yes" if checked else "/Off"

    def _choice(self, control: Control, top: int) -> None:
        """Filled here: what is seen is the label, what is kept is the value. A value the list does not have becomes one more choice."""
        value = str(control.value)
        labels = {"": " ", **dict(control.choices)}
        self._canvas.acroForm.choice(
            name=control.tag,
            tooltip=control.label,
            x=_FIELD_LEFT,
            y=top - _LINE + 1,
            width=_FIELD_WIDTH,
            height=_LINE - 2,
            options=[(label, key) for key, label in {**labels, value: labels.get(value, value)}.items()],
            value=labels.get(value, value),
            fontSize=9,
            fillColor=white,
            borderColor=black,
        )

    def _text_field(self, name: str, height: int, top: int, *, multiline: bool = False, read_only: bool = False) -> None:
        flags = " ".join(word for word, wanted in (("multiline", multiline), ("readOnly", read_only)) if wanted)
        self._canvas.acroForm.textfield(
            name=name,
            tooltip=name,
            x=_FIELD_LEFT,
            y=top - height - 1,
            width=_FIELD_WIDTH,
            height=height,
            fontSize=0 if multiline else 9,  # 0: as large as fits, the only size at which lines are broken
            fillColor=white,
            borderColor=black,
            fieldFlags=flags,
            maxlen=None,  # type: ignore[arg-type]  # None means no limit; the stubs do not know it
        )


def _text(control: Control) -> str:
    return day_text(str(control.value)) if control.kind == "date" else str(control.value)


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
