"""OCFL 1.1 objects in an object port: one object per reference, one version per event, rolled forward after a crash and never back.

Write order: the version's sidecar, which nobody has written before, then content, the version's inventory, the root's sidecar, and last the root inventory, which is
the moment a version exists. Content and version keys are written once; only the root inventory and its sidecar are ever replaced, and only those of the version
before. Two writers of one event write the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from services.archive import inventory as inventories
from services.archive.inventory import Content, Inventory, InventoryInvalid, VersionPlan
from services.shared.objects import ObjectExists, ObjectMissing, Objects, ObjectsUnavailable, Stored

ROOT_DECLARATION = "0=ocfl_1.1"
LAYOUT = "0003-hash-and-id-n-tuple-storage-layout"
LAYOUT_CONFIG = {"extensionName": LAYOUT, "digestAlgorithm": "sha256", "tupleSize": 3, "numberOfTuples": 3}
OBJECT_DECLARATION = "0=ocfl_object_1.1"
INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"

_VERSION_INVENTORY = re.compile(r"^v([1-9][0-9]*)/inventory\.json$")


class ArchiveDamaged(Exception):
    """What lies in the store is not what was written, and no crash explains it. Nothing is repaired by guessing."""


class SourceDamaged(Exception):
    """A document's bytes are no longer those that were received. They must never be archived."""


@dataclass(frozen=True)
class StoredVersion:
    """One version in the store. ``digest`` is ``sha512:<hex>`` of its inventory; ``sizes``: content path -> bytes, for the content this version added."""

    object_id: str
    version: int
    digest: str
    sizes: dict[str, int]

    @property
    def name(self) -> str:
        """``v1``, ``v2``, ..."""
        return f"v{self.version}"


@dataclass(frozen=True)
class Known:
    """What the database says of an object before a version is written.

    ``head``: the newest version the catalogue knows, 0 for none, and ``digest`` of its inventory. ``certain``: no attempt at a version of it is known to have been cut off,
    so that the store need not be asked what it holds. ``empty``: nothing has ever been archived; otherwise an empty store is not ours.
    """

    head: int = 0
    digest: str | None = None
    certain: bool = False
    empty: bool = True


class _NotAlone(Exception):
    """Something lies in the store that the database did not tell of: it must be looked at."""


@dataclass(frozen=True)
class StoredObject:
    """A whole object as found: ``root`` is its key prefix without slash, ``keys`` everything below it, relative."""

    root: str
    keys: frozenset[str]
    inventory: Inventory


def object_root(object_id: str) -> str:
    """Where an object lies: layout extension 0003 with sha256 and three tuples of three; the folder is the percent-encoded id."""
    digest = hashlib.sha256(object_id.encode()).hexdigest()
    encoded = re.sub(r"%[0-9A-F]{2}", lambda found: found.group(0).lower(), quote(object_id, safe="").replace(".", "%2e").replace("~", "%7e"))
    return "/".join([digest[0:3], digest[3:6], digest[6:9], encoded])


def prepare_root(port: Objects) -> None:
    """Declare the storage root; doing it again changes nothing. The declaration comes last: where it stands, the rest stands."""
    description = "OCFL object identifiers are hashed and encapsulated in directories named by the encoded identifier"
    port.put_bytes(f"extensions/{LAYOUT}/config.json", _json(LAYOUT_CONFIG))
    port.put_bytes("ocfl_layout.json", _json({"extension": LAYOUT, "description": description}))
    port.put_bytes(ROOT_DECLARATION, b"ocfl_1.1\n")


def root_is_there(port: Objects) -> bool:
    """False when the store answers but is not our storage root (not mounted, another bucket): nothing can be said about its objects then."""
    return port.has(ROOT_DECLARATION)


def object_roots(port: Objects) -> Iterator[str]:
    """The key prefix of every object in the store."""
    suffix = f"/{OBJECT_DECLARATION}"
    for key in port.list(""):
        if key.endswith(suffix):
            yield key.removesuffix(suffix)


def digest_of(data: bytes) -> str:
    """An inventory's digest as the database, the events and the API tell it: ``sha512:<hex>``."""
    return f"sha512:{hashlib.sha512(data).hexdigest()}"


def sidecar_of(data: bytes) -> bytes:
    """The sidecar's bytes for an inventory's bytes."""
    return sidecar_for(digest_of(data))


def sidecar_for(digest: str) -> bytes:
    """The sidecar's bytes for a digest as ``digest_of`` gives it."""
    return f"{digest.removeprefix('sha512:')} {INVENTORY}\n".encode()


