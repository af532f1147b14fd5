"""Programs that fill in a PDF form, each in its own way: pypdf, pikepdf, and PDFium, which is what Chromium's viewer is made of.

PDFium is driven through the interface the viewer uses: focus a field, type. The viewer itself, which takes far longer, is in `chromium_viewer.py`.
"""

from __future__ import annotations

import ctypes
import io
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import pikepdf
import pikepdf.form
import pypdf
import pypdfium2
import pypdfium2.raw as pdfium

from services.shared.forms import FormDefinition
from services.shared.forms.templates.paper import Item, laid_out


def items_of(definition: FormDefinition, language: str, answers: Mapping[str, Any]) -> list[Item]:
    """The questions of the PDF form with what is to be filled in."""
    blocks = laid_out(definition, language, answers, "fixed").blocks
    return [item for block in blocks for item in (*block.items, *(item for row in block.rows for item in row.items))]


def texts_and_ticks(items: list[Item]) -> tuple[dict[str, str], dict[str, bool]]:
    """Field name to what is written or chosen (the label of a choice), and to whether a box is ticked. What is left alone is left out."""
    texts = {item.tag: item.shown for item in items if isinstance(item.value, str) and item.value}
    ticks = {item.tag: bool(item.value) for item in items if item.kind == "check"}
    for item in items:
        if isinstance(item.value, tuple):
            ticks |= {f"{item.tag}/{value}": value in item.value for value, _ in item.choices}
    return texts, ticks


def by_pypdf(template: bytes, items: list[Item]) -> bytes:
    """pypdf's own way to fill fields; of a choice it is given the value."""
    texts, ticks = texts_and_ticks(items)
    texts |= {item.tag: str(item.value) for item in items if item.kind == "choice" and item.value}
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(template))
    given = texts | {name: "/Yes" if ticked else "/Off" for name, ticked in ticks.items()}
    for page in writer.pages:
        writer.update_page_form_field_values(page, given, auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def by_pikepdf(template: bytes, items: list[Item]) -> bytes:
    """pikepdf's form interface, with appearances made by qpdf."""
    texts, ticks = texts_and_ticks(items)
    with pikepdf.open(io.BytesIO(template)) as pdf:
        for name, each in pikepdf.form.Form(pdf).items():
            if isinstance(each, pikepdf.form.CheckboxField):
                each.checked = ticks[name]
            elif isinstance(each, pikepdf.form.ChoiceField) and name in texts:
                next(option for option in each.options if option.display_value == texts[name]).select()
            elif name in texts:
                each.value = texts[name]
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def by_pdfium(template: bytes, items: list[Item]) -> bytes:
    """PDFium: every field is focused and typed into as a person would, boxes are ticked with the space bar.

    Its text fields take the basic plane of Unicode only.
    """
    document = pypdfium2.PdfDocument(template)
    document.init_forms()
    form = document.formenv
    for number in range(len(document)):
        page = document[number]
        _fill_page(form.raw, page.raw, *texts_and_ticks(items))
        page.close()
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def _fill_page(form: Any, page: Any, texts: Mapping[str, str], ticks: Mapping[str, bool]) -> None:
    for place in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, place)
        name = _name(form, annotation)
        if ticks.get(name):
            pdfium.FORM_SetFocusedAnnot(form, annotation)
            pdfium.FORM_OnChar(form, page, ord(" "), 0)
            pdfium.FORM_ForceToKillFocus(form)
        elif name in texts:
            pdfium.FORM_SetFocusedAnnot(form, annotation)
            if pdfium.FPDFAnnot_GetFormFieldType(form, annotation) == pdfium.FPDF_FORMFIELD_COMBOBOX:
                _choose(form, page, annotation, texts[name])
            else:
                pdfium.FORM_SelectAllText(form, page)
                pdfium.FORM_ReplaceSelection(form, page, _wide(texts[name].replace("\n", "\r")))
            pdfium.FORM_ForceToKillFocus(form)
        pdfium.FPDFPage_CloseAnnot(annotation)


def _choose(form: Any, page: Any, annotation: Any, label: str) -> None:
    for option in range(pdfium.FPDFAnnot_GetOptionCount(form, annotation)):
        length = pdfium.FPDFAnnot_GetOptionLabel(form, annotation, option, None, 0)
        room = ctypes.create_string_buffer(length)
        pdfium.FPDFAnnot_GetOptionLabel(form, annotation, option, ctypes.cast(room, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
        if room.raw.decode("utf-16-le").rstrip("\0") == label:
            pdfium.FORM_SetIndexSelected(form, page, option, 1)
            return
    raise AssertionError(f"no option {label}")


def _name(form: Any, annotation: Any) -> str:
    length = pdfium.FPDFAnnot_GetFormFieldName(form, annotation, None, 0)
    room = ctypes.create_string_buffer(length)
    pdfium.FPDFAnnot_GetFormFieldName(form, annotation, ctypes.cast(room, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    return room.raw.decode("utf-16-le").rstrip("\0")


def _wide(text: str) -> Any:
    data = text.encode("utf-16-le") + b"\0\0"
    return ctypes.cast(ctypes.create_string_buffer(data, len(data)), ctypes.POINTER(pdfium.FPDF_WCHAR))


PROGRAMS: Final[Mapping[str, Callable[[bytes, list[Item]], bytes]]] = {"pypdf": by_pypdf, "pikepdf": by_pikepdf, "pdfium": by_pdfium}


def filled_by(program: str, template: bytes, definition: FormDefinition, language: str, answers: Mapping[str, Any]) -> bytes:
    """The template with the answers that a program filled in."""
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it tells of every sign that Helvetica cannot draw
    return PROGRAMS[program](template, items_of(definition, language, answers))
