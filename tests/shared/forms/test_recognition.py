"""Which form a document is when it does not say so."""

from __future__ import annotations

import pytest

from services.shared.form_lines import lines_of_text
from services.shared.forms import load_forms, recognise
from services.shared.settings import SCHEMAS
from tests.shared.forms.answers import good_answers

FORMS = load_forms(SCHEMAS / "forms")


@pytest.mark.parametrize("form_type", FORMS.types())
def test_a_form_is_recognised_by_all_its_tags(form_type: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    found = recognise(FORMS, list(definition.fields), ())
    assert found is not None
    assert (found.form_type, found.fit, found.how) == (form_type, 1.0, "tag")


@pytest.mark.parametrize("form_type", FORMS.types())
def test_a_form_is_recognised_by_the_tags_of_what_was_answered(form_type: str) -> None:
    tags = [f"{key}/0/id" if key == "studies" else key for key in good_answers(form_type)]
    found = recognise(FORMS, [*tags, "form_version", "Title"], ())
    assert found is not None
    assert (found.form_type, found.how) == (form_type, "tag")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("form_type", FORMS.types())
def test_a_form_without_tags_is_recognised_by_its_labels(form_type: str, language: str) -> None:
    definition = FORMS.newest(form_type)
    assert definition is not None
    text = "\n".join(f"{number}. {field.label[language].upper()} :\n svar" for number, field in enumerate(definition.fields.values()))
    found = recognise(FORMS, [], lines_of_text(text))
    assert found is not None
    assert (found.form_type, found.how) == (form_type, "label")


def test_a_form_typed_with_other_known_labels_is_recognised() -> None:
    definition = FORMS.newest("anmodning")
    assert definition is not None
    text = "\n".join(field.aliases[0] if field.aliases else field.label["nb"] for field in definition.fields.values())
    found = recognise(FORMS, [], lines_of_text(text))
    assert found is not None
    assert found.form_type == "anmodning"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kjære mottaker, vedlagt følger faktura nr. 42.",
        "Tittel Dato Sikkerhet E-post Telefon Finansiering Produsent",
        "Vi viser til anmodning om vurdering av legemiddel og ber om utsatt frist. Handelsnavn: Eksempla. ATC-kode: L01FX99.",
    ],
)
def test_other_documents_are_no_form(text: str) -> None:
    assert recognise(FORMS, ["Title", "Author"], lines_of_text(text)) is None


def test_a_few_shared_tags_do_not_make_a_form() -> None:
    assert recognise(FORMS, ["title", "references"], ()) is None
