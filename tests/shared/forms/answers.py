"""Complete, valid answers for each form, for the day on which they are checked. Other tests start from these and spoil one thing."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.shared import timestamps

POWER_OF_ATTORNEY = "fullmakt.pdf"


def month_after(day: date, months: int) -> str:
    """The month so many months after a day, as ``YYYY-MM``."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return f"{year:04d}-{month + 1:02d}"


def good_answers(form_type: str, today: date | None = None) -> dict[str, Any]:
    """Valid answers without errors or warnings for a form; ``today`` (default: the real day) places the dates that must lie ahead."""
    made = {"anmodning": _anmodning, "revurdering": _revurdering, "forslag": _forslag, "innspill": _innspill, "metodevarsel": _metodevarsel}
    return made[form_type](today or timestamps.norwegian_date(timestamps.now()))


def _study() -> dict[str, Any]:
    return {
        "id": "VEKSTSTOPP-3 (NCT04512345)",
        "design": "Randomisert, dobbeltblindet fase 3-studie",
        "aim": "Vise lengre progresjonsfri overlevelse enn dagens behandling",
        "population": "Voksne med lokalavansert eller metastatisk ikke-småcellet lungekreft",
        "intervention": "Eksempelumab 200 mg hver tredje uke (n = 304)",
        "comparator": "Platinabasert kjemoterapi (n = 301)",
        "endpoints": "Primært: totaloverlevelse. Sekundært: progresjonsfri overlevelse, livskvalitet",
        "subgroups": "PD-L1-uttrykk over og under 50 prosent",
        "follow_up": "Median 24,3 måneder",
        "timing": "Endelig analyse foreligger",
        "publications": "https://doi.org/10.1000/eksempel.2024.17",
    }


def _contact() -> dict[str, Any]:
    return {
        "publication_ack": True,
        "supplier_name": "Eksempel Legemidler AS",
        "supplier_orgnr": "910000020",
        "contact_name": "Kari Nordmann",
        "contact_title": "Markedstilgangsansvarlig",
        "contact_phone": "+47 22 00 00 00",
        "contact_email": "kari.nordmann@eksempel-legemidler.no",
        "external_rep": False,
    }


def _product() -> dict[str, Any]:
    return {
        "request_concerns": ["ny_indikasjon"],
        "indication": "Behandling av voksne med metastatisk ikke-småcellet lungekreft uten EGFR- eller ALK-forandringer.",
        "whole_indication_confirmed": True,
        "trade_name": "Eksempla",
        "active_substance": "eksempelumab",
        "manufacturer": "Eksempel Biologics Ltd.",
        "atc_code": "L01FX99",
        "administration_strength": "Konsentrat til infusjonsvæske, 25 mg/ml. 200 mg hver tredje uke.",
        "mechanism": "Monoklonalt antistoff som blokkerer en reseptor på T-celler.",
        "nordic_item_numbers": ["081996", "135216"],
    }


def _authorisation() -> dict[str, Any]:
    return {
        "ma_norway_any": True,
        "ma_first_date": "2019-03-14",
        "marketed_in_norway": True,
        "ma_requested_indication": True,
        "ma_indication_date": "2024-09-02",
        "ma_number": "EU/1/19/1234",
        "conditional_ma": False,
        "accelerated_assessment": False,
        "orphan_designation": False,
        "jca_in_scope": False,
        "gene_therapy_atmp": False,
    }


def _studies() -> dict[str, Any]:
    return {
        "studies": [_study()],
        "ongoing_same_indication": False,
        "planned_other_indications": True,
        "planned_other_indications_details": "En fase 2-studie ved småcellet lungekreft er planlagt.",
    }


def _economics(today: date) -> dict[str, Any]:
    return {
        "he_analysis_type": "cua",
        "he_population": "Hele studiepopulasjonen",
        "he_evidence_basis": "h2h",
        "budget_peak_year": 48000000,
        "dossier_expected": month_after(today, 6),
    }


def _anmodning(today: date) -> dict[str, Any]:
    return {
        **_contact(),
        **_product(),
        "substance_previously_assessed": True,
        "related_method_ids": ["ID2019_045"],
        "other_drugs_same_indication": True,
        "other_drugs_same_indication_details": "Flere immunterapier er innført til samme indikasjon.",
        "foreign_hta": False,
        **_authorisation(),
        "pd_l1_scheme": "nei",
        "similar_drugs_exist": True,
        "similar_drugs_exist_details": "Andre antistoffer i samme gruppe.",
        "comparable_to_introduced": False,
        "tender_exists": False,
        "disease_description": "Ikke-småcellet lungekreft utgjør om lag 85 prosent av all lungekreft.",
        "icd10_codes": ["C34.9"],
        "speciality": "kreftsykdommer",
        "cancer_area": "lungekreft",
        "current_treatment": "Platinabasert kjemoterapi, jf. nasjonalt handlingsprogram.",
        "prognosis": "Median overlevelse er om lag 12 måneder.",
        "placement_in_algorithm": "Førstelinje",
        "patient_population": "Om lag 400 nye pasienter per år.",
        "patients_per_year": 400,
        **_studies(),
        **_economics(today),
        "biomarker_test_required": False,
        "clinician_contact": False,
        "implementation_obstacles": False,
        "radiation_involved": False,
    }


