"""Fixity: re-read every byte of an object and say one of three things: intact, damaged (what is missing, changed or extra), could not check.

"Could not check" is an alarm and never a pass. Nothing is mended here but a write that a crash cut off, and only where the database says one was under way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.archive import inventory as inventories
from services.archive import ocfl
from services.archive.inventory import Inventory, InventoryInvalid
from services.shared.objects import ObjectMissing, Objects, ObjectsUnavailable

INTACT: Final = "intact"
DAMAGED: Final = "damaged"
COULD_NOT_CHECK: Final = "could_not_check"

EXIT_CODES: Final[dict[str, int]] = {INTACT: 0, DAMAGED: 1, COULD_NOT_CHECK: 4}
CHUNK = 256 * 1024


@dataclass(frozen=True)
class Expected:
    """What the database knows of an object. ``digests``: version number -> ``sha512:<hex>`` of its inventory; ``writing``: a version may be under way now."""

    digests: Mapping[int, str]
    writing: bool = False


@dataclass
class Outcome:
    """What a check of one object found. Paths are relative to the object. ``head``: its newest version as the database knew it, 0 for none. ``bytes_read`` counts content
    bytes.
    """

    object_id: str
    head: int = 0
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    reason: str | None = None
    files: int = 0
    bytes_read: int = 0

    @property
    def state(self) -> str:
        """``damaged`` when anything is wrong, else ``could_not_check`` when anything could not be read, else ``intact``."""
        if self.missing or self.changed or self.extra:
            return DAMAGED
        return COULD_NOT_CHECK if self.unread or self.reason else INTACT

    def as_json(self) -> dict[str, Any]:
        """The outcome as the API and the command print it."""
        return {
            "object": self.object_id,
            "outcome": self.state,
            "missing": sorted(self.missing),
            "changed": sorted(self.changed),
            "extra": sorted(self.extra),
            "unread": sorted(self.unread),
            "reason": self.reason,
            "files": self.files,
            "bytes": self.bytes_read,
        }


def worst(states: Iterable[str]) -> str:
    """The state that a whole check ends in. A check of nothing is intact."""
    return max(states, key=(INTACT, COULD_NOT_CHECK, DAMAGED).index, default=INTACT)


def check_object(port: Objects, object_id: str, expected: Expected | None) -> Outcome:
    """Check one object in the store against its own inventories and against what the database knows (None: the store alone).

    Never raises for what it finds: a fault of the store is an outcome.
    """
    outcome = _checked(port, object_id, expected)
    if outcome.state == DAMAGED and expected is not None and expected.writing:
        # The head may have moved between two of our reads; a second look tells that from damage.
        return _checked(port, object_id, expected)
    return outcome


def _digests(port: Objects, key: str) -> tuple[str, str, int]:
    """sha512, sha256 (hex) and size of what lies under a key, read a piece at a time."""
    long, short, size = hashlib.sha512(), hashlib.sha256(), 0
    with port.open(key) as stream:
        while piece := stream.read(CHUNK):
            long.update(piece)
            short.update(piece)
            size += len(piece)
    return long.hexdigest(), short.hexdigest(), size


def _checked(port: Objects, object_id: str, expected: Expected | None) -> Outcome:
    outcome = Outcome(object_id, max(expected.digests, default=0) if expected else 0)
    try:
        if not ocfl.root_is_there(port):
            outcome.reason = "the storage root is not there"
            return outcome
        _settle_if_cut_off(port, object_id, expected)
        _Check(port, object_id, expected, outcome).run()
    except Exception as fault:  # noqa: BLE001 - whatever keeps us from looking must be told as such, never as a pass
        outcome.reason = f"{type(fault).__name__}: {fault}"[:500]
    return outcome


def _settle_if_cut_off(port: Objects, object_id: str, expected: Expected | None) -> None:
    """Roll an interrupted write forward before judging; where the database knows of none, what looks like one is damage and stays."""
    root = ocfl.object_root(object_id)
    try:
        if expected is None or expected.writing or ocfl.read_inventory(port, object_id).head < max(expected.digests, default=0):
            ocfl.settle(port, root)
    except (ocfl.ArchiveDamaged, ObjectMissing):
        return  # the check names what is wrong


class _Check:
    """One walk through one object, filling an outcome."""

    def __init__(self, port: Objects, object_id: str, expected: Expected | None, outcome: Outcome) -> None:
        self.port, self.object_id, self.outcome = port, object_id, outcome
        self.root = ocfl.object_root(object_id)
        self.digests = dict(expected.digests) if expected else {}
        self.moving = expected is not None and expected.writing
        self.keys = {key.removeprefix(f"{self.root}/") for key in port.list(f"{self.root}/")}

    def run(self) -> None:
        """Declaration, inventories and sidecars, content, and what should not be there."""
        inventory = self._inventory()
        head = max([inventory.head if inventory else 0, *self.digests])
        known = {ocfl.OBJECT_DECLARATION, ocfl.INVENTORY, ocfl.SIDECAR}
        self._compare(ocfl.OBJECT_DECLARATION, b"ocfl_object_1.1\n")
        for number in range(1, head + 1):
            known |= {f"v{number}/{ocfl.INVENTORY}", f"v{number}/{ocfl.SIDECAR}"}
            self._check_version(number)
        self._check_root(head)
        if inventory is None:
            return  # nothing says what content belongs here; the inventories themselves are named as missing or changed
        for path, digest in inventory.manifest.items():
            known.add(path)
            self._check_content(path, digest, inventory.sha256[path])
        # Content of a version whose every inventory is damaged cannot be judged, nor what is being written just now.
        unjudged = range(inventory.head + 1, head + (2 if self.moving else 1))
        self.outcome.extra += [key for key in self.keys - known if not any(key.startswith(f"v{number}/") for number in unjudged)]

    def _inventory(self) -> Inventory | None:
        """The inventory that decides what belongs here: of the newest version whose digest the database knows, wherever a sound copy lies; without one, and while a
        version is being written, the root's."""
        at_root: tuple[str, str | None] = (ocfl.INVENTORY, None)
        by_digest: list[tuple[str, str | None]] = [
            (path, digest)
            for number, digest in sorted(self.digests.items(), reverse=True)
            for path in (f"v{number}/{ocfl.INVENTORY}", ocfl.INVENTORY)
        ]
        for path, digest in [at_root, *by_digest] if self.moving else [*by_digest, at_root]:
            data = self._read(path)
            if data is None or (digest is not None and ocfl.digest_of(data) != digest):
                continue
            try:
                inventory = inventories.parse(data)
            except InventoryInvalid:
                continue
            if inventory.object_id == self.object_id:
                return inventory
        return None

    def _check_version(self, number: int) -> None:
        path = f"v{number}/{ocfl.INVENTORY}"
        data = self._required(path)
        if data is None or ocfl.digest_of(data) != self.digests.get(number, ocfl.digest_of(data)):
            sidecar = self._required(f"v{number}/{ocfl.SIDECAR}")
            if data is not None:
                self._changed(path)
            if sidecar is not None and number in self.digests and sidecar != ocfl.sidecar_for(self.digests[number]):
                self._changed(f"v{number}/{ocfl.SIDECAR}")
        else:
            self._compare(f"v{number}/{ocfl.SIDECAR}", ocfl.sidecar_of(data))

    def _check_root(self, head: int) -> None:
        """The root's inventory must be the head version's, byte for byte, with its sidecar (OCFL 1.1, 3.5 and 3.7)."""
        data = self._required(ocfl.INVENTORY)
        digest = self.digests.get(head)
        if digest is None and (newest := self._read(f"v{head}/{ocfl.INVENTORY}")) is not None:
            digest = ocfl.digest_of(newest)
        if digest is None:
            self._required(ocfl.SIDECAR)
            return
        if data is not None and ocfl.digest_of(data) != digest:
            self._changed(ocfl.INVENTORY)
        self._compare(ocfl.SIDECAR, ocfl.sidecar_for(digest))

    def _check_content(self, path: str, sha512: str, sha256: str) -> None:
        self.outcome.files += 1
        try:
            long, short, size = _digests(self.port, f"{self.root}/{path}")
        except ObjectMissing:
            self.outcome.missing.append(path)
        except (OSError, ObjectsUnavailable):
            self.outcome.unread.append(path)
        else:
            self.outcome.bytes_read += size
            if (long, short) != (sha512, sha256):
                self._changed(path)

    def _compare(self, path: str, wanted: bytes) -> None:
        data = self._required(path)
        if data is not None and data != wanted:
            self._changed(path)

    def _required(self, path: str) -> bytes | None:
        data = self._read(path)
        if data is None and path not in self.outcome.unread and path not in self.outcome.missing:
            self.outcome.missing.append(path)
        return data

    def _changed(self, path: str) -> None:
        if path not in self.outcome.changed:
            self.outcome.changed.append(path)

    def _read(self, path: str) -> bytes | None:
        try:
            return self.port.read_bytes(f"{self.root}/{path}")
        except ObjectMissing:
            return None
        except (OSError, ObjectsUnavailable):
            if path not in self.outcome.unread:
                self.outcome.unread.append(path)
            return None
