"""Samples that end at an agency: each form in several formats, with attachments of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from samples.builders.attachments import mail, pdf_report, pdf_with_files, survival_curve, word_with_objects
from samples.builders.json_form import json_form
from samples.builders.outlook import OutlookMessage, outlook_message
from samples.builders.pdf_form import pdf_form
from samples.builders.repack import zip_bytes
from samples.builders.spreadsheet import workbook
from samples.builders.word_form import docx_form
from samples.content import medicines, proposals
from samples.content.alerts import innspill, metodevarsel
from samples.content.proposals import forslag
from samples.content.requests import anmodning, as_people_write, revurdering
from samples.sample import Sample, definition, routed

_BUDGET = (("År", "Pasienter", "Kostnad (kr)"), (1, 12, 5_400_000), (2, 21, 9_800_000), (3, 26, 12_100_000), (4, 28, 13_000_000))
_CSV = "måned;andel uten progresjon\n0;1,00\n6;0,81\n12;0,66\n18;0,57\n".encode()


def good(today: date) -> Iterator[Sample]:
    """The samples that are in order, as sent on ``today``."""
    yield from _anmodninger(today)
    yield from _revurderinger(today)
    yield from _forslag(today)
    yield from _input_and_alerts()


def _anmodninger(today: date) -> Iterator[Sample]:
    form = definition("anmodning")
    yield Sample(
        1,
        "anmodning-nytt-virkestoff",
        routed("dmp", "sykehusinnkjop"),
        "docx",
        docx_form(form, anmodning(medicines.VELKARSA, today), split_runs=True),
        {
            "01 Sammendrag av KVARTS-2.pdf": pdf_report("KVARTS-2: sammendrag av resultater", 4),
            "02 Dokumentasjon med tabeller.docx": word_with_objects(
                "Dokumentasjon av effekt", workbook("Budsjettvirkning", _BUDGET), "Måleverdier – årsoppfølging.csv", _CSV
            ),
            "03 Budsjett på fem år.xlsx": workbook("Budsjett", _BUDGET),
            "Figur 1 overlevelse.png": survival_curve(),
        },
    )
    yield Sample(
        2,
        "anmodning-pd-l1-ordning",
        routed("sykehusinnkjop", "dmp"),
        "pdf",
        pdf_form(
            form,
            anmodning(
                medicines.IMMUVERA,
                today,
                request_concerns=["ny_indikasjon"],
                pd_l1_scheme="ja",
                jca_in_scope=False,
                jca_status=None,
                ma_norway_any=True,
                ma_first_date="2021-06-14",
                marketed_in_norway=True,
                ma_number="EU/1/21/9144",
            ),
        ),
        {"Bekreftelse på opptak i ordningen.eml": _confirmation_mail(today)},
    )
    yield Sample(
        3,
        "anmodning-sammenlignbar-med-anbud",
        routed("dmp sykehusinnkjop"),
        "json",
        json_form(
            form,
            anmodning(
                medicines.ZELOPSA,
                today,
                comparable_to_introduced=True,
                comparable_which="IL-17-hemmer innført i Nye metoder",
                tender_exists=True,
                tender_ref="LIS 2207a",
                similar_drugs_exist=True,
                similar_drugs_exist_details="Andre IL-17-hemmere i gjeldende anbud.",
                he_analysis_type="cma",
            ),
        ),
        {"Vedlegg Zelopsa.zip": _documentation_zip()},
    )
    yield Sample(
        4,
        "anmodning-radiofarmakon-med-fullmakt-nynorsk",
        routed("dmp", "dsa sykehusinnkjop"),
        "docx",
        docx_form(
            form,
            anmodning(
                medicines.RADIVEKSA,
                today,
                external_rep=True,
                external_rep_name="Rådgjevarane Fjell & Fjord AS",
                external_rep_phone="+47 70 00 03 30",
                external_rep_email="post@fjellogfjord.example",
                attachment_power_of_attorney="Fullmakt – Fjell & Fjord.pdf",
                orphan_designation=False,
            ),
            "nn",
        ),
        {"Fullmakt – Fjell & Fjord.pdf": pdf_report("Fullmakt", 1), "Oversending.msg": _covering_message(today)},
    )
    yield Sample(
        5,
        "anmodning-ny-styrke",
        routed("sykehusinnkjop", "dmp"),
        "docx",
        docx_form(
            form,
            as_people_write(
                anmodning(
                    medicines.ASMELIO,
                    today,
                    request_concerns=["ny_styrke", "ny_formulering"],
                    substance_previously_assessed=True,
                    related_method_ids=["ID2021_118"],
                    ma_norway_any=True,
                    ma_first_date="2022-03-08",
                    marketed_in_norway=True,
                    ma_requested_indication=True,
                    ma_indication_date="2022-03-08",
                    ema_procedure_number=None,
                    chmp_opinion_expected=None,
                    ma_expected=None,
                    ma_number="EU/1/22/9020",
                    he_analysis_type="ingen_kun_prisnotat",
                )
            ),
        ),
    )
    yield Sample(
        6,
        "anmodning-genterapi-med-ny-test",
        routed("dmp", "rhf_koordinatorer sykehusinnkjop"),
        "pdf",
        pdf_form(
            form,
            anmodning(
                medicines.HEMOFIRA,
                today,
                gene_therapy_atmp=True,
                jca_in_scope=True,
                jca_status="ikke_startet",
                orphan_designation=True,
                orphan_designation_date="2020-02-11",
                biomarker_test_required=True,
                test_established=False,
                test_description_cost="Test for antistoff mot AAV-vektoren må settes opp; om lag 4 000 kr per prøve.",
            ),
            embedded={"Tallgrunnlag.xlsx": workbook("Tallgrunnlag", _BUDGET)},
        ),
    )


def _revurderinger(today: date) -> Iterator[Sample]:
    form = definition("revurdering")
    yield Sample(
        7,
        "revurdering-ny-studie",
        routed("dmp", "sykehusinnkjop"),
        "docx",
        docx_form(form, revurdering(medicines.MYASTEROL, today, "ID2022_041")),
        {
            "Publikasjoner.zip": _documentation_zip(),
            "Fire års oppfølging.pdf": pdf_with_files(
                "Fire års oppfølging", {"Målinger per uke.xlsx": workbook("Målinger", _BUDGET), "les meg.txt": _CSV}
            ),
        },
    )
    yield Sample(
        8,
        "revurdering-lengre-oppfolging",
        routed("dmp", "sykehusinnkjop"),
        "pdf",
        pdf_form(form, revurdering(medicines.KARDIOMIR, today, "ID2021_077", new_data_type=["oppdatert_overlevelse"])),
        {"Forskergruppens brev.msg": _covering_message(today)},
    )
    yield Sample(
        9,
        "revurdering-kun-ny-pris",
        routed("sykehusinnkjop"),
        "json",
        json_form(
            form,
            revurdering(
                medicines.OFTARELA,
                today,
                "ID2020_093",
                price_only=True,
                new_clinical_data=None,
                new_clinical_data_details=None,
                new_data_type=None,
                new_data_since=None,
                changed_since_last="Bare prisen er endret.",
            ),
        ),
        {"Pristilbud.xlsx": workbook("Tilbud", (("Pakning", "AUP (kr)"), ("120 mg/ml", 8150)))},
    )


def _forslag(today: date) -> Iterator[Sample]:
    form = definition("forslag")
    yield Sample(
        10,
        "forslag-medisinsk-utstyr",
        routed("dmp"),
        "docx",
        docx_form(form, forslag(proposals.SENSOR, today)),
        {"Sv Erfaringer fra klinikken.eml": _correspondence(today), "Produktark.pdf": pdf_report("Trådløs trykksensor: produktark", 2)},
    )
    yield Sample(
        11,
        "forslag-organisering",
        routed("fhi"),
        "json",
        json_form(form, forslag(proposals.DAY_REHABILITATION, today)),
        {"Notat.txt": "Dagrehabilitering etter slag – notat fra fagmiljøet.\nVi ønsker en nasjonal vurdering.\n".encode()},
    )
    yield Sample(
        12,
        "forslag-utstyr-og-prosedyre",
        routed("dmp", "fhi"),
        "pdf",
        pdf_form(form, forslag(proposals.ABLATION, today)),
        {"Litteratur.zip": _documentation_zip()},
    )
    yield Sample(
        13,
        "forslag-screening-med-straaling",
        routed("fhi", "dsa helsedirektoratet"),
        "docx",
        docx_form(form, forslag(proposals.CT_SCREENING, today, guideline_revision_need="Ja, handlingsprogrammet for lungekreft bør revideres.")),
        {"Oversikt over studier.pdf": pdf_report("Screening med lavdose-CT", 6)},
    )
    yield Sample(14, "forslag-test-english", routed("dmp"), "docx", docx_form(form, forslag(proposals.GENE_TEST, today), "en"))


def _input_and_alerts() -> Iterator[Sample]:
    form = definition("innspill")
    yield Sample(
        15,
        "innspill-under-metodevurdering",
        routed("dmp", "fhi"),
        "docx",
        docx_form(form, innspill()),
        {"Erfaringer fra studien.pdf": pdf_report("Erfaringer fra 14 pasienter", 2)},
    )
    by_patients = innspill(
        sender_org="Pasientorganisasjonen Eksempel",
        sender_role="Leiar",
        sender_category="pasientorganisasjon",
        coi_text="Vi får ikkje pengar frå produsentar.",
    )
    yield Sample(16, "innspill-fra-pasientorganisasjon-nynorsk", routed("dmp", "fhi"), "pdf", pdf_form(form, by_patients, "nn"))
    form = definition("metodevarsel")
    yield Sample(17, "metodevarsel-blaaresept", routed("dmp"), "json", json_form(form, metodevarsel(medicines.KARDIOMIR)))
    yield Sample(
        18,
        "metodevarsel-radiofarmakon",
        routed("dmp", "dsa"),
        "docx",
        docx_form(form, metodevarsel(medicines.RADIVEKSA, tags=["medisinsk_straaling"], financing="spesialisthelsetjenesten")),
    )


def _at(today: date) -> datetime:
    return datetime.combine(today, time(8, 30), UTC)


def _documentation_zip() -> bytes:
    return zip_bytes(
        {
            "Vedlegg/": b"",
            "Vedlegg/01 Artikler/Åse Ødegård m.fl. – hovedartikkel.pdf": pdf_report("Hovedartikkel", 3),
            "Vedlegg/02 Tall/Følsomhetsanalyse.xlsx": workbook("Følsomhet", _BUDGET),
            "Vedlegg/02 Tall/målinger.csv": _CSV,
            "Vedlegg/les meg først.txt": b"Innhold: artikler og tallgrunnlag.",
        }
    )


def _confirmation_mail(today: date) -> bytes:
    inner = mail("Opptak i ordningen", "Vi bekrefter opptaket.", _at(today), [("Brev om opptak.txt", "text/plain", b"Bekreftet.")])
    return mail(
        "VS: Bekreftelse på opptak i ordning for forenklet vurdering",
        "Vedlagt følger bekreftelsen og avtalen. Se også figuren.",
        _at(today),
        [("Bekreftelse – PD-(L)1.pdf", "application/pdf", pdf_report("Bekreftelse på opptak", 1))],
        inline_picture=("forløp.png", survival_curve(240, 160)),
        forwarded=inner,
    )


def _correspondence(today: date) -> bytes:
    first = mail(
        "Erfaringer fra klinikken",
        "Hei, her er tallene våre fra i fjor.",
        _at(today),
        [("Tall fra klinikken.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook("Tall", _BUDGET))],
    )
    return mail("Sv: Erfaringer fra klinikken", "Takk! Legger dette ved forslaget.", _at(today), forwarded=first)


def _covering_message(today: date) -> bytes:
    inner = OutlookMessage(
        "Spørsmål om fullmakt",
        "Holder det med én fullmakt?",
        ("Åse Lie", "ase.lie@fjellogfjord.example"),
        [("Ingrid Ødegård Sæther", "ingrid.sather@eksempel-legemidler.example")],
        _at(today),
    )
    return outlook_message(
        OutlookMessage(
            "Oversending av dokumentasjon – følgebrev og tallgrunnlag",
            "Hei,\r\n\r\nvedlagt følger tallgrunnlaget.\r\n\r\nMed hilsen\r\nÅse Lie",
            ("Åse Lie", "ase.lie@fjellogfjord.example"),
            [("Nye metoder", "mottak@nyemetoder.example")],
            _at(today),
            [
                (
                    "Tallgrunnlag.xlsx",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    workbook("Tallgrunnlag", _BUDGET),
                ),
                ("Følgebrev.pdf", "application/pdf", pdf_report("Følgebrev", 1)),
            ],
            [inner],
        )
    )
