"""The data that routing stands on is whole: texts, numbers, schemas, previews."""

from __future__ import annotations

import json
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from services.routing.explain import preview
from services.routing.table import destinations, load_table
from services.shared import words
from services.shared.settings import SCHEMAS

TABLE = load_table(SCHEMAS / "routing")
ON = date(2026, 5, 4)


def test_every_task_role_and_tag_of_the_rules_has_words() -> None:
    for rule in TABLE.rules:
        keys = [f"routing.tag.{tag}" for tag in rule.then.get("tags", ())]
        for destination in destinations(rule.then):
            keys += [f"routing.task.{destination['task']}", f"routing.role.{destination['role']}"]
        for key in keys:
            assert all(words.text(key, language) for language in words.LANGUAGES), key


def test_every_known_organisation_number_passes_the_check_digit_and_stands_once() -> None:
    folder = SCHEMAS / "routing"
    submitters = [row["organisation"] for row in json.loads((folder / "submitters.json").read_text(encoding="utf-8"))["submitters"]]
    actors = [number for actor in TABLE.actors.all() for number in actor.organisations]
    assert len(set(submitters)) == len(submitters)
    assert len(set(actors)) == len(actors)
    for number in submitters + actors:
        total = sum(int(digit) * weight for digit, weight in zip(number, (3, 2, 7, 6, 5, 4, 3, 2), strict=False))
        assert (11 - total % 11) % 11 == int(number[8]), number


def test_earlier_and_short_names_find_the_actor() -> None:
    for name in ("DMP", "SLV", "noma", "Statens legemiddelverk"):
        actor = TABLE.actors.get(name)
        assert actor is not None
        assert actor.id == "dmp"


@pytest.mark.parametrize("kind", ["work", "recall", "receipt"])
def test_the_message_schemas_are_valid(kind: str) -> None:
    Draft202012Validator.check_schema(json.loads((SCHEMAS / "messages" / f"{kind}.schema.json").read_text(encoding="utf-8")))


def test_a_preview_says_where_a_form_would_go_and_what_was_not_looked_at() -> None:
    seen = preview(TABLE, "anmodning", {"tender_exists": True}, ON, submitter_kind="drug_vendor", language="en")
    assert [(part["agency"], part["role"], part["state"]) for part in seen["routing"]] == [
        ("dmp", "primary", "pending"),
        ("sykehusinnkjop", "primary", "pending"),
    ]
    assert seen["held"] is None
    assert seen["skipped"] == ["G11"]


def test_a_preview_of_what_would_be_held_says_why() -> None:
    seen = preview(TABLE, "forslag", {"financing": "Blåresept"}, ON, submitter_kind=None, language="nn")
    assert seen["routing"] == []
    assert [rule["id"] for rule in seen["held"]["rules"]] == ["G7"]
    assert "Nye metoder" in seen["held"]["reason"]
