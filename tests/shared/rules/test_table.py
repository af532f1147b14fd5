"""The rule table: which rules hold, when, and which give way."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.shared.rules import RuleTableError, load_rules, matching, read_rules

TEXT = {"nb": "tekst", "nn": "tekst", "en": "text"}
DAY = date(2025, 6, 1)


def rule(name: str, when: Any = True, **more: Any) -> dict[str, Any]:
    return {"id": name, "when": when, "then": {"to": name}, "text": TEXT, **more}


def fired(rows: list[dict[str, Any]], facts: dict[str, Any], on: date = DAY) -> list[tuple[str, tuple[str, ...]]]:
    return [(match.rule.id, match.replaced_by) for match in matching(read_rules({"rules": rows}), facts, on)]


def test_rules_match_by_schema_over_facts_in_the_order_of_the_table() -> None:
    rows = [
        rule("b", {"properties": {"colour": {"const": "red"}}, "required": ["colour"]}),
        rule("c", {"properties": {"colour": {"const": "blue"}}, "required": ["colour"]}),
        rule("a"),
    ]
    assert fired(rows, {"colour": "red"}) == [("b", ()), ("a", ())]


@pytest.mark.parametrize(
    ("day", "holds"), [(date(2023, 12, 31), False), (date(2024, 1, 1), True), (date(2024, 12, 31), True), (date(2025, 1, 1), False)]
)
def test_a_rule_holds_from_its_first_day_to_its_last_day_inclusive(day: date, holds: bool) -> None:
    rows = [rule("year", valid_from="2024-01-01", valid_to="2024-12-31")]
    assert bool(fired(rows, {}, day)) is holds


def test_a_replaced_rule_stays_listed_and_names_what_replaced_it() -> None:
    rows = [rule("general"), rule("special", replaces=["general"]), rule("other", False, replaces=["special"])]
    assert fired(rows, {}) == [("general", ("special",)), ("special", ())]


def test_a_rule_that_is_itself_replaced_replaces_nothing() -> None:
    rows = [rule("a"), rule("b", replaces=["a"]), rule("c", replaces=["b"])]
    assert fired(rows, {}) == [("a", ()), ("b", ("c",)), ("c", ())]


def test_a_rule_out_of_date_replaces_nothing() -> None:
    rows = [rule("a"), rule("b", replaces=["a"], valid_to="2020-01-01")]
    assert fired(rows, {}) == [("a", ())]


@pytest.mark.parametrize(
    "rows",
    [
        [rule("a"), rule("a")],
        [rule("a", replaces=["nobody"])],
        [rule("a", replaces=["b"]), rule("b", replaces=["a"])],
        [rule("a", replaces=["a"])],
        [rule("a", surprise=1)],
        [rule("a", {"type": "no such type"})],
        [rule("a", valid_from="01.01.2024")],
        [rule("a", valid_from="2024-02-01", valid_to="2024-01-01")],
        [{"id": "a", "when": True, "then": {}}],
        [{**rule("a"), "text": {"nb": "bare bokmål"}}],
    ],
)
def test_a_malformed_table_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(RuleTableError):
        read_rules({"rules": rows})


def test_a_table_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"rules": [rule("a")]}), encoding="utf-8")
    assert [each.id for each in load_rules(path)] == ["a"]
