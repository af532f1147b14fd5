"""Forms to fill in, made from a form's definition: Word and PDF, in every language. The same definition gives the same bytes.

Only written here, never read (decision 0024): what comes back is opened in the box like anything else from outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from services.shared.forms.definition import FormDefinition
from services.shared.forms.templates.paper import laid_out

MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf"}
)


@dataclass(frozen=True, slots=True)
class Template:
    """A form to fill in. ``name`` is its file's; ``digest`` the sha256 of ``data`` in hex."""

    data: bytes
    name: str
    media_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates that were asked for so far: one is made on its first use."""

    _made: dict[tuple[str, str, str, str], Template] = field(default_factory=dict)

    def get(self, definition: FormDefinition, kind: str, language: str) -> Template:
        """The template of a form as ``docx`` or ``pdf`` in a language. Raises KeyError for another kind or language."""
        key = (definition.form_type, definition.form_version, kind, language)
        if key not in self._made:
            self._made[key] = make_template(definition, kind, language)
        return self._made[key]


def make_template(definition: FormDefinition, kind: str, language: str) -> Template:
    """The empty form, made anew. Raises KeyError for another kind or language."""
    media_type = MEDIA_TYPES[kind]
    data = filled_form(definition, kind, language, {})
    name = f"{definition.form_type}-{definition.form_version}-{language}.{kind}"
    return Template(data, name, media_type, hashlib.sha256(data).hexdigest())


def filled_form(definition: FormDefinition, kind: str, language: str, answers: Mapping[str, Any]) -> bytes:
    """The form with ``answers`` (normal forms) in its fields. Raises KeyError for another kind or language."""
    return _WRITERS[kind](definition, language, answers)


def _word(definition: FormDefinition, language: str, answers: Mapping[str, Any]) -> bytes:
    from services.shared.forms.templates import word

    return word.document(laid_out(definition, language, answers, "as_answered"))


def _pdf(definition: FormDefinition, language: str, answers: Mapping[str, Any]) -> bytes:
    from services.shared.forms.templates import pdf  # most processes never write one, and it loads fonts

    return pdf.document(laid_out(definition, language, answers, "fixed"))


_WRITERS: Final[Mapping[str, Callable[[FormDefinition, str, Mapping[str, Any]], bytes]]] = MappingProxyType({"docx": _word, "pdf": _pdf})
