"""Word forms without content controls, as people make them. See README.md."""

from tests.shared.forms.layouts import (
    blind_abroad,
    blind_forms,
    blind_last,
    blind_letters,
    blind_marked,
    blind_pasted,
    blind_people,
    blind_plain,
    blind_tables,
    dice,
    habits,
    prose,
    tables,
)
from tests.shared.forms.layouts.kit import LAYOUTS, Layout, Page, Question, layout

__all__ = [
    "LAYOUTS",
    "Layout",
    "Page",
    "Question",
    "blind_abroad",
    "blind_forms",
    "blind_last",
    "blind_letters",
    "blind_marked",
    "blind_pasted",
    "blind_people",
    "blind_plain",
    "blind_tables",
    "dice",
    "habits",
    "layout",
    "prose",
    "tables",
]
