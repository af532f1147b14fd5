"""Many random answers to every form, into Word and PDF and out again: directly, through LibreOffice, filled in by other programs."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.shared.forms import FormDefinition, load_forms
from services.shared.forms.templates import filled_form, make_template
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.chromium_viewer import ChromiumViewer, chromium_viewer
from tests.shared.forms.pdf_programs import PROGRAMS, filled_by, items_of
from tests.shared.forms.round_trip import Reader, differences, for_paper, random_answers, reading, saved_by_libreoffice

FORMS = load_forms(SCHEMAS / "forms")
INSTANCES, BY_LIBREOFFICE, BY_A_PROGRAM, IN_CHROMIUM = 1000, 20, 20, 3


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reading(tmp_path_factory.mktemp("reader")) as one:
        yield one


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumViewer]:
    with chromium_viewer(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given: int | None = request.config.getoption("--prove-seed")
    chosen = random.SystemRandom().randrange(2**32) if given is None else given
    print(f"\nseed {chosen}")
    return chosen


def scaled(request: pytest.FixtureRequest, count: int) -> int:
    scale: float = request.config.getoption("--prove-scale")
    return max(1, round(count * scale))


def newest(form_type: str) -> FormDefinition:
    definition = FORMS.newest(form_type)
    assert definition is not None
    return definition


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("form_type", FORMS.types())
def test_random_answers_come_out_of_word_and_pdf_as_they_went_in(reader: Reader, seed: int, form_type: str, request: pytest.FixtureRequest) -> None:
    began, wrong = time.perf_counter(), list[str]()
    instances = random_answers(newest(form_type), scaled(request, INSTANCES), seed)
    for number, answers in enumerate(instances):
        for kind in ("docx", "pdf"):
            data = filled_form(newest(form_type), kind, LANGUAGES[number % 3], answers)
            wrong += [f"{number} {kind} {line}" for line in differences(answers, reader.answers(data, kind))]
    print(f"{form_type}: {len(instances)} answers, docx and pdf, {time.perf_counter() - began:.0f} s, wrong: {len(wrong)}")
    assert wrong[:5] == []


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("form_type", FORMS.types())
def test_word_forms_that_libreoffice_saved_are_read_as_they_were_filled_in(
    reader: Reader, seed: int, form_type: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    count = scaled(request, BY_LIBREOFFICE)
    answers = {f"{language}-{number}": each for language in LANGUAGES for number, each in enumerate(random_answers(newest(form_type), count, seed))}
    saved = saved_by_libreoffice({name: filled_form(newest(form_type), "docx", name[:2], each) for name, each in answers.items()}, tmp_path)
    wrong = [f"{name} {line}" for name, data in saved.items() for line in differences(answers[name], reader.answers(data, "docx"))]
    print(f"{form_type}: {len(saved)} saved by LibreOffice, wrong: {len(wrong)}")
    assert wrong[:5] == []


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("program", sorted(PROGRAMS))
@pytest.mark.parametrize("form_type", FORMS.types())
def test_pdf_forms_that_other_programs_filled_in_are_read_as_they_were_filled_in(
    reader: Reader, seed: int, form_type: str, program: str, request: pytest.FixtureRequest
) -> None:
    wrong = list[str]()
    for number, each in enumerate(random_answers(newest(form_type), scaled(request, BY_A_PROGRAM), seed)):
        language, answers = LANGUAGES[number % 3], for_paper(newest(form_type), each)
        data = filled_by(program, make_template(newest(form_type), "pdf", language).data, newest(form_type), language, answers)
        wrong += [f"{number} {line}" for line in differences(answers, reader.answers(data, "pdf"))]
    print(f"{form_type} filled in by {program}, wrong: {len(wrong)}")
    assert wrong[:5] == []


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("form_type", FORMS.types())
def test_pdf_forms_filled_in_with_the_keyboard_in_chromiums_viewer_and_saved_there_are_read_as_they_were_filled_in(
    reader: Reader, viewer: ChromiumViewer, seed: int, form_type: str, request: pytest.FixtureRequest
) -> None:
    wrong = list[str]()
    for number, each in enumerate(random_answers(newest(form_type), scaled(request, IN_CHROMIUM), seed)):
        language, answers = LANGUAGES[number % 3], for_paper(newest(form_type), each)
        data = viewer.fill(make_template(newest(form_type), "pdf", language).data, items_of(newest(form_type), language, answers))
        wrong += [f"{number} {line}" for line in differences(answers, reader.answers(data, "pdf"))]
    print(f"{form_type} filled in in Chromium's viewer, wrong: {len(wrong)}")
    assert wrong[:5] == []
