"""Reading by labels, at length: every layout, form and language, filled at random; the figures are printed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from services.shared.forms import load_forms
from services.shared.sandbox import Box, Policy
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from tests.shared.forms.layouts import LAYOUTS
from tests.shared.forms.layouts.proving import Score, open_form, score_layout

ROUNDS = 1
LEAST_SHARE = 95.0
MOST_TOLD = 30


@pytest.mark.timeout(3000)
def test_answers_are_read_by_their_labels_and_none_is_wrong_without_being_asked_about(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    given = pytestconfig.getoption("--prove-seed")
    seed = random.SystemRandom().randrange(10**6) if given is None else given
    rounds = max(1, round(ROUNDS * pytestconfig.getoption("--prove-scale")))
    forms = load_forms(SCHEMAS / "forms")
    definitions = [definition for form_type in forms.types() if (definition := forms.newest(form_type)) is not None]
    total, low = Score(), []
    print(f"\nseed {seed}, {len(LAYOUTS)} layouts, {len(definitions)} forms, {len(LANGUAGES)} languages, {rounds} rounds")
    with Box(Policy.load(), tmp_path / "scratch") as box:
        for name in sorted(LAYOUTS):
            score = Score()
            for number in range(rounds):
                for definition in definitions:
                    for language in LANGUAGES:
                        score.add(score_layout(name, definition, language, seed + number, lambda data: open_form(box, data)))
            print(f"{name:45} {score.share:6.2f} % exact of {score.asked:5}, {score.unsure:4} unsure, {len(score.wrong)} wrong and certain")
            low += [name] if score.share < LEAST_SHARE else []
            total.add(score)
    print(f"{'all':45} {total.share:6.2f} % exact of {total.asked:5}, {total.unsure:4} unsure, {len(total.wrong)} wrong and certain")
    assert not total.wrong, "\n".join(total.wrong[:MOST_TOLD])
    assert not low, low
