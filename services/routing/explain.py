"""Why a submission went where it went, from what was decided then; and where something would go, for a look beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.routing.decide import Delivery, Reason, decide
from services.routing.facts import History
from services.routing.table import RoutingTable
from services.shared import names, words
from services.shared.events import Event


def explain(story: Sequence[Event], language: str = words.DEFAULT) -> list[dict[str, Any]]:
    """Every decision about a submission in its story, in order.

    Each ``{"at", "by", "outcome": "queued|held", "deliveries": [...], "reason", "rules": [{"id", "reason"}], "suggest", "tags", "notes",
    "replaced", "table", "possible_duplicate_of"}`` with texts in the language.
    """
    told: list[dict[str, Any]] = []
    # With a broker the decision is the plan, and being queued is told later; without one both are one event.
    planned = any(event.type == names.DELIVERIES_PLANNED for event in story)
    decided = names.DELIVERIES_PLANNED if planned else names.DELIVERIES_QUEUED
    for event in story:
        if event.type == decided:
            deliveries = [{**delivery, "rules": _rules(delivery["rules"], language)} for delivery in event.data["deliveries"]]
            told.append(_decision(event, "queued", language, deliveries=deliveries))
        elif event.type == names.SUBMISSION_HELD and event.actor == "routing":
            rules, suggest = _rules(event.data.get("rules", []), language), event.data.get("suggest", [])
            told.append(_decision(event, "held", language, rules=rules, suggest=suggest))
    return told


def preview(
    table: RoutingTable, form_type: str, answers: Mapping[str, Any], on: date, *, submitter_kind: str | None, language: str = words.DEFAULT
) -> dict[str, Any]:
    """Where a form would go if it came on that day, keeping nothing.

    ``{"routing": [as in a submission, state "pending"], "held": null | {"reason", "suggest"}, "skipped": [rules that need history]}``.
    """
    decision = decide(table, table.source.facts(form_type, answers, on, History(submitter_kind=submitter_kind)), on)
    held = decision.held and {
        "reason": words.choose(decision.held.reason, language),
        "rules": _named(decision.held.rules, language),
        "suggest": [dict(choice) for choice in decision.held.suggest],
    }
    return {
        "routing": [_previewed(delivery, language) for delivery in decision.deliveries],
        "held": held,
        "skipped": [rule.id for rule in table.rules if "possible_duplicate" in rule.when.get("required", ())],
    }


def _previewed(delivery: Delivery, language: str) -> dict[str, Any]:
    return {
        "delivery": None,
        "agency": delivery.agency,
        "role": delivery.role,
        "task": delivery.task,
        "rules": _named(delivery.rules, language),
        "state": "pending",
        "respond_by": delivery.respond_by,
    }


def _named(reasons: Sequence[Reason], language: str) -> list[dict[str, str]]:
    return [{"id": reason.id, "reason": words.choose(reason.reason, language)} for reason in reasons]


def _decision(event: Event, outcome: str, language: str, **more: Any) -> dict[str, Any]:
    data = event.data
    return {
        "at": event.at,
        "by": event.actor,
        "outcome": outcome,
        "reason": words.choose(data["reason"], language) if data.get("reason") else None,
        "deliveries": [],
        "rules": [],
        "suggest": [],
        "tags": data.get("tags", []),
        "notes": _rules(data.get("notes", []), language),
        "replaced": data.get("replaced", []),
        "table": data.get("table"),
        "possible_duplicate_of": data.get("possible_duplicate_of"),
        **more,
    }


def _rules(rules: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, str]]:
    return [{"id": rule["id"], "reason": words.choose(rule["reason"], language)} for rule in rules]
