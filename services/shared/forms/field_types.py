"""The closed list of field types: how each looks in JSON, how typed text becomes it, and which words tell that a value is wrong.

Shapes of codes: Norwegian organisation numbers, ATC (WHO), method ids (Nye metoder), ICD-10, Norwegian and European marketing
authorisation numbers. A shape that is only warned about is not here but in a check of the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from services.shared.forms import normal_forms

Shape = Literal["value", "choice", "choices", "list", "rows"]


@dataclass(frozen=True, slots=True)
class FieldType:
    """One type of field.

    ``shape``: one value, one choice, several choices, a list of texts, or rows of fields. ``wrong`` is the key under ``forms.wrong.``
    of the words for a malformed value, ``missing`` the one under ``forms.required.`` for no value. ``code`` is the code of a text with
    the wrong shape. ``interprets`` tells of a text whether ``tidy`` has to take it for something that it does not quite say.
    ``keys`` are what a definition may say beyond the common keys.
    """

    shape: Shape
    wrong: str
    missing: str = "text"
    json: Literal["string", "boolean", "integer"] = "string"
    tidy: Callable[[str], Any] = normal_forms.one_line
    pattern: str | None = None
    format: str | None = None
    code: str = "pattern"
    splits_at: str = "\n"
    interprets: Callable[[str], bool] | None = None
    keys: frozenset[str] = frozenset()


_LIMITS: Final = frozenset({"min", "max"})
_METHOD_ID: Final = "^ID20(1[3-9]|[2-9][0-9])_[0-9]{3}[A-Z]?$"
_ANYWHERE: Final = "\n,;"

FIELD_TYPES: Final[Mapping[str, FieldType]] = MappingProxyType(
    {
        "text": FieldType("value", "text", keys=frozenset({"max_length"})),
        "long_text": FieldType("value", "text", tidy=normal_forms.long_text, keys=frozenset({"max_length"})),
        "bool": FieldType("value", "yes_no", missing="choice", json="boolean", tidy=normal_forms.yes_or_no),
        "integer": FieldType("value", "integer", json="integer", tidy=normal_forms.integer, keys=_LIMITS),
        "money_nok": FieldType("value", "money", json="integer", tidy=normal_forms.whole_kroner, interprets=normal_forms.is_rounded, keys=_LIMITS),
        "date": FieldType("value", "date", tidy=normal_forms.day, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", format="date", code="date"),
        "month": FieldType(
            "value", "month", tidy=normal_forms.month, interprets=normal_forms.is_quarter, pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", code="month"
        ),
        "orgnr": FieldType("value", "organisation_number", tidy=normal_forms.organisation_number, pattern="^[0-9]{9}$"),
        # Loose on purpose: short numbers, extensions and two numbers with a slash between occur.
        "phone": FieldType("value", "phone", tidy=normal_forms.phone, pattern=r"^(?=(\D*[0-9]){5,30}\D*$)[0-9 ()./+-]+$"),
        "email": FieldType("value", "email", tidy=normal_forms.without_spaces, pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"),
        "file": FieldType("value", "file", missing="file"),
        "atc": FieldType("value", "atc", tidy=normal_forms.atc, pattern="^[ABCDGHJLMNPRSV]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$"),
        "method_id": FieldType("value", "method_id", tidy=normal_forms.method_id, pattern=_METHOD_ID),
        "method_id_list": FieldType("list", "method_id", tidy=normal_forms.method_id, pattern=_METHOD_ID, splits_at=_ANYWHERE),
        "ema_number": FieldType("value", "text", tidy=normal_forms.ema_number),
        "ma_number": FieldType(
            "value", "ma_number", tidy=normal_forms.ema_number, pattern="^([0-9]{2}-[0-9]{4,5}|EU/1/[0-9]{2}/[0-9]{1,4}(/[0-9]{3})?)$"
        ),
        "study_id": FieldType("value", "text"),
        "tender_ref": FieldType("value", "text"),
        "item_number_list": FieldType("list", "item_number", tidy=normal_forms.without_spaces, pattern="^[0-9]{6}$", splits_at=_ANYWHERE),
        "icd10_list": FieldType("list", "icd10", tidy=normal_forms.without_spaces, pattern=r"^[A-Z][0-9]{2}(\.?[0-9]{1,2})?$", splits_at=_ANYWHERE),
        # A reference has commas and semicolons of its own: only lines part one from the next.
        "reference_list": FieldType("list", "reference", keys=_LIMITS),
        "enum": FieldType("choice", "choice", missing="choice", keys=frozenset({"values"})),
        "enum_multi": FieldType("choices", "choice", missing="choice", splits_at="\n;", keys=frozenset({"values"}) | _LIMITS),
        "group_list": FieldType("rows", "rows", missing="rows", keys=frozenset({"fields", "row_label", "paper_rows"}) | _LIMITS),
    }
)
