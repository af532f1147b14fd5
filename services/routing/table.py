"""The routing table: rules, actors and where the facts come from, read from ``schemas/routing`` and checked before use."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from services.routing.facts import FactSource
from services.shared.actors import Actors, load_actors
from services.shared.rules import Rule, RuleTableError, load_rules

PRIMARY = "primary"
COPY = "copy"
_THEN_KEYS = frozenset({"number", "deliver", "only", "hold", "tags"})
_DESTINATION_KEYS = frozenset({"agency", "role", "task", "respond_within_days"})


@dataclass(frozen=True)
class RoutingTable:
    """Everything a decision depends on besides the submission. ``digest`` is the SHA-256 (hex) of the rules' file."""

    rules: tuple[Rule, ...]
    actors: Actors
    source: FactSource
    digest: str


@cache
def load_table(folder: Path) -> RoutingTable:
    """Read and check the table in a folder; kept for the life of the process.

    Raises RuleTableError when a rule names an unknown agency, role or action.
    """
    rules_file = folder / "rules.json"
    actors = load_actors(folder)
    rules = load_rules(rules_file)
    for rule in rules:
        _check(rule, actors)
    source = FactSource.read(json.loads((folder / "facts.json").read_text(encoding="utf-8")))
    return RoutingTable(rules, actors, source, hashlib.sha256(rules_file.read_bytes()).hexdigest())


def _check(rule: Rule, actors: Actors) -> None:
    unknown = rule.then.keys() - _THEN_KEYS
    if unknown or not rule.then.keys() & {"deliver", "only", "hold", "tags"}:
        raise RuleTableError(f"rule {rule.id}: then does nothing, or has unknown keys {sorted(unknown)}")
    for destination in destinations(rule.then):
        actor = actors.get(destination["agency"])
        if destination.keys() - _DESTINATION_KEYS or destination["role"] not in (PRIMARY, COPY) or not destination["task"]:
            raise RuleTableError(f"rule {rule.id}: {destination} is no destination")
        if actor is None or not actor.takes_work:
            raise RuleTableError(f"rule {rule.id}: {destination['agency']} takes no work")


def destinations(then: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every agency that a rule names, as ``{"agency", "role", "task"}``."""
    yield from then.get("deliver", ())
    yield from then.get("only", ())
    yield from then.get("hold", {}).get("suggest", ())
