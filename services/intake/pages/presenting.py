"""From a submission as the API shows it to what its page shows: the form section by section, each finding at its field or document, and who did what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.shared import lifecycle, words
from services.shared.context import Context
from services.shared.forms import FormDefinition
from services.shared.forms.fields import Field
from services.shared.publishing.answers import answer_texts

SERVICES = ("intake", "validation", "routing", "archive")
NOWHERE = "innhold"
DECIDED = frozenset({lifecycle.HELD, lifecycle.REJECTED, lifecycle.WITHDRAWN})


@dataclass
class Row:
    """One field of the form: ``value`` as text, or ``groups`` of rows for a repeated part. ``unsure``: the reader was not certain."""

    anchor: str
    label: str
    value: str | None
    findings: list[dict[str, Any]] = field(default_factory=list)
    groups: list[list[Row]] = field(default_factory=list)
    unsure: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether one of its findings must be mended."""
        return any(is_open_error(finding) for finding in self.findings)


@dataclass(frozen=True)
class ShownSection:
    """Fields under one heading."""

    title: str
    rows: list[Row]


def is_open_error(finding: Mapping[str, Any]) -> bool:
    """Whether a finding stands in the way: an error that nobody let stand."""
    return finding["severity"] == "error" and not finding["accepted_by"]


def sections_of(context: Context, view: Mapping[str, Any], language: str) -> list[ShownSection]:
    """The answered fields and those with findings, in the form's order; none while the form is unread."""
    definition = context.forms.get(view["form_type"], view["form_version"]) if view["form_type"] and view["form_version"] else None
    if definition is None or view["answers"] is None:
        return []
    by_pointer: dict[str, list[dict[str, Any]]] = {}
    for finding in view["errors"]:
        if finding["pointer"] is not None:
            by_pointer.setdefault(finding["pointer"], []).append(finding)
    return _shown(definition, view, by_pointer, language)


def _shown(definition: FormDefinition, view: Mapping[str, Any], by_pointer: dict[str, list[dict[str, Any]]], language: str) -> list[ShownSection]:
    sections = []
    for section in definition.sections:
        rows = [_row(each, view["answers"].get(each.key), f"/{each.key}", by_pointer, language) for each in section.fields]
        for each, row in zip(section.fields, rows, strict=True):
            row.unsure = (view["read_as"] or {}).get(each.key) == "unsure"
        shown = [row for row in rows if row.value is not None or row.groups or row.findings]
        if shown:
            sections.append(ShownSection(words.choose(section.title, language), shown))
    return sections


def _row(asked: Field, answer: Any, pointer: str, by_pointer: dict[str, list[dict[str, Any]]], language: str) -> Row:
    row = Row(anchor_of(pointer), words.choose(asked.label, language), None, by_pointer.get(pointer, []))
    if asked.fields and isinstance(answer, list):
        for number, member in enumerate(answer):
            values = member if isinstance(member, dict) else {}
            subs = [_row(sub, values.get(sub.key), f"{pointer}/{number}/{sub.key}", by_pointer, language) for sub in asked.fields]
            row.groups.append([sub for sub in subs if sub.value is not None or sub.findings])
        return row
    # A finding about one of a list's values stands at the list.
    row.findings = row.findings + [finding for place, found in by_pointer.items() if place.startswith(f"{pointer}/") for finding in found]
    row.value = "\n".join(answer_texts(asked, answer, language)) or None
    return row


def anchor_of(pointer: str) -> str:
    """The id of a field on the page."""
    return "felt" + pointer.replace("/", "-")


def findings_with_anchors(findings: Sequence[Mapping[str, Any]], documents: Sequence[Mapping[str, Any]], anchors: set[str]) -> list[dict[str, str]]:
    """Each finding as a sentence and the place on the page it leads to."""
    names = {file["id"]: file["name"] for file in documents}
    shown = []
    for finding in findings:
        anchor = _place(finding, names, anchors)
        label, message = finding["field"], finding["message"]
        # Most sentences name their field already.
        shown.append({"anchor": anchor, "text": message if not label or label in message else f"{label}: {message}"})
    return shown


def _place(finding: Mapping[str, Any], names: Mapping[str, str], anchors: set[str]) -> str:
    if finding["document"] in names:
        return f"dokument-{finding['document']}"
    pointer = finding["pointer"] or ""
    while pointer:
        if anchor_of(pointer) in anchors:
            return anchor_of(pointer)
        pointer = pointer.rpartition("/")[0]
    return NOWHERE


def anchors_in(rows: Sequence[Row]) -> set[str]:
    """The ids of all rows, with those inside groups."""
    found: set[str] = set()
    for row in rows:
        found.add(row.anchor)
        for group in row.groups:
            found |= anchors_in(group)
    return found


def documents_of(view: Mapping[str, Any], *, unscanned_may_leave: bool) -> list[dict[str, Any]]:
    """The documents with their findings, the name of the file each was found in, and whether it may be fetched."""
    names = {file["id"]: file["name"] for file in view["documents"]}
    return [
        {
            **file,
            "findings": [finding for finding in view["errors"] if finding["document"] == file["id"] and finding["pointer"] is None],
            "inside": names.get(file["parent"]),
            "may_fetch": file["scan"] == "clean" or (file["scan"] == "not_scanned" and unscanned_may_leave),
        }
        for file in view["documents"]
    ]


def reason_of(view: Mapping[str, Any]) -> str | None:
    """What was said when the submission came into the state it is in, for states that somebody or a rule decided on."""
    if view["status"] not in DECIDED:
        return None
    told = [entry["text"] for entry in view["timeline"] if entry["type"] == f"submission.{view['status']}"]
    return told[-1] if told else None


def actor_name(context: Context, view: Mapping[str, Any], by: str, language: str) -> str:
    """Who did something: an organisation's name where it is known, else the system."""
    kind, _, identifier = by.partition(":")
    for party in (view["submitter"], view["on_behalf_of"]):
        if party and party["id"] == identifier:
            return str(party["name"])
    actor = context.actors.of_organisation(identifier) if kind == "organisation" else context.actors.get(by)
    if actor is not None:
        return words.choose(actor.names, language)
    return words.text("pages.by_system", language) if by in SERVICES or not identifier else identifier
