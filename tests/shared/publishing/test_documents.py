"""Documents as HTML and PDF/A: what is published and what is not, and a file that other programs find in order."""

from __future__ import annotations

import io
from typing import Any

import pytest
from lxml import etree, html
from pypdf import PdfReader, PdfWriter

from samples.content.people import identity_number
from services.shared.forms import load_forms
from services.shared.publishing import Document, DocumentTooLong, Paragraph, public_document, write_html, write_pdf
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.answers import good_answers
from tests.shared.forms.small_forms import TODAY, field
from tests.shared.forms.small_forms import form as small_form

FORMS = load_forms(SCHEMAS / "forms")
XMP = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdfuaid": "http://www.aiim.org/pdfua/ns/id/",
}


def view_of(form_type: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "reference": "NM-2026-7QK4ZD",
        "form_type": form_type,
        "complete_at": "2026-11-22T10:44:13.123456Z",
        "answers": answers,
        "submitter": {"kind": "organisation", "id": "310000019", "name": "Eksempel Legemidler AS", "country": "NO"},
        "on_behalf_of": None,
        "documents": [],
        **more,
    }


def document_of(form_type: str, language: str = "nb", **changes: Any) -> Document:
    definition = FORMS.newest(form_type)
    assert definition is not None
    return public_document(definition, view_of(form_type, {**good_answers(form_type, TODAY), **changes}), language)


def text_of_html(document: Document) -> str:
    return " ".join(html.fromstring(write_html(document)[0]).find(".//main").text_content().split())


def text_of_pdf(document: Document) -> str:
    reader = PdfReader(io.BytesIO(write_pdf(document)))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).replace("\u200b", "").split())


