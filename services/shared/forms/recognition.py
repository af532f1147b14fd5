"""Which form a document is, when it does not say so itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from services.shared.forms.definition import FormDefinition
from services.shared.forms.normal_forms import for_comparison

_LEAST_FIT_OF_TAGS: Final = 0.2
_LEAST_FIT_OF_LABELS: Final = 0.4
_LEAST_FIELDS: Final = 3
_SHORTEST_LABEL: Final = 10  # shorter ones ("Tittel", "Dato") stand in any document
_MOST_TEXT: Final = 400_000


class Recognition(NamedTuple):
    """The best fit: 1.0 is a perfect one. ``how`` is ``tag`` or ``label``."""

    form_type: str
    fit: float
    how: str


def best_fit(definitions: Collection[FormDefinition], tag_names: Collection[str], text: str) -> Recognition | None:
    """The form whose keys fit the tags best, else the one whose labels stand in the text; None when nothing fits well."""
    keys = {tag.lstrip("/").partition("/")[0] for tag in tag_names}
    by_tags = [Recognition(each.form_type, _fit_of_tags(each, keys), "tag") for each in definitions]
    best = max(by_tags, key=lambda found: found.fit, default=None)
    if best is not None and best.fit >= _LEAST_FIT_OF_TAGS:
        return best
    plain = for_comparison(text[:_MOST_TEXT])
    by_labels = [Recognition(each.form_type, _fit_of_labels(each, plain), "label") for each in definitions]
    best = max(by_labels, key=lambda found: found.fit, default=None)
    return best if best is not None and best.fit >= _LEAST_FIT_OF_LABELS else None


def _fit_of_tags(definition: FormDefinition, keys: set[str]) -> float:
    """Keys that both have, out of all that either has: forms that share most fields still differ in this."""
    shared = keys & definition.fields.keys()
    return len(shared) / len(keys | definition.fields.keys()) if len(shared) >= _LEAST_FIELDS else 0.0


def _fit_of_labels(definition: FormDefinition, plain: str) -> float:
    """The share of fields of which a label or alias stands in the text, among the fields that have one long enough to tell."""
    labels = [names for field in definition.fields.values() if (names := list(_telling_names((*field.label.values(), *field.aliases))))]
    found = sum(any(name in plain for name in names) for names in labels)
    titled = any(for_comparison(title) in plain for title in definition.title.values())
    return (found + titled) / (len(labels) + 1) if found >= _LEAST_FIELDS else 0.0


def _telling_names(names: Collection[str]) -> Iterator[str]:
    return (plain for name in names if len(plain := for_comparison(name)) >= _SHORTEST_LABEL)
