"""Checking a whole form: everything at once, in the form's order, in words that people can act on."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.shared import words
from services.shared.forms import Finding, check, load_forms, normalise, read_tags
from services.shared.forms.field_types import FIELD_TYPES
from services.shared.settings import SCHEMAS
from tests.shared.forms.answers import good_answers, month_after
from tests.shared.forms.small_forms import TODAY, context, field, findings, form, named, places

FORMS = load_forms(SCHEMAS / "forms")
ANMODNING = FORMS.newest("anmodning")
FORSLAG = FORMS.newest("forslag")
assert ANMODNING is not None
assert FORSLAG is not None


def spoiled(form_type: str, without: tuple[str, ...] = (), **changes: Any) -> list[tuple[str | None, str]]:
    """What is found in good answers with some changed or taken out."""
    definition = FORMS.newest(form_type)
    assert definition is not None
    answers = {key: value for key, value in (good_answers(form_type, TODAY) | changes).items() if key not in without}
    kind = "hospital" if form_type == "forslag" else "drug_vendor"
    return places(definition, normalise(definition, answers), submitter_kind=kind, identity_numbers=[])


def test_all_errors_are_told_at_once_in_the_order_of_the_form() -> None:
    study = {"id": "NCT04512345", "design": 5}
    found = spoiled(
        "anmodning",
        without=("supplier_name",),
        atc_code="L01-FF02",
        studies=[{**good_answers("anmodning", TODAY)["studies"][0]}, study],
        patients_per_year=-1,
        dossier_expected=month_after(TODAY, -1),
        publication_ack=False,
        unheard_of="x",
    )
    assert found == [
        ("/publication_ack", "publication-acknowledged"),
        ("/supplier_name", "required"),
        ("/atc_code", "pattern"),
        ("/patients_per_year", "min"),
        ("/studies/1/design", "type"),
        *((f"/studies/1/{sub}", "required") for sub in good_answers("anmodning", TODAY)["studies"][0] if sub not in study),
        ("/dossier_expected", "dossier-not-in-past"),
        ("/dossier_expected", "dossier-three-months-notice"),
        ("/unheard_of", "unknown_field"),
    ]


@pytest.mark.parametrize(
    ("form_type", "changes", "without", "expected"),
    [
        ("anmodning", {"supplier_orgnr": "910 000 021"}, (), [("/supplier_orgnr", "organisation-number-check-digit")]),
        ("anmodning", {"supplier_foreign": True, "supplier_country": "SE"}, ("supplier_orgnr",), []),
        ("anmodning", {"supplier_foreign": True, "supplier_country": "SWE"}, ("supplier_orgnr",), [("/supplier_country", "max_length")]),
        ("anmodning", {"supplier_foreign": True}, ("supplier_orgnr",), [("/supplier_country", "required")]),
        (
            "anmodning",
            {"external_rep": True, "external_rep_name": "Advokat Ås", "external_rep_phone": "22000000", "external_rep_email": "a@aas.no"},
            (),
            [("/attachment_power_of_attorney", "required"), ("/attachment_power_of_attorney", "power-of-attorney-attached")],
        ),
        ("anmodning", {"whole_indication_confirmed": False}, (), [("/whole_indication_confirmed", "whole-indication")]),
        (
            "anmodning",
            {"whole_indication_confirmed": False, "subgroup_proposed": "Bare kvinner"},
            (),
            [("/whole_indication_confirmed", "whole-indication"), ("/subgroup_proposed", "subgroup-in-addition")],
        ),
        ("anmodning", {"atc_code": "L01FX"}, (), [("/atc_code", "atc-complete")]),
        (
            "anmodning",
            {"ma_requested_indication": False},
            ("ma_indication_date",),
            [("/ema_procedure_number", "required"), ("/chmp_opinion_expected", "required"), ("/ma_expected", "required")],
        ),
        ("anmodning", {"pd_l1_scheme": "ja"}, (), [("/atc_code", "pd-l1-atc"), ("/pd_l1_scheme", "pd-l1-confirmation")]),
        ("anmodning", {"biomarker_test_required": True, "test_established": True}, (), []),
        ("anmodning", {"biomarker_test_required": True, "test_established": False}, (), [("/test_description_cost", "required")]),
        ("anmodning", {"speciality": "nevrologi"}, (), [("/cancer_area", "cancer-area-only-with-cancer")]),
        ("anmodning", {"indication": "x" * 3001}, (), [("/indication", "max_length")]),
        ("anmodning", {"patients_per_year": 6000001}, (), [("/patients_per_year", "max")]),
        ("anmodning", {"prognosis": "Pasient 01019012480 døde"}, (), [("/prognosis", "national_identity_number")]),
        ("anmodning", {"dossier_expected": month_after(TODAY, 13)}, (), [("/dossier_expected", "dossier-within-12-months")]),
        (
            "revurdering",
            {"new_clinical_data": False},
            ("new_clinical_data_details", "new_data_type", "new_data_since"),
            [("/new_clinical_data", "new-clinical-data-needed")],
        ),
        ("revurdering", {"price_only": True}, ("new_clinical_data",), [("/price_only", "price-only-goes-to-sykehusinnkjop")]),
        ("revurdering", {"new_data_since": "2022-05-23"}, (), [("/new_data_since", "new-data-after-decision")]),
        ("revurdering", {"previous_decision_date": "2012-12-31"}, (), [("/previous_decision_date", "decision-date-not-before-2013")]),
        ("revurdering", {"original_method_id": "ID23_12"}, (), [("/original_method_id", "pattern")]),
        ("forslag", {"references": [f"https://doi.org/10.1000/{number}" for number in range(11)]}, (), [("/references", "max")]),
        ("forslag", {"references": []}, (), [("/references", "required")]),
        ("forslag", {"method_type": ["prosedyre", "annet"]}, (), [("/method_type_other", "required")]),
        ("forslag", {"method_type": ["ivd_test_diagnostikk"]}, ("ce_marked", "ce_class", "ce_intended_use"), [("/ce_marked", "required")]),
        ("forslag", {"radiation_involved": True}, (), [("/radiation_description", "required")]),
        ("forslag", {"pico_c": " "}, (), [("/pico_c", "pico-c-filled-in")]),
        ("forslag", {"submitted_date": "1.1.2020"}, (), [("/submitted_date", "submitted-not-long-before")]),
        ("forslag", {"other_info": "ord " * 301}, (), [("/other_info", "other-info-length")]),
    ],
)
def test_one_fault_in_a_good_form_is_what_is_found(
    form_type: str, changes: dict[str, Any], without: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert spoiled(form_type, without, **changes) == expected


def test_a_vendor_may_not_use_the_form_for_others() -> None:
    assert FORSLAG is not None
    answers = good_answers("forslag", TODAY)
    assert places(FORSLAG, answers, submitter_kind="drug_vendor") == [("/proposer_type", "submitter-is-not-drug-vendor")]


def test_a_finding_names_the_field_and_says_what_to_do_in_three_languages() -> None:
    definition = form(field("code", "atc", label={"nb": "ATC-kode", "nn": "ATC-kode (nn)", "en": "ATC code"}))
    (finding,) = findings(definition, {"code": "tull"})
    assert finding.in_language("nb") == {
        "pointer": "/code",
        "field": "ATC-kode",
        "code": "pattern",
        "message": "«ATC-kode» har ikke riktig form. En full kode har sju tegn, for eksempel L01FF02. Sjekk koden.",
        "severity": "error",
        "document": None,
        "accepted_by": None,
    }
    assert finding.in_language("en")["field"] == "ATC code"
    assert len(set(finding.message.values())) == 3


def test_a_named_check_speaks_with_the_words_of_the_definition() -> None:
    message = {"nb": "Skriv {hele} navnet.", "nn": "Skriv heile namnet.", "en": "Write the whole name."}
    definition = form(field("name"), checks=[named("must_be", ["name"], {"field": "name", "filled": True}, message=message, severity="warning")])
    (finding,) = findings(definition, {})
    assert (finding.message, finding.severity, finding.label) == (message, "warning", {"nb": "Name", "nn": "Name (nn)", "en": "Name (en)"})


def test_in_a_group_the_message_says_which_row() -> None:
    definition = form(field("rows", "group_list", fields=[field("id", required=True), field("aim")]))
    (finding,) = findings(definition, {"rows": [{"id": "a"}, {"aim": "x"}]})
    assert (finding.pointer, finding.label and finding.label["nb"]) == ("/rows/1/id", "Id")
    assert "Id (nr. 2)" in finding.message["nb"]


def test_a_wrong_choice_is_answered_with_the_choices() -> None:
    (finding,) = findings(form(field("one", "enum")), {"one": "z"})
    assert "A, B" in finding.message["nb"]
    assert "A (en), B (en)" in finding.message["en"]


def test_a_finding_survives_being_kept() -> None:
    (finding,) = findings(form(field("name", required=True)), {})
    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding


def test_pointers_are_escaped_and_long_names_are_cut() -> None:
    found = findings(form(field("name")), {"a/b~c": 1, "x" * 5000: 1})
    assert found[0].pointer == "/a~1b~0c"
    assert len(found[1].message["nb"]) < 200


def test_every_field_type_has_words_for_a_missing_and_a_malformed_answer() -> None:
    keys = {f"forms.wrong.{kind.wrong}" for kind in FIELD_TYPES.values()} | {f"forms.required.{kind.missing}" for kind in FIELD_TYPES.values()}
    for key in keys:
        assert words.has(key), key


def test_all_words_of_forms_stand_in_three_languages_with_the_same_blanks_and_no_jargon() -> None:
    jargon = re.compile(r"\b(null|string|boolean|array|schema|pattern|regex|json|enum|pointer|validat\w*|obligatorisk)\b", re.IGNORECASE)
    for key, texts in words.catalogue().items():
        if key.startswith("forms."):
            assert set(texts) == {"nb", "nn", "en"}
            assert all(text.strip() and not jargon.search(text) for text in texts.values()), key
            assert len({frozenset(re.findall(r"\{\w+\}", text)) for text in texts.values()}) == 1, key


PLAIN_JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANY_JSON = st.recursive(PLAIN_JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8)
KEYS = [key for form_type in FORMS.types() if (definition := FORMS.newest(form_type)) for key in definition.fields]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), ANY_JSON, max_size=12), st.sampled_from(FORMS.types()))
def test_whatever_json_comes_it_is_checked_and_can_be_kept(answers: dict[str, Any], form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    normal = normalise(definition, answers)
    result = check(definition, normal, context(submitter_kind="x", identity_numbers=[]))
    json.dumps([normal, [finding.to_json() for finding in result.findings]], allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert normalise(definition, normal) == normal
    assert any(finding.severity == "error" for finding in result.findings)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(KEYS) | st.text(max_size=12),
        st.text(max_size=30) | st.booleans() | st.lists(st.text(max_size=9), max_size=3),
        max_size=12,
    )
)
def test_whatever_tags_come_they_are_read_and_checked(tags: dict[str, Any]) -> None:
    assert ANMODNING is not None
    reading = read_tags(ANMODNING, tags)
    check(ANMODNING, reading.answers, context(submitter_kind="x", identity_numbers=[]))
    assert set(reading.answers) <= set(ANMODNING.fields)


@pytest.mark.parametrize(
    "answers",
    [
        {f"unknown_{number}": 1 for number in range(200_000)},
        {"references": [f"https://a.no/{number}" for number in range(300_000)]},
        {"method_type": [1, "a"] * 100_000},
        {"method_type": [[number] for number in range(100_000)]},
        {"x" * 1_000_000: "y" * 1_000_000, "title": "z" * 1_000_000},
    ],
    ids=["keys", "texts", "mixed", "lists", "long"],
)
def test_a_form_made_to_have_endless_faults_is_bounded(answers: dict[str, Any]) -> None:
    assert FORSLAG is not None
    normal = normalise(FORSLAG, answers)
    result = check(FORSLAG, normal, context(identity_numbers=[]))
    assert len(result.findings) < 600
    assert len(json.dumps([finding.to_json() for finding in result.findings])) < 1_000_000


def test_more_errors_than_are_shown_are_owned_up_to() -> None:
    definition = form(field("rows", "group_list", fields=[field("id", required=True), field("aim")]))
    found = findings(definition, {"rows": [{"aim": "x"}] * 600})
    assert (len(found), found[-1].code, found[-1].pointer) == (501, "more_errors", "")


def test_a_list_longer_than_any_real_one_is_named() -> None:
    definition = form(field("refs", "reference_list"))
    assert places(definition, normalise(definition, {"refs": ["x"] * 1001})) == [("/refs", "max")]
    assert places(definition, normalise(definition, {"refs": ["x"] * 1000})) == []
