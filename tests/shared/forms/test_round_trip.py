"""Answers come out of a filled form as they went in: Word and PDF, every form, every language, through other programs. `make prove` has many more of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.shared.forms import FormDefinition, load_forms
from services.shared.forms.templates import filled_form, make_template
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.pdf_programs import PROGRAMS, filled_by
from tests.shared.forms.round_trip import Reader, differences, for_paper, random_answers, reading, saved_by_libreoffice

FORMS = load_forms(SCHEMAS / "forms")
EXAMPLES, SEED = 5, 20261122


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reading(tmp_path_factory.mktemp("reader")) as one:
        yield one


def newest(form_type: str) -> FormDefinition:
    definition = FORMS.newest(form_type)
    assert definition is not None
    return definition


@pytest.mark.parametrize("form_type", FORMS.types())
def test_answers_come_out_of_a_form_as_they_went_in(reader: Reader, form_type: str) -> None:
    for number, answers in enumerate(random_answers(newest(form_type), EXAMPLES, SEED)):
        for kind in ("docx", "pdf"):
            data = filled_form(newest(form_type), kind, LANGUAGES[number % 3], answers)
            assert differences(answers, reader.answers(data, kind)) == []


@pytest.mark.parametrize("program", sorted(PROGRAMS))
@pytest.mark.parametrize("form_type", FORMS.types())
def test_what_another_program_fills_into_a_pdf_form_is_read_as_it_was_filled_in(reader: Reader, form_type: str, program: str) -> None:
    language = LANGUAGES[len(form_type) % 3]
    template = make_template(newest(form_type), "pdf", language).data
    for random in random_answers(newest(form_type), 2, SEED):
        answers = for_paper(newest(form_type), random)
        assert differences(answers, reader.answers(filled_by(program, template, newest(form_type), language, answers), "pdf")) == []


def test_a_word_form_that_libreoffice_saved_is_read_as_it_was_filled_in(reader: Reader, tmp_path: Path) -> None:
    filled = {(form_type, language): random_answers(newest(form_type), 2, SEED)[-1] for form_type in FORMS.types() for language in LANGUAGES}
    documents = {
        f"{form_type}-{language}": filled_form(newest(form_type), "docx", language, answers) for (form_type, language), answers in filled.items()
    }
    saved = saved_by_libreoffice(documents, tmp_path)
    for (form_type, language), answers in filled.items():
        read = reader.read(saved[f"{form_type}-{language}"], "docx")
        assert differences(answers, read.answers or {}) == []
        assert (read.form_type, read.language, set(read.read_as.values())) == (form_type, language, {"tag"})
