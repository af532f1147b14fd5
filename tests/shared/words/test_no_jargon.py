"""What is wrong is told as people speak: no word of a schema, a program or a database reaches them, whatever they answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.shared import words
from services.shared.forms import FormDefinition, check, load_forms
from services.shared.forms.fields import Field
from services.shared.settings import SCHEMAS
from tests.shared.forms.answers import good_answers
from tests.shared.forms.small_forms import TODAY, context

FORMS = load_forms(SCHEMAS / "forms")
JARGON = re.compile(
    r"\b(pattern|regex\w*|reg(ular|ulært) (expression|uttrykk)|minlength|maxlength|minitems|maxitems|enum\w*|null|nan|undefined|propert(y|ies)|additionalproperties|"
    r"array|string|streng|boolean|boolsk|integer|heltall|float|schema|jsonschema|instance|instans|object|objekt|parse\w*|valider\w*|validat\w*|invalid|ugyldig input|"
    r"datatype|payload|exception|traceback|unexpected|token|syntax|syntaks|constraint|const|oneof|anyof|true|false|utf-8|nfc|key error|index|database|backend|endpoint|"
    r"multipart|http|mime)\b",
    re.IGNORECASE,
)
# For programs and those who write them: they speak to the API and read its description. An archivist calls what OCFL calls an object an object.
FOR_PROGRAMS = re.compile(
    r"problem\.(multipart_\w+|malformed_request|json_expected|upload_\w+|tus_\w+|checksum_\w+|idempotency_\w+|length_required|field_twice|field_unknown|"
    r"body_\w+|not_authenticated|receipt_\w+|digest_mismatch|too_many_parts|json_invalid|cursor_invalid|archive_damaged)\.|routing\.receipt\.|pages\.detail\.archive_"
)
BAD: tuple[Any, ...] = (
    None,
    "",
    "   ",
    True,
    0,
    -1,
    10**15,
    1.5,
    "x" * 20_000,
    "§§§",
    "<script>",
    [],
    ["x", 1, None],
    [{}],
    {},
    {"a": 1},
    [["a"]],
    "2026-13-45",
    "nei takk",
)


def spoilt(definition: FormDefinition) -> Iterator[dict[str, Any]]:
    """Answers to a form that are wrong in every way we can think of, one field at a time and all at once."""
    good = good_answers(definition.form_type, TODAY)
    for bad in BAD:
        yield dict.fromkeys(definition.fields, bad)
        for each in definition.fields.values():
            yield {**good, each.key: bad}
            yield from ({**good, each.key: [{**(good.get(each.key) or [{}])[0], sub.key: bad}]} for sub in each.fields)
    yield {}
    yield {**good, "ukjent_felt": 1, "": 2}
    yield {**good, **{each.key: [choice_of(each)] * 50 for each in definition.fields.values()}}


def choice_of(each: Field) -> str:
    return each.choices[0].value if each.choices else "x"


@pytest.mark.parametrize("form_type", FORMS.types())
def test_no_message_about_a_form_speaks_jargon(form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    seen: dict[str, str] = {}
    for answers in spoilt(definition):
        for finding in check(definition, answers, context(submitter_kind="other", identity_numbers=["d"])).findings:
            for language, message in finding.message.items():
                seen[message] = f"{language} {finding.pointer} {finding.code}"
            if finding.label:
                seen.update(dict.fromkeys(finding.label.values(), f"label {finding.pointer}"))
    assert len(seen) > 100
    assert {message: place for message, place in seen.items() if JARGON.search(message)} == {}
    assert {message: place for message, place in seen.items() if re.search(r"[{}]|\bNone\b|\['|\d{4,}e|  ", message)} == {}


def test_no_text_of_the_catalogue_speaks_jargon_to_people() -> None:
    found = {
        f"{key} {language}": JARGON.findall(text)
        for key, texts in words.catalogue().items()
        for language, text in texts.items()
        if not FOR_PROGRAMS.match(key) and JARGON.search(re.sub(r"\{[^}]*\}", "", text))
    }
    assert found == {}


def test_no_reason_of_a_rule_speaks_jargon() -> None:
    for file in ("rules/gates.json", "routing/rules.json"):
        for rule in json.loads((SCHEMAS / file).read_text(encoding="utf-8"))["rules"]:
            for text in rule["text"].values():
                assert not JARGON.search(text), (rule["id"], text)


def test_the_words_are_found() -> None:
    assert JARGON.search("does not match the pattern")
    assert JARGON.search("None is not of type string")
    assert not JARGON.search("Skriv én adresse, for eksempel navn@virksomhet.no.")
