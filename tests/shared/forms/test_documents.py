"""Forms of ours as they come back: controls left empty, deleted, copied or typed beside; rows added; fields of old programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.shared.form_lines import lines_of_text
from services.shared.forms import FormDefinition, Reading, ask, read_document
from services.shared.sandbox import Box, Incoming, Policy
from tests.corpora.parts import control, paragraph, word, word_part
from tests.shared.forms.layouts.proving import open_form
from tests.shared.forms.small_forms import field, form, texts

PLACEHOLDER = "<w:showingPlcHdr/>"
DEFINITION = form(
    field("name", label=texts("Handelsnavn")),
    field("code", "atc", label=texts("ATC-kode")),
    field("known", "bool", label=texts("Er stoffet vurdert før?")),
    field("which", "long_text", label=texts("Hvilke vurderinger"), required_when={"field": "known", "is": True}),
    field("kinds", "enum_multi", label=texts("Hva gjelder det?"), values=["a", "b"]),
    field("budget", "money_nok", label=texts("Forventet budsjett")),
    field("expected", "month", label=texts("Forventet tidspunkt")),
    field(
        "rows", "group_list", label=texts("Studier"), fields=[field("id", "study_id", label=texts("Studie-ID")), field("aim", label=texts("Formål"))]
    ),
)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(Policy.load(), tmp_path_factory.mktemp("scratch")) as started:
        yield started


def read(box: Box, body: str, parts: dict[str, bytes] | None = None, definition: FormDefinition = DEFINITION) -> Reading:
    found = open_form(box, word(body, parts))
    return read_document(definition, found.fields, found.lines)


def row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{cell if cell.startswith('<') else paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def inline(tag: str, text: str, properties: str = "") -> str:
    return f'<w:sdt><w:sdtPr><w:tag w:val="{tag}"/>{properties}</w:sdtPr><w:sdtContent>{run(text)}</w:sdtContent></w:sdt>'


EMPTY_NAME = inline("name", "Klikk eller trykk her for å skrive inn tekst.", PLACEHOLDER)


@pytest.mark.parametrize(
    ("beside", "key", "answer"),
    [
        (row("Er stoffet vurdert før?", "Ja"), "known", True),
        (row("Hva gjelder det?", "a"), "kinds", ["a"]),
        (row("Handelsnavn", f"<w:p>{EMPTY_NAME}{run('Eksempla')}</w:p>"), "name", "Eksempla"),
        (row("Handelsnavn", f"<w:p>{inline('somebodys', 'x')}{run('Eksempla')}</w:p>"), "name", "Eksempla"),
    ],
    ids=[
        "yes, though the form prints yes beside boxes",
        "a choice, though the form prints it beside boxes",
        "beside an empty control",
        "beside a control that is not ours",
    ],
)
def test_what_is_typed_is_found_in_a_form_that_else_says_only_what_it_prints(box: Box, beside: str, key: str, answer: Any) -> None:
    untouched = row("ATC-kode", control("code", paragraph("L01FF02")))
    assert read(box, table(untouched, beside)).answers == {"code": "L01FF02", key: answer}
    assert read(box, table(untouched)).answers == {"code": "L01FF02"}


def test_controls_that_are_filled_in_are_read_by_tag(box: Box) -> None:
    reading = read(
        box, table(row("Handelsnavn", control("name", paragraph("Eksempla"))), row("ATC-kode", f"<w:p>{inline('code', 'L01F F02')}</w:p>"))
    )
    assert (reading.answers, reading.read_as) == ({"name": "Eksempla", "code": "L01FF02"}, {"name": "tag", "code": "tag"})


def test_a_deleted_control_leaves_its_text_which_is_read_by_the_label(box: Box) -> None:
    reading = read(box, table(row("Handelsnavn", "Eksempla"), row("ATC-kode", control("code", paragraph("L01FF02")))))
    assert (reading.answers, reading.read_as) == ({"name": "Eksempla", "code": "L01FF02"}, {"name": "label", "code": "tag"})


@pytest.mark.parametrize(
    "cell",
    [f"<w:p>{EMPTY_NAME}{run(' Eksempla')}</w:p>", f"<w:p>{run('Eksempla ')}{EMPTY_NAME}</w:p>", f"<w:p>{EMPTY_NAME}</w:p>{paragraph('Eksempla')}"],
    ids=["after", "before", "below"],
)
def test_an_answer_typed_beside_its_control_is_read_and_asked_about(box: Box, cell: str) -> None:
    reading = read(box, table(row("Handelsnavn", cell), row("ATC-kode", control("code", paragraph("L01FF02")))))
    assert (reading.answers["name"], reading.read_as["name"]) == ("Eksempla", "unsure")


def test_help_under_the_label_of_an_empty_control_is_no_answer(box: Box) -> None:
    label = paragraph("Handelsnavn *") + paragraph("Navnet i pakningsvedlegget")
    others = [
        row(paragraph(name) + paragraph("Se veilederen"), control(tag, paragraph("x")))
        for name, tag in (("ATC-kode", "code"), ("Hvilke vurderinger", "which"))
    ]
    reading = read(box, table(row(label, f"<w:p>{EMPTY_NAME}</w:p>"), *others))
    assert "name" not in reading.answers


def test_the_same_control_twice_with_two_answers_is_asked_about(box: Box) -> None:
    reading = read(box, control("name", paragraph("Eksempla")) + control("name", paragraph("Annet")) + control("code", paragraph("L01FF02")) * 2)
    assert (reading.answers, reading.read_as) == ({"name": "Eksempla", "code": "L01FF02"}, {"name": "unsure", "code": "tag"})


def study(number: int, identifier: str, aim: str) -> str:
    return row(control(f"rows/{number}/id", paragraph(identifier)), control(f"rows/{number}/aim", paragraph(aim)))


def test_a_copied_row_with_the_same_tags_is_a_row_of_its_own(box: Box) -> None:
    head = row("Studie-ID", "Formål")
    reading = read(box, table(head, study(0, "A", "x"), study(0, "B", "y"), study(1, "C", "z")))
    assert reading.answers == {"rows": [{"id": "A", "aim": "x"}, {"id": "C", "aim": "z"}, {"id": "B", "aim": "y"}]}


def test_a_copied_row_that_was_left_as_it_was_counts_once(box: Box) -> None:
    assert read(box, table(row("Studie-ID", "Formål"), study(0, "A", "x"), study(0, "A", "x"))).answers == {"rows": [{"id": "A", "aim": "x"}]}


def test_a_row_typed_below_without_controls_is_added(box: Box) -> None:
    reading = read(box, table(row("Studie-ID", "Formål"), study(0, "A", "x"), row("B", "y")))
    assert reading.answers == {"rows": [{"id": "A", "aim": "x"}, {"id": "B", "aim": "y"}]}


def test_form_fields_of_old_word_are_read(box: Box) -> None:
    def begin(data: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:name w:val="Felt1"/>{data}</w:ffData></w:fldChar></w:r>'

    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    text = f'<w:p>{begin("<w:textInput/>")}<w:r><w:instrText> FORMTEXT </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("Eksempla")}{end}</w:p>'
    boxes = "".join(
        f"<w:p>{begin(f'<w:checkBox>{state}</w:checkBox>')}<w:r><w:instrText> FORMCHECKBOX </w:instrText></w:r>{end}{run(f' {name}')}</w:p>"
        for name, state in (("A", '<w:default w:val="0"/><w:checked/>'), ("B", '<w:default w:val="0"/>'))
    )
    listed = begin('<w:ddList><w:result w:val="1"/><w:listEntry w:val="Nei"/><w:listEntry w:val="Ja"/></w:ddList>') + end
    reading = read(box, table(row("Handelsnavn", text), row("Hva gjelder det?", boxes), row("Er stoffet vurdert før?", f"<w:p>{listed}</w:p>")))
    assert reading.answers == {"name": "Eksempla", "known": True, "kinds": ["a"]}


def test_an_empty_bound_control_has_the_value_it_is_bound_to(box: Box) -> None:
    binding = '<w:dataBinding w:prefixMappings="xmlns:n=\'urn:skjema\'" w:xpath="/n:skjema[1]/n:navn[1]" w:storeItemID="{ABC}"/>'
    parts = {
        "customXml/item1.xml": b'<skjema xmlns="urn:skjema"><navn>Eksempla</navn></skjema>',
        "customXml/itemProps1.xml": b'<ds:datastoreItem ds:itemID="{abc}" xmlns:ds="http://schemas.openxmlformats.org/officeDocument/2006/customXml"/>',
    }
    assert read(box, control("name", paragraph("Skriv her"), PLACEHOLDER + binding), parts).answers == {"name": "Eksempla"}


def test_deleted_text_is_gone_and_inserted_text_is_there(box: Box) -> None:
    changed = (
        "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:del><w:r><w:delText>Gammelt</w:delText></w:r></w:del><w:ins><w:r><w:t>Eks</w:t></w:r></w:ins></w:p>"
        "<w:p><w:r><w:t>empla</w:t></w:r><w:moveFrom><w:r><w:t> flyttet</w:t></w:r></w:moveFrom></w:p>"
    )
    gone = "<w:tr><w:trPr><w:del/></w:trPr><w:tc>" + paragraph("ATC-kode") + "</w:tc><w:tc>" + paragraph("L01FF02") + "</w:tc></w:tr>"
    assert read(box, table(row("Handelsnavn", changed), gone)).answers == {"name": "Eksempla"}


def test_labels_and_answers_in_a_header_are_read(box: Box) -> None:
    parts = {"word/header1.xml": word_part("hdr", table(row("Handelsnavn", "Eksempla")))}
    assert read(box, paragraph("Skjema"), parts).answers == {"name": "Eksempla"}


def test_yes_with_more_gives_the_rest_to_the_question_that_asks_for_it_and_asks(box: Box) -> None:
    reading = read(box, table(row("Er stoffet vurdert før?", "Ja, i 2019 (ID2019_045)."), row("Handelsnavn", "Eksempla")))
    assert reading.answers == {"name": "Eksempla", "known": True, "which": "i 2019 (ID2019_045)."}
    assert reading.read_as == {"name": "label", "known": "unsure", "which": "unsure"}


@pytest.mark.parametrize(
    ("typed", "key", "value"), [("1,2 mill. kr", "budget", 1200000), ("Q3 2027", "expected", "2027-07"), ("2. kvartal 2027", "expected", "2027-04")]
)
def test_what_had_to_be_interpreted_is_asked_about(box: Box, typed: str, key: str, value: Any) -> None:
    reading = read(box, control(key, paragraph(typed)))
    assert (reading.answers, reading.read_as) == ({key: value}, {key: "unsure"})


def test_each_answer_that_is_unsure_gets_a_warning_that_says_what_was_read(box: Box) -> None:
    [finding] = ask(DEFINITION, read(box, control("budget", paragraph("1,2 mill. kr")) + control("name", paragraph("Eksempla"))))
    shown = finding.in_language("en")
    assert (shown["pointer"], shown["field"], shown["code"], shown["severity"]) == ("/budget", "Forventet budsjett (en)", "reading_unsure", "warning")
    assert "1200000" in shown["message"]


def test_lines_of_a_page_are_sure_only_where_label_colon_and_answer_stand_on_one() -> None:
    lines = lines_of_text("Handelsnavn: Eksempla\nATC-kode\nL01FF02\nForventet\nbudsjett: 100")
    reading = read_document(DEFINITION, [], lines, on_paper=True)
    assert reading.answers == {"name": "Eksempla", "code": "L01FF02", "budget": 100}
    assert reading.read_as == {"name": "label", "code": "unsure", "budget": "label"}


def test_a_form_that_was_opened_and_saved_without_a_word_has_no_answers(box: Box) -> None:
    body = table(
        *(row(each.label["nb"], control(key, paragraph("Klikk her for å skrive inn tekst."), PLACEHOLDER)) for key, each in DEFINITION.fields.items())
    )
    assert read(box, body).answers == {}


def test_the_lines_end_at_the_bound_of_the_policy(box: Box) -> None:
    found = open_form(box, word("".join(paragraph("x" * 1000) for _ in range(500))))
    assert sum(len(line.text) + 1 for line in found.lines) <= Policy.load().opening.form_text_characters


def test_a_form_of_countless_lines_is_read_as_far_as_the_policy_goes_and_says_so(box: Box, tmp_path: Path) -> None:
    most = Policy.load().opening.form_lines
    file = tmp_path / "skjema.docx"
    file.write_bytes(word(paragraph("x") * (most + 1)))
    with file.open("rb") as stream, box.open_submission([Incoming("form", "form", file.name, stream, file.stat().st_size)]) as opened:
        assert opened.form is not None
        assert len(opened.form.lines) == most
        assert opened.documents[0].notes == ("form_too_long_to_read_whole",)
