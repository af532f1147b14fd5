"""The fields of a submission's body beside its files (contract, section 3): the same for handing in and for checking."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from services.shared import timestamps, words
from services.shared.actors import Actors
from services.shared.forms import Finding
from services.shared.identity import Identity
from services.shared.identity_numbers import blot_out, find_identity_numbers
from services.shared.organisation_numbers import has_right_control_digit
from services.shared.problems import Problem
from services.shared.sandbox import Policy
from services.shared.storable import storable_object
from services.shared.web.incoming import ReceivedBody

FIELDS: Final = frozenset({"form_type", "note", "access", "replaces", "on_behalf_of", "received_at", "language"})
_SECRETARIAT_FIELDS: Final = ("on_behalf_of", "received_at")
_SUBMITTER_KINDS: Final = ("organisation", "person", "foreign")
ACCESS: Final = ("public", "restricted", "internal")
NATIONAL_IDENTITY_NUMBER: Final = "national_identity_number"


@dataclass(frozen=True)
class SubmissionFields:
    """What the fields of a body say, checked.

    ``note`` holds no national identity number any more; ``note_had_number`` says that it did. ``received_at`` is a moment, now or the earlier one that the secretariat gives.
    """

    form_type: str | None
    language: str | None
    access: str
    note: str | None
    note_had_number: bool
    replaces: str | None
    on_behalf_of: dict[str, Any] | None
    received_at: str

    def findings(self) -> list[Finding]:
        """What is wrong with the fields and is told like what is wrong with the form."""
        if not self.note_had_number:
            return []
        message = {language: words.text("validation.note_identity_number", language) for language in words.LANGUAGES}
        return [Finding(pointer=None, label=words.catalogue()["validation.note"], code=NATIONAL_IDENTITY_NUMBER, message=message)]


def read_fields(body: ReceivedBody, *, policy: Policy, form_types: Collection[str], is_secretariat: bool) -> SubmissionFields:
    """Check the fields of a body. Raises Problem."""
    refuse_fields_of_others(body, is_secretariat=is_secretariat)
    note = body.value("note")
    if note and len(note) > policy.sizes.note_characters:
        raise Problem("field_too_long", 422, name="note", limit=policy.sizes.note_characters)
    return SubmissionFields(
        form_type=_known_form(body.value("form_type"), form_types),
        language=_one_of(body, "language", words.LANGUAGES),
        access=_one_of(body, "access", ACCESS) or "restricted",
        note=note and blot_out(note),
        note_had_number=bool(note and find_identity_numbers(note)),
        replaces=body.value("replaces"),
        on_behalf_of=on_behalf_of_in(body),
        received_at=received_at_in(body),
    )


def _known_form(value: str | None, form_types: Collection[str]) -> str | None:
    if value is not None and value not in form_types:
        raise Problem("form_type_unknown", 422, name=value[:60])
    return value


def _one_of(body: ReceivedBody, name: str, allowed: Collection[str]) -> str | None:
    value = body.value(name)
    if value is not None and value not in allowed:
        raise Problem("value_not_allowed", 422, name=name)
    return value


def refuse_fields_of_others(body: ReceivedBody, *, is_secretariat: bool) -> None:
    """Raise Problem when somebody else gives a field that only the secretariat may."""
    if is_secretariat:
        return
    for name in _SECRETARIAT_FIELDS:
        if body.value(name) is not None:
            raise Problem("field_not_yours", 403, name=name)


def submitter_kind(actors: Actors, identity: Identity, on_behalf_of: dict[str, Any] | None) -> str | None:
    """What kind of submitter it is whose submission this is; None when that is not known."""
    if on_behalf_of is None:
        return identity.kind
    return actors.kind_of(on_behalf_of["id"]) if on_behalf_of["kind"] == "organisation" else None


def received_at_in(body: ReceivedBody) -> str:
    """Now, or the earlier moment (or Norwegian day) that the secretariat gives. Raises Problem."""
    text = body.value("received_at")
    now = timestamps.now()
    if text is None:
        return now
    try:
        # A bare day is taken as its noon: the same day whichever zone somebody reads it in.
        moment = timestamps.to_text(timestamps.parse(text if len(text) > 10 else f"{text}T12:00:00+01:00"))
    except ValueError as fault:
        raise Problem("value_not_allowed", 422, name="received_at") from fault
    if moment > now:
        raise Problem("value_not_allowed", 422, name="received_at")
    return moment


def on_behalf_of_in(body: ReceivedBody) -> dict[str, Any] | None:
    """Whom the secretariat submits for, ``{"kind", "id", "name", "country"}``: given as JSON, or as a bare organisation number. Raises Problem."""
    text = body.value("on_behalf_of")
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) == 9:
        if not has_right_control_digit(text):
            raise Problem("value_not_allowed", 422, name="on_behalf_of")
        return {"kind": "organisation", "id": text, "name": text, "country": "NO"}
    try:
        party = storable_object(json.loads(text))
        known = {key: str(party[key])[:200] for key in ("kind", "id", "name")}
        known["country"] = str(party.get("country", "NO"))[:2]
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        raise Problem("value_not_allowed", 422, name="on_behalf_of") from fault
    if known["kind"] not in _SUBMITTER_KINDS or not known["id"] or not known["name"]:
        raise Problem("value_not_allowed", 422, name="on_behalf_of")
    return known
