"""Make the catalogue from the store alone: when the database is lost, the archive is not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import unquote

from services.archive import catalogue, ocfl
from services.archive.planning import SUBMISSION_FILE
from services.shared.database import Database
from services.shared.objects import ObjectMissing, Objects

BATCH = 200


class StorageRootMissing(Exception):
    """The store is not our storage root: a catalogue made from it would be empty, and wrong."""


@dataclass
class Rebuilt:
    """What a rebuild did: how many objects and versions stand in the catalogue, which objects could not be read, which were known and are gone."""

    objects: int = 0
    versions: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def rebuild(database: Database, port: Objects) -> Rebuilt:
    """Enter every object of the store anew, and take out what the store has not. Raises StorageRootMissing and what the ports raise.

    An object that cannot be read keeps the row it has: damage must not make it disappear from the list.
    """
    if not ocfl.root_is_there(port):
        raise StorageRootMissing(ocfl.ROOT_DECLARATION)
    result = Rebuilt()
    seen = set()
    for root in ocfl.object_roots(port):
        object_id = unquote(root.rpartition("/")[2])
        seen.add(object_id)
        try:
            result.versions += _enter(database, port, object_id, root)
            result.objects += 1
        except (ocfl.ArchiveDamaged, ObjectMissing, ValueError, KeyError, TypeError) as fault:
            result.unreadable[object_id] = f"{type(fault).__name__}: {fault}"[:300]
    result.gone = _forget_others(database, seen)
    return result


def _enter(database: Database, port: Objects, object_id: str, root: str) -> int:
    found = ocfl.settle(port, root)
    if found is None:
        return 0  # the first version is being written
    if found.inventory.object_id != object_id or ocfl.object_root(object_id) != root:
        raise ocfl.ArchiveDamaged(f"{root} holds {found.inventory.object_id}")
    described = []
    for version in found.inventory.versions:
        content, _, _ = found.inventory.files(version.number)[SUBMISSION_FILE]
        submission = json.loads(port.read_bytes(f"{root}/{content}"))
        described.append((ocfl.stored_version(port, object_id, found.inventory, version.number), version, submission))
    with database.write() as tx:
        catalogue.forget(tx, object_id)
        for stored, version, submission in described:
            catalogue.put_version(tx, stored, version, submission)
    return len(described)


def _forget_others(database: Database, seen: set[str]) -> list[str]:
    gone = []
    after = ""
    while True:
        with database.write() as tx:
            ids = catalogue.object_ids(tx, after=after, limit=BATCH)
            for object_id in ids:
                if object_id not in seen:
                    catalogue.forget(tx, object_id)
                    gone.append(object_id)
        if len(ids) < BATCH:
            return gone
        after = ids[-1]
