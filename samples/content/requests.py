"""Answers of an anmodning and of a revurdering, with every date reckoned from the day they are sent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from samples.content.medicines import Medicine

Answers = dict[str, Any]

SUPPLIER_NAME = "Eksempel Legemidler AS"
SUPPLIER_NUMBER = "310000019"
_MONTHS = ("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember")


def month(today: date, ahead: int) -> str:
    """``YYYY-MM``, ``ahead`` months after today's (negative: before)."""
    number = today.year * 12 + today.month - 1 + ahead
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def days_before(today: date, days: int) -> str:
    """``YYYY-MM-DD``, so many days before today."""
    return (today - timedelta(days=days)).isoformat()


def as_people_write(answers: Answers) -> Answers:
    """The same answers with numbers, codes and months as people type them: ``310 000 019``, ``R03D X91``, ``mai 2027``."""
    year, number = answers["dossier_expected"].split("-")
    return {
        **answers,
        "supplier_orgnr": " ".join(answers["supplier_orgnr"][place : place + 3] for place in (0, 3, 6)),
        "atc_code": f"{answers['atc_code'][:4]} {answers['atc_code'][4:]}",
        "budget_peak_year": f"{answers['budget_peak_year']:,}".replace(",", " "),
        "dossier_expected": f"{_MONTHS[int(number) - 1]} {year}",
    }


def anmodning(medicine: Medicine, today: date, **changes: Any) -> Answers:
    """A complete anmodning for a new substance without marketing authorisation; ``changes`` replace answers, None takes one away."""
    is_cancer = medicine.cancer_area is not None
    answers = {
        **_common(medicine, today),
        "request_concerns": ["nytt_virkestoff"],
        "substance_previously_assessed": False,
        "other_drugs_same_indication": True,
        "other_drugs_same_indication_details": "Flere behandlinger er vurdert til samme sykdom, se Nye metoders nettsider.",
        "foreign_hta": True,
        "foreign_hta_details": "Vurdering pågår i Sverige og Danmark; rapportene ventes før norsk dokumentasjonspakke leveres.",
        "ma_norway_any": False,
        "marketed_in_norway": False,
        "ma_requested_indication": False,
        "ema_procedure_number": medicine.ema_number,
        "chmp_opinion_expected": month(today, 2),
        "ma_expected": month(today, 4),
        "jca_in_scope": is_cancer,
        "jca_status": "paagaar" if is_cancer else None,
        "pd_l1_scheme": "ikke_aktuelt",
        "similar_drugs_exist": False,
        "comparable_to_introduced": False,
        "tender_exists": False,
        "disease_description": medicine.disease,
        "icd10_codes": list(medicine.icd10),
        "speciality": medicine.speciality,
        "cancer_area": medicine.cancer_area,
        "current_treatment": medicine.current_treatment,
        "prognosis": medicine.prognosis,
        "placement_in_algorithm": "Etter svikt av dagens første behandling; erstatter ikke, men kommer foran neste linje.",
        "patient_population": medicine.population,
        "patients_per_year": medicine.patients,
        "biomarker_test_required": False,
        "clinician_contact": True,
        "clinician_contact_details": "Vi har snakket med fagmiljøet ved ett universitetssykehus om dagens praksis.",
        "implementation_obstacles": False,
        "radiation_involved": medicine.atc.startswith(("V09", "V10")),
        "other_info": "Leverandøren stiller gjerne i møte. Spørsmål kan sendes til kontaktpersonen.",
    }
    return _with(answers, changes)


