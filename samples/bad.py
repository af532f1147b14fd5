"""Samples that must not reach an agency by themselves, each for its own reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from samples.builders import hostile_archives, hostile_office, hostile_pdf
from samples.builders.attachments import pdf_report
from samples.builders.bombs import zero_bomb
from samples.builders.json_form import json_form
from samples.builders.pdf_form import pdf_form
from samples.builders.sealed import encrypted_office, encrypted_pdf
from samples.builders.word_form import docx_form
from samples.content import medicines, proposals
from samples.content.alerts import before_the_meeting, innspill, metodevarsel
from samples.content.medicines import GASTROVEL
from samples.content.people import identity_number
from samples.content.proposals import forslag
from samples.content.requests import anmodning, month, revurdering
from samples.sample import VENDOR, Ending, Sample, definition, ends, refused

_CORRECT = ends("needs_correction")


def bad(today: date) -> Iterator[Sample]:
    """The samples that are not in order, as sent on ``today``."""
    yield from _wrong_answers(today)
    yield from _wrong_files(today)
    yield from _for_the_secretariat(today)
    yield from _refused_at_once(today)


def _wrong_answers(today: date) -> Iterator[Sample]:
    form = definition("anmodning")
    missing = anmodning(GASTROVEL, today, indication=None, contact_email=None, studies=None, dossier_expected=None)
    yield Sample(21, "anmodning-mangler-felter", _CORRECT, "docx", docx_form(form, missing))
    yield Sample(22, "anmodning-feil-orgnr", _CORRECT, "json", json_form(form, anmodning(GASTROVEL, today, supplier_orgnr="310000018")))
    yield Sample(
        23,
        "anmodning-ikke-hele-indikasjonen",
        _CORRECT,
        "pdf",
        pdf_form(form, anmodning(GASTROVEL, today, whole_indication_confirmed=False)),
    )
    yield Sample(
        24,
        "anmodning-datoer-i-feil-orden",
        _CORRECT,
        "docx",
        docx_form(form, anmodning(GASTROVEL, today, chmp_opinion_expected=month(today, 6), ma_expected=month(today, 3))),
    )
    yield Sample(
        25,
        "anmodning-fullmakt-ikke-vedlagt",
        _CORRECT,
        "docx",
        docx_form(
            form,
            anmodning(
                GASTROVEL,
                today,
                external_rep=True,
                external_rep_name="Rådgiverne AS",
                external_rep_phone="70000330",
                external_rep_email="post@raadgiverne.example",
                attachment_power_of_attorney="Fullmakt.pdf",
            ),
        ),
    )
    yield Sample(26, "anmodning-ukjent-skjemaversjon", _CORRECT, "json", json_form(form, anmodning(GASTROVEL, today), form_version="9.9"))
    yield Sample(
        27,
        "revurdering-uten-nye-data",
        ends("rejected"),
        "docx",
        docx_form(
            definition("revurdering"),
            revurdering(
                GASTROVEL,
                today,
                "ID2019_066",
                new_clinical_data=False,
                new_clinical_data_details=None,
                new_data_type=None,
                new_data_since=None,
            ),
        ),
    )
    yield Sample(
        28,
        "forslag-med-fodselsnummer",
        ends("quarantined"),
        "docx",
        docx_form(
            definition("forslag"),
            forslag(
                proposals.SENSOR,
                today,
                title="Trykksensor, med pasienthistorie",
                affected_patients=f"Bakgrunnen er en pasient (fødselsnummer {identity_number()}) som hadde stor nytte av metoden.",
            ),
        ),
    )
    yield Sample(
        29,
        "innspill-uten-bekreftelse",
        _CORRECT,
        "pdf",
        pdf_form(definition("innspill"), innspill(publication_ack=False, method_id=None, method_name=None, coi_text=None)),
    )
    alert = metodevarsel(GASTROVEL, atc="L01")
    yield Sample(30, "metodevarsel-fra-leverandor", _CORRECT, "json", json_form(definition("metodevarsel"), alert), sent_by=VENDOR)


def _wrong_files(today: date) -> Iterator[Sample]:
    form, whole = definition("anmodning"), anmodning(GASTROVEL, today)
    word = docx_form(form, whole)
    report = hostile_office.report()
    yield _with("31-anmodning-kryptert-word-vedlegg", _CORRECT, word, {"Dokumentasjon.docx": encrypted_office(report)})
    yield _with("32-anmodning-kryptert-pdf-vedlegg", _CORRECT, word, {"Pristilbud.pdf": encrypted_pdf(pdf_report("Pristilbud", 1))})
    yield _with("33-anmodning-avkuttet-skjema", _CORRECT, hostile_office.truncated(word), {})
    yield _with("34-anmodning-zipbombe", ends("quarantined"), word, {"Vedlegg.zip": zero_bomb(2 << 30)})
    yield _with("35-anmodning-vedlegg-med-makro", _CORRECT, word, {"Modell.docx": hostile_office.with_macros(report)})
    yield _with("36-anmodning-skjema-med-ekstern-entitet", _CORRECT, hostile_office.external_entity(word), {})
    yield _with("37-anmodning-pdf-med-skript", _CORRECT, word, {"Rapport.pdf": hostile_pdf.javascript()})
    yield _with("38-anmodning-brev-i-stedet-for-skjema", _CORRECT, hostile_office.letter(), {})
    yield _with("39-anmodning-pdf-i-evig-lokke", _CORRECT, word, {"Rapport.pdf": hostile_pdf.page_tree_loop()})
    yield _with("40-anmodning-zip-som-pdf", _CORRECT, word, {"Rapport.pdf": hostile_archives.zip_named(b"notat.txt")})


def _for_the_secretariat(today: date) -> Iterator[Sample]:
    form = definition("forslag")
    yield Sample(41, "forslag-passer-ingen-regel", ends("held"), "docx", docx_form(form, forslag(proposals.UNCLASSIFIED, today)))
    yield Sample(
        42,
        "forslag-finansieres-av-blaaresept",
        ends("held"),
        "json",
        json_form(form, forslag(proposals.HOME_MEASURING, today, financing="Bare folketrygden (blåresept).")),
    )
    yield Sample(43, "forslag-nytt-patentert-legemiddel", ends("held"), "pdf", pdf_form(form, forslag(proposals.MUSCLE_MEDICINE, today)))
    yield Sample(44, "innspill-foer-bestillerforum", ends("held"), "docx", docx_form(definition("innspill"), before_the_meeting(today)))
    other = metodevarsel(
        medicines.GASTROVEL,
        method_type="annet",
        atc=None,
        financing="spesialisthelsetjenesten",
        title="Ny måte å følge opp pasienter med magesår på",
    )
    yield Sample(45, "metodevarsel-annen-metode", ends("held"), "json", json_form(definition("metodevarsel"), other))


def _refused_at_once(today: date) -> Iterator[Sample]:
    word = docx_form(definition("anmodning"), anmodning(medicines.GASTROVEL, today))
    yield _with("52-anmodning-tom-fil", refused("file_empty"), b"", {})
    yield _with("53-anmodning-program-som-pdf", refused("type_not_allowed"), word, {"Rapport.pdf": hostile_archives.PROGRAM})
    yield _with(
        "54-anmodning-makrofil",
        refused("macro_not_allowed"),
        word,
        {"Modell.docm": hostile_office.with_macros(hostile_office.report(), macro_type=True)},
    )
    yield _with("55-anmodning-tomt-vedlegg", refused("file_empty"), word, {"Rapport.pdf": b""})


def _with(what: str, ending: Ending, form: bytes, attachments: dict[str, bytes]) -> Sample:
    number, _, rest = what.partition("-")
    return Sample(int(number), rest, ending, "docx", form, attachments)
