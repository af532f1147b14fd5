"""Each named check: one way it is met, one way it is not, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from services.shared.forms import check
from services.shared.forms.named_checks import NAMED_CHECKS
from tests.shared.forms.small_forms import context, field, form, named, places

FIELDS = (
    field("yes", "bool"),
    field("name"),
    field("other"),
    field("kind", "enum"),
    field("kinds", "enum_multi"),
    field("number", "orgnr"),
    field("method", "method_id"),
    field("methods", "method_id_list"),
    field("mail", "email"),
    field("count", "integer"),
    field("paper", "file"),
    field("first", "date"),
    field("second", "date"),
    field("month", "month"),
    field("later", "month"),
    field("code", "atc"),
    field("refs", "reference_list"),
    field("rows", "group_list", fields=[field("id", "study_id"), field("aim", "long_text")]),
)
YES = {"field": "yes", "is": True}
HIT = "HIT"


class Table:
    """A register made of a dictionary."""

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, str]]], *, is_fresh: bool = True) -> None:
        self._rows = rows
        self.is_fresh = is_fresh

    def rows(self, key: str) -> Sequence[Mapping[str, str]]:
        return self._rows.get(key, ())


REGISTER = {"registers": {"list": Table({"ID2020_001": [{"day": "2021-01-01"}, {"day": "2022-02-02"}], "910000020": [{}]})}}

# check, at, arguments, answers that meet it, answers that do not, where it is told, what the context says
CASES: list[tuple[str, list[str], dict[str, Any], dict[str, Any], dict[str, Any], str, dict[str, Any]]] = [
    ("must_be", ["yes"], {"field": "yes", "value": True}, {"yes": True}, {"yes": False}, "/yes", {}),
    ("must_be", ["yes"], {"field": "yes", "value": True}, {"yes": True}, {}, "/yes", {}),
    ("must_be", ["kind"], {"field": "kind", "value": ["b"]}, {"kind": "b"}, {"kind": "a"}, "/kind", {}),
    ("must_be", ["name"], {"field": "name", "filled": True}, {"name": "x"}, {}, "/name", {}),
    (
        "must_be",
        ["yes"],
        {"field": "yes", "value": False, "when": {"field": "kind", "is": "a"}},
        {"kind": "b", "yes": True},
        {"kind": "a", "yes": True},
        "/yes",
        {},
    ),
    ("org_number", ["number"], {"field": "number"}, {"number": "123456785"}, {"number": "123456786"}, "/number", {}),
    ("org_number", ["number"], {"field": "number"}, {"number": "910000020"}, {"number": "910000021"}, "/number", {}),
    (
        "org_number",
        ["number"],
        {"field": "number", "when": {"field": "yes", "is": [False, None]}},
        {"yes": True, "number": "123456786"},
        {"number": "123456786"},
        "/number",
        {},
    ),
    (
        "in_register",
        ["number"],
        {"field": "number", "register": "list"},
        {"number": "910000020"},
        {"number": "123456785"},
        "/number",
        REGISTER,
    ),
    (
        "in_register",
        ["methods"],
        {"field": "methods", "register": "list"},
        {"methods": ["ID2020_001"]},
        {"methods": ["ID2020_001", "ID2020_002"]},
        "/methods/1",
        REGISTER,
    ),
    (
        "in_register",
        ["first"],
        {"field": "first", "register": "list", "by": "method", "column": "day"},
        {"method": "ID2020_001", "first": "2022-02-02"},
        {"method": "ID2020_001", "first": "2022-02-03"},
        "/first",
        REGISTER,
    ),
    (
        "in_register",
        ["first"],
        {"field": "first", "register": "list", "by": "method", "column": "day"},
        {"method": "ID2020_002", "first": "2022-02-03"},
        {"method": "ID2020_001", "first": "2020-01-01"},
        "/first",
        REGISTER,
    ),
    ("format_warn", ["name"], {"field": "name", "pattern": r"^\S+\s+\S+"}, {"name": "Kari Nordmann"}, {"name": "Kari"}, "/name", {}),
    ("format_warn", ["mail"], {"field": "mail", "not_domains": ["gmail.com"]}, {"mail": "a@b.no"}, {"mail": "a@GMAIL.com"}, "/mail", {}),
    ("format_warn", ["count"], {"field": "count", "minimum": 1}, {"count": 1}, {"count": 0}, "/count", {}),
    (
        "format_warn",
        ["refs"],
        {"field": "refs", "pattern": "https?://"},
        {"refs": ["se https://a.no"]},
        {"refs": ["http://a.no", "bok"]},
        "/refs/1",
        {},
    ),
    (
        "format_warn",
        ["rows"],
        {"group": "rows", "sub_field": "id", "pattern": "NCT[0-9]{8}"},
        {"rows": [{"id": "NCT01234567"}, {"aim": "x"}]},
        {"rows": [{"aim": "x"}, {"id": "studie"}]},
        "/rows/1/id",
        {},
    ),
    ("requires_attachment", ["paper", "yes"], {"field": "paper", "when": YES}, {"yes": False}, {"yes": True}, "/paper", {}),
    ("requires_attachment", ["kind"], {"when": {"field": "kind", "is": "a"}}, {"kind": "b"}, {"kind": "a"}, "/kind", {}),
    ("only_if", ["name"], {"field": "name", "when": YES}, {"yes": True, "name": "x"}, {"yes": False, "name": "x"}, "/name", {}),
    ("in_past", ["first"], {"field": "first", "allow_today": True}, {"first": "2026-11-22"}, {"first": "2026-11-23"}, "/first", {}),
    ("in_past", ["first"], {"field": "first"}, {"first": "2026-11-21"}, {"first": "2026-11-22"}, "/first", {}),
    ("in_future", ["month"], {"field": "month", "allow_current": True}, {"month": "2026-11"}, {"month": "2026-10"}, "/month", {}),
    ("in_future", ["month"], {"field": "month"}, {"month": "2026-12"}, {"month": "2026-11"}, "/month", {}),
    (
        "not_before",
        ["second", "first"],
        {"field": "second", "other": "first"},
        {"first": "2020-01-02", "second": "2020-01-02"},
        {"first": "2020-01-02", "second": "2020-01-01"},
        "/second",
        {},
    ),
    (
        "not_before",
        ["second"],
        {"field": "second", "other": "first", "offset_days": 1},
        {"first": "2020-02-28", "second": "2020-02-29"},
        {"first": "2020-02-28", "second": "2020-02-28"},
        "/second",
        {},
    ),
    (
        "not_before",
        ["second"],
        {"field": "second", "other": "2013-01-01"},
        {"second": "2013-01-01"},
        {"second": "2012-12-31"},
        "/second",
        {},
    ),
    (
        "not_before",
        ["month"],
        {"field": "month", "other": "@received", "offset_months": 3},
        {"month": "2027-02"},
        {"month": "2027-01"},
        "/month",
        {},
    ),
    (
        "not_before",
        ["month"],
        {"field": "month", "other": "@received", "offset_months": -1, "when": YES},
        {"yes": True, "month": "2026-10"},
        {"yes": True, "month": "2026-09"},
        "/month",
        {},
    ),
    (
        "not_after",
        ["first"],
        {"field": "first", "other": "@received", "offset_days": 30},
        {"first": "2026-12-22"},
        {"first": "2026-12-23"},
        "/first",
        {},
    ),
    (
        "within_months",
        ["later"],
        {"field": "later", "of": "month", "months": 4},
        {"month": "2026-10", "later": "2027-02"},
        {"month": "2026-10", "later": "2027-03"},
        "/later",
        {},
    ),
    (
        "within_months",
        ["month"],
        {"field": "month", "of": "@received", "months": 12},
        {"month": "2027-11"},
        {"month": "2027-12"},
        "/month",
        {},
    ),
    (
        "atc_prefix",
        ["code"],
        {"field": "code", "prefixes": ["L01FF", "L01XC"], "when": YES},
        {"yes": True, "code": "L01FF02"},
        {"yes": True, "code": "L01FX02"},
        "/code",
        {},
    ),
    (
        "atc_prefix",
        ["code"],
        {"field": "code", "prefixes": ["V09"], "expects": YES},
        {"yes": True, "code": "V09AA01"},
        {"yes": False, "code": "V09AA01"},
        "/code",
        {},
    ),
    ("word_limit", ["name"], {"field": "name", "max_words": 2}, {"name": "en to"}, {"name": "en to tre"}, "/name", {}),
    (
        "atc_matches_method_type",
        ["code", "kind"],
        {"atc": "code", "method_type": "kind", "drug_values": ["a"]},
        {"code": "A10BA02", "kind": "a"},
        {"code": "A10BA02", "kind": "b"},
        "/code",
        {},
    ),
    (
        "atc_matches_method_type",
        ["code", "kinds"],
        {"atc": "code", "method_type": "kinds", "drug_values": ["a"]},
        {"code": "A10BA02", "kinds": ["b", "a"]},
        {"code": "A10BA02", "kinds": ["b"]},
        "/code",
        {},
    ),
    ("submitter_kind", ["name"], {"kinds": ["drug_vendor"], "or_when": YES}, {"yes": True}, {}, "/name", {"submitter_kind": "hospital"}),
    (
        "no_national_identity_number",
        ["name"],
        {"scope": ["answers"]},
        {"name": "01019012345"},
        {"name": "født 010190 12480 i Oslo"},
        "/name",
        {"identity_numbers": []},
    ),
]


@pytest.mark.parametrize(("name", "at", "arguments", "met", "unmet", "pointer", "known"), CASES)
def test_a_check_is_met_or_told_where_it_is_not(
    name: str, at: list[str], arguments: dict[str, Any], met: dict[str, Any], unmet: dict[str, Any], pointer: str, known: dict[str, Any]
) -> None:
    definition = form(*FIELDS, checks=[named(name, at, arguments)])
    code = "national_identity_number" if name == "no_national_identity_number" else "the-check"
    assert places(definition, met, **known) == []
    assert places(definition, unmet, **known) == [(pointer, code)]


def test_every_named_check_has_a_case() -> None:
    tried = {case[0] for case in CASES} | {"not_after"}
    assert tried == set(NAMED_CHECKS)


@pytest.mark.parametrize("case", [case for case in CASES if case[0] not in ("must_be", "requires_attachment", "submitter_kind")])
def test_an_empty_field_is_left_alone(case: tuple[Any, ...]) -> None:
    name, at, arguments, _, _, _, known = case
    assert places(form(*FIELDS, checks=[named(name, at, arguments)]), {}, **known) == []


@pytest.mark.parametrize(("kind", "fits"), [("drug_vendor", False), ("hospital", True), ("unknown", True)])
def test_a_kind_of_submitter_can_be_shut_out_but_an_unknown_one_passes(kind: str, fits: bool) -> None:
    definition = form(*FIELDS, checks=[named("submitter_kind", ["name"], {"not_kinds": ["drug_vendor"]})])
    assert (places(definition, {}, submitter_kind=kind) == []) is fits


@pytest.mark.parametrize(("sent", "fits"), [(["Fullmakt.PDF"], True), (["mappe/fullmakt.pdf"], True), (["annet.pdf"], False), ([], False)])
def test_a_named_attachment_must_be_among_those_sent(sent: list[str], fits: bool) -> None:
    definition = form(*FIELDS, checks=[named("requires_attachment", ["paper"], {"field": "paper"})])
    found = places(definition, {"paper": "fullmakt.pdf"}, attachments=sent)
    assert found == ([] if fits else [("/paper", "attachment_missing"), ("/paper", "the-check")])


def test_any_attachment_will_do_where_no_field_names_one() -> None:
    definition = form(*FIELDS, checks=[named("requires_attachment", ["kind"], {"when": {"field": "kind", "is": "a"}})])
    assert places(definition, {"kind": "a"}, attachments=["x.pdf"]) == []


def test_a_deadline_is_compared_with_the_day_of_receipt() -> None:
    definition = form(*FIELDS, checks=[named("not_after", ["name"], {"field": "@received", "other": "@input_deadline"}, needs="register")])
    day = context().received_at
    assert places(definition, {}, input_deadline=day) == []
    assert places(definition, {}, input_deadline=day.replace(day=day.day - 1)) == [("/name", "the-check")]


@pytest.mark.parametrize(
    ("check_name", "arguments", "needs"),
    [
        ("in_register", {"field": "number", "register": "list"}, "register"),
        ("not_after", {"field": "@received", "other": "@input_deadline"}, "register"),
        ("submitter_kind", {"kinds": ["drug_vendor"]}, "submitter"),
        ("no_national_identity_number", {"scope": ["answers", "documents"]}, "scan"),
    ],
)
def test_a_check_that_lacks_what_it_needs_is_skipped_and_listed(check_name: str, arguments: dict[str, Any], needs: str) -> None:
    definition = form(*FIELDS, checks=[named(check_name, ["number"], arguments, needs=needs)])
    result = check(definition, {"number": "123456785"}, context())
    assert (result.findings, result.skipped) == ((), ("the-check",))


@pytest.mark.parametrize(("is_fresh", "severity"), [(True, "error"), (False, "warning")])
@pytest.mark.parametrize(
    "arguments", [{"field": "method", "register": "list"}, {"field": "first", "register": "list", "by": "method", "column": "day"}]
)
def test_a_register_that_is_not_fresh_only_warns(arguments: dict[str, Any], is_fresh: bool, severity: str) -> None:
    definition = form(*FIELDS, checks=[named("in_register", ["method"], arguments, needs="register")])
    answers = {"method": "ID2020_001" if "by" in arguments else "ID2020_002", "first": "2023-03-03"}
    told = check(definition, answers, context(registers={"list": Table({"ID2020_001": [{"day": "2021-01-01"}]}, is_fresh=is_fresh)}))
    assert [finding.severity for finding in told.findings] == [severity]


def test_a_row_that_does_not_say_it_contradicts_nobody() -> None:
    arguments = {"field": "first", "register": "list", "by": "method", "column": "day"}
    definition = form(*FIELDS, checks=[named("in_register", ["first"], arguments, needs="register")])
    table = Table({"ID2020_001": [{"day": "2021-01-01"}, {"day": ""}]})
    assert places(definition, {"method": "ID2020_001", "first": "2023-03-03"}, registers={"list": table}) == []


def test_identity_numbers_in_answers_are_found_even_before_documents_are_looked_through() -> None:
    definition = form(*FIELDS, checks=[named("no_national_identity_number", ["rows"], {"scope": ["answers", "documents"]}, needs="scan")])
    result = check(definition, {"rows": [{"id": "x"}, {"aim": "01019012480"}]}, context())
    assert [(finding.pointer, finding.code) for finding in result.findings] == [("/rows/1/aim", "national_identity_number")]
    assert result.skipped == ("the-check",)
    assert "01019012480" not in str(result)


def test_identity_numbers_in_documents_name_the_document_and_stand_last() -> None:
    definition = form(
        field("name", required=True),
        checks=[named("no_national_identity_number", ["name"], {"scope": ["answers", "documents"]}, needs="scan")],
    )
    result = check(definition, {}, context(identity_numbers=["document-7"]))
    assert [(finding.pointer, finding.document) for finding in result.findings] == [("/name", None), (None, "document-7")]


@pytest.mark.parametrize(("day", "unmet"), [("9999-12-31", ["after"]), ("0001-01-01", ["before", "within"])])
def test_dates_at_the_ends_of_the_calendar_can_be_compared(day: str, unmet: list[str]) -> None:
    checks = [
        named("not_before", ["second"], {"field": "second", "other": "first", "offset_days": 1, "offset_months": 1}, id="after"),
        named("not_after", ["second"], {"field": "second", "other": "first", "offset_days": -1, "offset_months": -1}, id="before"),
        named("within_months", ["second"], {"field": "second", "of": "first", "months": 12}, id="within"),
    ]
    assert [code for _, code in places(form(*FIELDS, checks=checks), {"first": day, "second": "2020-01-01"})] == unmet


def test_a_malformed_value_is_told_once_and_not_judged_further() -> None:
    definition = form(*FIELDS, checks=[named("format_warn", ["mail"], {"field": "mail", "pattern": "@firma[.]no$"})])
    assert places(definition, {"mail": "ingen adresse"}) == [("/mail", "pattern")]


def test_a_check_waits_while_the_answer_it_depends_on_is_malformed() -> None:
    definition = form(*FIELDS, checks=[named("only_if", ["name"], {"field": "name", "when": YES})])
    assert places(definition, {"yes": "kanskje", "name": "x"}) == [("/yes", "type")]


def test_a_warning_adds_nothing_to_a_missing_required_field_but_an_error_does() -> None:
    arguments = {"field": "yes", "value": True}
    warns = form(field("yes", "bool", required=True), checks=[named("must_be", ["yes"], arguments, severity="warning")])
    errs = form(field("yes", "bool", required=True), checks=[named("must_be", ["yes"], arguments)])
    assert places(warns, {}) == [("/yes", "required")]
    assert places(errs, {}) == [("/yes", "required"), ("/yes", "the-check")]
