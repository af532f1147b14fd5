"""Answers of a metodevarsel and of an innspill."""

from __future__ import annotations

from datetime import date
from typing import Any

from samples.content.medicines import Medicine

Answers = dict[str, Any]


def metodevarsel(medicine: Medicine, **changes: Any) -> Answers:
    """A complete metodevarsel about a medicine that the national insurance pays for; ``changes`` replace answers, None takes one away."""
    answers = {
        "title": f"{medicine.substance.capitalize()} ({medicine.trade_name}): {medicine.disease.split('.')[0].lower()}",
        "summary": f"{medicine.trade_name} er til vurdering i EMA. {medicine.mechanism}",
        "atc": medicine.atc,
        "substance": medicine.substance,
        "trade_name": medicine.trade_name,
        "form": medicine.strength.split(".")[0],
        "ma_applicant": "Eksempel Legemidler AS",
        "method_type": "legemiddel",
        "financing": "folketrygd",
        "approval_status": "soekt",
        "relevant_elements": ["klinisk_effekt", "sikkerhet", "kostnader_ressursbruk"],
        "background": medicine.disease,
        "patients_no": medicine.population,
        "current_treatment": medicine.current_treatment,
        "mechanism": medicine.mechanism,
        "indication_expected": medicine.indication,
        "clinical_studies": f"{medicine.study}: {medicine.trade_name} mot {medicine.comparator}.",
        "hta_references": ["Ingen metodevurdering er funnet i Norden, Storbritannia eller Canada."],
        "references": ["Aas B, Øye C. Nye legemidler på vei. Tidsskr Eks 2026. 10.99999/tek.2026.0077"],
        "version_log": "Første versjon.",
    }
    return _with(answers, changes)


def innspill(**changes: Any) -> Answers:
    """A complete innspill from a clinician while the method is being assessed; ``changes`` replace answers, None takes one away."""
    answers = {
        "method_id": "ID2024_063",
        "method_name": "Trådløs trykksensor ved hjertesvikt",
        "sender_name": "Ingeborg Ødegård",
        "sender_org": "Eksempel universitetssykehus HF",
        "sender_role": "Overlege, hjertemedisinsk avdeling",
        "sender_email": "ingeborg.odegard@eksempelsykehus.example",
        "sender_phone": "+47 55 00 02 21",
        "sender_category": "fagperson",
        "phase": "under_metodevurdering",
        "publication_ack": True,
        "patient_groups": "Voksne med hjertesvikt (NYHA III) som legges inn to ganger i året eller mer.",
        "in_use": "Metoden er prøvd ut hos 14 pasienter hos oss siden 2023, i en studie.",
        "current_alternatives": "Poliklinisk oppfølging hver tredje måned, med vekt og NT-proBNP.",
        "patients_no": "Om lag 1 200–1 500 i Norge.",
        "comments": "Oppfølgingen krever en sykepleier på dagtid. Uten det er nytten liten, og det bør komme med i vurderingen.",
        "references": ["Lund D et al. Randomisert studie. J Invented Trials 2024. 10.99999/jit.2024.1187"],
        "coi_text": "Har fått reisestøtte fra én produsent i 2022. Ingen andre interesser.",
    }
    return _with(answers, changes)


def before_the_meeting(today: date) -> Answers:
    """What an innspill says before the Ordering Forum's meeting: the case is so new that it has a name only."""
    return innspill(
        method_id=None,
        method_name="Hjemmemåling av blodtrykk med nytt apparat",
        phase="foer_bestillerforum",
        comments=f"Sendt {today.isoformat()}. Vi mener at metoden bør vurderes nasjonalt, og stiller gjerne med fagfolk.",
    )


def _with(answers: Answers, changes: Answers) -> Answers:
    return {key: value for key, value in {**answers, **changes}.items() if value is not None}
