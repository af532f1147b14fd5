"""A small register of methods and decisions as Nye metoder publishes it: one workbook, the nine columns. Everything in it is invented, and fits the samples."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from samples.builders.spreadsheet import workbook
from samples.content import medicines

NAME: Final = "metoderegister.xlsx"
HEADINGS: Final = (
    "ID-nr", "Virkestoff", "Handelsenavn", "Bruksområde (indikasjon)", "Metodetype", "Fagområde", "Dato siste beslutning",
    "Gjeldende beslutning Kortversjon", "Gjeldende beslutning (Hele)",
)  # fmt: skip
_DAY_ZERO: Final = date(1899, 12, 30)
_MEDICINE: Final = "Legemidler"
_INTRODUCED: Final = "Innført"
_NOT_INTRODUCED: Final = "Ikke innført"
# What the samples speak of: id, medicine.
_ASSESSED: Final = (
    ("2022_041", medicines.MYASTEROL),
    ("2021_077", medicines.KARDIOMIR),
    ("2020_093", medicines.OFTARELA),
    ("2019_066", medicines.GASTROVEL),
    ("2021_118", medicines.VELKARSA),
)
Row = tuple[str | int, ...]


def register(today: date) -> bytes:
    """The workbook, for forms that are filled in on a day. Decisions are where ``revurdering`` says they are: 700 days before."""
    decided = serial(today - timedelta(days=700))
    rows: list[Row] = [_row(number, medicine, decided) for number, medicine in _ASSESSED]
    # As in the real one: an id with two indications, a decision whose day is not known, a letter after the number, a method that waits for its decision.
    rows += [
        ("2022_041", medicines.MYASTEROL.substance, medicines.MYASTEROL.trade_name, "Barn under 12 år", _MEDICINE, "Nevrologi", 0, _NOT_INTRODUCED, "Kan ikke innføres."),
        ("2016_014 A", "halvorstatin", "Halvora", "Arvelig høyt kolesterol", _MEDICINE, "Hjerte- og karsykdommer", 42_500, _INTRODUCED, "Kan innføres."),
        ("2024_150", "nordetinib", "Nordeta", "Ikke-småcellet lungekreft", _MEDICINE, "Kreftsykdommer", 0, "", ""),
        ("2024_063", "", "", "Trådløs trykksensor ved hjertesvikt", "Medisinsk utstyr, diagnostikk og tester", "Hjerte- og karsykdommer", 0, "", ""),
        ("2018_031", "", "", "Fjernmåling av søvnapné", "Medisinsk utstyr, diagnostikk og tester", "Lungesykdommer", 43_600, _INTRODUCED, "Kan innføres."),
        ("2017_009", "", "", "Dagkirurgi ved lyskebrokk", "Prosedyrer og organisatoriske tiltak", "Annet", 43_100, _NOT_INTRODUCED, "Kan ikke innføres."),
    ]  # fmt: skip
    return workbook("Beslutninger", [HEADINGS, *rows])


def serial(day: date) -> int:
    """A day as the number that a workbook keeps."""
    return (day - _DAY_ZERO).days


def _row(number: str, medicine: medicines.Medicine, decided: int) -> Row:
    return (
        number, medicine.substance, medicine.trade_name, medicine.indication, _MEDICINE, medicine.speciality.capitalize(), decided, _NOT_INTRODUCED,
        f"{medicine.substance.capitalize()} ({medicine.trade_name}) kan ikke innføres til avtalt pris.",
    )  # fmt: skip
