"""Word forms without content controls, laid out as people do, filled at random and read by their labels. The large run is in ``tests/prove``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from services.shared.forms import load_forms
from services.shared.sandbox import Box, FormReading, Policy
from services.shared.settings import SCHEMAS
from tests.shared.forms.layouts import LAYOUTS
from tests.shared.forms.layouts.proving import Score, open_form, score_layout

FORMS = load_forms(SCHEMAS / "forms")
LEAST_SHARE = 95.0
CASES = (("anmodning", "nb"), ("forslag", "nn"), ("revurdering", "en"), ("innspill", "nb"), ("metodevarsel", "nn"))


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], FormReading]]:
    with Box(Policy.load(), tmp_path_factory.mktemp("scratch")) as box:
        yield lambda data: open_form(box, data)


def test_there_are_at_least_thirty_layouts() -> None:
    assert len(LAYOUTS) >= 30


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_a_layout_is_read_back_and_nothing_wrong_passes_as_certain(name: str, read: Callable[[bytes], FormReading]) -> None:
    score = Score()
    for form_type, language in CASES:
        definition = FORMS.newest(form_type)
        assert definition is not None
        score.add(score_layout(name, definition, language, 0, read))
    assert not score.wrong, "\n".join(score.wrong)
    assert score.share >= LEAST_SHARE, "\n".join(score.missed)
