"""The OCFL 1.1 inventory: what an object holds, version by version (specification, section 3.5). Reading, extending, writing; no stores here."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.archive.paths import extension_of
from services.shared import canonical

INVENTORY_TYPE = "https://ocfl.io/1.1/spec/#inventory"
USER = {"name": "mottak", "address": "https://www.nyemetoder.no/"}
METADATA_FOLDER = "metadata"

_MESSAGE = re.compile(r"^(?P<why>[a-z_]+); event (?P<submission>[0-9a-f-]{36})#(?P<seq>\d+); chain (?P<chain>[0-9a-f]{64})$")
_CONTENT_PATH = re.compile(r"^v[1-9][0-9]*/content/[A-Za-z0-9._/-]+$")
_HEX = {"sha512": re.compile(r"^[0-9a-f]{128}$"), "sha256": re.compile(r"^[0-9a-f]{64}$")}


class InventoryInvalid(Exception):
    """The bytes are not an inventory that this archive writes."""


@dataclass(frozen=True)
class VersionCause:
    """The event one version was written for, and the head of its submission's event chain then."""

    why: str
    submission: str
    seq: int
    chain: str

    @property
    def message(self) -> str:
        """The version's message in the inventory; ``parse`` reads it back."""
        return f"{self.why}; event {self.submission}#{self.seq}; chain {self.chain}"

    def same_event(self, other: VersionCause) -> bool:
        """True when both speak of the same event."""
        return (self.submission, self.seq) == (other.submission, other.seq)

    @staticmethod
    def parse(message: str) -> VersionCause:
        """Read a version's message. Raises InventoryInvalid."""
        found = _MESSAGE.match(message)
        if found is None:
            raise InventoryInvalid(f"message {message[:80]!r}")
        return VersionCause(found["why"], found["submission"], int(found["seq"]), found["chain"])


@dataclass(frozen=True)
class Content:
    """One file of a version: where people find it, what its bytes are, and where they are now (a key in the source port, or the bytes).

    ``tag``: what the source calls these bytes (``Stored.tag``).
    """

    logical_path: str
    size: int
    sha512: str
    sha256: str
    source: str | bytes
    tag: str | None = None

    @staticmethod
    def of_bytes(logical_path: str, data: bytes) -> Content:
        """A file made here."""
        return Content(logical_path, len(data), hashlib.sha512(data).hexdigest(), hashlib.sha256(data).hexdigest(), data)


@dataclass(frozen=True)
class VersionPlan:
    """One version to be written. It must be a function of the event alone: a second writer plans, and so writes, the same bytes."""

    cause: VersionCause
    created: str
    contents: tuple[Content, ...]


@dataclass(frozen=True)
class Version:
    """One version as the inventory tells it. ``state``: logical path -> sha512 (hex)."""

    number: int
    created: str
    cause: VersionCause
    state: dict[str, str]


