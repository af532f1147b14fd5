"""A form without tags, read by its labels."""

from __future__ import annotations

from typing import Any

import pytest

from services.shared.form_lines import Cell, Line, lines_of_text
from services.shared.forms import FormDefinition, load_forms, read_labels
from services.shared.forms.fields import Field
from services.shared.settings import SCHEMAS
from tests.shared.forms.answers import good_answers
from tests.shared.forms.small_forms import TODAY, field, form, texts

FORMS = load_forms(SCHEMAS / "forms")


def shown(each: Field, value: Any, language: str) -> str:
    """An answer as it looks in a printed form."""
    if each.type.json == "boolean":
        yes, no = ("Yes", "No") if language == "en" else ("Ja", "Nei")
        return f"{'☒' if value is True else '☐'} {yes}  {'☒' if value is False else '☐'} {no}"
    if each.choices:
        given = value if isinstance(value, list) else [value]
        return " ".join(f"{'☒' if choice.value in given else '☐'} {choice.label[language]}" for choice in each.choices)
    return "\t".join(value) if isinstance(value, list) else "" if value is None else str(value)


def printed(definition: FormDefinition, answers: dict[str, Any], language: str, between: str) -> str:
    """A form as text: numbered headings, every field with its label, answered or not."""
    lines = [definition.title[language]]
    for number, section in enumerate(definition.sections, 1):
        lines.append(f"{number} {section.title[language]}")
        for each in section.fields:
            if each.fields:
                for row in answers.get(each.key, []):
                    lines.append(each.label[language])
                    lines += [f"{sub.label[language]}{between}{row.get(sub.key, '')}" for sub in each.fields]
            else:
                lines.append(f"{each.label[language]}{between}{shown(each, answers.get(each.key), language)}")
    return "\n".join(lines)


@pytest.mark.parametrize("between", ["\t", ":\t", "\n"], ids=["cells", "colons", "lines"])
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("form_type", FORMS.types())
def test_a_printed_form_gives_its_answers_back(form_type: str, language: str, between: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    answers = good_answers(form_type, TODAY)
    if "studies" in answers:
        answers["studies"] = [answers["studies"][0], {**answers["studies"][0], "id": "NCT01234567", "aim": "Noe annet"}]
    reading = read_labels(definition, lines_of_text(printed(definition, answers, language, between)))
    assert reading.answers == answers
    assert set(reading.read_as.values()) <= {"label", "unsure"}
    assert list(reading.read_as.values()).count("label") > len(answers) * 0.8


FORM = form(
    field("ack", "bool", label=texts("Jeg er klar over publisering")),
    field("name", label=texts("Navn"), aliases=["Firmanavn"]),
    field("phone", "phone", label=texts("Telefon")),
    field("other_phone", "phone", label=texts("Telefon")),
    field("known", "bool", label=texts("Er stoffet vurdert før?")),
    field("story", "long_text", label=texts("Beskriv: bakgrunn")),
    field("kinds", "enum_multi", label=texts("Hva gjelder det?")),
    field("day", "date", label=texts("Dato")),
)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Navn: Eksempel AS", {"name": "Eksempel AS"}),
        ("1.2 Firmanavn\tEksempel AS", {"name": "Eksempel AS"}),
        ("NAVN *\nEksempel AS", {"name": "Eksempel AS"}),
        ("Navn\tEksempel AS\tDato\t1.5.2025", {"name": "Eksempel AS", "day": "2025-05-01"}),
        ("Er stoffet vurdert før? Ja", {"known": True}),
        ("Er stoffet vurdert før? ☐ Ja ☒ Nei", {"known": False}),
        ("Er stoffet vurdert før? [x] Ja [ ] Nei", {"known": True}),
        ("Er stoffet vurdert før?\t☐ Ja\t☐ Nei", {}),
        ("☒ Jeg er klar over publisering", {"ack": True}),
        ("Jeg er klar over publisering\t☒", {"ack": True}),
        ("☐ Jeg er klar over publisering", {"ack": False}),
        ("Jeg er klar over publisering\t☐ Ja", {"ack": False}),
        ("Er stoffet vurdert før? ☒ Nei", {"known": False}),
        ("Dato\t1.5.2025\nSide 3 av 9", {"day": "2025-05-01"}),
        (
            "Beskriv: bakgrunn: Første avsnitt.\nAndre avsnitt: mer.\nDato: 2025-05-01",
            {"story": "Første avsnitt.\nAndre avsnitt: mer.", "day": "2025-05-01"},
        ),
        ("Hva gjelder det?\n☒ A\n☐ B", {"kinds": ["a"]}),
        ("Hva gjelder det?\tA (en)", {"kinds": ["a"]}),
        ("Navn\nKlikk eller trykk her for å skrive inn tekst.", {}),
        ("Navn på noe annet: Hansen", {}),
        ("", {}),
    ],
)
def test_an_answer_stands_after_its_label(text: str, answers: dict[str, Any]) -> None:
    assert read_labels(FORM, lines_of_text(text)).answers == answers