def _revurdering(today: date) -> dict[str, Any]:
    return {
        **_contact(),
        "original_method_id": "ID2019_045",
        "previous_decision_date": "2022-05-23",
        "previous_decision": "innfores_ikke",
        "price_only": False,
        "new_clinical_data": True,
        "new_clinical_data_details": "Fem års oppfølging viser vedvarende forskjell i totaloverlevelse.",
        "new_data_type": ["oppdatert_overlevelse"],
        "new_data_since": "2025-02-10",
        "changed_since_last": "Komparatoren er endret, og effektdataene er modne.",
        "indication_unchanged": True,
        **_product(),
        **_authorisation(),
        **_studies(),
        **_economics(today),
    }


def _forslag(today: date) -> dict[str, Any]:
    return {
        "publication_ack": True,
        "coi_completed_ack": True,
        "proposer_name": "Ola Nordmann",
        "proposer_org": "Eksempel universitetssykehus HF",
        "proposer_type": "helseforetak",
        "proposer_email": "ola.nordmann@eksempelsykehuset.no",
        "proposer_phone": "22 00 00 00",
        "submitted_date": today.isoformat(),
        "title": "Fokusert ultralyd ved essensiell tremor",
        "short_description": "MR-veiledet fokusert ultralyd ødelegger et lite område i hjernen uten åpen kirurgi.",
        "justification": "Metoden tas i bruk i andre land, og pasienter sendes til utlandet.",
        "pico_p": "Voksne med behandlingsresistent essensiell tremor",
        "pico_i": "MR-veiledet fokusert ultralyd",
        "pico_c": "Dyp hjernestimulering",
        "pico_o": "Tremor, livskvalitet, komplikasjoner",
        "current_offer": "Legemidler og dyp hjernestimulering. Metoden kan erstatte kirurgi for noen.",
        "relevant_specialist_care": True,
        "status_in_use": ["forskning_utproeving"],
        "method_type": ["medisinsk_utstyr_ce", "prosedyre"],
        "ce_marked": True,
        "ce_class": "iii",
        "ce_intended_use": "Ablasjon av vev i hjernen under MR-veiledning",
        "radiation_involved": False,
        "specialities": ["nevrologi"],
        "affected_patients": "Om lag 100 pasienter per år.",
        "relevant_aspects": ["klinisk_effekt", "sikkerhet", "kostnader_ressursbruk"],
        "severity": "Alvorlig funksjonstap i dagliglivet.",
        "expected_effect": "Mindre tremor hos flertallet.",
        "safety": "Forbigående ustøhet er vanligst.",
        "patient_count_no": 100,
        "resource_consequences": "Ett utstyr nasjonalt, kortere liggetid.",
        "guideline_revision_need": "Nei.",
        "references": ["Eksempel O. Focused ultrasound for tremor. 2023. https://doi.org/10.1000/eksempel.2023.9"],
        "ma_or_ce_status": "CE-merket siden 2016.",
        "coi_text": "Ingen.",
    }


def _innspill(today: date) -> dict[str, Any]:
    return {
        "method_id": "ID2019_045",
        "method_name": "Fokusert ultralyd ved essensiell tremor",
        "sender_name": "Ola Nordmann",
        "sender_org": "Eksempel universitetssykehus HF",
        "sender_role": "Overlege",
        "sender_email": "ola.nordmann@eksempelsykehuset.no",
        "sender_phone": "22 00 00 00",
        "sender_category": "fagperson",
        "phase": "under_metodevurdering",
        "publication_ack": True,
        "patient_groups": "Voksne med behandlingsresistent tremor.",
        "comments": "Ventetiden på kirurgi er lang.",
        "references": ["Eksempel O. Focused ultrasound for tremor. 2023."],
        "coi_text": "Ingen.",
    }


def _metodevarsel(today: date) -> dict[str, Any]:
    return {
        "title": "Eksempelumab ved kronisk urtikaria",
        "summary": "Nytt antistoff som gis under huden. Søknad er til behandling i EMA.",
        "atc": "R03DX99",
        "substance": "eksempelumab",
        "trade_name": "Eksempla",
        "form": "Injeksjonsvæske",
        "ma_applicant": "Eksempel Legemidler AS",
        "method_type": "legemiddel",
        "tags": ["companion_diagnostics"],
        "financing": "folketrygd",
        "approval_status": "soekt",
        "relevant_elements": ["klinisk_effekt", "sikkerhet"],
        "background": "Kronisk urtikaria varer i mer enn seks uker.",
        "companion_dx_comment": "Testen er i bruk ved alle laboratorier.",
        "clinical_studies": "To fase 3-studier.",
        "references": ["Eksempel O. Eksempelumab. 2026."],
    }
