"""Running Norwegian text for reports: invented, plausible, with æ, ø, å and the signs Word puts in."""

from __future__ import annotations

from typing import Final

REPORT_PARAGRAPHS: Final = (
    (
        "Denne oppsummeringen beskriver den dokumentasjonen leverandøren legger til grunn for effekt og sikkerhet. Resultatene er hentet fra "
        "den siste datakuttingen, og alle analyser følger den forhåndsbestemte statistiske analyseplanen."
    ),
    (
        "Pasientene ble tilfeldig fordelt 2:1 til intervensjon eller dagens behandling. Fordelingen var stratifisert etter alder, "
        "sykdomsstadium og tidligere behandling, og gruppene var sammenlignbare ved oppstart."
    ),
    (
        "Median oppfølgingstid var 21 måneder. Frafallet var lavt i begge armer (under 6 %), og de vanligste årsakene var flytting og "
        "pasientens eget ønske."
    ),
    (
        "Bivirkningene var som oftest milde og forbigående. Kvalme, tretthet og utslett var hyppigst; alvorlige hendelser forekom hos 9 % i "
        "intervensjonsgruppen og 8 % i kontrollgruppen."
    ),
    (
        "Livskvalitet ble målt med EQ-5D-5L hver tolvte uke. Forskjellen var i favør av intervensjonen fra uke 24, men usikkerheten er stor "
        "fordi færre svarte mot slutten av studien."
    ),
    (
        "Overførbarheten til norsk klinisk praksis vurderes som god: behandlingen gis poliklinisk, og komparatoren er den samme som i "
        "nasjonale faglige retningslinjer."
    ),
    (
        "Ressursbruken i helseforetakene ventes å bli omtrent uendret. Færre liggedøgn veier opp for hyppigere poliklinisk kontroll i de "
        "første tre månedene."
    ),
    (
        "Følsomhetsanalysene viser at resultatet i størst grad avhenger av antatt behandlingsvarighet og av hvor lenge effekten vedvarer etter "
        "avsluttet behandling."
    ),
    (
        "«Den kliniske relevansen er tydelig for pasienter uten andre alternativer», heter det i den kliniske ekspertgruppens uttalelse. "
        "Gruppen peker samtidig på behovet for data utover fem år."
    ),
    (
        "Budsjettvirkningen er beregnet for fem år med gradvis opptak: 20 %, 45 %, 60 %, 70 % og 75 % av aktuelle pasienter. Prisene er "
        "maksimal utsalgspris eksklusive merverdiavgift."
    ),
    (
        "Studien er utført etter Helsinkideklarasjonen, og alle deltakere ga skriftlig samtykke. Opplysningene i rapporten er aggregerte og "
        "kan ikke føres tilbake til enkeltpersoner."
    ),
)