def test_a_heading_ends_an_answer() -> None:
    assert read_labels(FORM, lines_of_text("Navn\tEksempel AS\nMade up\nLøs tekst")).answers == {"name": "Eksempel AS"}


def test_the_same_label_twice_fills_the_fields_in_order_and_is_unsure() -> None:
    reading = read_labels(FORM, lines_of_text("Telefon: 22000000\nTelefon: 33000000"))
    assert reading.answers == {"phone": "22000000", "other_phone": "33000000"}
    assert reading.read_as == {"phone": "unsure", "other_phone": "unsure"}


def test_rows_of_a_group_begin_at_their_numbered_heading_or_where_a_label_comes_again() -> None:
    sub_fields = [field("id", "study_id", label=texts("Studie-ID")), field("aim", "long_text", label=texts("Formål"))]
    definition = form(field("count", "integer", label=texts("Antall")), field("rows", "group_list", label=texts("Studier"), fields=sub_fields))
    reading = read_labels(
        definition, lines_of_text("Antall\t28\nStudier 1\nStudie-ID\tA\nFormål\tx\nStudier 2\nStudie-ID\tB\nStudie-ID\tC\nFormål\ty")
    )
    assert reading.answers == {"count": 28, "rows": [{"id": "A", "aim": "x"}, {"id": "B"}, {"id": "C", "aim": "y"}]}


def test_an_answer_that_does_not_look_like_one_is_unsure() -> None:
    reading = read_labels(FORM, lines_of_text("Dato: snart\nNavn: Eksempel AS"))
    assert reading.read_as == {"name": "label", "day": "unsure"}


def test_of_choices_that_all_stand_printed_the_one_that_is_set_apart_is_chosen() -> None:
    lines = (Line("Er stoffet vurdert før?"), Line("Ja / Nei", marked=((5, 8),)))
    assert read_labels(FORM, lines).answers == {"known": False}
    assert read_labels(FORM, (lines[0], Line("Ja / Nei"))).answers == {}


def test_slanted_text_after_several_labels_is_help_and_no_answer() -> None:
    helped = [
        line
        for label, answer in (("Navn", "Eksempel AS"), ("Dato", "2026-05-01"), ("Beskriv: bakgrunn", ""))
        for line in (Line(f"{label} Se veiledningen til {label}", strong=len(label), faded=20 + len(label)), Line(answer))
    ]
    assert read_labels(FORM, helped).answers == {"name": "Eksempel AS", "day": "2026-05-01"}


def test_a_table_of_contents_answers_nothing() -> None:
    labels = ("Navn", "Telefon", "Er stoffet vurdert før?", "Beskriv: bakgrunn", "Dato")
    contents = [Line(f"{number} {label}\t{2 + number // 3}") for number, label in enumerate(labels, 1)]
    assert read_labels(FORM, [*contents, Line("1 Navn", level=1), Line("Eksempel AS")]).answers == {"name": "Eksempel AS"}


def cells(*rows: tuple[str, ...]) -> list[Line]:
    """A table, every cell of one line."""
    return [Line(text, 100 * row + column + 1, 0, Cell(1, row, column)) for row, texts_ in enumerate(rows) for column, text in enumerate(texts_)]


def test_an_answer_that_begins_with_its_own_label_is_asked_about() -> None:
    reading = read_labels(FORM, cells(("Beskriv: bakgrunn", "Beskriv bakgrunn:\nLang tekst"), ("Navn", "Eksempel AS")))
    assert reading.read_as == {"name": "label", "story": "unsure"}


def test_a_dash_for_an_answer_is_asked_about() -> None:
    assert read_labels(FORM, cells(("Navn", "-"), ("Dato", "2026-05-01"))).read_as == {"name": "unsure", "day": "label"}


