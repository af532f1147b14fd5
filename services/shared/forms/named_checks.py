"""The closed list of named checks that a form definition may use.

A check is told the arguments and fields it is about and yields the places where it is not met. An empty value is left alone, except
where a check is about something being filled in. Values that are malformed are reported as such before, and never reach the reader
twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from services.shared.characters import normalised
from services.shared.forms.conditions import holds, is_unanswered, same
from services.shared.forms.context import CheckContext
from services.shared.forms.periods import Period
from services.shared.identity_numbers import find_identity_numbers
from services.shared.organisation_numbers import has_right_control_digit

NEEDS: Final = frozenset({None, "submitter", "register", "scan"})

Answers = Mapping[str, Any]
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check is not met: a path into the answers, or a document."""

    path: tuple[str | int, ...] = ()
    document: str | None = None


CheckFunction = Callable[[Arguments, Sequence[str], Answers, CheckContext], Iterator[Place]]


@dataclass(frozen=True, slots=True)
class NamedCheck:
    """A check function, the arguments it takes, and which of them are keys of fields."""

    function: CheckFunction
    arguments: frozenset[str]
    field_arguments: tuple[str, ...] = ("field",)


def must_be(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A field has a certain value (or one of several), or with ``filled`` is filled in at all."""
    if not holds(arguments.get("when"), answers):
        return
    value = answers.get(arguments["field"])
    if arguments.get("filled"):
        met = not is_unanswered(value)
    else:
        wanted = arguments["value"] if isinstance(arguments["value"], list) else [arguments["value"]]
        met = any(same(value, one) for one in wanted)
    if not met:
        yield Place((arguments["field"],))


def submitter_kind(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """The submitter is of one of some kinds, or not of others. An unknown kind passes: the secretariat sees who it is."""
    kind = context.submitter_kind
    if kind in (None, "unknown"):
        return
    allowed = kind in arguments["kinds"] if "kinds" in arguments else kind not in arguments["not_kinds"]
    if not allowed and not ("or_when" in arguments and holds(arguments["or_when"], answers)):
        yield Place((at[0],))


def org_number(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """The control digit of an organisation number is right."""
    value = answers.get(arguments["field"])
    if not isinstance(value, str) or not re.fullmatch("[0-9]{9}", value) or not holds(arguments.get("when"), answers):
        return
    if not has_right_control_digit(value):
        yield Place((arguments["field"],))


def in_register(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A register has the value; or with ``by`` and ``column``, what the register says of another field's value is this value."""
    register = (context.registers or {})[arguments["register"]]  # is there: see lacks
    for path, value in _values(arguments, answers):
        if "by" not in arguments:
            if not register.rows(str(value)):
                yield Place(path)
            continue
        key = answers.get(arguments["by"])
        rows = register.rows(key) if isinstance(key, str) else ()
        # A key that the register does not have is the business of another check; a row that does not say it contradicts nobody.
        if rows and all(row.get(arguments["column"]) and row[arguments["column"]] != value for row in rows):
            yield Place(path)


def format_warn(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A value looks the way such values usually do: a pattern found in it, not at some mail domains, a number not under a minimum."""
    if not holds(arguments.get("when"), answers):
        return
    for path, value in _values(arguments, answers):
        if isinstance(value, str):
            domain = value.rpartition("@")[2].casefold()
            unlike = "pattern" in arguments and not _compiled(arguments["pattern"]).search(value)
            if unlike or domain in arguments.get("not_domains", ()):
                yield Place(path)
        elif isinstance(value, int) and not isinstance(value, bool) and value < arguments.get("minimum", value):
            yield Place(path)


def requires_attachment(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """An attachment was sent: the one that a field names, or any at all."""
    if not holds(arguments.get("when"), answers):
        return
    if "field" not in arguments:
        met = bool(context.attachments)
    else:
        value = answers.get(arguments["field"])
        met = isinstance(value, str) and was_sent(value, context.attachments)
    if not met:
        yield Place((at[0],))


def only_if(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A field is filled in only when a condition holds."""
    if not is_unanswered(answers.get(arguments["field"])) and not holds(arguments["when"], answers):
        yield Place((arguments["field"],))


def in_past(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A date lies before today, or with ``allow_today`` is today."""
    value, today = Period.parse(answers.get(arguments["field"])), Period.of(context.today)
    if value is not None and not value.is_before(today) and not (arguments.get("allow_today") and not today.is_before(value)):
        yield Place((arguments["field"],))


def in_future(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A date or month lies after the present one, or with ``allow_current`` is the present one."""
    value, today = Period.parse(answers.get(arguments["field"])), Period.of(context.today)
    if value is not None and not today.is_before(value) and not (arguments.get("allow_current") and not value.is_before(today)):
        yield Place((arguments["field"],))


def not_before(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A date or month is not before another one, moved by the offsets."""
    pair = _two_periods(arguments, answers, context)
    if pair is not None and pair[0].is_before(pair[1]):
        yield Place((at[0],))


def not_after(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A date or month is not after another one, moved by the offsets."""
    pair = _two_periods(arguments, answers, context)
    if pair is not None and pair[1].is_before(pair[0]):
        yield Place((at[0],))


def within_months(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A date or month comes at most so many months after another one."""
    value, start = _period(arguments["field"], answers, context), _period(arguments["of"], answers, context)
    if value is not None and start is not None and start.shifted(months=arguments["months"]).is_before(value):
        yield Place((at[0],))


def atc_prefix(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """Under a condition an ATC code begins in one of some ways; or with ``expects``, a code that begins so goes with a condition."""
    value = answers.get(arguments["field"])
    if not isinstance(value, str) or not holds(arguments.get("when"), answers):
        return
    begins = value.startswith(tuple(arguments["prefixes"]))
    if begins and not holds(arguments["expects"], answers) if "expects" in arguments else not begins:
        yield Place((arguments["field"],))


def word_limit(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """A text has at most so many words."""
    value = answers.get(arguments["field"])
    if isinstance(value, str) and len(value.split()) > arguments["max_words"]:
        yield Place((arguments["field"],))


def atc_matches_method_type(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """An ATC code is given only for a medicine."""
    method_type = answers.get(arguments["method_type"])
    if is_unanswered(answers.get(arguments["atc"])) or is_unanswered(method_type):
        return
    given = method_type if isinstance(method_type, list) else [method_type]
    if not any(value in arguments["drug_values"] for value in given):
        yield Place((arguments["atc"],))


def no_national_identity_number(arguments: Arguments, at: Sequence[str], answers: Answers, context: CheckContext) -> Iterator[Place]:
    """No national identity number stands in the texts of the answers or was found in a document."""
    if "answers" in arguments["scope"]:
        for key in at:
            yield from (Place(path) for path, text in _texts((key,), answers.get(key)) if find_identity_numbers(text))
    if "documents" in arguments["scope"]:
        yield from (Place(document=document) for document in context.identity_numbers or ())


def was_sent(name: str, attachments: Sequence[str]) -> bool:
    """Whether an attachment of that name is among those sent; folders, case and the form of composed letters do not count."""
    return _plain_name(name) in {_plain_name(sent) for sent in attachments}


def lacks(arguments: Arguments, needs: str | None, context: CheckContext) -> bool:
    """Whether the context cannot give what a check needs to know."""
    if needs == "submitter":
        return context.submitter_kind is None
    if needs == "scan":
        return context.identity_numbers is None
    if "@input_deadline" in arguments.values():
        return context.input_deadline is None
    return "register" in arguments and arguments["register"] not in (context.registers or {})


def _plain_name(name: str) -> str:
    return normalised("NFC", re.split(r"[/\\]", name.strip())[-1]).casefold()


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _values(arguments: Arguments, answers: Answers) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Each single value of the field, the items of a list one by one, or of a sub field in each row of a group, with its path."""
    if "group" in arguments:
        rows = answers.get(arguments["group"])
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            value = row.get(arguments["sub_field"]) if isinstance(row, dict) else None
            if not is_unanswered(value):
                yield (arguments["group"], number, arguments["sub_field"]), value
        return
    value = answers.get(arguments["field"])
    if isinstance(value, list):
        yield from (((arguments["field"], number), item) for number, item in enumerate(value))
    elif not is_unanswered(value):
        yield (arguments["field"],), value


def _texts(path: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts((*path, key), item)


def _two_periods(arguments: Arguments, answers: Answers, context: CheckContext) -> tuple[Period, Period] | None:
    """The period of ``field`` and that of ``other`` moved by the offsets; None when one is missing or the condition does not hold."""
    value, other = _period(arguments["field"], answers, context), _period(arguments["other"], answers, context)
    if value is None or other is None or not holds(arguments.get("when"), answers):
        return None
    return value, other.shifted(months=arguments.get("offset_months", 0), days=arguments.get("offset_days", 0))


def _period(name: str, answers: Answers, context: CheckContext) -> Period | None:
    if name == "@received":
        return Period.of(context.received_at)
    if name == "@input_deadline":
        return Period.of(context.input_deadline) if context.input_deadline else None
    return Period.parse(answers.get(name, name))


_TWO_DATES: Final = frozenset({"field", "other", "offset_days", "offset_months", "when"})

NAMED_CHECKS: Final[Mapping[str, NamedCheck]] = MappingProxyType(
    {
        "must_be": NamedCheck(must_be, frozenset({"field", "value", "filled", "when"})),
        "submitter_kind": NamedCheck(submitter_kind, frozenset({"kinds", "not_kinds", "or_when"}), ()),
        "org_number": NamedCheck(org_number, frozenset({"field", "when"})),
        "in_register": NamedCheck(in_register, frozenset({"field", "register", "by", "column"}), ("field", "by")),
        "format_warn": NamedCheck(
            format_warn, frozenset({"field", "group", "sub_field", "pattern", "not_domains", "minimum", "when"}), ("field", "group")
        ),
        "requires_attachment": NamedCheck(requires_attachment, frozenset({"field", "when"})),
        "only_if": NamedCheck(only_if, frozenset({"field", "when"})),
        "in_past": NamedCheck(in_past, frozenset({"field", "allow_today"})),
        "in_future": NamedCheck(in_future, frozenset({"field", "allow_current"})),
        "not_before": NamedCheck(not_before, _TWO_DATES, ("field", "other")),
        "not_after": NamedCheck(not_after, _TWO_DATES, ("field", "other")),
        "within_months": NamedCheck(within_months, frozenset({"field", "of", "months"}), ("field", "of")),
        "atc_prefix": NamedCheck(atc_prefix, frozenset({"field", "prefixes", "when", "expects"})),
        "word_limit": NamedCheck(word_limit, frozenset({"field", "max_words"})),
        "atc_matches_method_type": NamedCheck(atc_matches_method_type, frozenset({"atc", "method_type", "drug_values"}), ("atc", "method_type")),
        "no_national_identity_number": NamedCheck(no_national_identity_number, frozenset({"scope"}), ()),
    }
)