def read_inventory(port: Objects, object_id: str) -> Inventory:
    """The root inventory, checked against its sidecar. Raises ObjectMissing, ArchiveDamaged."""
    root = object_root(object_id)
    data = port.read_bytes(f"{root}/{INVENTORY}")
    if port.read_bytes(f"{root}/{SIDECAR}") != sidecar_of(data):
        raise ArchiveDamaged(f"{object_id}: the root inventory and its sidecar differ")
    return _parsed(data, object_id)


def settle(port: Objects, root: str) -> StoredObject | None:
    """Read an object, first rolling forward a version whose content and inventory are complete but that a crash kept from becoming the head.

    None when there is no complete version. Only differences that the write order explains are mended, and only by copying a version's own inventory;
    anything else raises ArchiveDamaged.
    """
    try:
        return _settled(port, root, _keys_below(port, root))
    except ObjectExists:  # somebody else rolls it forward just now
        return _settled(port, root, _keys_below(port, root))


def _keys_below(port: Objects, root: str) -> frozenset[str]:
    return frozenset(key.removeprefix(f"{root}/") for key in port.list(f"{root}/"))


def _settled(port: Objects, root: str, keys: frozenset[str]) -> StoredObject | None:
    complete = max((int(found.group(1)) for key in keys if (found := _VERSION_INVENTORY.match(key))), default=0)
    if complete == 0:
        if keys & {INVENTORY, SIDECAR}:
            raise ArchiveDamaged(f"{root}: a root inventory without any version's inventory")
        return None
    root_data = port.read_bytes(f"{root}/{INVENTORY}") if INVENTORY in keys else None
    root_sidecar = port.read_bytes(f"{root}/{SIDECAR}") if SIDECAR in keys else None
    if root_data is not None and root_sidecar == sidecar_of(root_data):
        current = _parsed(root_data, None)
        if current.head == complete:
            return StoredObject(root, keys, current)
    return _roll_forward(port, root, keys, complete, root_data, root_sidecar)


def _roll_forward(port: Objects, root: str, keys: frozenset[str], complete: int, root_data: bytes | None, root_sidecar: bytes | None) -> StoredObject:
    versions = [port.read_bytes(f"{root}/v{number}/{INVENTORY}") for number in range(1, complete + 1) if f"v{number}/{INVENTORY}" in keys]
    newest = versions[-1]
    current = _parsed(newest, None)
    if len(versions) != complete or current.head != complete or not set(current.manifest) <= keys:
        raise ArchiveDamaged(f"{root}: v{complete} has an inventory but is not complete")
    absent_is_explained = complete == 1  # only the first version is written where there is no root inventory yet
    if not (absent_is_explained if root_data is None else root_data in versions):
        raise ArchiveDamaged(f"{root}: the root inventory is that of no version")
    if not (absent_is_explained if root_sidecar is None else root_sidecar in [sidecar_of(data) for data in versions]):
        raise ArchiveDamaged(f"{root}: the root sidecar is that of no version")
    port.put_bytes(f"{root}/v{complete}/{SIDECAR}", sidecar_of(newest))
    _commit(port, root, newest, root_data, root_sidecar)
    added = {f"v{complete}/{SIDECAR}", SIDECAR, INVENTORY}
    return StoredObject(root, keys | added, current)


def write_version(port: Objects, object_id: str, plan: VersionPlan, source: Objects, known: Known) -> StoredVersion:
    """Write the version this plan's event asks for, or find that it stands already.

    Documents are copied from ``source``, and their digests and size compared with what was recorded when they were received. Raises SourceDamaged, ArchiveDamaged,
    ObjectMissing (a document is gone), ObjectsUnavailable (also where the storage root should be and is not: not mounted, another bucket) and what else the ports raise;
    then nothing new has become part of the object.
    """
    if not root_is_there(port):
        if not known.empty:
            raise ObjectsUnavailable("the storage root is not there")
        prepare_root(port)
    if known.certain:
        try:
            return _write_next(port, object_id, plan, source, known)
        except (_NotAlone, ObjectExists):
            pass  # another writer, or an attempt that nobody told of
    return _write_after_looking(port, object_id, plan, source, known)


def _write_next(port: Objects, object_id: str, plan: VersionPlan, source: Objects, known: Known) -> StoredVersion:
    """Write the version after the one the catalogue knows, without asking what else lies there: whoever has begun the same version has written its sidecar first.

    Raises _NotAlone, ObjectExists when it is otherwise.
    """
    root = object_root(object_id)
    previous = None
    if known.head:
        try:
            previous = port.read_bytes(f"{root}/v{known.head}/{INVENTORY}")
        except ObjectMissing as missing:
            raise _NotAlone from missing
        if digest_of(previous) != known.digest:
            raise _NotAlone
    before = _parsed(previous, object_id) if previous is not None else Inventory(object_id, ())
    if before.version_of(plan.cause) is not None:
        raise _NotAlone
    return _write(port, root, before, previous, plan, source, alone=True)


