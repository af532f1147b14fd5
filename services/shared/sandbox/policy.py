"""The policy: every limit, every allowed type, and what each finding means for a submission.

One place, `schemas/policy/policy.json`. Sizes are bytes, times are seconds, counts are counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from services.shared.sandbox.identity import identify
from services.shared.sandbox.names import extension_of

Outcome = Literal["needs_correction", "quarantined"]
_Section = TypeVar("_Section")

# What may carry a form, for the secretariat.
MAILS = (".eml", ".msg")
PACKAGED = Path(__file__).resolve().parents[3] / "schemas" / "policy"


@dataclass(frozen=True)
class Sizes:
    """What may be sent. `multipart_file_bytes` is for one file in a form post, `upload_file_bytes` for one by tus."""

    form_bytes: int
    multipart_file_bytes: int
    upload_file_bytes: int
    submission_bytes: int
    attachments: int
    name_bytes: int
    note_characters: int


@dataclass(frozen=True)
class Opening:
    """How far the readers go into one submission.

    `depth` counts containers inside containers. `documents`, `unpacked_bytes`, `text_characters` (of what is handed out to be found by) hold for the whole submission, the rest for one file.
    """

    depth: int
    archive_entries: int
    package_entries: int
    documents: int
    member_bytes: int
    unpacked_bytes: int
    package_part_bytes: int
    package_bytes: int
    form_part_bytes: int
    embedded_bytes: int
    pages: int
    pdf_objects: int
    form_fields: int
    form_value_characters: int
    form_text_characters: int
    form_lines: int
    searched_bytes: int
    search_seconds: int
    covered_seconds: int
    text_characters: int
    json_bytes: int
    json_depth: int
    message_bytes: int
    message_parts: int
    answer_bytes: int
    table_rows: int
    table_columns: int


@dataclass(frozen=True)
class Limits:
    """What one child of the box may use; `memory_bytes` is address space beyond what the zygote had, `children` run at a time.

    Times on the wall only end what stands still: how long the processor time takes depends on what else the machine does, and is no fault of the file.

    `scan_seconds`: how long the scanner looks at one file, with all that is in it, before it gives up and it is not scanned. The largest file that may come in must have
    been looked at by then; a bomb of a few megabytes must not hold up others for longer.
    """

    cpu_seconds_per_file: int
    cpu_seconds: int
    wall_seconds_per_file: float
    wall_seconds: float
    memory_bytes: int
    open_files: int
    children: int
    scan_seconds: int

    @property
    def patience_seconds(self) -> int:
        """How long whoever passes on a request that has files opened waits for its answer: as long as the box may take, and a minute for all else."""
        return int(self.wall_seconds) + 60


@dataclass(frozen=True)
class FileType:
    """A type of file. `family`: what its first bytes look like; `format`: PRONOM id; `roles`: where it is welcome: `form`,
    `attachment`, or only `inside` another file, as the signature of a mail (may be empty)."""

    key: str
    family: str
    media_type: str
    extensions: tuple[str, ...]
    roles: frozenset[str]
    format: str | None = None
    refused_as: str = "type_not_allowed"


@dataclass(frozen=True)
class Policy:
    """All of it, typed and frozen. `unscanned_after`: with which findings a file is not given to the scanner, because it would unpack it without end."""

    sizes: Sizes
    opening: Opening
    limits: Limits
    outcomes: Mapping[str, Outcome]
    unscanned_after: frozenset[str]
    types: tuple[FileType, ...]
    magic: Mapping[str, tuple[bytes, ...]]
    ignored_names: frozenset[str]
    ignored_folders: frozenset[str]
    redacted_names: tuple[str, ...]
    source: str

    @classmethod
    def load(cls, folder: Path = PACKAGED) -> Policy:
        """Read `policy.json` in `folder`. Raises ValueError with the name of what is missing, unknown or of the wrong kind."""
        return cls.parse((folder / "policy.json").read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, source: str) -> Policy:
        """As `load`, from the text of the file; `source` keeps that text, which is how the policy travels to the zygote."""
        raw = json.loads(source)
        return cls(
            sizes=_section(Sizes, raw["sizes"]),
            opening=_section(Opening, raw["opening"]),
            limits=_section(Limits, raw["limits"]),
            outcomes=MappingProxyType({code: _outcome(code, outcome) for code, outcome in raw["outcomes"].items()}),
            unscanned_after=frozenset(_known(raw["unscanned_after"], raw["outcomes"])),
            types=tuple(_file_type(entry) for entry in raw["types"]),
            magic=MappingProxyType({family: tuple(bytes.fromhex(text) for text in magics) for family, magics in raw["magic"].items()}),
            ignored_names=frozenset(name.casefold() for name in raw["ignored_members"]["names"]),
            ignored_folders=frozenset(name.casefold() for name in raw["ignored_members"]["folders"]),
            redacted_names=tuple(part.casefold() for part in raw["redacted_names"]),
            source=source,
        )

    def type(self, key: str) -> FileType:
        """The type with that key. Raises KeyError."""
        return self._by_key[key]

    def type_of_extension(self, extension: str) -> FileType | None:
        """The type that uses this extension (lower case, no dot)."""
        return self._by_extension.get(extension)

    def welcome(self, role: str) -> str:
        """What may be sent as a `form` or an `attachment`, for people: `.docx, .pdf`. Without the mails that carry a form: those are the secretariat's way in."""
        types = [each for each in self.types if role in each.roles and not (role == "form" and "." + each.key in MAILS)]
        return ", ".join(f".{extension}" for each in types for extension in each.extensions)

    def outcome(self, code: str) -> Outcome:
        """What a finding means for the submission; an unknown code is quarantined, never passed."""
        return self.outcomes.get(code, "quarantined")

    def refusal(self, role: str, name: str, first_bytes: bytes) -> str | None:
        """The code under which a file is refused at the door by its name or first bytes, or None when it may come in.

        `role`: `form` or `attachment`. `first_bytes`: as `identify` wants them.
        """
        if not first_bytes:
            return "file_empty"
        return self.refusal_of_type(role, name, identify(first_bytes, name, self))

    def refusal_of_type(self, role: str, name: str, found: FileType | None) -> str | None:
        """As `refusal`, for a type that is already known. An extracted file counts as an attachment and may lack an extension."""
        named = self.type_of_extension(extension_of(name))
        if named and named.refused_as != "type_not_allowed":
            return named.refused_as
        if found is None or (named is None and (role != "extracted" or extension_of(name))):
            return "type_not_allowed"
        welcome = "attachment" if role == "extracted" else role
        if welcome not in found.roles and not (role == "extracted" and "inside" in found.roles):
            return found.refused_as
        if named is not None and named.key != found.key:
            return "type_mismatch"
        return None

    def says_redacted(self, name: str) -> bool:
        """Whether a file's name says that what is confidential was taken out of it, so that it may be published."""
        folded = name.casefold()
        return any(part in folded for part in self.redacted_names)

    def public(self) -> dict[str, Any]:
        """What `GET /policy` shows: sizes, counts, allowed types, and what each finding leads to."""
        return {
            "sizes": _as_dict(self.sizes),
            "opening": {
                name: getattr(self.opening, name)
                for name in ("depth", "archive_entries", "documents", "member_bytes", "unpacked_bytes", "embedded_bytes", "pages")
            },
            "types": [
                {
                    "name": file_type.key,
                    "media_type": file_type.media_type,
                    "extensions": list(file_type.extensions),
                    "roles": sorted(file_type.roles),
                }
                for file_type in self.types
                if file_type.roles
            ],
            "outcomes": dict(self.outcomes),
        }

    @cached_property
    def _by_key(self) -> dict[str, FileType]:
        return {file_type.key: file_type for file_type in self.types}

    @cached_property
    def _by_extension(self) -> dict[str, FileType]:
        return {extension: file_type for file_type in self.types for extension in file_type.extensions}


