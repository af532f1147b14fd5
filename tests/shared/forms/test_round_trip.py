"""Answers come out of a filled form as they went in: Word and PDF, every form, in every language. `make prove` has many more of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.shared.forms import load_forms
from services.shared.forms.templates import filled_form
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.round_trip import Reader, differences, reading
from tests.shared.forms.strategies import answers_to

FORMS = load_forms(SCHEMAS / "forms")
EXAMPLES = 15


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with reading(tmp_path_factory.mktemp("reader")) as one:
        yield one


@pytest.mark.parametrize("kind", ["docx", "pdf"])
@pytest.mark.parametrize("form_type", FORMS.types())
def test_answers_come_out_of_a_form_as_they_went_in(reader: Reader, form_type: str, kind: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None

    # Not shrunk: an example of ninety fields would take minutes, and the differences name the field.
    @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(answers_to(definition), st.sampled_from(LANGUAGES))
    def comes_back(answers: dict[str, object], language: str) -> None:
        assert differences(answers, reader.answers(filled_form(definition, kind, language, answers), kind)) == []

    comes_back()