def test_a_dash_between_question_and_answer_may_be_a_part_of_the_answer() -> None:
    reading = read_labels(FORM, lines_of_text("Beskriv: bakgrunn? – Navn: Eksempel AS\nDato: 2026-05-01"))
    assert (reading.read_as["story"], reading.read_as["day"]) == ("unsure", "label")


def test_answers_that_stand_a_row_too_low_are_all_asked_about() -> None:
    rows = (("Navn", ""), ("Telefon", "Eksempel AS"), ("Er stoffet vurdert før?", "22 00 00 00"), ("Beskriv: bakgrunn", "Ja"), ("Dato", "Lang tekst"))
    assert set(read_labels(FORM, cells(*rows)).read_as.values()) == {"unsure"}


def test_all_questions_first_and_then_all_answers_are_asked_about() -> None:
    labels = ("Navn", "Telefon", "Er stoffet vurdert før?", "Dato", "Hva gjelder det?", "Beskriv: bakgrunn")
    reading = read_labels(
        FORM, [*(Line(label, level=2) for label in labels), *map(Line, ("Eksempel AS", "22 00 00 00", "Ja", "2026-05-01", "A", "Tekst"))]
    )
    assert reading.read_as == {"story": "unsure"}


def test_help_in_parentheses_behind_a_label_takes_nothing_from_how_it_stands_out() -> None:
    lines = [
        line
        for label, answer in (
            ("Navn", "Eksempel AS"),
            ("Telefon", "22 00 00 00"),
            ("Beskriv: bakgrunn", "Navn: Ola\nDato: 2020-01-01"),
            ("Dato", "2026-05-01"),
        )
        for line in (Line(f"{label} (skriv kort)", strong=len(label)), Line(answer))
    ]
    reading = read_labels(FORM, lines)
    assert reading.answers == {"name": "Eksempel AS", "phone": "22 00 00 00", "story": "Navn: Ola\nDato: 2020-01-01", "day": "2026-05-01"}


def test_a_heading_of_the_form_down_the_side_of_questions_is_no_label() -> None:
    of_form = form(field("name", label=texts("Navn")), field("made_up", label=texts("Made up")), field("day", "date", label=texts("Dato")))
    lines = [Line("Made up", 1, 0, Cell(1, 0, 0, 3))]
    for row, (label, answer) in enumerate((("Navn", "Eksempel AS"), ("Made up", "Oppdiktet"), ("Dato", "2026-05-01"))):
        lines += [Line(label, 10 + row, 0, Cell(1, row, 1)), Line(answer, 20 + row, 0, Cell(1, row, 2))]
    assert read_labels(of_form, lines).answers == {"name": "Eksempel AS", "made_up": "Oppdiktet", "day": "2026-05-01"}


def test_an_answer_beside_a_heading_of_the_form_may_begin_with_its_words() -> None:
    of_form = form(field("made_up", "long_text", label=texts("Made up")))
    assert read_labels(of_form, cells(("Made up", "Made up: oppdiktet"))).answers == {"made_up": "Made up: oppdiktet"}


def test_labels_with_help_above_cells_of_answers_are_read_like_the_others() -> None:
    lines = []
    for number, (label, answer) in enumerate(
        (("Navn", "Eksempel AS"), ("Beskriv: bakgrunn", "Dato: ukjent"), ("Telefon", ""), ("Dato", "2026-05-01"))
    ):
        over, under = Cell(number, 0, 0), Cell(number, 1, 0)
        lines += [Line(label, 10 + number, 0, over), Line("Skriv kort.", 10 + number, 0, over, faint=True), Line(answer, 20 + number, 0, under)]
    assert read_labels(FORM, lines).answers == {"name": "Eksempel AS", "story": "Dato: ukjent", "day": "2026-05-01"}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("." * 190_000, id="dots"),
        pytest.param("." * 190_000 + "x", id="dots before a letter"),
        pytest.param("Virkestoff: " + " " * 190_000 + "x", id="blanks"),
        pytest.param("# a" + "#" * 190_000 + "x", id="marks of a heading"),
        pytest.param("Virkestoff " + "-" * 190_000 + "x", id="strokes behind a label"),
    ],
)
def test_a_line_of_nothing_but_one_sign_is_read_like_any_other(line: str) -> None:
    """Each sign was the beginning of a search to the end: such a line in a Word file kept a process busy for a quarter of an hour."""
    definition = FORMS.newest("anmodning")
    assert definition is not None
    read_labels(definition, [Line(line), Line("Virkestoff: Pembrolizumab")])
