"""OCFL 1.1 objects in an object port: one object per reference, one version per event, rolled forward after a crash and never back.

Write order: content, the version's inventory and sidecar, the root's sidecar, and last the root inventory, which is the moment a version exists.
Content and version keys are written once; only the root inventory and its sidecar are ever replaced. Two writers of one event write the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from services.archive import inventory as inventories
from services.archive.inventory import Content, Inventory, InventoryInvalid, VersionPlan
from services.shared.objects import ObjectMissing, Objects, ObjectsUnavailable

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
    """One version in the store. ``digest`` is ``sha512:<hex>`` of its inventory; ``sizes``: content path -> bytes, for the content this version added.

    ``proved``: paths below the object that are known to lie in the store as they should, so that they need not be read again: read back just now, or
    compared by the store itself before it took them (``Objects.compares``).
    """

    object_id: str
    version: int
    digest: str
    sizes: dict[str, int]
    proved: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def name(self) -> str:
        """``v1``, ``v2``, ..."""
        return f"v{self.version}"


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
    return port.size(ROOT_DECLARATION) is not None


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


def head_as_written(port: Objects, stored: StoredVersion) -> Inventory | None:
    """The root inventory when it is this version's own and its sidecar fits; None when anything else lies there, or nothing."""
    root = object_root(stored.object_id)
    try:
        data, sidecar = port.read_bytes(f"{root}/{INVENTORY}"), port.read_bytes(f"{root}/{SIDECAR}")
    except ObjectMissing:
        return None
    is_own = digest_of(data) == stored.digest and sidecar == sidecar_for(stored.digest)
    return _parsed(data, stored.object_id) if is_own else None


def settle(port: Objects, root: str) -> StoredObject | None:
    """Read an object, first rolling forward a version whose content and inventory are complete but that a crash kept from becoming the head.

    None when there is no complete version. Only differences that the write order explains are mended, and only by copying a version's own inventory;
    anything else raises ArchiveDamaged.
    """
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
    _commit(port, root, complete, newest)
    added = {f"v{complete}/{SIDECAR}", SIDECAR, INVENTORY}
    return StoredObject(root, keys | added, current)


def write_version(port: Objects, object_id: str, plan: VersionPlan, source: Objects, *, known_head: int = 0, new_root: bool = True) -> StoredVersion:
    """Write the version this plan's event asks for, or find that it stands already.

    Documents are copied from ``source`` as a stream, and their digests and size compared with what was recorded when they were received.
    ``known_head`` is the newest version the catalogue knows; ``new_root`` is False when the archive is known to hold something already: an empty store is then not
    ours (not mounted, another bucket) and raises ObjectsUnavailable.
    Raises SourceDamaged, ArchiveDamaged, ObjectMissing (a document is gone) and what the ports raise; then nothing new has become part of the object.
    """
    if not root_is_there(port):
        if not new_root:
            raise ObjectsUnavailable("the storage root is not there")
        prepare_root(port)
    root = object_root(object_id)
    keys = _keys_below(port, root)
    found = _settled(port, root, keys)
    before = found.inventory if found else Inventory(object_id, ())
    if before.object_id != object_id or before.head < known_head:
        raise ArchiveDamaged(f"{root} holds {before.object_id} up to v{before.head}; the catalogue knows v{known_head}")
    standing = before.version_of(plan.cause)
    if standing is not None:
        return stored_version(port, object_id, before, standing.number)
    after, new = before.extended(plan)
    for stray in sorted(key for key in keys if key.startswith(f"v{after.head}/") and key not in new):
        # Of an attempt for another event that was given up: no inventory has ever named it.
        port.delete(f"{root}/{stray}")
    with port.together():  # all of it is durable before the version's inventory names any of it
        if found is None:
            port.put_bytes(f"{root}/{OBJECT_DECLARATION}", b"ocfl_object_1.1\n")
        proved = {path for path, content in new.items() if _write_content(port, f"{root}/{path}", content, source)}
    data = after.serialised()
    port.put_bytes(f"{root}/v{after.head}/{INVENTORY}", data)
    _commit(port, root, after.head, data)
    if port.compares:
        proved.add(f"v{after.head}/{INVENTORY}")
    return StoredVersion(object_id, after.head, digest_of(data), {path: content.size for path, content in new.items()}, frozenset(proved))


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


def _write_content(port: Objects, key: str, content: Content, source: Objects) -> bool:
    """True when what lies in the store is proved to be what it should be."""
    if isinstance(content.source, bytes):
        port.put_bytes(key, content.source, replace=False)
        return port.compares
    stored = port.copy_from(source, content.source, key)
    if (stored.size, stored.sha512, stored.sha256) != (content.size, content.sha512, content.sha256):
        port.delete(key)  # no inventory names it yet, and none ever will
        raise SourceDamaged(f"{content.source}: its bytes are not those that were received")
    return stored.read_back


def _commit(port: Objects, root: str, number: int, data: bytes) -> None:
    """The last steps, each repeatable: the version's sidecar, the root's sidecar, the root inventory."""
    port.put_bytes(f"{root}/v{number}/{SIDECAR}", sidecar_of(data))
    port.put_bytes(f"{root}/{SIDECAR}", sidecar_of(data), replace=True)
    port.put_bytes(f"{root}/{INVENTORY}", data, replace=True)


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