@dataclass(frozen=True)
class Inventory:
    """An object's inventory. ``manifest``: content path -> sha512 (hex); ``sha256``: content path -> sha256 (hex)."""

    object_id: str
    versions: tuple[Version, ...]
    manifest: dict[str, str] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> int:
        """The number of the newest version."""
        return len(self.versions)

    def version_of(self, cause: VersionCause) -> Version | None:
        """The version written for this event, if any."""
        return next((version for version in self.versions if version.cause.same_event(cause)), None)

    def files(self, number: int) -> dict[str, tuple[str, str, str]]:
        """Logical path -> (content path, sha512, sha256) of one version, in order of path."""
        by_digest = {digest: path for path, digest in self.manifest.items()}
        state = self.versions[number - 1].state
        return {path: (by_digest[digest], digest, self.sha256[by_digest[digest]]) for path, digest in sorted(state.items())}

    def extended(self, plan: VersionPlan) -> tuple[Inventory, dict[str, Content]]:
        """This inventory with one version more, and what must be stored for it: content path -> content (forward delta: no byte twice)."""
        number = self.head + 1
        known = {digest: path for path, digest in self.manifest.items()}
        new: dict[str, Content] = {}
        for content in plan.contents:
            if content.sha512 not in known:
                path = f"v{number}/content/{_physical_name(content, len(new) + 1)}"
                known[content.sha512] = path
                new[path] = content
        version = Version(number, plan.created, plan.cause, {content.logical_path: content.sha512 for content in plan.contents})
        if len(version.state) != len(plan.contents):
            raise ValueError("two files of a version have the same logical path")
        manifest = {**self.manifest, **{path: content.sha512 for path, content in new.items()}}
        sha256 = {**self.sha256, **{path: content.sha256 for path, content in new.items()}}
        return Inventory(self.object_id, (*self.versions, version), manifest, sha256), new

    def serialised(self) -> bytes:
        """The inventory as canonical JSON (RFC 8785) with a line end: the same bytes from every writer."""
        document = {
            "id": self.object_id,
            "type": INVENTORY_TYPE,
            "digestAlgorithm": "sha512",
            "head": f"v{self.head}",
            "manifest": _by_digest(self.manifest),
            "versions": {
                f"v{version.number}": {
                    "created": version.created,
                    "message": version.cause.message,
                    "user": USER,
                    "state": _by_digest(version.state),
                }
                for version in self.versions
            },
            "fixity": {"sha256": _by_digest(self.sha256)},
        }
        return canonical.dumps(document) + b"\n"


def parse(data: bytes) -> Inventory:
    """Read an inventory that this archive wrote. Raises InventoryInvalid for anything else: what lies in a store is not trusted."""
    try:
        document = json.loads(data)
        names = [f"v{number}" for number in range(1, len(document["versions"]) + 1)]
        if document["type"] != INVENTORY_TYPE or document["digestAlgorithm"] != "sha512" or sorted(document["versions"]) != sorted(names):
            raise InventoryInvalid("type, digest algorithm or version numbers")
        if document["head"] != names[-1]:
            raise InventoryInvalid("head is not the newest version")
        manifest = _by_path(document["manifest"], "sha512")
        sha256 = _by_path(document["fixity"]["sha256"], "sha256")
        versions = tuple(_version(number, document["versions"][name]) for number, name in enumerate(names, start=1))
        _check(manifest, sha256, versions)
        return Inventory(str(document["id"]), versions, manifest, sha256)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise InventoryInvalid(f"{type(error).__name__}: {error}") from error


def _version(number: int, block: Mapping[str, Any]) -> Version:
    return Version(number, str(block["created"]), VersionCause.parse(block["message"]), _by_path(block["state"], "sha512"))


def _check(manifest: Mapping[str, str], sha256: Mapping[str, str], versions: Sequence[Version]) -> None:
    digests = set(manifest.values())
    if len(digests) != len(manifest) or set(sha256) != set(manifest):
        raise InventoryInvalid("manifest and fixity do not cover the same files once")
    if any(not _CONTENT_PATH.match(path) or ".." in path for path in manifest):
        raise InventoryInvalid("content path")
    if any(not set(version.state.values()) <= digests for version in versions):
        raise InventoryInvalid("a version names bytes that the manifest has not")


def _physical_name(content: Content, ordinal: int) -> str:
    """ASCII, ours. The digest's beginning makes sure that one key never stands for two different contents, even after an attempt that was given up."""
    folder, _, name = content.logical_path.partition("/")
    if folder == METADATA_FOLDER:
        stem, _, extension = name.rpartition(".")
        return f"{folder}/{stem}-{content.sha512[:12]}.{extension}"
    return f"{folder}/{ordinal:04d}-{content.sha512[:12]}{extension_of(name)}"


def _by_digest(paths: Mapping[str, str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for path, digest in sorted(paths.items()):
        result.setdefault(digest, []).append(path)
    return result


def _by_path(digests: Mapping[str, Sequence[str]], algorithm: str) -> dict[str, str]:
    result: dict[str, str] = {}
    for digest, paths in digests.items():
        if not _HEX[algorithm].match(digest):
            raise InventoryInvalid(f"{algorithm} {digest[:20]!r}")
        for path in paths:
            if path in result:
                raise InventoryInvalid(f"{path[:80]!r} has two digests")
            result[path] = digest
    return result
