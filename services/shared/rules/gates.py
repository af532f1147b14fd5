"""The gates of validation: what becomes of a submission, given what was found wrong.

A table of gates is a table of rules over the facts ``{"finding": {"code", "pointer", "document"}, "answers": {…}}``, asked once for
each error. ``then`` is ``{"status": …}`` or ``{"waive": true}``, which drops the finding. Beside the rules stand ``order`` (the
statuses, the weightiest first), ``otherwise`` (the status of an error that no gate speaks of) and ``clear`` (the status when nothing is
wrong).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from services.shared.forms.findings import Finding
from services.shared.rules.table import Rule, RuleTableError, matching, read_rules

_NO_STATUSES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Gates:
    """A table of gates."""

    rules: tuple[Rule, ...]
    order: tuple[str, ...]
    otherwise: str
    clear: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """``status`` is what becomes of the submission, ``gates`` are the rules that had effect, ``findings`` those that still stand."""

    status: str
    gates: tuple[Rule, ...]
    findings: tuple[Finding, ...]


def load_gates(path: Path) -> Gates:
    """Read a table of gates. Raises RuleTableError when it is malformed."""
    table = json.loads(path.read_text(encoding="utf-8"))
    gates = Gates(read_rules(table), tuple(table["order"]), table["otherwise"], table["clear"])
    for rule in gates.rules:
        if rule.then != {"waive": True} and not (set(rule.then) == {"status"} and rule.then["status"] in gates.order):
            raise RuleTableError(f"gate {rule.id}: then must waive or give one of the statuses {', '.join(gates.order)}")
    if gates.otherwise not in gates.order:
        raise RuleTableError(f"otherwise is {gates.otherwise}, which is not in order")
    return gates


def outcome(gates: Gates, findings: Sequence[Finding], answers: Mapping[str, Any], on: date, statuses: Mapping[str, str] = _NO_STATUSES) -> Outcome:
    """What becomes of a submission with these findings on a day.

    Warnings, and errors that someone has accepted, decide nothing. ``statuses`` gives a status by code for errors that no gate speaks
    of (the policy's for what opening a document shows). Of several statuses the weightiest counts.
    """
    reached, fired, standing = [gates.clear], set[str](), []
    for finding in findings:
        facts = {
            "finding": {"code": finding.code, "pointer": finding.pointer, "document": finding.document},
            "answers": answers,
        }
        effective = [match.rule for match in matching(gates.rules, facts, on) if match.in_effect]
        if any("waive" in rule.then for rule in effective):
            fired |= {rule.id for rule in effective}
            continue
        standing.append(finding)
        if finding.severity == "error" and finding.accepted_by is None:
            fired |= {rule.id for rule in effective}
            reached += [rule.then["status"] for rule in effective] or [statuses.get(finding.code, gates.otherwise)]
    weight = {status: place for place, status in enumerate((*gates.order, gates.clear))}
    status = min(reached, key=lambda each: weight[each])
    return Outcome(status, tuple(rule for rule in gates.rules if rule.id in fired), tuple(standing))
