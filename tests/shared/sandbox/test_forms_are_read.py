"""What the form says: Word, PDF, JSON, and carried in e-mails."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from reportlab.pdfgen.canvas import Canvas

from samples.builders.attachments import mail
from samples.builders.outlook import OutlookMessage, outlook_message
from samples.content.people import identity_number
from services.shared.form_lines import text_of
from services.shared.sandbox import FormReading
from tests.corpora.parts import control, paragraph, pdf, word, word_part
from tests.shared.sandbox.conftest import OpenBytes

NUMBER = identity_number()


def read(open_bytes: OpenBytes, data: bytes, name: str) -> FormReading:
    opened = open_bytes(data, name, "form")
    assert not opened.findings
    assert opened.form
    return opened.form


def test_a_content_control_gives_its_text_by_its_tag(open_bytes: OpenBytes) -> None:
    form = read(open_bytes, word(control("trade_name", paragraph("Gastrovel æøå"))), "a.docx")
    assert (form.kind, form.tags, form.document, form.carried_in) == ("docx", {"trade_name": "Gastrovel æøå"}, "d", None)


def test_paragraphs_and_line_breaks_in_a_control_become_lines(open_bytes: OpenBytes) -> None:
    content = paragraph("en") + "<w:p><w:r><w:t>to</w:t><w:br/><w:t>tre</w:t></w:r></w:p>"
    assert read(open_bytes, word(control("a", content)), "a.docx").tags == {"a": "en\nto\ntre"}


@pytest.mark.parametrize(("mark", "value"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_a_check_box_is_true_or_false(open_bytes: OpenBytes, mark: str, value: bool) -> None:
    box = f'<w14:checkbox><w14:checked w14:val="{mark}"/></w14:checkbox>'
    assert read(open_bytes, word(control("x/y", paragraph("☒"), box)), "a.docx").tags == {"x/y": value}


def test_a_drop_down_gives_the_value_of_what_is_shown(open_bytes: OpenBytes) -> None:
    choices = '<w:dropDownList><w:listItem w:displayText="Ja, helt" w:value="yes"/><w:listItem w:displayText="Nei" w:value="no"/></w:dropDownList>'
    tags = read(open_bytes, word(control("a", paragraph("Nei"), choices) + control("b", paragraph("noe annet"), choices)), "a.docx").tags
    assert tags == {"a": "no", "b": "noe annet"}


def test_a_date_control_gives_the_day_it_holds_and_not_how_it_is_shown(open_bytes: OpenBytes) -> None:
    day = '<w:date w:fullDate="2026-03-01T00:00:00Z"><w:dateFormat w:val="d. MMMM yyyy"/></w:date>'
    assert read(open_bytes, word(control("a", paragraph("1. mars 2026"), day)), "a.docx").tags == {"a": "2026-03-01"}


def test_placeholder_text_is_no_answer(open_bytes: OpenBytes) -> None:
    assert read(open_bytes, word(control("a", paragraph("Skriv her"), "<w:showingPlcHdr/>")), "a.docx").tags == {"a": ""}


def test_of_two_controls_with_the_same_tag_the_first_that_is_filled_in_counts(open_bytes: OpenBytes) -> None:
    body = control("a", paragraph("x"), "<w:showingPlcHdr/>") + control("a", paragraph("en")) + control("a", paragraph("to"))
    assert read(open_bytes, word(body), "a.docx").tags == {"a": "en"}


def test_controls_in_headers_footers_notes_tables_and_text_boxes_are_read_once(open_bytes: OpenBytes) -> None:
    box = f"<w:txbxContent>{control('in_box', paragraph('boks'))}</w:txbxContent>"
    body = (
        f"<w:p><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:pict>{box}</w:pict></mc:Choice>"
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        f"<w:tbl><w:tr><w:tc>{paragraph('Navn')}</w:tc><w:tc>{control('in_cell', paragraph('celle'))}</w:tc></w:tr></w:tbl>"
    )
    form = read(
        open_bytes,
        word(
            body,
            {
                "word/header1.xml": word_part("hdr", control("in_header", paragraph("topp"))),
                "word/footer1.xml": word_part("ftr", control("in_footer", paragraph("bunn"))),
                "word/footnotes.xml": word_part("footnotes", f"<w:footnote>{control('in_note', paragraph('note'))}</w:footnote>"),
            },
        ),
        "a.docx",
    )
    assert form.tags == {"in_box": "boks", "in_cell": "celle", "in_header": "topp", "in_footer": "bunn", "in_note": "note"}
    assert text_of(form.lines).count("boks") == 1
    assert "Navn\tcelle" in text_of(form.lines)


def test_the_language_is_told_when_the_form_says_it(open_bytes: OpenBytes) -> None:
    assert read(open_bytes, word(control("language", paragraph("nn"))), "a.docx").language == "nn"
    assert read(open_bytes, word(control("language", paragraph("../x"))), "a.docx").language is None


def test_fields_of_a_pdf_are_read_by_name(open_bytes: OpenBytes) -> None:
    out = io.BytesIO()
    page = Canvas(out)
    page.acroForm.textfield(name="studies/0/id", value="NCT01234567", x=50, y=700)
    page.acroForm.checkbox(name="method_type/legemiddel", checked=True, x=50, y=650)
    page.acroForm.checkbox(name="method_type/utstyr", checked=False, x=50, y=620)
    page.acroForm.choice(name="language", value="nb", options=["nb", "nn"], x=50, y=590)
    page.drawString(50, 800, "Anmodning")
    page.save()
    form = read(open_bytes, out.getvalue(), "a.pdf")
    assert form.tags == {"studies/0/id": "NCT01234567", "method_type/legemiddel": True, "method_type/utstyr": False, "language": "nb"}
    assert (form.kind, form.language) == ("pdf", "nb")
    assert "Anmodning" in text_of(form.lines)


def test_names_of_nested_pdf_fields_are_joined_and_widgets_are_no_fields(open_bytes: OpenBytes) -> None:
    data = pdf(
        b"/AcroForm << /Fields [4 0 R] >>",
        objects=[
            b"<< /T (a) /Kids [5 0 R 6 0 R] /FT /Tx >>",
            b"<< /T (b) /Parent 4 0 R /V (en) /Kids [7 0 R 8 0 R] >>",
            b"<< /T (c) /Parent 4 0 R /V <FEFF00E600F800E5> >>",
            b"<< /Subtype /Widget /Parent 5 0 R >>",
            b"<< /Subtype /Widget /Parent 5 0 R >>",
        ],
    )
    assert read(open_bytes, data, "a.pdf").tags == {"a.b": "en", "a.c": "æøå"}


def test_several_chosen_in_a_pdf_list_and_radio_buttons(open_bytes: OpenBytes) -> None:
    data = pdf(
        b"/AcroForm << /Fields [4 0 R 5 0 R 6 0 R] >>",
        objects=[
            b"<< /T (many) /FT /Ch /Ff 2097152 /V [(x) (y)] >>",
            b"<< /T (radio) /FT /Btn /Ff 32768 /V /ja >>",
            b"<< /T (push) /FT /Btn /Ff 65536 >>",
        ],
    )
    assert read(open_bytes, data, "a.pdf").tags == {"many": ["x", "y"], "radio": "ja"}


def test_a_json_form_is_given_as_it_is(open_bytes: OpenBytes) -> None:
    payload = {"form_type": "anmodning", "language": "en", "answers": {"n": 1, "æ": [True, None, "x"]}}
    form = read(open_bytes, json.dumps(payload).encode(), "a.json")
    assert (form.kind, form.payload, form.language) == ("json", payload, "en")


def test_a_form_in_an_e_mail_is_found_among_its_attachments(open_bytes: OpenBytes) -> None:
    form_file = word(control("form_type", paragraph("forslag")))
    letter = word(control("a", paragraph("b")) + control("c", paragraph("d")))
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    data = mail("Forslag", "Hei", datetime(2026, 1, 5, tzinfo=UTC), [("Brev.docx", kind, letter), ("Skjema.docx", kind, form_file)])
    opened = open_bytes(data, "post.eml", "form")
    assert opened.form
    assert opened.form.tags == {"form_type": "forslag"}
    assert opened.form.carried_in == "d"
    assert {document.id: document.name for document in opened.documents}[opened.form.document] == "Skjema.docx"


def test_a_json_form_in_an_outlook_message_is_found(open_bytes: OpenBytes) -> None:
    data = outlook_message(
        OutlookMessage(
            "x", "y", ("a", "a@example.org"), [], datetime(2026, 1, 5, tzinfo=UTC), [("skjema.json", "application/json", b'{"form_type": "forslag"}')]
        )
    )
    form = read(open_bytes, data, "post.msg")
    assert (form.kind, form.payload, form.carried_in) == ("json", {"form_type": "forslag"}, "d")


def test_an_e_mail_without_a_form_says_so(open_bytes: OpenBytes) -> None:
    assert read(open_bytes, mail("x", "y", datetime(2026, 1, 5, tzinfo=UTC)), "post.eml").kind == "none"


def test_an_identity_number_is_located_but_never_told(open_bytes: OpenBytes) -> None:
    opened = open_bytes(word(paragraph(f"Pasient {NUMBER}") + control("a", paragraph("x"))), "a.docx", "form")
    assert opened.documents[0].identity_numbers == ({"part": "word/document.xml"},)
    assert NUMBER not in repr(opened)


def test_an_identity_number_in_an_answer_names_the_field(open_bytes: OpenBytes) -> None:
    opened = open_bytes(word(control("affected", paragraph(f"En pasient ({NUMBER[:6]} {NUMBER[6:]})"))), "a.docx", "form")
    assert {"part": "field", "field": "affected"} in opened.documents[0].identity_numbers
    opened = open_bytes(json.dumps({"answers": {"affected": NUMBER}}).encode(), "a.json", "form")
    assert opened.documents[0].identity_numbers == ({"part": "field", "field": "affected"},)


@pytest.mark.parametrize(
    ("name", "data", "place"),
    [
        ("a.txt", f"x {NUMBER} y".encode(), {"part": "text"}),
        ("a.csv", f"a;b\n1;{NUMBER}\n".encode("utf-16"), {"part": "text"}),
        (f"{NUMBER}.txt", b"x", {"part": "name"}),
        ("a.eml", f"Subject: om {NUMBER}\n\nHei".encode(), {"part": "headers"}),
        ("b.eml", f"Subject: x\n\nHei {NUMBER}".encode(), {"part": "text 1"}),
    ],
)
def test_identity_numbers_are_found_wherever_text_stands(open_bytes: OpenBytes, name: str, data: bytes, place: dict[str, str]) -> None:
    document = open_bytes(data, name).documents[0]
    assert document.identity_numbers == (place,)
    assert document.text_searched


def test_a_number_at_the_border_of_two_pieces_of_a_long_text_is_found(open_bytes: OpenBytes) -> None:
    data = b"x" * ((1 << 20) - 5) + b" " + NUMBER.encode() + b" " + b"y" * 100
    assert open_bytes(data, "a.txt").documents[0].identity_numbers == ({"part": "text"},)


def test_a_picture_is_said_not_to_have_been_searched(open_bytes: OpenBytes) -> None:
    assert not open_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 90, "a.png").documents[0].text_searched


_STYLES = (
    '<w:style w:type="paragraph" w:styleId="Base &amp; mer"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Root"><w:name w:val="heading 3"/><w:rPr><w:b/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Middle"><w:name w:val="m"/><w:basedOn w:val="Root"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Used"><w:name w:val="u"/><w:basedOn w:val="Middle"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Odd"><w:name w:val="o"/><w:basedOn w:val="Base &amp; mer"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Round"><w:name w:val="r"/><w:basedOn w:val="Round"/></w:style>'
)


@pytest.mark.parametrize(
    "styles",
    [
        word_part("styles", _STYLES),
        word_part("styles", f"<!-- a comment --><w:docDefaults/>{_STYLES}"),
        word_part("styles", _STYLES).replace(b'"', b"'"),
        word_part("styles", _STYLES).decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        word_part("styles", _STYLES).replace(b"w:", b"x:").replace(b"xmlns:w=", b"xmlns:x="),
    ],
    ids=["as Word writes it", "with a comment", "in single quotes", "in UTF-16", "under another prefix"],
)
def test_a_paragraph_looks_as_its_style_and_those_it_is_based_on_say_however_they_are_written(open_bytes: OpenBytes, styles: bytes) -> None:
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{name}"/></w:pPr><w:r><w:t>{name}</w:t></w:r></w:p>'
        for name in ("Used", "Odd", "Round", "Base &amp; mer", "Nowhere")
    )
    form = read(open_bytes, word(body, {"word/styles.xml": styles}), "a.docx")
    assert [(line.text, line.level, line.strong) for line in form.lines] == [
        ("Used", 3, 4),
        ("Odd", 2, 0),
        ("Round", 0, 0),
        ("Base & mer", 2, 0),
        ("Nowhere", 0, 0),
    ]


def test_styles_that_are_no_xml_are_told_of(open_bytes: OpenBytes) -> None:
    body = '<w:p><w:pPr><w:pStyle w:val="Used"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>'
    broken = word_part("styles", _STYLES.replace('<w:name w:val="u"/>', '<w:name w:val="u">'))
    opened = open_bytes(word(body, {"word/styles.xml": broken}), "a.docx", "form")
    assert [finding.code for finding in opened.findings] == ["file_corrupt"]


def test_a_link_does_not_stand_out_as_a_label_does(open_bytes: OpenBytes) -> None:
    run = '<w:r><w:rPr><w:u w:val="single"/><w:color w:val="0563C1"/></w:rPr><w:t>{}</w:t></w:r>'
    linked = f'<w:p><w:hyperlink w:anchor="x">{run.format("kari@eksempel.no")}</w:hyperlink></w:p>'
    lines = read(open_bytes, word(linked + f"<w:p>{run.format('Navn')}</w:p>"), "a.docx").lines
    assert [(line.text, line.strong) for line in lines] == [("kari@eksempel.no", 0), ("Navn", 4)]
