"""A table of rules and which of them match.

A table is a JSON object with the list ``rules``; each rule is

    {"id": "…", "when": <JSON Schema 2020-12 over the facts>, "then": {…}, "text": {"nb": …, "nn": …, "en": …},
     "valid_from": "YYYY-MM-DD" | null, "valid_to": "YYYY-MM-DD" | null, "replaces": ["id", …], "source": "…"}

``valid_from`` and ``valid_to`` are the first and the last day on which the rule holds; either may be left out. ``then`` is for the
reader of the table and is never interpreted here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from services.shared.words import LANGUAGES

_REQUIRED_KEYS = frozenset({"id", "when", "then", "text"})
_KEYS = _REQUIRED_KEYS | {"valid_from", "valid_to", "replaces", "source"}


class RuleTableError(ValueError):
    """A table of rules is not well formed; the message says which rule and what is wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table."""

    id: str
    when: Mapping[str, Any]
    then: Mapping[str, Any]
    text: Mapping[str, str]
    valid_from: date | None
    valid_to: date | None
    replaces: tuple[str, ...]
    _validator: Draft202012Validator = field(repr=False, compare=False)

    def holds(self, facts: Mapping[str, Any], on: date) -> bool:
        """Whether the rule is in force that day and its ``when`` fits the facts."""
        if self.valid_from is not None and on < self.valid_from:
            return False
        if self.valid_to is not None and on > self.valid_to:
            return False
        return bool(self._validator.is_valid(facts))


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched. ``replaced_by`` names the matching rules that take its place; empty means that it has effect."""

    rule: Rule
    replaced_by: tuple[str, ...] = ()

    @property
    def in_effect(self) -> bool:
        """Whether no other matching rule takes its place."""
        return not self.replaced_by


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Read the table in a file.

    Raises RuleTableError when a rule is malformed, an id is used twice or rules replace each other in a ring.
    """
    return read_rules(json.loads(path.read_text(encoding="utf-8")))


def read_rules(table: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a table that has been parsed already; raises like ``load_rules``."""
    rules = tuple(_rule(row) for row in table["rules"])
    known = {rule.id: rule for rule in rules}
    if len(known) != len(rules):
        raise RuleTableError("an id is used by two rules")
    for rule in rules:
        for replaced in rule.replaces:
            if replaced not in known:
                raise RuleTableError(f"rule {rule.id} replaces {replaced}, which is not in the table")
        _refuse_ring(rule, known)
    return rules


def matching(rules: Sequence[Rule], facts: Mapping[str, Any], on: date) -> list[Match]:
    """The rules that hold for the facts on a day, in the order of the table.

    A rule that another matching rule replaces stays in the list with ``replaced_by`` filled in, so that people can see it was
    considered. A replaced rule replaces nothing itself.
    """
    held = [rule for rule in rules if rule.holds(facts, on)]
    replaced_by: dict[str, tuple[str, ...]] = {}

    def replacers(rule: Rule) -> tuple[str, ...]:
        if rule.id not in replaced_by:
            replaced_by[rule.id] = tuple(other.id for other in held if rule.id in other.replaces and not replacers(other))
        return replaced_by[rule.id]

    return [Match(rule, replacers(rule)) for rule in held]


def _rule(row: Mapping[str, Any]) -> Rule:
    name = row.get("id", "without id")
    unknown, missing = row.keys() - _KEYS, _REQUIRED_KEYS - row.keys()
    if unknown or missing:
        raise RuleTableError(f"rule {name}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")
    if set(row["text"]) != set(LANGUAGES) or not all(row["text"].values()):
        raise RuleTableError(f"rule {name}: text must be given in {', '.join(LANGUAGES)}")
    try:
        Draft202012Validator.check_schema(row["when"])
        valid_from, valid_to = _day(row.get("valid_from")), _day(row.get("valid_to"))
    except (SchemaError, ValueError) as error:
        raise RuleTableError(f"rule {name}: {error}") from error
    if valid_from and valid_to and valid_to < valid_from:
        raise RuleTableError(f"rule {name}: valid_to is before valid_from")
    return Rule(
        id=row["id"],
        when=row["when"],
        then=row["then"],
        text=row["text"],
        valid_from=valid_from,
        valid_to=valid_to,
        replaces=tuple(row.get("replaces", ())),
        _validator=Draft202012Validator(row["when"]),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _refuse_ring(start: Rule, known: Mapping[str, Rule]) -> None:
    seen: set[str] = set()
    waiting: list[str] = list(start.replaces)
    while waiting:
        current = waiting.pop()
        if current == start.id:
            raise RuleTableError(f"rule {start.id} ends up replacing itself")
        if current not in seen:
            seen.add(current)
            waiting.extend(known[current].replaces if current in known else ())
