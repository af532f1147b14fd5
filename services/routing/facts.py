"""The facts that routing rules speak of, made from a form's answers by the table in ``schemas/routing/facts.json``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.shared.characters import normalised

_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class History:
    """What is known besides the form itself. None means: not asked, so rules that need it do not match."""

    submitter_kind: str | None = None
    possible_duplicate: bool | None = None


UNKNOWN = History()


@dataclass(frozen=True)
class Mention:
    """Something a form can say in free text only: ``says`` must be found in one of ``fields`` (lower case) and ``unless`` must not."""

    name: str
    fields: tuple[str, ...]
    says: re.Pattern[str]
    unless: re.Pattern[str] | None

    def stands_in(self, answers: Mapping[str, Any]) -> bool:
        """Whether the answers say it."""
        texts = (answers[field].casefold() for field in self.fields if isinstance(answers.get(field), str))
        return any(self.says.search(text) and not (self.unless and self.unless.search(text)) for text in texts)


@dataclass(frozen=True)
class MethodType:
    """One of the official method types: the forms that are always of it and the values of ``method_type`` that mean it."""

    name: str
    always: frozenset[str]
    values: frozenset[str]


@dataclass(frozen=True)
class FactSource:
    """How facts are made; read from data.

    ``method_type_field`` is the field with the ticked method types; ``same_case`` the fields whose answers say what a case is about.
    """

    method_types: tuple[MethodType, ...]
    mentions: tuple[Mention, ...]
    method_type_field: str = ""
    same_case: tuple[str, ...] = ()

    @staticmethod
    def read(data: Mapping[str, Any]) -> FactSource:
        """From the parsed JSON; raises KeyError or re.error when it is malformed."""
        return FactSource(
            tuple(MethodType(row["name"], frozenset(row["always"]), frozenset(row["values"])) for row in data["method_types"]),
            tuple(_mention(row) for row in data["mentions"]),
            data["method_type_field"],
            tuple(data["same_case"]),
        )

    def facts(self, form_type: str, answers: Mapping[str, Any], received_on: date, history: History = UNKNOWN) -> dict[str, Any]:
        """Facts as JSON, for the ``when`` of rules.

        ``received_on`` is the Norwegian day of receipt. ``submitter_kind`` and ``possible_duplicate`` are left out when they are not known.
        """
        found: dict[str, Any] = {
            "form_type": form_type,
            "received_on": received_on.isoformat(),
            "method_types": self._method_types(form_type, answers.get(self.method_type_field)),
            "mentions": [mention.name for mention in self.mentions if mention.stands_in(answers)],
            "answers": dict(answers),
        }
        if history.submitter_kind is not None:
            found["submitter_kind"] = history.submitter_kind
        if history.possible_duplicate is not None:
            found["possible_duplicate"] = history.possible_duplicate
        return found

    def case_key(self, form_type: str, answers: Mapping[str, Any]) -> str | None:
        """What two submissions about the same thing have in common: a digest of form and ``same_case``, spelling and punctuation aside.

        None when one of those is not answered. The form is part of it because one form may presuppose an earlier one about the same.
        """
        parts = [_plain(answers.get(field)) for field in self.same_case]
        if not parts or not all(parts):
            return None
        return hashlib.sha256("\n".join([form_type, *parts]).encode()).hexdigest()

    def _method_types(self, form_type: str, ticked: Any) -> list[str]:
        values = set(ticked) if isinstance(ticked, list) else {str(ticked)}
        return [kind.name for kind in self.method_types if form_type in kind.always or values & kind.values]


def _plain(text: Any) -> str:
    return _NOT_WORDS.sub(" ", normalised("NFKC", text).casefold()).strip() if isinstance(text, str) else ""


def _mention(row: Mapping[str, Any]) -> Mention:
    fields: Iterable[str] = row["fields"]
    return Mention(row["name"], tuple(fields), re.compile(row["says"]), re.compile(row["unless"]) if row.get("unless") else None)
