"""One version of a form, as its definition says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator

from services.shared.forms.fields import Check, Field, Section
from services.shared.forms.label_index import LabelIndex
from services.shared.forms.normal_forms import for_comparison
from services.shared.forms.printed import printed_beside, printed_lines, printed_words
from services.shared.forms.schema import schema_of


@dataclass(frozen=True)
class FormDefinition:
    """One version of a form. ``headline`` are the fields whose answers, in this order, name what a submission is about.

    ``purpose`` tells in a sentence who uses it and for what.
    """

    form_type: str
    form_version: str
    title: Mapping[str, str]
    who: str
    sections: tuple[Section, ...]
    checks: tuple[Check, ...]
    headline: tuple[str, ...] = ()
    purpose: Mapping[str, str] | None = None
    fields: Mapping[str, Field] = field(init=False)

    def __post_init__(self) -> None:
        by_key = {each.key: each for section in self.sections for each in section.fields}
        object.__setattr__(self, "fields", MappingProxyType(by_key))

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema 2020-12 of the answers."""
        return schema_of(self.form_type, self.form_version, self.title, self.fields)

    @cached_property
    def validator(self) -> Draft202012Validator:
        """A validator of the schema that also asserts formats."""
        return Draft202012Validator(self.schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    @cached_property
    def label_index(self) -> LabelIndex:
        """What each wording of a label stands for."""
        return LabelIndex(self.title, self.sections)

    @cached_property
    def choices_like_questions(self) -> frozenset[tuple[str, str]]:
        """Key and value of each choice that is worded like a question of the form: read without controls, either may be meant."""
        every = [part for each in self.fields.values() for part in (each, *each.fields)]
        questions = {for_comparison(text) for each in every for text in (*each.label.values(), *each.aliases)}
        return frozenset(
            (each.key, choice.value)
            for each in self.fields.values()
            for choice in each.choices
            if questions & {for_comparison(text) for text in choice.label.values()}
        )

    @cached_property
    def printed_words(self) -> frozenset[str]:
        """What a form on paper says that is no answer, as ``for_comparison`` gives it."""
        return printed_words(self.fields)

    @cached_property
    def printed_lines(self) -> frozenset[str]:
        """The lines of our own form that stand there whatever is answered, as ``for_comparison`` gives them."""
        return printed_lines(self.title, self.sections)

    @cached_property
    def printed_beside(self) -> Callable[[str], frozenset[str] | None]:
        """What our own form prints after the control with a tag (see ``printed.printed_beside``); the tags that come are nearly always the same."""
        return lru_cache(maxsize=2048)(partial(printed_beside, self.fields))

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The place of each field in the form, from 0."""
        return MappingProxyType({key: position for position, key in enumerate(self.fields)})

    def field_at(self, path: Sequence[str | int]) -> Field | None:
        """The field that a path into the answers (``["studies", 0, "id"]``) leads to, or None for a key the form does not have."""
        found = self.fields.get(str(path[0])) if path else None
        if found is not None and found.type.shape == "rows" and len(path) > 2:
            return found.sub_fields.get(str(path[2]))
        return found

    def title_of(self, answers: Mapping[str, Any]) -> str | None:
        """What a submission is about in one line, for lists and search; None when nothing of it is answered."""
        parts = [str(answers[key]).strip() for key in self.headline if answers.get(key)]
        return " – ".join(parts)[:300] or None
