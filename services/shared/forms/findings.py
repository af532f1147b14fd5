"""What is wrong with a form or a document, where, and in words that the sender can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from services.shared.words import choose


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    ``pointer`` is a JSON pointer into the answers (RFC 6901), or None for a fault in a document, which ``document`` then names.
    ``label`` and ``message`` hold nb, nn and en. ``severity`` is ``error`` or ``warning``. ``accepted_by`` names who let an error
    stand.
    """

    pointer: str | None
    label: Mapping[str, str] | None
    code: str
    message: Mapping[str, str]
    severity: str = "error"
    document: str | None = None
    accepted_by: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Everything, in all languages, for keeping; ``from_json`` reads it back."""
        return asdict(self)

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Finding:
        """The finding that ``to_json`` wrote."""
        return Finding(**kept)

    def in_language(self, language: str) -> dict[str, Any]:
        """The finding as the API shows it: ``field`` is the label."""
        return {
            "pointer": self.pointer,
            "field": None if self.label is None else choose(self.label, language),
            "code": self.code,
            "message": choose(self.message, language),
            "severity": self.severity,
            "document": self.document,
            "accepted_by": self.accepted_by,
        }
