"""The forms carry every answer under the contract's tags, in Word, PDF and JSON."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import docx
import pytest

from samples.builders.json_form import json_form
from samples.builders.pdf_form import pdf_form
from samples.builders.word_form import docx_form
from samples.content import medicines, proposals
from samples.content.proposals import forslag
from samples.content.requests import anmodning, revurdering
from samples.sample import definition
from tests.samples.reading import expected_tags, json_answers, pdf_fields, word_tags

TODAY = date(2026, 11, 22)
FILLED: dict[str, dict[str, Any]] = {
    "anmodning": anmodning(medicines.VELKARSA, TODAY),
    "revurdering": revurdering(medicines.MYASTEROL, TODAY, "ID2022_041"),
    "forslag": forslag(proposals.CT_SCREENING, TODAY),
}
every_form = pytest.mark.parametrize("form_type", FILLED)
every_language = pytest.mark.parametrize("language", ["nb", "nn", "en"])


def _facts(form_type: str, language: str) -> dict[str, str]:
    return {"form_type": form_type, "form_version": "1.0", "language": language}


@every_language
@every_form
def test_a_word_form_carries_every_answer_under_its_tag(form_type: str, language: str) -> None:
    form = docx_form(definition(form_type), FILLED[form_type], language)
    assert word_tags(form) == {**_facts(form_type, language), **expected_tags(definition(form_type), FILLED[form_type])}


@every_language
@every_form
def test_a_pdf_form_carries_every_answer_under_its_field_name(form_type: str, language: str) -> None:
    expected: dict[str, str | bool] = {**_facts(form_type, language), **expected_tags(definition(form_type), FILLED[form_type])}
    for field in (field for section in definition(form_type)["sections"] for field in section["fields"]):
        if field["type"] == "date" and expected[field["key"]]:
            expected[field["key"]] = date.fromisoformat(str(expected[field["key"]])).strftime("%d.%m.%Y")
    assert pdf_fields(pdf_form(definition(form_type), FILLED[form_type], language)) == expected


@every_form
def test_a_json_form_is_the_answers_with_what_form_they_belong_to(form_type: str) -> None:
    assert json_answers(json_form(definition(form_type), FILLED[form_type], "nn")) == {
        **_facts(form_type, "nn"),
        "answers": FILLED[form_type],
    }


def test_a_word_form_opens_in_an_ordinary_reader_with_title_headings_and_language() -> None:
    document = docx.Document(io.BytesIO(docx_form(definition("forslag"), FILLED["forslag"], "nn")))
    assert document.core_properties.title == definition("forslag")["title"]["nn"]
    assert document.core_properties.language == "nn-NO"
    headings = [paragraph.text for paragraph in document.paragraphs if paragraph.style and paragraph.style.name == "Heading 1"]
    assert headings == [section["title"]["nn"] for section in definition("forslag")["sections"]]


def test_a_word_form_is_about_as_large_as_real_ones() -> None:
    assert 30_000 < len(docx_form(definition("anmodning"), FILLED["anmodning"])) < 60_000


def test_long_text_keeps_its_paragraphs() -> None:
    disease = str(FILLED["anmodning"]["disease_description"])
    assert "\n" in disease
    assert word_tags(docx_form(definition("anmodning"), FILLED["anmodning"], split_runs=True))["disease_description"] == disease


def test_split_runs_change_how_text_is_written_but_not_what_it_says() -> None:
    whole, split = (docx_form(definition("anmodning"), FILLED["anmodning"], split_runs=flag) for flag in (False, True))
    assert whole != split
    assert word_tags(whole) == word_tags(split)


def test_a_form_of_somebodys_own_making_has_the_words_but_no_tags() -> None:
    form = docx_form(definition("forslag"), FILLED["forslag"], tagged=False)
    assert word_tags(form) == {}
    text = "\n".join(cell.text for table in docx.Document(io.BytesIO(form)).tables for row in table.rows for cell in row.cells)
    assert "Forslagsstillers tittel på forslaget" in text


def test_controls_can_be_left_out_of_a_form() -> None:
    tags = word_tags(docx_form(definition("forslag"), FILLED["forslag"], leave_out=["title"]))
    assert "title" not in tags
    assert "short_description" in tags


@pytest.mark.parametrize("build", [docx_form, pdf_form, json_form])
def test_a_form_can_name_another_version_than_the_definitions(build: Callable[..., bytes]) -> None:
    form = build(definition("forslag"), FILLED["forslag"], form_version="9.9")
    read = {docx_form: word_tags, pdf_form: pdf_fields, json_form: json_answers}[build]
    assert read(form)["form_version"] == "9.9"


@pytest.mark.parametrize("build", [docx_form, pdf_form, json_form])
def test_an_unanswered_form_has_only_empty_controls(build: Callable[..., bytes]) -> None:
    form = build(definition("anmodning"), {})
    if build is json_form:
        assert json_answers(form)["answers"] == {}
        return
    tags = word_tags(form) if build is docx_form else pdf_fields(form)
    assert {value for tag, value in tags.items() if tag not in _facts("", "")} == {"", False}
