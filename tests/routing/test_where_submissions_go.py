"""The routing table: made-up submissions go where domain section 2 says, for the reasons it says."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing.decide import NO_RULE, PRIMARIES_DISAGREE, Decision, decide
from services.routing.facts import FactSource, History
from services.routing.table import RoutingTable, load_table
from services.shared.forms import load_forms
from services.shared.rules import RuleTableError, read_rules
from services.shared.rules.table import Rule
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES

TABLE = load_table(SCHEMAS / "routing")
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


def decided(form_type: str, answers: dict[str, Any], on: date = date(2026, 5, 4), **history: Any) -> Decision:
    return decide(TABLE, TABLE.source.facts(form_type, answers, on, History(**history)), on)


def where(decision: Decision) -> dict[str, Any]:
    return {delivery.agency: [delivery.role, [reason.id for reason in delivery.rules]] for delivery in decision.deliveries}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_it_goes_where_the_domain_says(case: dict[str, Any]) -> None:
    decision = decided(
        case["form_type"],
        case["answers"],
        date.fromisoformat(case["received_on"]),
        submitter_kind=case.get("submitter_kind"),
        possible_duplicate=case.get("possible_duplicate"),
    )
    held = [decision.held.code, *(reason.id for reason in decision.held.rules)] if decision.held else None
    assert where(decision) == case["deliveries"]
    assert held == case.get("held")
    assert list(decision.tags) == case.get("tags", [])


def test_every_rule_of_the_table_is_tried_by_a_case() -> None:
    tried = set()
    for case in CASES:
        on = date.fromisoformat(case["received_on"])
        facts = TABLE.source.facts(case["form_type"], case["answers"], on, History(case.get("submitter_kind"), case.get("possible_duplicate")))
        tried |= {rule.id for rule in TABLE.rules if rule.holds(facts, on)}
    assert tried == {rule.id for rule in TABLE.rules}


@pytest.mark.parametrize("rule", TABLE.rules, ids=lambda rule: rule.id)
def test_every_rule_has_a_case_that_it_fits_one_that_it_does_not_and_three_texts(rule: Rule) -> None:
    fits: set[bool] = set()
    for case in CASES:
        on = date.fromisoformat(case["received_on"])
        facts = TABLE.source.facts(case["form_type"], case["answers"], on, History(case.get("submitter_kind"), case.get("possible_duplicate")))
        fits.add(rule.holds(facts, on))
    assert fits == {True, False}
    assert len({rule.text[language] for language in LANGUAGES}) == len(LANGUAGES)


def test_no_date_is_promised_where_no_source_gives_one() -> None:
    decisions = [decided(case["form_type"], case["answers"]) for case in CASES]
    assert {delivery.respond_by for decision in decisions for delivery in decision.deliveries} == {None}


def test_a_gate_that_the_secretariat_has_decided_holds_no_more() -> None:
    on = date(2026, 5, 4)
    facts = TABLE.source.facts("anmodning", {}, on, History(possible_duplicate=True))
    assert decide(TABLE, facts, on).held is not None
    assert where(decide(TABLE, facts, on, settled={"G11"})) == {"dmp": ["primary", ["Q1"]], "sykehusinnkjop": ["copy", ["Q2"]]}


def test_a_submission_outside_the_scheme_suggests_who_handles_it() -> None:
    held = decided("forslag", {"method_type": ["legemiddel"], "status_in_use": ["klinisk_praksis"], "financing": "folketrygden"}).held
    assert held is not None
    assert [dict(choice) for choice in held.suggest] == [{"agency": "dmp", "role": "primary", "task": "blaresept"}]


def table_of(*rules: dict[str, Any]) -> RoutingTable:
    text = {"nb": "fordi", "nn": "fordi", "en": "because"}
    rows = [{"id": f"R{number}", "when": {}, "text": text, **rule} for number, rule in enumerate(rules, start=1)]
    return RoutingTable(read_rules({"rules": rows}), TABLE.actors, FactSource((), ()), "")


def to(agency: str, role: str, **more: Any) -> dict[str, Any]:
    return {"agency": agency, "role": role, "task": f"{role} work", **more}


def test_two_primaries_that_no_rule_names_together_are_left_to_the_secretariat() -> None:
    table = table_of({"then": {"deliver": [to("dmp", "primary")]}}, {"then": {"deliver": [to("fhi", "primary")]}})
    decision = decide(table, {}, date(2026, 1, 1))
    assert decision.held is not None
    assert decision.held.code == PRIMARIES_DISAGREE
    assert [(choice["agency"], choice["role"]) for choice in decision.held.suggest] == [("dmp", "primary"), ("fhi", "primary")]
    assert all(decision.held.reason[language] for language in ("nb", "nn", "en"))


def test_two_primaries_that_one_rule_names_together_stand_even_beside_others() -> None:
    table = table_of({"then": {"deliver": [to("dmp", "primary")]}}, {"then": {"deliver": [to("dmp", "primary"), to("fhi", "primary")]}})
    assert where(decide(table, {}, date(2026, 1, 1))) == {"dmp": ["primary", ["R1", "R2"]], "fhi": ["primary", ["R2"]]}


def test_copies_alone_are_left_to_the_secretariat() -> None:
    held = decide(table_of({"then": {"deliver": [to("dsa", "copy")]}}), {}, date(2026, 1, 1)).held
    assert held is not None
    assert held.code == NO_RULE


def test_an_old_name_of_an_agency_means_the_agency() -> None:
    table = table_of({"then": {"deliver": [to("SLV", "primary")]}}, {"then": {"deliver": [to("dmp", "copy")]}})
    assert where(decide(table, {}, date(2026, 1, 1))) == {"dmp": ["primary", ["R1", "R2"]]}


def test_days_in_a_rule_become_a_date() -> None:
    table = table_of({"then": {"deliver": [to("dmp", "primary", respond_within_days=56)]}})
    assert decide(table, {}, date(2026, 1, 1)).deliveries[0].respond_by == "2026-02-26"


ROLES = st.sampled_from(["primary", "copy"])
DESTINATIONS = st.lists(st.tuples(st.sampled_from(["dmp", "fhi", "sykehusinnkjop", "dsa"]), ROLES), min_size=1, max_size=3)


@given(st.lists(DESTINATIONS, max_size=6))
@settings(max_examples=150, deadline=None)
def test_however_rules_overlap_each_agency_gets_one_delivery_and_primary_beats_copy(named: list[list[tuple[str, str]]]) -> None:
    table = table_of(*({"then": {"deliver": [to(agency, role) for agency, role in row]}} for row in named))
    decision = decide(table, {}, date(2026, 1, 1))
    primaries = {agency for row in named for agency, role in row if role == "primary"}
    together = any(primaries <= {agency for agency, role in row if role == "primary"} for row in named)
    assert (decision.held is None) == (len(primaries) == 1 or bool(primaries and together))
    if decision.held is None:
        agencies = [delivery.agency for delivery in decision.deliveries]
        assert sorted(agencies) == sorted({agency for row in named for agency, _ in row})
        for delivery in decision.deliveries:
            assert (delivery.role == "primary") == (delivery.agency in primaries)
            naming = [f"R{number}" for number, row in enumerate(named, start=1) if delivery.agency in {agency for agency, _ in row}]
            assert [reason.id for reason in delivery.rules] == naming


ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "method_type": st.lists(st.sampled_from(["legemiddel", "medisinsk_utstyr_ce", "prosedyre", "annet"]), unique=True)
        | st.sampled_from(["legemiddel", "annet"]),
        "phase": st.sampled_from(["foer_bestillerforum", "under_metodevurdering", "foer_beslutning"]),
        "tags": st.lists(st.sampled_from(["genterapi", "medisinsk_straaling"]), unique=True),
        "request_concerns": st.lists(st.sampled_from(["nytt_virkestoff", "ny_styrke", "ny_formulering"]), unique=True),
        "pd_l1_scheme": st.sampled_from(["ja", "nei"]),
        "tender_exists": st.booleans(),
        "price_only": st.booleans(),
        "radiation_involved": st.booleans(),
        "atc_code": st.sampled_from(["V10XX05", "L01FF02", "V"]),
        "financing": st.text(max_size=40) | st.none() | st.just("folketrygd"),
        "title": st.text(max_size=40),
    },
)


@given(st.sampled_from(load_forms(SCHEMAS / "forms").types()), ANSWERS, st.dates(date(2013, 1, 1), date(2030, 1, 1)))
@settings(max_examples=150, deadline=None)
def test_every_submission_has_a_primary_or_is_held_with_a_reason(form_type: str, answers: dict[str, Any], on: date) -> None:
    decision = decided(form_type, answers, on)
    if decision.held is not None:
        assert not decision.deliveries
        assert decision.held.reason["nb"]
    else:
        assert any(delivery.role == "primary" for delivery in decision.deliveries)
        assert all(delivery.rules for delivery in decision.deliveries)
    assert decision == decided(form_type, answers, on)


@pytest.mark.parametrize(
    "then",
    [
        {},
        {"deliver": [to("nobody", "primary")]},
        {"deliver": [to("sekretariat", "primary")]},
        {"deliver": [{"agency": "dmp", "role": "chief", "task": "x"}]},
        {"send": []},
    ],
)
def test_a_table_with_a_meaningless_rule_is_refused(then: dict[str, Any], tmp_path: Path) -> None:
    for name in ("actors.json", "submitters.json", "facts.json"):
        (tmp_path / name).write_bytes((SCHEMAS / "routing" / name).read_bytes())
    rule = {"id": "R1", "when": {}, "then": then, "text": {"nb": "a", "nn": "b", "en": "c"}}
    (tmp_path / "rules.json").write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
    with pytest.raises(RuleTableError):
        load_table(tmp_path)


def test_the_same_case_is_recognised_whatever_its_spelling() -> None:
    case_key = TABLE.source.case_key
    one = case_key("anmodning", {"active_substance": "Eksempel-mab ", "indication": "Brystkreft, avansert."})
    assert one == case_key("anmodning", {"active_substance": "eksempel mab", "indication": "brystkreft  avansert"})
    assert one != case_key("revurdering", {"active_substance": "eksempel mab", "indication": "brystkreft avansert"})
    assert one != case_key("anmodning", {"active_substance": "eksempel mab", "indication": "lungekreft"})
    assert case_key("forslag", {"title": "noe"}) is None
