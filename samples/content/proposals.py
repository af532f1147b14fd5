"""Answers of a forslag: devices, procedures, screening, and one that fits no box."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

Answers = dict[str, Any]


@dataclass(frozen=True)
class Proposal:
    """What a forslag is about."""

    title: str
    description: str
    justification: str
    population: str
    intervention: str
    comparator: str
    outcome: str
    method_types: tuple[str, ...]
    specialities: tuple[str, ...]
    patients: int
    extra: tuple[tuple[str, Any], ...] = ()


_CE_MARKED: tuple[tuple[str, Any], ...] = (
    ("ce_marked", True),
    ("ce_class", "iib"),
    ("ce_intended_use", "Til bruk på sykehus av opplært personell, etter produsentens bruksanvisning."),
)

SENSOR = Proposal(
    "Trådløs trykksensor for oppfølging av hjertesvikt hjemme",
    "En liten sensor legges inn i lungepulsåren og sender trykkmålinger til sykehuset hver dag.",
    "Flere sykehus vurderer metoden. Nytten for norske pasienter og konsekvensene for poliklinikkene er ikke vurdert samlet.",
    "Voksne med hjertesvikt (NYHA III) og minst én innleggelse siste år", "Trykksensor med fjernoppfølging",
    "Vanlig poliklinisk oppfølging",
    "Innleggelser for hjertesvikt, død, livskvalitet", ("medisinsk_utstyr_ce",), ("hjerte_og_karsykdommer",), 1500, _CE_MARKED,
)  # fmt: skip

DAY_REHABILITATION = Proposal(
    "Tverrfaglig dagrehabilitering etter hjerneslag i stedet for døgnopphold",
    "Et fast team følger opp pasientene på dagtid de seks første ukene etter hjerneslag.",
    "Tilbudet er ulikt mellom helseforetakene. En nasjonal vurdering kan gi likeverdig tilbud og riktigere bruk av døgnplasser.",
    "Voksne med lett til moderat hjerneslag", "Dagrehabilitering, fem dager i uken", "Rehabilitering i døgnavdeling",
    "Funksjon (mRS) etter seks måneder, liggedøgn, pårørendebelastning", ("prosedyre", "organisatorisk_oppsett"), ("nevrologi",), 3200,
)  # fmt: skip

ABLATION = Proposal(
    "Pulset felt-ablasjon ved atrieflimmer, med endret forløp",
    "Ablasjon med korte elektriske pulser i stedet for varme eller kulde, som dagkirurgi med nytt standardisert forløp.",
    "Metoden tas raskt i bruk. Både utstyret og det nye forløpet trenger en samlet vurdering av nytte, sikkerhet og ressursbruk.",
    "Voksne med anfallsvis atrieflimmer", "Pulset felt-ablasjon som dagkirurgi", "Radiofrekvens- eller kryoablasjon med innleggelse",
    "Frihet fra atrieflimmer etter ett år, komplikasjoner, tidsbruk",
    ("medisinsk_utstyr_ce", "prosedyre"), ("hjerte_og_karsykdommer",), 2400,
    _CE_MARKED,
)  # fmt: skip

CT_SCREENING = Proposal(
    "Screening for lungekreft med lavdose-CT hos personer med høy risiko",
    "Personer med høy risiko inviteres til lavdose-CT hvert annet år, med faste regler for videre utredning.",
    "Store studier viser lavere dødelighet. Norske tall for nytte, overdiagnostikk og kostnader trengs før et program kan vurderes.",
    "Personer 50–79 år med minst 35 pakkeår", "Lavdose-CT hvert annet år", "Ingen screening",
    "Dødelighet av lungekreft, overdiagnostikk, stråledose, kostnader", ("screening",), ("kreftsykdommer", "lungesykdommer"), 60000,
    (("radiation_involved", True),
     ("radiation_description", "Røntgenstråling fra CT; effektiv dose om lag 1 mSv per undersøkelse, hvert annet år.")),
)  # fmt: skip

GENE_TEST = Proposal(
    "Hurtig helgenomsekvensering av alvorlig syke nyfødte",
    "Svar innen 72 timer fra sekvensering av barn og foreldre på nyfødtintensiv.",
    "Tidlig diagnose kan endre behandlingen. Det er behov for å vurdere nytte, etikk og organisering nasjonalt.",
    "Nyfødte på intensivavdeling uten sikker diagnose", "Helgenomsekvensering (trio)", "Trinnvis målrettet genetisk utredning",
    "Tid til diagnose, endret behandling, liggedøgn", ("ivd_test_diagnostikk",), ("medfoedte_og_genetiske_sykdommer", "diagnostikk"), 180,
    (("ce_marked", False),),
)  # fmt: skip

UNCLASSIFIED = Proposal(
    "Terapihund i barneavdelinger",
    "Opplærte hunder med fører besøker barn som er innlagt over lengre tid.",
    "Tilbudet finnes noen steder, betalt av gaver. Vi ønsker en vurdering av nytte og smittevern.",
    "Barn 4–16 år som er innlagt mer enn en uke", "Besøk av terapihund to ganger i uken", "Vanlig aktivitetstilbud",
    "Uro, smerteopplevelse, smitte", ("annet",), ("psykiske_lidelser_og_rus", "annet"), 900,
    (("method_type_other", "Dyreassistert aktivitet"),),
)  # fmt: skip

HOME_MEASURING = Proposal(
    "Hjemmemåling av blodtrykk med nytt apparat",
    "Pasienten måler blodtrykket selv morgen og kveld, og apparatet sender målingene til behandleren.",
    "Apparatet er nytt, og pasienter spør etter det. Nytten sammenlignet med dagens apparater er ikke vurdert.",
    "Voksne med høyt blodtrykk som ikke når behandlingsmålet", "Hjemmemåling med automatisk overføring", "Måling på legekontoret",
    "Blodtrykk etter ett år, antall konsultasjoner, livskvalitet", ("medisinsk_utstyr_ce",), ("hjerte_og_karsykdommer",), 40000, _CE_MARKED,
)  # fmt: skip

MUSCLE_MEDICINE = Proposal(
    "Nytt legemiddel ved sjelden muskelsykdom",
    "Legemidlet tas som tablett én gang daglig og bremser tapet av muskelfunksjon ved en sjelden, arvelig muskelsykdom.",
    "Fagmiljøet venter at pasienter vil spørre etter legemidlet så snart det er godkjent. Nytte og kostnad bør vurderes nasjonalt.",
    "Barn og voksne med sjelden, arvelig muskelsykdom som fortsatt kan gå", "Det nye legemidlet i tillegg til dagens oppfølging",
    "Kortikosteroider, fysioterapi og tverrfaglig oppfølging",
    "Gangfunksjon etter ett år, lungefunksjon, livskvalitet, bivirkninger",
    ("legemiddel",), ("nevrologi", "medfoedte_og_genetiske_sykdommer"), 35,
    (
        ("ma_or_ce_status", "Nytt virkestoff, patentert; MT ventes neste år."),
        ("manufacturers", "Én produsent, som har patentet."),
        ("resource_consequences", "Økte legemiddelkostnader; liten endring i bruken av personell og senger."),
    ),
)  # fmt: skip


def forslag(proposal: Proposal, today: date, **changes: Any) -> Answers:
    """A complete forslag from a hospital; ``changes`` replace answers, None takes one away."""
    answers = {
        "publication_ack": True,
        "coi_completed_ack": True,
        "proposer_name": "Torbjørn Aasnæs",
        "proposer_org": "Eksempel universitetssykehus HF",
        "proposer_type": "helseforetak",
        "proposer_email": "torbjorn.aasnas@eksempelsykehus.example",
        "proposer_phone": "+47 55 00 02 20",
        "submitted_date": today.isoformat(),
        "title": proposal.title,
        "short_description": proposal.description,
        "justification": proposal.justification,
        "pico_p": proposal.population,
        "pico_i": proposal.intervention,
        "pico_c": proposal.comparator,
        "pico_o": proposal.outcome,
        "current_offer": f"I dag: {proposal.comparator.lower()}. Metoden vil for de fleste erstatte dagens tilbud.",
        "relevant_specialist_care": True,
        "status_in_use": ["forskning_utproeving"],
        "method_type": list(proposal.method_types),
        "radiation_involved": False,
        "specialities": list(proposal.specialities),
        "affected_patients": f"{proposal.population}. Også pårørende og personell på poliklinikkene berøres.",
        "relevant_aspects": ["klinisk_effekt", "sikkerhet", "kostnader_ressursbruk", "organisatoriske"],
        "severity": "Tilstanden gir betydelig tap av funksjon og livskvalitet; for noen er den livstruende.",
        "expected_effect": f"Bedring i: {proposal.outcome.lower()}.",
        "safety": "Få alvorlige hendelser er rapportert. Langtidsdata mangler.",
        "patient_count_no": proposal.patients,
        "resource_consequences": "Økte kostnader til utstyr og opplæring det første året, deretter færre liggedøgn.",
        "guideline_revision_need": "Nei, ikke i første omgang.",
        "references": [
            "Aas B, Øye C. Oversikt over metoden. Tidsskr Eks 2025. 10.99999/tek.2025.0412",
            "Lund D et al. Randomisert studie. J Invented Trials 2024. 10.99999/jit.2024.1187",
        ],
        "manufacturers": "Flere produsenter; ingen er valgt.",
        "ma_or_ce_status": "CE-merket etter MDR der metoden er utstyr.",
        "financing": "Ordinær finansiering av spesialisthelsetjenesten.",
        "coi_text": "Ingen.",
        **dict(proposal.extra),
    }
    return {key: value for key, value in {**answers, **changes}.items() if value is not None}
