"""From what people type to the one way it is written, through the tags of a form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.shared.forms import normalise, read_tags
from tests.shared.forms.small_forms import field, form, places

TYPED: list[tuple[str, str, Any]] = [
    ("text", "  Eksempel\u00a0Legemidler \n AS ", "Eksempel Legemidler AS"),
    ("text", "Bla\u030aba\u0308r", "Blåbär"),
    ("text", "lim\u200bt inn\ufeff", "limt inn"),
    ("long_text", "Første linje  \r\n\u00a0Andre linje\x0b", "Første linje\nAndre linje"),
    ("bool", "Ja", True),
    ("bool", "JA.", True),
    ("bool", "yes", True),
    ("bool", "☒", True),
    ("bool", "x", True),
    ("bool", "/Yes", True),
    ("bool", "true", True),
    ("bool", "☐", False),
    ("bool", "nei", False),
    ("bool", "/Off", False),
    ("bool", "No", False),
    ("bool", "kanskje", "kanskje"),
    ("integer", "1 200 000", 1200000),
    ("integer", "1\u00a0200\u202f000", 1200000),
    ("integer", "12.500", 12500),
    ("integer", "-5", -5),
    ("integer", "ca. 500", "ca. 500"),
    ("integer", "1,5", "1,5"),
    ("integer", "9" * 5000, "9" * 5000),
    ("money_nok", "kr 1 200 000,-", 1200000),
    ("money_nok", "NOK 1.200.000", 1200000),
    ("money_nok", "48000000 kroner", 48000000),
    ("money_nok", "12,5 mill. kr", 12500000),
    ("money_nok", "1,2 mrd. kr", 1200000000),
    ("money_nok", "1,0000005 mill", "1,0000005 mill"),
    ("money_nok", "mye", "mye"),
    ("date", "2025-05-01", "2025-05-01"),
    ("date", "2025-05-01T00:00:00Z", "2025-05-01"),
    ("date", "1.5.2025", "2025-05-01"),
    ("date", "01.05.2025", "2025-05-01"),
    ("date", "1. mai 2025", "2025-05-01"),
    ("date", "1 May 2025", "2025-05-01"),
    ("date", "31.02.2025", "31.02.2025"),
    ("date", "05/01/2025", "05/01/2025"),
    ("date", "31/1/2025", "2025-01-31"),
    ("date", "5/5/2025", "2025-05-05"),
    ("date", "1.5-2025", "2025-05-01"),
    ("date", "2025.5.31", "2025-05-31"),
    ("month", "2025-05", "2025-05"),
    ("month", "05.2025", "2025-05"),
    ("month", "5/2025", "2025-05"),
    ("month", "mai 2025", "2025-05"),
    ("month", "Desember 2025", "2025-12"),
    ("month", "Sept. 2025", "2025-09"),
    ("month", "01.05.2025", "2025-05"),
    ("month", "13.2025", "13.2025"),
    ("month", "våren 2025", "våren 2025"),
    ("orgnr", "910 000 020", "910000020"),
    ("orgnr", "NO 910 000 020 MVA", "910000020"),
    ("orgnr", "91000002", "91000002"),
    ("atc", "l01f f02", "L01FF02"),
    ("method_id", "2023_012", "ID2023_012"),
    ("method_id", "id2023_012", "ID2023_012"),
    ("method_id", "ID2014_039 A", "ID2014_039A"),
    ("method_id", "ID23_12", "ID23_12"),
    ("method_id_list", "ID2023_012, 2020_008;\n2019_001", ["ID2023_012", "ID2020_008", "ID2019_001"]),
    ("item_number_list", "081996\n135 216", ["081996", "135216"]),
    ("icd10_list", "C34.9, C349", ["C34.9", "C349"]),
    (
        "reference_list",
        "1. Hansen A, Berg B. Tittel; 2020.\n\n[2] https://doi.org/10.1/x",
        ["Hansen A, Berg B. Tittel; 2020.", "https://doi.org/10.1/x"],
    ),
    ("email", " kari@firma.no\u00a0", "kari@firma.no"),
    ("phone", "+47\u00a022 00 00 00", "+47 22 00 00 00"),
    ("phone", "Tlf.: 22 00 00 00", "22 00 00 00"),
    ("ema_number", "emea/h/c/000123 /ii/14", "EMEA/H/C/000123/II/14"),
    ("ma_number", "EU/1/13/9999 /001", "EU/1/13/9999/001"),
    ("study_id", "NCT01234567", "NCT01234567"),
    ("tender_ref", "LIS  2215", "LIS 2215"),
    ("file", "fullmakt.pdf", "fullmakt.pdf"),
    ("enum", "B", "b"),
    ("enum", "b (nn)", "b"),
    ("enum", "B (EN):", "b"),
    ("enum", "noe annet", "noe annet"),
    ("enum_multi", "A; B (en)", ["a", "b"]),
    ("enum_multi", "a, b, a", ["a", "b"]),
]


@pytest.mark.parametrize(("type_name", "typed", "expected"), TYPED)
def test_what_people_type_becomes_the_normal_form(type_name: str, typed: str, expected: Any) -> None:
    assert read_tags(form(field("it", type_name)), {"it": typed}).answers == {"it": expected}


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        "  \u00a0",
        "Klikk eller trykk her for å skrive inn tekst.",
        "Klikk her for å skrive inn tekst.",
        "Click or tap here to enter text.",
        "Click or tap to enter a date.",
        "Velg et element.",
        "Choose an item.",
        "______",
        "…",
    ],
)
@pytest.mark.parametrize("type_name", ["text", "date", "enum", "bool", "reference_list"])
def test_an_empty_field_or_placeholder_is_unanswered(type_name: str, nothing: str) -> None:
    assert read_tags(form(field("it", type_name)), {"it": nothing}).answers == {}


MALFORMED: list[tuple[str, Any, str]] = [
    ("text", 5, "type"),
    ("text", ["x"], "type"),
    ("long_text", {"a": 1}, "type"),
    ("bool", "ja", "type"),
    ("bool", 1, "type"),
    ("integer", "5", "type"),
    ("integer", 1.5, "type"),
    ("integer", True, "type"),
    ("integer", 10**30, "type"),
    ("integer", float("inf"), "type"),
    ("date", "torsdag", "date"),
    ("date", "2025-02-30", "date"),
    ("date", 20250101, "type"),
    ("month", "2025-13", "month"),
    ("orgnr", "12345678", "pattern"),
    ("phone", "ring meg", "pattern"),
    ("phone", "12", "pattern"),
    ("email", "kari", "pattern"),
    ("email", "kari@firma", "pattern"),
    ("email", "kari@@firma.no", "pattern"),
    ("atc", "I01AA01", "pattern"),
    ("atc", "C34.9", "pattern"),
    ("atc", "L01F2", "pattern"),
    ("method_id", "ID23_12", "pattern"),
    ("method_id", "ID2012_001", "pattern"),
    ("ma_number", "EU/1/2013/9999", "pattern"),
    ("enum", "c", "enum"),
    ("enum", 3, "enum"),
    ("enum_multi", "a", "type"),
    ("method_id_list", "ID2020_001", "type"),
    ("group_list", {"a": 1}, "type"),
]


@pytest.mark.parametrize(("type_name", "value", "code"), MALFORMED)
def test_a_value_that_cannot_be_read_is_kept_and_named(type_name: str, value: Any, code: str) -> None:
    more = {"fields": [field("a")]} if type_name == "group_list" else {}
    definition = form(field("it", type_name, **more))
    answers = normalise(definition, {"it": value})
    assert places(definition, answers) == [("/it", code)]


@pytest.mark.parametrize(
    ("type_name", "value", "pointer", "code"),
    [
        ("method_id_list", ["ID2020_001", "x"], "/it/1", "pattern"),
        ("item_number_list", ["081996", 135216], "/it/1", "type"),
        ("icd10_list", ["c34"], "/it/0", "pattern"),
        ("enum_multi", ["a", "z"], "/it/1", "enum"),
        ("reference_list", ["a", 1], "/it/1", "type"),
        ("group_list", [{"a": "x"}, 5], "/it/1", "type"),
        ("group_list", [{"a": "x"}, {"a": "y", "z": 1}], "/it/1/z", "unknown_field"),
        ("group_list", [{"b": "x"}], "/it/0/a", "required"),
    ],
)
def test_in_a_list_the_item_is_named(type_name: str, value: Any, pointer: str, code: str) -> None:
    more = {"fields": [field("a", required=True), field("b")]} if type_name == "group_list" else {}
    definition = form(field("it", type_name, **more))
    assert places(definition, normalise(definition, {"it": value})) == [(pointer, code)]


@pytest.mark.parametrize("good", ["22000000", "02345", "+47 22 00 00 00 / 900 00 000", "(0047) 22-00-00-00"])
def test_telephone_numbers_are_taken_as_people_write_them(good: str) -> None:
    assert places(form(field("it", "phone")), {"it": good}) == []


@pytest.mark.parametrize("good", ["L01FF02", "L", "L01", "L01F", "L01FF"])
def test_all_levels_of_an_atc_code_have_the_right_shape(good: str) -> None:
    assert places(form(field("it", "atc")), {"it": good}) == []


def test_a_json_form_gets_the_same_normal_forms() -> None:
    definition = form(field("day", "date"), field("code", "atc"), field("one", "enum"), field("many", "enum_multi"), field("n", "integer"))
    given = {"day": "1.5.2025", "code": " l01 ff02", "one": "B", "many": ["A", "b", "a"], "n": 3.0}
    assert normalise(definition, given) == {"day": "2025-05-01", "code": "L01FF02", "one": "b", "many": ["a", "b"], "n": 3}


def test_a_json_form_leaves_out_what_is_not_answered() -> None:
    definition = form(field("a"), field("b", "reference_list"), field("rows", "group_list", fields=[field("id"), field("aim")]))
    given = {"a": None, "b": ["", " "], "rows": [{"id": ""}, {"id": "x", "aim": None}, {}]}
    assert normalise(definition, given) == {"rows": [{"id": "x"}]}


def test_an_unknown_key_stays_for_the_check_to_name() -> None:
    definition = form(field("a"))
    answers = normalise(definition, {"b": None, "a": "x"})
    assert list(answers) == ["a", "b"]
    assert places(definition, answers) == [("/b", "unknown_field")]


def test_normalising_twice_changes_nothing() -> None:
    definition = form(*(field(f"f{number}", type_name) for number, (type_name, _, _) in enumerate(TYPED)))
    once = read_tags(definition, {f"f{number}": typed for number, (_, typed, _) in enumerate(TYPED)}).answers
    assert normalise(definition, once) == once


def test_what_no_store_could_keep_is_made_storable_and_then_named() -> None:
    definition = form(field("a"), field("b"))
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    answers = normalise(definition, {"a": "halv \ud800 tekst\x00", "b": deep, "\udfff": float("nan")})
    json.dumps(answers, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert answers["a"] == "halv \ufffd tekst"
    assert places(definition, answers) == [("/b", "type"), ("/\ufffd", "unknown_field")]
