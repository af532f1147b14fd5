"""Rules as data: dated tables of "when these facts hold, then this", read from JSON and matched without knowing what they are about."""

from services.shared.rules.gates import Gates, Outcome, load_gates, outcome
from services.shared.rules.table import Match, Rule, RuleTableError, load_rules, matching, read_rules

__all__ = ["Gates", "Match", "Outcome", "Rule", "RuleTableError", "load_gates", "load_rules", "matching", "outcome", "read_rules"]