def revurdering(medicine: Medicine, today: date, method_id: str, **changes: Any) -> Answers:
    """A complete revurdering after a negative decision, with new clinical data; ``changes`` as in :func:`anmodning`."""
    answers = {
        **_common(medicine, today),
        "original_method_id": method_id,
        "previous_decision_date": days_before(today, 700),
        "previous_decision": "innfores_ikke",
        "price_only": False,
        "new_clinical_data": True,
        "new_clinical_data_details": "Fire års oppfølging av hovedstudien viser vedvarende effekt, og en ny studie mot aktiv komparator er "
        "avsluttet.\nBegge er publisert i fagfellevurderte tidsskrifter.",
        "new_data_type": ["oppdatert_overlevelse", "ny_studie"],
        "new_data_since": days_before(today, 150),
        "changed_since_last": "Ny komparatorstudie, lengre oppfølging og en lavere pris. Populasjonen (PICO) er den samme.",
        "indication_unchanged": True,
        "request_concerns": ["ny_indikasjon"],
        "jca_in_scope": False,
        "ma_norway_any": True,
        "ma_first_date": days_before(today, 1200),
        "marketed_in_norway": True,
        "ma_requested_indication": True,
        "ma_indication_date": days_before(today, 1200),
        "ma_number": "EU/1/22/9911",
    }
    return _with(answers, changes)


def _common(medicine: Medicine, today: date) -> Answers:
    """What both forms ask for."""
    return {
        "publication_ack": True,
        "supplier_name": SUPPLIER_NAME,
        "supplier_foreign": False,
        "supplier_orgnr": SUPPLIER_NUMBER,
        "contact_name": "Ingrid Ødegård Sæther",
        "contact_title": "Leder for markedsadgang",
        "contact_phone": "+47 22 00 01 10",
        "contact_email": "ingrid.sather@eksempel-legemidler.example",
        "external_rep": False,
        "indication": medicine.indication,
        "whole_indication_confirmed": True,
        "trade_name": medicine.trade_name,
        "active_substance": medicine.substance,
        "manufacturer": "Eksempel Pharma Production Ltd.",
        "atc_code": medicine.atc,
        "administration_strength": medicine.strength,
        "mechanism": medicine.mechanism,
        "nordic_item_numbers": list(medicine.item_numbers),
        "conditional_ma": False,
        "accelerated_assessment": False,
        "orphan_designation": False,
        "gene_therapy_atmp": False,
        "studies": [_study(medicine, medicine.study, "fase III, randomisert, dobbeltblind"), _follow_up(medicine)],
        "ongoing_same_indication": True,
        "ongoing_same_indication_details": "En forlengelsesstudie følger pasientene i fem år etter avsluttet behandling.",
        "planned_other_indications": False,
        "he_analysis_type": "cua",
        "he_analysis_type_details": "Kostnad-per-QALY, fordi legemidlet ventes å gi bedre effekt enn dagens behandling til høyere kostnad.",
        "he_population": "Hele den omsøkte indikasjonen, lik studiepopulasjonen.",
        "he_evidence_basis": "h2h",
        "budget_peak_year": 18_500_000 + medicine.patients * 1000,
        "dossier_expected": month(today, 6),
    }


def _study(medicine: Medicine, identifier: str, design: str) -> Answers:
    return {
        "id": identifier,
        "design": f"Internasjonal, {design} studie med parallelle grupper.",
        "aim": f"Å undersøke effekt og sikkerhet av {medicine.substance} sammenlignet med {medicine.comparator.split(' (')[0]}.",
        "population": "Voksne med bekreftet diagnose og ECOG 0–1 eller tilsvarende; alvorlig lever- eller nyresvikt var utelukket.",
        "intervention": f"{medicine.trade_name} i godkjent/omsøkt dose (n = {medicine.patients * 2 + 180}).",
        "comparator": medicine.comparator,
        "endpoints": "Primært: klinisk effekt etter 52 uker. Sekundært: overlevelse, livskvalitet (EQ-5D-5L) og sikkerhet.",
        "subgroups": "Alder under/over 65 år, tidligere behandling og alvorlighetsgrad; effekten var lik i alle grupper.",
        "follow_up": "Median 21 måneder.",
        "timing": "Hovedresultater foreligger; endelig analyse ventes innen to år.",
        "publications": "Publisert i fagfellevurdert tidsskrift; sammendrag er lagt ved.",
    }


def _follow_up(medicine: Medicine) -> Answers:
    """The second study: an extension with a European trial number made from the first one's digits."""
    digits = medicine.ema_number[-4:]
    return _study(medicine, f"Forlengelsesstudie 2023-50{digits}-12-00", "fase IIIb, åpen")


def _with(answers: Answers, changes: Answers) -> Answers:
    return {key: value for key, value in {**answers, **changes}.items() if value is not None}
