"""The gates: what becomes of a submission, given what is wrong with it. Runs on the project's own table."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.shared.forms import CheckContext, Finding, check, load_forms
from services.shared.rules import Outcome, RuleTableError, load_gates, outcome
from services.shared.settings import SCHEMAS
from tests.shared.forms.answers import good_answers

TODAY = date(2026, 11, 22)
GATES = load_gates(SCHEMAS / "rules" / "gates.json")
TEXT = {"nb": "tekst", "nn": "tekst", "en": "text"}


def found(code: str, pointer: str | None = "/atc_code", **more: Any) -> Finding:
    return Finding(pointer, None, code, TEXT, **more)


def decide(findings: list[Finding], answers: dict[str, Any] | None = None, **more: Any) -> Outcome:
    return outcome(GATES, findings, answers or {}, TODAY, **more)


def test_nothing_wrong_is_accepted() -> None:
    assert decide([]) == Outcome("accepted", (), ())


def test_warnings_do_not_stop_a_submission_but_stay_on_it() -> None:
    warning = found("atc-complete", severity="warning")
    assert decide([warning]) == Outcome("accepted", (), (warning,))


def test_an_accepted_error_does_not_stop_a_submission_but_stays_on_it() -> None:
    accepted = found("pattern", accepted_by="sekretariat")
    assert decide([accepted]).status == "accepted"
    assert decide([accepted]).findings == (accepted,)


@pytest.mark.parametrize(
    ("code", "answers", "status", "gates"),
    [
        ("submitter-is-not-drug-vendor", {}, "needs_correction", ["G1"]),
        ("earlier-decision-exists", {"price_only": False}, "needs_correction", ["G3"]),
        ("new-clinical-data-needed", {"new_clinical_data": False}, "rejected", ["G4"]),
        ("whole-indication", {}, "needs_correction", ["G6"]),
        ("required", {}, "needs_correction", ["G9"]),
        ("attachment_missing", {}, "needs_correction", ["G9"]),
        ("power-of-attorney-attached", {}, "needs_correction", ["G9"]),
        ("national_identity_number", {}, "quarantined", ["G10"]),
        ("pattern", {}, "needs_correction", []),
        ("file_corrupt", {}, "needs_correction", []),
    ],
)
def test_each_gate_has_its_outcome(code: str, answers: dict[str, Any], status: str, gates: list[str]) -> None:
    result = decide([found(code)], answers)
    assert (result.status, [gate.id for gate in result.gates]) == (status, gates)


def test_a_forgotten_answer_about_new_data_is_not_a_rejection() -> None:
    assert decide([found("new-clinical-data-needed"), found("required", "/new_clinical_data")]).status == "needs_correction"


def test_the_weightiest_of_several_outcomes_counts() -> None:
    rejected, quarantined = found("new-clinical-data-needed"), found("national_identity_number")
    assert decide([found("required"), rejected, quarantined], {"new_clinical_data": False}).status == "quarantined"
    assert decide([found("required"), rejected], {"new_clinical_data": False}).status == "rejected"


def test_what_opening_a_document_shows_has_the_outcome_of_the_policy() -> None:
    infected = found("file_infected", None, document="d1")
    assert decide([infected], statuses={"file_infected": "quarantined"}).status == "quarantined"
    assert decide([infected], statuses={}).status == "needs_correction"


def test_a_price_offer_alone_needs_no_decision_and_no_clinical_data() -> None:
    waived = [
        found("earlier-decision-exists", "/original_method_id"),
        found("new-clinical-data-needed", "/new_clinical_data"),
        found("new-data-after-decision", "/new_data_since"),
        *(
            found("required", pointer)
            for pointer in ("/new_clinical_data_details", "/new_data_type", "/new_data_since", "/studies", "/studies/0/aim")
        ),
    ]
    result = decide(waived, {"price_only": True, "new_clinical_data": False})
    assert (result.status, [gate.id for gate in result.gates], result.findings) == ("accepted", ["price-only"], ())


def test_a_whole_form_with_a_price_offer_alone_is_accepted_without_clinical_data() -> None:
    definition = load_forms(SCHEMAS / "forms").newest("revurdering")
    assert definition is not None
    clinical = ("new_clinical_data", "new_clinical_data_details", "new_data_type", "new_data_since", "studies")
    answers = {key: value for key, value in good_answers("revurdering", TODAY).items() if key not in clinical}
    context = CheckContext(TODAY, TODAY, submitter_kind="drug_vendor", identity_numbers=[])
    for price_only, status in ((True, "accepted"), (False, "needs_correction")):
        given = answers | {"price_only": price_only}
        assert outcome(GATES, check(definition, given, context).findings, given, TODAY).status == status


@pytest.mark.parametrize("finding", [found("required", "/trade_name"), found("required", "/studies_other"), found("pattern", "/studies/0/id")])
def test_a_price_offer_alone_still_needs_everything_else(finding: Finding) -> None:
    result = decide([finding], {"price_only": True})
    assert (result.status, result.findings) == ("needs_correction", (finding,))


@pytest.mark.parametrize("price_only", [False, None, "true"])
def test_only_a_plain_yes_makes_it_a_price_offer_alone(price_only: Any) -> None:
    assert decide([found("required", "/studies")], {"price_only": price_only}).status == "needs_correction"


@pytest.mark.parametrize("then", [{}, {"status": "lost"}, {"waive": False}, {"status": "rejected", "waive": True}])
def test_a_gate_without_a_known_outcome_is_refused(tmp_path: Path, then: dict[str, Any]) -> None:
    table = {
        "order": ["rejected"],
        "otherwise": "rejected",
        "clear": "accepted",
        "rules": [{"id": "a", "when": True, "then": then, "text": TEXT}],
    }
    path = tmp_path / "gates.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(RuleTableError):
        load_gates(path)