def _section(kind: type[_Section], raw: dict[str, int]) -> _Section:
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # kind is always a dataclass
    if wrong := names ^ raw.keys():
        raise ValueError(f"policy.json, {kind.__name__.lower()}: missing or unknown {sorted(wrong)}")
    for name, value in raw.items():
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise ValueError(f"policy.json, {kind.__name__.lower()}.{name}: must be a positive whole number, is {value!r}")
    return kind(**raw)


def _outcome(code: str, outcome: str) -> Outcome:
    if outcome == "needs_correction":
        return "needs_correction"
    if outcome == "quarantined":
        return "quarantined"
    raise ValueError(f"policy.json, outcomes.{code}: {outcome!r} is no outcome")


def _known(codes: list[str], outcomes: Mapping[str, str]) -> list[str]:
    if unknown := set(codes) - outcomes.keys():
        raise ValueError(f"policy.json, unscanned_after: {sorted(unknown)} have no outcome")
    return codes


def _file_type(entry: dict[str, Any]) -> FileType:
    return FileType(
        key=entry["key"],
        family=entry["family"],
        media_type=entry["media_type"],
        extensions=tuple(entry["extensions"]),
        roles=frozenset(entry["roles"]),
        format=entry["format"],
        refused_as=entry.get("refused_as", "type_not_allowed"),
    )


def _as_dict(section: Any) -> dict[str, int]:
    return {field.name: getattr(section, field.name) for field in fields(section)}
