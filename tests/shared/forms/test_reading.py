"""The tags of a Word or PDF form, read into answers."""

from __future__ import annotations

from typing import Any

import pytest

from services.shared.forms import FormDefinition, load_forms, normalise, read_tags
from services.shared.settings import SCHEMAS
from tests.shared.forms.answers import good_answers
from tests.shared.forms.small_forms import TODAY, field, form, places

FORMS = load_forms(SCHEMAS / "forms")
FORM = form(
    field("name"),
    field("yes", "bool"),
    field("one", "enum"),
    field("many", "enum_multi", values=["a", "b", "c"]),
    field("refs", "reference_list"),
    field("rows", "group_list", fields=[field("id", "study_id"), field("kinds", "enum_multi"), field("sure", "bool")]),
)


def as_tags(definition: FormDefinition, answers: dict[str, Any]) -> dict[str, str | bool | list[str]]:
    """What a filled-in Word form hands over: every box of the form, ticked or not, and text for the rest."""
    tags: dict[str, str | bool | list[str]] = {"form_type": definition.form_type, "form_version": "1.0", "language": "nb"}
    for key, each in definition.fields.items():
        value = answers.get(key)
        if each.type.shape == "choices":
            tags |= {f"{key}/{choice.value}": choice.value in (value or []) for choice in each.choices}
        elif each.type.shape == "rows":
            tags |= {f"{key}/{row}/{sub}": str(text) for row, found in enumerate(value or []) for sub, text in found.items()}
        elif each.type.shape == "list":
            tags[key] = "\n".join(value or [])
        elif each.type.shape == "choice" and value:
            tags[key] = next(choice.label["nn"] for choice in each.choices if choice.value == value)
        else:
            tags[key] = value if isinstance(value, bool) else "" if value is None else str(value)
    return tags


@pytest.mark.parametrize("form_type", FORMS.types())
def test_the_tags_of_a_filled_form_give_the_answers_back(form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    answers = good_answers(form_type, TODAY)
    reading = read_tags(definition, as_tags(definition, answers))
    assert reading.answers == answers == normalise(definition, answers)
    assert list(reading.answers) == [key for key in definition.fields if key in answers]
    assert reading.read_as == dict.fromkeys(answers, "tag")
    assert reading.unknown == ()


def test_answers_found_by_their_labels_say_so() -> None:
    assert read_tags(FORM, {"name": "x"}, how="label").read_as == {"name": "label"}


@pytest.mark.parametrize("ticked", [True, "true", "☒", "X", "Yes", "/On", "/Yes", ["Yes"], "b"])
@pytest.mark.parametrize("unticked", [False, "false", "☐", "", "Off", "/Off", []])
def test_one_box_per_value(ticked: Any, unticked: Any) -> None:
    assert read_tags(FORM, {"many/a": unticked, "many/b": ticked, "many/c": unticked}).answers == {"many": ["b"]}


def test_all_boxes_empty_is_unanswered() -> None:
    assert read_tags(FORM, {"many/a": False, "many/b": False}).answers == {}


def test_several_choices_may_come_as_a_list() -> None:
    assert read_tags(FORM, {"many": ["A", "C (en)"]}).answers == {"many": ["a", "c"]}


def test_a_label_with_a_comma_in_it_is_one_choice() -> None:
    choices = {"label": {"nb": "Utstyr, merket", "nn": "Utstyr, merkt", "en": "Device, marked"}}
    definition = form(
        {**field("many", "enum_multi"), "values": [{"value": "a", **choices}, {"value": "b", "label": {"nb": "B", "nn": "B", "en": "B"}}]}
    )
    assert read_tags(definition, {"many": "Utstyr, merket; b"}).answers == {"many": ["a", "b"]}
    assert read_tags(definition, {"many": "a, B"}).answers == {"many": ["a", "b"]}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"yes/ja": True, "yes/nei": False}, True),
        ({"yes/true": "☐", "yes/false": "☒"}, False),
        ({"yes/ja": False, "yes/nei": False}, None),
        ({"yes": "☒"}, True),
    ],
)
def test_yes_or_no_may_be_one_box_or_two(tags: dict[str, Any], expected: bool | None) -> None:
    assert read_tags(FORM, tags).answers.get("yes") is expected


def test_two_answers_to_a_question_that_takes_one_are_kept_and_named() -> None:
    reading = read_tags(FORM, {"one/a": True, "one/b": True, "yes/ja": True, "yes/nei": True})
    assert places(FORM, reading.answers) == [("/yes", "type"), ("/one", "enum")]


def test_a_single_choice_may_have_one_box_per_value() -> None:
    assert read_tags(FORM, {"one/a": False, "one/b": True}).answers == {"one": "b"}


def test_rows_come_in_the_order_of_their_numbers_and_empty_ones_are_dropped() -> None:
    tags: dict[str, str | bool | list[str]] = {
        "rows/10/id": "c",
        "rows/0/id": "a",
        "rows/1/id": " ",
        "rows/1/kinds/a": False,
        "rows/2/id": "b",
        "rows/2/kinds/b": True,
        "rows/2/sure": "nei",
    }
    assert read_tags(FORM, tags).answers == {"rows": [{"id": "a"}, {"id": "b", "kinds": ["b"], "sure": False}, {"id": "c"}]}


def test_items_of_a_list_may_have_a_number_each() -> None:
    assert read_tags(FORM, {"refs/0": "En", "refs/1": "To"}).answers == {"refs": ["En", "To"]}


def test_tags_that_the_form_does_not_have_are_told_apart() -> None:
    tags: dict[str, str | bool | list[str]] = {
        "name": "x",
        "Title": "Omslag",
        "many/z": True,
        "rows/x/id": "a",
        "rows/0/other": "a",
        "rows": "a",
        "form_type": "made_up",
    }
    reading = read_tags(FORM, tags)
    assert reading.answers == {"name": "x"}
    assert set(reading.unknown) == {"Title", "many/z", "rows/x/id", "rows/0/other", "rows"}


def test_a_leading_slash_does_no_harm() -> None:
    assert read_tags(FORM, {"/name": "x", "/language": "nb"}).answers == {"name": "x"}
