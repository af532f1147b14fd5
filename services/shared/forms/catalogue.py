"""All forms in a folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from services.shared.form_lines import Line
from services.shared.forms.definition import FormDefinition
from services.shared.forms.parsing import FormDefinitionError, read_definition
from services.shared.forms.recognition import Recognition, best_fit


class FormCatalogue:
    """The forms by type and version. Does not change once made."""

    def __init__(self, definitions: Collection[FormDefinition]) -> None:
        forms: dict[str, dict[str, FormDefinition]] = {}
        for definition in sorted(definitions, key=lambda each: (each.form_type, _number(each.form_version))):
            forms.setdefault(definition.form_type, {})[definition.form_version] = definition
        self._forms: Mapping[str, Mapping[str, FormDefinition]] = MappingProxyType(forms)

    def types(self) -> tuple[str, ...]:
        """The form types, in order of name."""
        return tuple(self._forms)

    def versions(self, form_type: str) -> tuple[str, ...]:
        """The versions of a form, oldest first; none for an unknown form."""
        return tuple(self._forms.get(form_type, ()))

    def get(self, form_type: str, version: str) -> FormDefinition | None:
        """One version of a form, or None."""
        return self._forms.get(form_type, {}).get(version)

    def newest(self, form_type: str) -> FormDefinition | None:
        """The newest version of a form, or None for an unknown one."""
        versions = self.versions(form_type)
        return self._forms[form_type][versions[-1]] if versions else None


def load_forms(folder: Path) -> FormCatalogue:
    """Read every ``<form>/<version>/definition.json`` in a folder. What reading proves of a definition makes its schema a valid one, too.

    Raises FormDefinitionError when a definition is malformed or stands in a folder of another name.
    """
    definitions = []
    for path in sorted(folder.glob("*/*/definition.json")):
        definition = read_definition(path)
        if (definition.form_type, definition.form_version) != (path.parent.parent.name, path.parent.name):
            raise FormDefinitionError(f"{path.parent.parent.name}/{path.parent.name}: the folder and the definition name different forms")
        definitions.append(definition)
    return FormCatalogue(definitions)


def recognise(catalogue: FormCatalogue, tag_names: Collection[str], lines: Sequence[Line]) -> Recognition | None:
    """The form, in its newest version, that a document with these tags and lines most likely is; None when nothing fits well."""
    newest = [definition for form_type in catalogue.types() if (definition := catalogue.newest(form_type)) is not None]
    return best_fit(newest, tag_names, lines)


def _number(version: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError as error:
        raise FormDefinitionError(f"version {version!r} is not numbers and dots") from error