def text_of_both(document: Document) -> list[str]:
    return [text_of_html(document), text_of_pdf(document)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form_type", FORMS.types())
def test_every_published_answer_is_there_under_its_question_and_no_other(form_type: str, language: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    answers = good_answers(form_type, TODAY)
    document = document_of(form_type, language)
    text, paper = (shown.replace(" ", "") for shown in text_of_both(document))
    for each in definition.fields.values():
        value = answers.get(each.key)
        if value is None or each.fields:
            continue
        label = each.label[language].replace(" ", "")
        if each.publish:
            assert label in text
            assert label in paper
        if isinstance(value, str) and not each.choices and each.type_name not in ("date", "month"):
            wanted = value.replace(" ", "").replace("\n", "")
            assert (wanted in text) == each.publish, each.key
            assert (wanted in paper) == each.publish, each.key


def test_contact_data_that_is_not_published_is_not_published_by_way_of_another_answer_either() -> None:
    told = "Spør Kari.Nordmann@eksempel-legemidler.no, tlf. 22 00 00 00 eller +47 2200 0000. Prøvenummer 22 00 00 99."
    for text in text_of_both(document_of("anmodning", other_info=told)):
        assert "nordmann@" not in text.lower()
        assert "22 00 00 00" not in text
        assert "2200 0000" not in text
        assert "22 00 00 99" in text
        assert text.count("[utelatt]") == 3
        assert "er utelatt." in text


def test_a_text_with_a_national_identity_number_is_not_shown_at_all() -> None:
    number = identity_number()
    document = document_of("forslag", title=f"Sensor til {number[:6]} {number[6:]}", references=["Aas 2024", f"Journal {number}"])
    for text in text_of_both(document):
        assert number[6:] not in text
        assert "Journal" not in text
        assert "Aas 2024" in text
        assert "Utelatt fordi teksten kan inneholde et fødselsnummer." in text


def test_a_person_who_sent_it_is_not_named_unless_the_form_asks_for_the_name() -> None:
    person = {"kind": "person", "id": "abc", "name": "Ola Utenfor", "country": "NO"}
    definition = FORMS.newest("innspill")
    assert definition is not None
    document = public_document(definition, view_of("innspill", good_answers("innspill", TODAY), submitter=person), "nb")
    for text in text_of_both(document):
        assert "Utenfor" not in text
        assert "Ola Nordmann" in text


def test_only_attachments_that_are_public_are_named() -> None:
    definition = FORMS.newest("innspill")
    assert definition is not None
    files = [{"role": "attachment", "access": access, "name": f"{access}.pdf"} for access in ("public", "restricted", "internal")]
    document = public_document(definition, view_of("innspill", good_answers("innspill", TODAY), documents=files), "nb")
    for text in text_of_both(document):
        assert [access for access in ("public", "restricted", "internal") if f"{access}.pdf" in text] == ["public"]


def test_unpublished_fields_inside_a_repeated_part_stay_out() -> None:
    people = field("people", "group_list", fields=[field("name"), field("mail", "email", publish=False)])
    definition = small_form(people, field("remark"))
    answers = {"people": [{"name": "Første", "mail": "en@eksempel.example"}, {"name": "Andre"}], "remark": "Se en@eksempel.example"}
    for text in text_of_both(public_document(definition, view_of("made_up", answers), "nb")):
        assert "en@eksempel" not in text
        assert "Første" in text
        assert "People (nr. 2)" in text


def test_the_same_document_is_the_same_bytes_and_another_language_is_not() -> None:
    first, second = write_pdf(document_of("anmodning")), write_pdf(document_of("anmodning"))
    assert first == second
    assert first != write_pdf(document_of("anmodning", "en"))
    assert write_html(document_of("anmodning")) == write_html(document_of("anmodning"))


def test_the_html_needs_nothing_else_and_runs_nothing() -> None:
    page, policy = write_html(document_of("innspill", comments="<script>alert(1)</script> &amp; <img src=x onerror=alert(2)>"))
    tree = html.fromstring(page)
    assert tree.xpath("//script | //img | //link | //@src | //@href | //@style") == []
    assert "<script>alert(1)</script> &amp; <img" in " ".join(tree.itertext())
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert tree.get("lang") == "nb"
    assert next(heading.tag for heading in tree.xpath("//h1 | //h2")) == "h1"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_says_that_it_is_pdf_a_and_pdf_ua_and_has_what_they_ask_for(language: str) -> None:
    reader = PdfReader(io.BytesIO(write_pdf(document_of("anmodning", language, other_info="Δ ≥ 3 × 10⁹/L, α-blokker, √2 ∈ ℝ, „čšž“"))))
    root: Any = reader.trailer["/Root"].get_object()
    assert not reader.is_encrypted
    assert root["/Lang"].split("-")[0] == language
    assert root["/MarkInfo"]["/Marked"]
    assert root["/StructTreeRoot"]["/K"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    intent = root["/OutputIntents"][0]
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_object().get_data()[36:40] == b"acsp"  # an ICC profile's own mark
    metadata = etree.fromstring(root["/Metadata"].get_object().get_data())
    assert [metadata.findtext(f".//{name}", namespaces=XMP) for name in ("pdfaid:part", "pdfaid:conformance", "pdfuaid:part")] == ["3", "A", "1"]
    assert reader.metadata is not None
    assert metadata.findtext(".//dc:title//rdf:li", namespaces=XMP) == reader.metadata.title
    _embeds_its_fonts(reader)
    written = io.BytesIO()
    PdfWriter(clone_from=reader).write(written)  # every object in plain sight
    assert b"/StructElem" in written.getvalue()
    for forbidden in (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/AcroForm", b"/URI"):
        assert forbidden not in written.getvalue(), forbidden


def _embeds_its_fonts(reader: PdfReader) -> None:
    fonts: dict[str, Any] = {}
    for page in reader.pages:
        fonts |= {str(font["/BaseFont"]): font.get_object() for font in page["/Resources"]["/Font"].values()}
    assert fonts
    for name, font in fonts.items():
        (descendant,) = font["/DescendantFonts"]
        descriptor = descendant.get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & descriptor.keys(), name
        assert "/ToUnicode" in font, name


def test_tables_of_a_repeated_part_have_their_headings_on_every_page() -> None:
    studies = [{**good_answers("anmodning", TODAY)["studies"][0], "aim": "Langt formål. " * 120} for _ in range(4)]
    reader = PdfReader(io.BytesIO(write_pdf(document_of("anmodning", studies=studies))))
    pages = [page.extract_text() for page in reader.pages]
    assert sum("Spørsmål" in page for page in pages) >= 3


def test_what_no_font_shows_and_what_pdf_a_forbids_is_replaced_and_said() -> None:
    text = text_of_pdf(document_of("innspill", comments="日本語 og 😀 og \ue000 og vanlig tekst. " + "".join(map(chr, range(0x4E00, 0x5000)))))
    assert "��� og � og � og vanlig tekst." in text
    assert "Tegn som ikke kan vises" in text
    assert "日本語" in text_of_html(document_of("innspill", comments="日本語"))


def test_texts_are_never_read_as_markup_of_the_typesetter() -> None:
    hostile = '#read("/etc/passwd") *fet* $x^2$ \\ @ref <label> = overskrift #panic("nei") {{ 7*7 }}'
    assert hostile.replace(" ", "") in text_of_pdf(document_of("innspill", comments=hostile)).replace(" ", "")


def test_long_words_are_broken_and_nothing_stands_outside_the_page() -> None:
    address = "https://eksempel.example/" + "lang-sti/" * 30 + "x" * 400
    reader = PdfReader(io.BytesIO(write_pdf(document_of("innspill", comments=address))))
    places: list[float] = []
    for page in reader.pages:
        page.extract_text(visitor_text=lambda text, cm, tm, font, size: places.append(tm[4]) if text.strip() else None)
    assert max(places) < float(reader.pages[0].mediabox.width) - 50


def test_a_text_longer_than_a_pdf_is_made_of_is_refused_but_not_as_a_web_page() -> None:
    document = Document("nb", "Prøve", "Lang", (), (Paragraph("ord " * 110_000),), "2026-11-22T10:44:13.123456Z")
    with pytest.raises(DocumentTooLong):
        write_pdf(document)
    assert write_html(document)[0]


def test_a_file_inside_the_pdf_is_the_bytes_that_were_given() -> None:
    data = '{"navn": "Blåbær"}'.encode()
    document = Document(
        "nb", "Kvittering", "Kvittering", (), (), "2026-11-22T10:44:13.123456Z", attached={"kvittering.json": (data, "application/json")}
    )
    assert PdfReader(io.BytesIO(write_pdf(document))).attachments == {"kvittering.json": [data]}
