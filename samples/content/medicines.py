"""Invented medicines. No name, number or study here belongs to a real product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Medicine:
    """What an anmodning or revurdering says about one medicine, its disease and its main study."""

    trade_name: str
    substance: str
    atc: str
    indication: str
    strength: str
    mechanism: str
    speciality: str
    cancer_area: str | None
    icd10: tuple[str, ...]
    disease: str
    current_treatment: str
    prognosis: str
    population: str
    patients: int
    item_numbers: tuple[str, ...]
    ema_number: str
    study: str
    comparator: str


VELKARSA = Medicine(
    "Velkarsa", "velkaritinib", "L01EX91",
    "Velkarsa som monoterapi er indisert til behandling av voksne pasienter med lokalavansert eller metastatisk ikke-småcellet lungekreft "
    "(NSCLC) med KVR2-fusjon, som tidligere har fått platinabasert kjemoterapi.",
    "Filmdrasjerte tabletter 40 mg og 80 mg. 160 mg én gang daglig til progresjon eller uakseptabel toksisitet.",
    "Selektiv hemmer av KVR2-tyrosinkinase. Hemmer signalveien som driver vekst i tumorceller med fusjonsgenet.",
    "kreftsykdommer", "lungekreft", ("C34.9",),
    "Ikke-småcellet lungekreft utgjør om lag 85 % av all lungekreft. KVR2-fusjon finnes hos rundt 1 % av pasientene, oftest hos yngre som "
    "aldri har røykt.\nSykdommen er livstruende og gir hoste, tung pust, vekttap og smerter.",
    "Docetaksel, eventuelt pemetreksed, etter platinabasert kjemoterapi (nasjonalt handlingsprogram for lungekreft).",
    "Median totaloverlevelse ved andre linjes kjemoterapi er 9–11 måneder.",
    "Om lag 3 400 får lungekreft i Norge hvert år; 25–30 av disse har KVR2-fusjon og er aktuelle for andre linjes behandling.",
    28, ("135216", "081996"), "EMEA/H/C/009101", "KVARTS-2 (NCT09100211)", "docetaksel 75 mg/m² (n = 118)",
)  # fmt: skip

IMMUVERA = Medicine(
    "Immuvera", "tavorelimab", "L01FF91",
    "Immuvera er indisert som adjuvant behandling av voksne med melanom stadium IIB til IIC etter fullstendig reseksjon.",
    "Konsentrat til infusjonsvæske 25 mg/ml. 400 mg hver 6. uke i inntil 12 måneder.",
    "Humanisert monoklonalt antistoff mot PD-1; hever kroppens egen T-cellerespons mot tumorceller.",
    "kreftsykdommer", "hudkreft", ("C43.9",),
    "Malignt melanom er den nest vanligste kreftformen hos yngre voksne. Stadium IIB–IIC har høy risiko for tilbakefall etter kirurgi.",
    "Observasjon etter kirurgi, eller annen PD-1-hemmer som allerede er innført.",
    "Fem års tilbakefallsfri overlevelse uten behandling er om lag 55 %.",
    "Rundt 320 pasienter i Norge får diagnosen i disse stadiene hvert år.",
    210, ("402113",), "EMEA/H/C/009144", "AURORA-ADJ (NCT09144307)", "placebo (n = 488)",
)  # fmt: skip

ZELOPSA = Medicine(
    "Zelopsa", "zelokinumab", "L04AC91",
    "Zelopsa er indisert til behandling av moderat til alvorlig plakkpsoriasis hos voksne som er aktuelle for systemisk behandling.",
    "Injeksjonsvæske i ferdigfylt penn 150 mg. 300 mg uke 0 og 4, deretter hver 8. uke.",
    "Monoklonalt antistoff mot IL-17A/F; demper betennelse i huden.",
    "hudsykdommer", None, ("L40.0",),
    "Plakkpsoriasis er en kronisk betennelsessykdom i huden som gir kløe, smerter og redusert livskvalitet, og øker risikoen for "
    "hjerte- og karsykdom.",
    "TNF-hemmer eller IL-17-hemmer etter anbefalingene fra spesialistgruppen (LIS-anbudet).",
    "God med dagens biologiske behandling, men mange mister effekt over tid.",
    "Prevalensen er om lag 2 %. Rundt 600 pasienter starter på biologisk behandling hvert år.",
    600, ("519204", "519212"), "EMEA/H/C/009188", "BE-CLEAR 3 (NCT09188455)", "sekukinumab 300 mg (n = 310)",
)  # fmt: skip

RADIVEKSA = Medicine(
    "Radiveksa", "lutetium (177Lu) vemidotatid", "V10XX91",
    "Radiveksa er indisert til behandling av voksne med progredierende PSMA-positiv metastatisk kastrasjonsresistent prostatakreft etter "
    "androgenreseptorhemmer.",
    "Injeksjons-/infusjonsvæske 1 000 MBq/ml. 7 400 MBq hver 6. uke, inntil 6 doser.",
    "Radioligand som binder PSMA og gir lokal betastråling mot tumorceller.",
    "kreftsykdommer", "prostatakreft", ("C61",),
    "Metastatisk kastrasjonsresistent prostatakreft gir skjelettsmerter, brudd og kort forventet levetid.",
    "Docetaksel eller bytte av androgenreseptorhemmer.",
    "Median overlevelse er om lag 15 måneder.",
    "Om lag 900 menn dør av prostatakreft i Norge hvert år; 250–300 kan være aktuelle for radioligandbehandling.",
    260, ("604418",), "EMEA/H/C/009203", "LYS-PC (NCT09203118)", "bytte av androgenreseptorhemmer (n = 234)",
)  # fmt: skip

ASMELIO = Medicine(
    "Asmelio", "pelrolizumab", "R03DX91",
    "Asmelio er indisert som tilleggsbehandling ved alvorlig eosinofil astma hos voksne og ungdom fra 12 år.",
    "Injeksjonsvæske i ferdigfylt sprøyte 200 mg (ny styrke). 200 mg hver 8. uke.",
    "Monoklonalt antistoff mot TSLP; demper eosinofil betennelse i luftveiene.",
    "lungesykdommer", None, ("J45.9",),
    "Alvorlig eosinofil astma gir hyppige anfall, sykehusinnleggelser og varig nedsatt lungefunksjon.",
    "Inhalasjonssteroid og langtidsvirkende beta-2-agonist; biologisk tilleggsbehandling etter anbud.",
    "Uten biologisk behandling har pasientene i snitt tre alvorlige forverringer i året.",
    "Om lag 1 100 pasienter i Norge bruker biologisk behandling for astma.",
    140, ("447120",), "EMEA/H/C/009020", "PUST-4 (NCT09020664)", "pelrolizumab 100 mg hver 4. uke (n = 205)",
)  # fmt: skip

MYASTEROL = Medicine(
    "Myasterol", "rozefgartamod", "L04AG91",
    "Myasterol er indisert som tillegg til standardbehandling hos voksne med generalisert myasthenia gravis som er "
    "acetylkolinreseptor-antistoffpositive.",
    "Injeksjonsvæske 1 000 mg i hetteglass. 1 000 mg subkutant én gang i uken i sykluser på fire uker.",
    "FcRn-hemmer; senker nivået av sykdomsfremkallende IgG.",
    "nevrologi", None, ("G70.0",),
    "Generalisert myasthenia gravis gir svingende muskelsvakhet. Kriser med svekket pust er livstruende.",
    "Pyridostigmin, kortikosteroider, azatioprin; rituksimab eller immunglobulin ved utilstrekkelig effekt.",
    "De fleste lever normalt lenge, men 10–15 % har ikke tilstrekkelig effekt av behandlingen.",
    "Rundt 1 000 personer i Norge har diagnosen; 80–100 har behandlingsrefraktær sykdom.",
    90, ("552301",), "EMEA/H/C/008771", "STYRKE-MG (NCT08771902)", "placebo (n = 84)",
)  # fmt: skip

HEMOFIRA = Medicine(
    "Hemofira", "hemofiranakog beparvovek", "B02BD91",
    "Hemofira er indisert til behandling av alvorlig og moderat alvorlig hemofili B hos voksne uten inhibitorer.",
    "Konsentrat til infusjonsvæske. Én enkelt infusjon, 2 × 10¹³ genkopier per kg.",
    "AAV-basert genterapi som gir levercellene et fungerende faktor IX-gen.",
    "blodsykdommer", None, ("D67",),
    "Hemofili B er en sjelden, arvelig blødersykdom med spontane blødninger i ledd og muskler.",
    "Forebyggende behandling med faktor IX-konsentrat.",
    "Nær normal levetid med forebygging, men leddskader er vanlige.",
    "Om lag 90 menn i Norge har hemofili B; 20–25 er aktuelle for behandlingen.",
    22, ("563007",), "EMEA/H/C/008642", "VARIG-B (NCT08642115)", "faktor IX-profylakse i innkjøringsperioden (n = 54)",
)  # fmt: skip

OFTARELA = Medicine(
    "Oftarela", "farisibercept", "S01LA91",
    "Oftarela er indisert til behandling av voksne med neovaskulær (våt) aldersrelatert makuladegenerasjon.",
    "Injeksjonsvæske 120 mg/ml, intravitrealt. 6 mg hver 4. uke i fire doser, deretter inntil hver 16. uke.",
    "Bispesifikk hemmer av VEGF-A og Ang-2.",
    "oeyesykdommer", None, ("H35.3",),
    "Våt aldersrelatert makuladegenerasjon er den vanligste årsaken til alvorlig synstap hos eldre.",
    "Bevacizumab, aflibercept eller ranibizumab intravitrealt.",
    "Uten behandling taper de fleste lesesynet innen to år.",
    "Om lag 2 500 nye pasienter hvert år i Norge.",
    1800, ("578812",), "EMEA/H/C/008530", "KLARSYN (NCT08530777)", "aflibercept 2 mg (n = 336)",
)  # fmt: skip

KARDIOMIR = Medicine(
    "Kardiomir", "omekardiron", "C01CX91",
    "Kardiomir er indisert til behandling av voksne med symptomatisk kronisk hjertesvikt med redusert ejeksjonsfraksjon.",
    "Filmdrasjerte tabletter 25 mg og 50 mg. 50 mg to ganger daglig.",
    "Selektiv hjertemyosin-aktivator; øker slagvolumet uten å øke hjertefrekvensen.",
    "hjerte_og_karsykdommer", None, ("I50.0",),
    "Hjertesvikt gir tung pust, hevelser og nedsatt arbeidsevne, med hyppige innleggelser.",
    "ACE-hemmer eller ARNI, betablokker, MRA og SGLT2-hemmer.",
    "Halvparten lever fem år etter diagnosen.",
    "Om lag 100 000 i Norge har hjertesvikt; 2 000 er aktuelle etter optimal behandling.",
    2000, ("590033",), "EMEA/H/C/009310", "HJERTE-EF (NCT09310842)", "placebo i tillegg til standardbehandling (n = 1 204)",
)  # fmt: skip

GASTROVEL = Medicine(
    "Gastrovel", "gastrelizumab", "L04AC92",
    "Gastrovel er indisert til behandling av voksne med moderat til alvorlig aktiv Crohns sykdom etter svikt av TNF-hemmer.",
    "Konsentrat til infusjonsvæske 300 mg og ferdigfylt penn 100 mg.",
    "Monoklonalt antistoff mot p19-delen av IL-23.",
    "mage_og_tarmsykdommer", None, ("K50.9",),
    "Crohns sykdom er en kronisk betennelse i tarmen med magesmerter, diaré og vekttap.",
    "TNF-hemmer, vedolizumab eller ustekinumab etter anbud.",
    "Halvparten trenger kirurgi i løpet av ti år.",
    "Rundt 600 nye tilfeller hvert år i Norge; 250 har svikt av første biologiske behandling.",
    250, ("601445",), "EMEA/H/C/009355", "REMISJON-CD (NCT09355120)", "ustekinumab (n = 265)",
)  # fmt: skip
