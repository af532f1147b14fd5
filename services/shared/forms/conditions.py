"""The conditions in a form definition: when a field must be filled in, when a check applies.

    {"field": "key", "is": value or [values]}    {"all": [conditions]}    {"any": [conditions]}

``null`` among the values means "unanswered". For a field with several choices ``is`` means "contains any of".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Condition = Mapping[str, Any]


def is_unanswered(value: object) -> bool:
    """Whether a value counts as no answer: nothing, blank text, or an empty list or row."""
    return value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, (list, dict)) and not value)


def same(left: object, right: object) -> bool:
    """Equality as JSON has it: true is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def wanted_values(condition: Condition) -> list[Any]:
    """The values of a simple condition as a list."""
    wanted = condition["is"]
    return wanted if isinstance(wanted, list) else [wanted]


def holds(condition: Condition | None, answers: Mapping[str, Any]) -> bool:
    """Whether a condition holds for the answers; no condition always holds."""
    if condition is None:
        return True
    if "all" in condition:
        return all(holds(part, answers) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, answers) for part in condition["any"])
    value = answers.get(condition["field"])
    given = [None] if is_unanswered(value) else value if isinstance(value, list) else [value]
    return any(same(one, wanted) for one in given for wanted in wanted_values(condition))


def fields_of(condition: Condition | None) -> set[str]:
    """The keys of the fields that a condition looks at."""
    if condition is None:
        return set()
    parts = condition.get("all") or condition.get("any")
    return {condition["field"]} if parts is None else set().union(*(fields_of(part) for part in parts))


def problem_with(condition: Any) -> str | None:
    """What is malformed about a condition, or None."""
    if not isinstance(condition, Mapping):
        return f"a condition must be an object, not {condition!r}"
    if set(condition) == {"field", "is"}:
        return None if isinstance(condition["field"], str) and condition["is"] != [] else f"malformed condition {dict(condition)}"
    if set(condition) in ({"all"}, {"any"}) and isinstance(next(iter(condition.values())), list):
        return next((problem for part in next(iter(condition.values())) if (problem := problem_with(part))), None)
    return f"malformed condition {dict(condition)}"