def _write_after_looking(port: Objects, object_id: str, plan: VersionPlan, source: Objects, known: Known) -> StoredVersion:
    """Roll forward what was cut off, remove what was given up, then write, unless the version stands."""
    root = object_root(object_id)
    keys = _keys_below(port, root)
    found = _settled(port, root, keys)
    before = found.inventory if found else Inventory(object_id, ())
    if before.object_id != object_id or before.head < known.head:
        raise ArchiveDamaged(f"{root} holds {before.object_id} up to v{before.head}; the catalogue knows v{known.head}")
    standing = before.version_of(plan.cause)
    if standing is not None:
        return stored_version(port, object_id, before, standing.number)
    _, new = before.extended(plan)
    for stray in sorted(key for key in keys if key.startswith(f"v{before.head + 1}/") and key not in new):
        # Of an attempt for another event that was given up: no inventory has ever named it.
        port.delete(f"{root}/{stray}")
    previous = port.read_bytes(f"{root}/v{before.head}/{INVENTORY}") if found else None
    return _write(port, root, before, previous, plan, source, alone=False)


def _write(port: Objects, root: str, before: Inventory, previous: bytes | None, plan: VersionPlan, source: Objects, *, alone: bool) -> StoredVersion:
    """``previous``: the inventory of the version before, as it lies in the store. ``alone``: raise _NotAlone when somebody has begun this version."""
    after, new = before.extended(plan)
    data = after.serialised()
    digest, folder = digest_of(data), f"{root}/v{after.head}"
    with port.together():  # all of it is durable before the version's inventory names any of it
        begun = previous is None and not port.put_bytes(f"{root}/{OBJECT_DECLARATION}", b"ocfl_object_1.1\n")
        begun = not port.put_bytes(f"{folder}/{SIDECAR}", sidecar_for(digest)) or begun
        if begun and alone:
            raise _NotAlone
        for path, content in new.items():
            _write_content(port, f"{root}/{path}", content, source)
    port.put_bytes(f"{folder}/{INVENTORY}", data)
    _commit(port, root, data, previous, sidecar_of(previous) if previous is not None else None)
    return StoredVersion(after.object_id, after.head, digest, {path: content.size for path, content in new.items()})


def stored_version(port: Objects, object_id: str, inventory: Inventory, number: int) -> StoredVersion:
    """Describe a version that stands, from the store alone."""
    root = object_root(object_id)
    data = port.read_bytes(f"{root}/v{number}/{INVENTORY}")
    sizes = {}
    for path in inventory.manifest:
        if path.startswith(f"v{number}/"):
            size = port.size(f"{root}/{path}")
            if size is None:
                raise ObjectMissing(f"{root}/{path}")
            sizes[path] = size
    return StoredVersion(object_id, number, digest_of(data), sizes)


def _write_content(port: Objects, key: str, content: Content, source: Objects) -> None:
    if isinstance(content.source, bytes):
        port.put_bytes(key, content.source)
        return
    stored = port.copy_from(source, content.source, key, Stored(content.size, content.sha256, content.sha512, content.tag))
    if (stored.size, stored.sha512, stored.sha256) != (content.size, content.sha512, content.sha256):
        port.delete(key)  # no inventory names it yet, and none ever will
        raise SourceDamaged(f"{content.source}: its bytes are not those that were received")


def _commit(port: Objects, root: str, data: bytes, replaced: bytes | None, replaced_sidecar: bytes | None) -> None:
    """The last steps, each repeatable: the root's sidecar, then the root inventory. A writer who comes late finds other bytes than those to be replaced, and replaces none."""
    with port.together():
        port.put_bytes(f"{root}/{SIDECAR}", sidecar_of(data), replaces=replaced_sidecar)
        port.put_bytes(f"{root}/{INVENTORY}", data, replaces=replaced)


def _parsed(data: bytes, object_id: str | None) -> Inventory:
    try:
        inventory = inventories.parse(data)
    except InventoryInvalid as error:
        raise ArchiveDamaged(f"inventory: {error}") from error
    if object_id is not None and inventory.object_id != object_id:
        raise ArchiveDamaged(f"the inventory is of {inventory.object_id}")
    return inventory


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
