"""Random answers as people type them, each with the value it should be read as."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from services.shared.forms import FormDefinition
from services.shared.forms.fields import Field
from tests.shared.forms.layouts.kit import Question

_SENTENCES = {
    "nb": (
        "Pasientene følges opp ved poliklinikken hver tredje måned.", "Median alder ved diagnose er 64 år.", "Effekten er dokumentert i én fase 3-studie (n = 304).",
        "Behandlingen gis som infusjon over 30 minutter, til progresjon eller uakseptabel toksisitet.", "Vi viser til «nasjonalt handlingsprogram» og referanse 4.",
        "Andre legemidler til samme indikasjon er innført, jf. ID2019_045.", "Bivirkningene er forbigående: kvalme, utslett og trøtthet.",
        "Dagens behandling er kjemoterapi, og prognosen er dårlig.", "Ja, det finnes data fra klinisk praksis.", "Oppfølgingstiden er kort, 12,4 måneder.",
        "Kostnadene er beregnet til 1 200 000 kr per år – uten rabatt.", "Produsenten har søkt om MT i Norge; svar ventes mai 2027.",
    ),
    "nn": (
        "Pasientane blir følgde opp ved poliklinikken kvar tredje månad.", "Median alder ved diagnose er 64 år.", "Verknaden er dokumentert i éin fase 3-studie (n = 304).",
        "Behandlinga blir gitt som infusjon over 30 minutt.", "Vi viser til «nasjonalt handlingsprogram» og referanse 4.", "Biverknadene går over: kvalme, utslett og trøyttleik.",
        "Andre legemiddel til same indikasjon er innførte, jf. ID2019_045.", "Dagens behandling er kjemoterapi, og prognosen er dårleg.", "Ja, det finst data frå klinisk praksis.",
    ),
    "en": (
        "Patients are followed every third month at the outpatient clinic.", "Median age at diagnosis is 64 years.", "The effect is documented in one phase 3 trial (n = 304).",
        "Treatment is given as a 30-minute infusion until progression.", "See the national guideline and reference 4.", "Adverse events are transient: nausea, rash and fatigue.",
        "Other medicines for the same indication have been introduced, cf. ID2019_045.", "Current treatment is chemotherapy and the prognosis is poor.", "Yes, there are real-world data.",
    ),
}  # fmt: skip
_NAMES = ("Kari Nordmann", "Ola Nordmann", "Åse Østby-Sæther", "Per Chr. O'Hara", "Marit Bjørnstad")
_TEXTS = (
    "Eksempel Legemidler AS",
    "Eksempla",
    "eksempelumab",
    "Eksempel Biologics Ltd.",
    "Overlege dr.med.",
    "Helse Eksempel HF, avd. 3",
    "LIS 2215",
    "EMEA/H/C/000123",
)
_MONTHS = {"nb": ["januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"]}
_MONTHS["nn"] = _MONTHS["nb"]
_MONTHS["en"] = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@dataclass
class Filled:
    """A form somebody filled in: the questions as typed, and the answers they should be read as."""

    questions: list[Question] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)


class Person:
    """Somebody who fills in a form, in one language."""

    def __init__(self, definition: FormDefinition, language: str, chance: random.Random, *, aliases: bool = False) -> None:
        self._definition, self._language, self._chance, self._aliases = definition, language, chance, aliases
        self._labels: list[str] = []

    def fill(self, *, share: float = 0.9, answered: float = 0.85) -> Filled:
        """A form with that share of its questions, of which so many are answered."""
        filled = Filled()
        fields = self._definition.fields.values()
        asked = [each for each in fields if each.fields or self._chance.random() < share]
        # what people write into an answer that reads like a label: words of the form before them
        self._labels = [sub.label[self._language].strip("?") for each in asked for sub in each.fields or (each,)]
        for section in self._definition.sections:
            for each in (each for each in section.fields if each in asked):
                if each.fields:
                    self._fill_group(filled, each, section.title[self._language])
                else:
                    text, value = self._typed(each) if self._chance.random() < answered else ("", None)
                    filled.questions.append(self._question(each, each.key, text, value, section.title[self._language]))
                    if value is not None:
                        filled.answers[each.key] = value
        return filled

    def _fill_group(self, filled: Filled, group: Field, section: str) -> None:
        rows = []
        for number in range(self._chance.randint(1, 3)):
            row = {}
            for sub in group.fields:
                text, value = self._typed(sub) if sub is group.fields[0] or self._chance.random() < 0.85 else ("", None)
                filled.questions.append(
                    self._question(sub, f"{group.key}/{number}/{sub.key}", text, value, section, row=number, group=group.label[self._language])
                )
                if value is not None:
                    row[sub.key] = value
            rows.append(row)
        filled.answers[group.key] = rows

    def _question(self, each: Field, key: str, text: str, value: Any, section: str, **more: Any) -> Question:
        label = each.label[self._language]
        if self._aliases and each.aliases and self._language == "nb" and self._chance.random() < 0.4:
            label = self._chance.choice(each.aliases)
        if each.type.json == "boolean":
            choices: tuple[str, ...] = self._yes_no()
            chosen = () if value is None else (choices[0] if value else choices[1],)
        else:
            choices = tuple(choice.label[self._language] for choice in each.choices)
            values = value if isinstance(value, list) else [value]
            chosen = tuple(choice.label[self._language] for choice in each.choices if choice.value in values)
        return Question(key, label, text, choices, chosen, section, **more)

    def _yes_no(self) -> tuple[str, str]:
        return ("Yes", "No") if self._language == "en" else ("Ja", "Nei")

    def _typed(self, each: Field) -> tuple[str, Any]:
        maker = getattr(self, f"_type_{each.type_name}", None)
        if maker is not None:
            typed: tuple[str, Any] = maker(each)
            return typed
        text = self._chance.choice(_TEXTS)
        return text, each.type.tidy(text)

    def _type_text(self, each: Field) -> tuple[str, Any]:
        text = self._chance.choice(_NAMES if "name" in each.key else _TEXTS)
        if "country" in each.key:
            text = "DE"
        return text, text

    def _type_study_id(self, _: Field) -> tuple[str, Any]:
        text = f"VEKST-{self._chance.randint(1, 99)} (NCT{self._chance.randint(10**7, 10**8 - 1)})"
        return text, text

    def _type_long_text(self, _: Field) -> tuple[str, Any]:
        lines = []
        for _number in range(self._chance.choice((1, 1, 1, 2, 3, 5))):
            sentences = self._chance.sample(_SENTENCES[self._language], self._chance.randint(1, 4))
            line = " ".join(sentences)
            trap = self._chance.random()
            if trap < 0.10:
                line = f"{self._chance.choice(self._labels)}: {line}"
            elif trap < 0.15:
                line = f"{line} {self._chance.choice(self._labels).lower()} er beskrevet."
            elif trap < 0.22:
                line = f"- {line}"
            elif trap < 0.27:
                line = f"{self._chance.randint(1, 9)}. {line}"
            lines.append(line)
        if len(lines) > 2 and self._chance.random() < 0.2:
            lines.insert(self._chance.randint(1, len(lines) - 1), self._chance.choice(self._labels))
        text = "\n".join(lines)
        return text, text

    def _type_bool(self, _: Field) -> tuple[str, Any]:
        value = self._chance.random() < 0.5
        yes, no = self._yes_no()
        return (yes if value else no), value

    def _type_integer(self, _: Field) -> tuple[str, Any]:
        value = self._chance.choice((40, 400, 1250, 12000))
        return self._chance.choice((str(value), f"{value:,}".replace(",", "\u00a0"))), value

    def _type_money_nok(self, _: Field) -> tuple[str, Any]:
        value = self._chance.randint(1, 900) * 100_000
        return self._chance.choice(
            (f"{value:,} kr".replace(",", " "), f"NOK {value:,}".replace(",", "."), str(value), f"kr {f'{value:,}'.replace(',', ' ')},-")
        ), value

    def _type_date(self, _: Field) -> tuple[str, Any]:
        year, month, day = self._chance.randint(2014, 2026), self._chance.randint(1, 12), self._chance.randint(1, 28)
        name = _MONTHS[self._language][month - 1]
        said = f"{day} {name} {year}" if self._language == "en" else f"{day}. {name} {year}"
        return self._chance.choice(
            (f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}", f"{day:02}.{month:02}.{year % 100}", said)
        ), f"{year}-{month:02}-{day:02}"

    def _type_month(self, _: Field) -> tuple[str, Any]:
        year, month = self._chance.randint(2026, 2028), self._chance.randint(1, 12)
        name = _MONTHS[self._language][month - 1]
        return self._chance.choice((f"{year}-{month:02}", f"{name} {year}", f"{month:02}/{year}", f"{month}.{year}")), f"{year}-{month:02}"

    def _type_orgnr(self, _: Field) -> tuple[str, Any]:
        return self._chance.choice(("910000020", "910 000 020", "NO 910 000 020 MVA")), "910000020"

    def _type_phone(self, _: Field) -> tuple[str, Any]:
        text = self._chance.choice(("22 00 00 00", "+47 900 00 000", "22000000"))
        return text, text

    def _type_email(self, _: Field) -> tuple[str, Any]:
        text = self._chance.choice(("kari.nordmann@eksempel.no", "ola@helse-eksempel.no"))
        return text, text

    def _type_file(self, _: Field) -> tuple[str, Any]:
        return "fullmakt.pdf", "fullmakt.pdf"

    def _type_atc(self, _: Field) -> tuple[str, Any]:
        return self._chance.choice((("L01FF02", "L01FF02"), ("L01F F02", "L01FF02"), ("l01ff02", "L01FF02"), ("A10B", "A10B")))

    def _type_ma_number(self, _: Field) -> tuple[str, Any]:
        return self._chance.choice((("EU/1/13/9999", "EU/1/13/9999"), ("17-12345", "17-12345")))

    def _type_method_id(self, _: Field) -> tuple[str, Any]:
        return self._chance.choice((("ID2019_045", "ID2019_045"), ("2019_045", "ID2019_045")))

    def _type_method_id_list(self, _: Field) -> tuple[str, Any]:
        return "ID2019_045, ID2020_008", ["ID2019_045", "ID2020_008"]

    def _type_item_number_list(self, _: Field) -> tuple[str, Any]:
        return self._chance.choice(("081996, 135216", "081996\n135216")), ["081996", "135216"]

    def _type_icd10_list(self, _: Field) -> tuple[str, Any]:
        return self._chance.choice((("C34.9", ["C34.9"]), ("C34.9, C50", ["C34.9", "C50"])))

    def _type_reference_list(self, _: Field) -> tuple[str, Any]:
        found = [
            f"Eksempel O, Berg K. Sikkerhet ved ny metode; {year}. https://doi.org/10.1000/e.{year}"
            for year in self._chance.sample(range(2015, 2026), 3)
        ]
        return "\n".join(f"{number}. {text}" for number, text in enumerate(found, 1)), found

    def _type_enum(self, each: Field) -> tuple[str, Any]:
        choice = self._chance.choice(each.choices)
        label = choice.label[self._language]
        return self._chance.choice((label, label, label.upper(), label.lower())), choice.value

    def _type_enum_multi(self, each: Field) -> tuple[str, Any]:
        chosen = self._chance.sample(each.choices, min(len(each.choices), self._chance.randint(1, 3)))
        chosen = [choice for choice in each.choices if choice in chosen]
        return "\n".join(choice.label[self._language] for choice in chosen), [choice.value for choice in chosen]
