"""Cases as data: what is changed in complete answers, and what the checks are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.shared.forms import CheckContext
from tests.shared.forms.answers import good_answers
from tests.shared.forms.small_forms import TODAY

KINDS = {"anmodning": "drug_vendor", "revurdering": "drug_vendor", "forslag": "hospital", "innspill": "hospital", "metodevarsel": "fhi"}


class Table:
    """A register that is fresh, made of a dictionary."""

    is_fresh = True

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        self._rows = rows

    def rows(self, key: str) -> Sequence[Mapping[str, str]]:
        """The rows of a key."""
        return self._rows.get(key, ())


def answers_of(form_type: str, case: Mapping[str, Any], which: str) -> dict[str, Any]:
    """Complete answers to a form, changed as a case says; rows of a group keep what the case does not say."""
    answers = good_answers(form_type, TODAY)
    for key, value in case[which].items():
        if value is None:
            answers.pop(key, None)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            answers[key] = [{**answers[key][0], **row} for row in value]
        else:
            answers[key] = value
    if "repeat" in case:
        field = case["repeat"]["field"]
        answers[field] = (answers[field] * case["repeat"][which]).strip()
    return answers


def context_of(form_type: str, case: Mapping[str, Any], which: str) -> CheckContext:
    """What the checks are told in a case."""
    told = {**case.get("told", {}), **case.get(f"told_{which}", {})}
    if "registers" in told:
        told["registers"] = {name: Table(rows) for name, rows in told["registers"].items()}
    if "input_deadline" in told:
        told["input_deadline"] = date.fromisoformat(told["input_deadline"])
    return CheckContext(**{"today": TODAY, "received_at": TODAY, "submitter_kind": KINDS.get(form_type, "unknown"), "identity_numbers": [], **told})
