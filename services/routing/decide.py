"""Which agencies a submission goes to and why: a pure function of the table, the facts and the day.

Gates stop, queue rules add up (domain, section 2): one delivery per agency, primary beats copy, every rule that has effect is listed with
its reason. Primary deliveries to several agencies stand only when one rule names them together; otherwise, and when no rule names a
primary, the secretariat decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from services.routing.table import COPY, PRIMARY, RoutingTable
from services.shared import words
from services.shared.rules import Match, Rule, matching

NO_RULE = "no_rule"
PRIMARIES_DISAGREE = "primaries_disagree"
GATE = "gate"


@dataclass(frozen=True)
class Reason:
    """Why: the rule's number as people know it and its text in nb, nn and en. ``row`` is the table's own id of the row."""

    id: str
    reason: Mapping[str, str]
    row: str

    def as_data(self) -> dict[str, Any]:
        """As it stands in events."""
        return {"id": self.id, "reason": dict(self.reason), "row": self.row}


@dataclass(frozen=True)
class Delivery:
    """One agency's part. ``respond_by`` is a date (``YYYY-MM-DD``) or None where no source gives a number of days."""

    agency: str
    role: str
    task: str
    rules: tuple[Reason, ...]
    respond_by: str | None = None


@dataclass(frozen=True)
class Hold:
    """Why the secretariat must decide. ``suggest`` are deliveries it may choose."""

    code: str
    reason: Mapping[str, str]
    rules: tuple[Reason, ...] = ()
    suggest: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Decision:
    """Either deliveries or a hold. ``notes`` are matching rules that send nothing; ``replaced`` those whose place another rule took."""

    deliveries: tuple[Delivery, ...] = ()
    held: Hold | None = None
    tags: tuple[str, ...] = ()
    notes: tuple[Reason, ...] = ()
    replaced: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass
class _Part:
    """What has been gathered for one agency so far."""

    role: str
    task: str
    days: int | None
    rules: list[Reason] = field(default_factory=list)

    def respond_by(self, on: date) -> str | None:
        return None if self.days is None else (on + timedelta(days=self.days)).isoformat()


def decide(table: RoutingTable, facts: Mapping[str, Any], on: date, *, settled: Collection[str] = ()) -> Decision:
    """Try the table on the facts as of a day.

    ``settled`` are rows of gates that the secretariat has decided already by accepting the submission: they hold it no more.
    """
    matches = [match for match in matching(table.rules, facts, on) if match.rule.id not in settled]
    effective = [match.rule for match in matches if match.in_effect]
    gate = next((rule for rule in effective if "hold" in rule.then or "only" in rule.then), None)
    if gate is not None and "hold" in gate.then:
        return Decision(held=_gate_hold([rule for rule in effective if "hold" in rule.then]), **_extras(matches, effective))
    if gate is not None:
        effective = [gate]
    extras = _extras(matches, effective)
    parts = _gather(effective, table)
    primaries = {agency for agency, part in parts.items() if part.role == PRIMARY}
    if not primaries:
        return Decision(held=_hold(NO_RULE, parts), **extras)
    if len(primaries) > 1 and not any(primaries <= _primaries_of(rule, table) for rule in effective):
        return Decision(held=_hold(PRIMARIES_DISAGREE, parts), **extras)
    deliveries = tuple(
        Delivery(agency, part.role, part.task, tuple(part.rules), part.respond_by(on))
        for agency, part in sorted(parts.items(), key=lambda item: item[1].role == COPY)
    )
    return Decision(deliveries=deliveries, **extras)


def _reason(rule: Rule) -> Reason:
    return Reason(str(rule.then.get("number", rule.id)), rule.text, rule.id)


def _gather(rules: Sequence[Rule], table: RoutingTable) -> dict[str, _Part]:
    """One part per agency, in the order in which rules name them."""
    parts: dict[str, _Part] = {}
    for rule in rules:
        for wanted in (*rule.then.get("only", ()), *rule.then.get("deliver", ())):
            actor = table.actors.get(wanted["agency"])
            if actor is None:
                raise LookupError(wanted["agency"])
            part = parts.setdefault(actor.id, _Part(wanted["role"], wanted["task"], wanted.get("respond_within_days")))
            if wanted["role"] == PRIMARY and part.role == COPY:
                part.role, part.task, part.days = PRIMARY, wanted["task"], wanted.get("respond_within_days")
            if _reason(rule) not in part.rules:
                part.rules.append(_reason(rule))
    return parts


def _primaries_of(rule: Rule, table: RoutingTable) -> set[str]:
    named = (table.actors.get(wanted["agency"]) for wanted in rule.then.get("deliver", ()) if wanted["role"] == PRIMARY)
    return {actor.id for actor in named if actor is not None}


def _gate_hold(gates: Sequence[Rule]) -> Hold:
    reasons = tuple(_reason(rule) for rule in gates)
    together = {language: " ".join(rule.text[language] for rule in gates) for language in words.LANGUAGES}
    suggest = tuple(dict(choice) for rule in gates for choice in rule.then["hold"]["suggest"])
    return Hold(GATE, together, reasons, suggest)


def _hold(code: str, parts: Mapping[str, _Part]) -> Hold:
    text = {language: words.text(f"routing.hold.{code}", language) for language in words.LANGUAGES}
    suggest = tuple({"agency": agency, "role": part.role, "task": part.task} for agency, part in parts.items())
    reasons: list[Reason] = []
    for part in parts.values():
        reasons.extend(reason for reason in part.rules if reason not in reasons)
    return Hold(code, text, tuple(reasons), suggest)


def _extras(matches: Sequence[Match], effective: Sequence[Rule]) -> dict[str, Any]:
    """What a decision says besides where to: tags, rules that only say something, rules that were replaced."""
    tags = dict.fromkeys(tag for rule in effective for tag in rule.then.get("tags", ()))
    notes = tuple(_reason(rule) for rule in effective if not rule.then.keys() & {"deliver", "only", "hold"})
    replaced = tuple((match.rule.id, match.replaced_by) for match in matches if not match.in_effect)
    return {"tags": tuple(tags), "notes": notes, "replaced": replaced}
