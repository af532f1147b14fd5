"""What lies in the stores of a system that has stopped, looked at without its help."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from ocfl.storage_root import StorageRoot
from sqlalchemy import delete, text

from services.shared.database import Database
from services.shared.events import Event, verify_chain
from services.shared.models import search_passages


class Stores:
    """The database's rows and the files of a data folder."""

    def __init__(self, data: Path) -> None:
        self.data, self.scratch = data, data / "scratch"
        self._database = Database(f"sqlite:///{data / 'mottak.sqlite3'}")

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What a query in SQL gives."""
        with self._database.read() as tx:
            return [dict(row) for row in tx.execute(text(query), values).mappings()]

    def forget_what_is_searched(self) -> None:
        """As if all that lies there had come before there was a search."""
        with self._database.write() as tx:
            tx.execute(delete(search_passages))

    def fetch(self) -> None:
        """Bring what lies elsewhere into the data folder as it is now, for those below that read files. Here it lies there."""

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def broken_chains(self) -> list[str]:
        """Ids of submissions whose chain of events does not verify."""
        broken = []
        for row in self.rows("SELECT id, head_seq, head_hash FROM submissions"):
            events = self.rows("SELECT * FROM events WHERE submission = :id ORDER BY seq", id=row["id"])
            chain = [Event(**{**event, "data": json.loads(event["data"])}) for event in events]
            if verify_chain(chain) is not None or not chain or (chain[-1].seq, chain[-1].hash) != (row["head_seq"], row["head_hash"]):
                broken.append(row["id"])
        return broken

    def object_keys(self) -> set[str]:
        """Keys of everything in the store of what was received."""
        root = self.data / "objects"
        return {(Path(base) / name).relative_to(root).as_posix() for base, _, names in os.walk(root) for name in names}

    def unfinished(self) -> list[Path]:
        """Files under a temporary name, and what the box had not yet cleared away. A pool's shared counters live beside it while it runs."""
        folders = [*self.data.glob(".*-unfinished"), self.scratch]
        return [path for folder in folders if folder.exists() for path in folder.iterdir() if not path.name.startswith("metrics-")]

    def damaged_documents(self) -> list[str]:
        """Keys of documents whose bytes are missing or have another digest than their row says."""
        root, damaged = self.data / "objects", []
        for row in self.rows("SELECT object_key, sha256, size FROM documents"):
            path = root / row["object_key"]
            data = path.read_bytes() if path.is_file() else b""
            if (hashlib.sha256(data).hexdigest(), len(data)) != (row["sha256"], row["size"]):
                damaged.append(row["object_key"])
        return damaged

    def requested_versions(self) -> Counter[str]:
        """Object id -> how many versions events asked for."""
        query = "SELECT s.root AS root FROM events e JOIN submissions s ON s.id = e.submission WHERE e.type = 'archive.requested'"
        return Counter(f"urn:uuid:{row['root']}" for row in self.rows(query))

    def inventories(self) -> dict[str, dict[str, Any]]:
        """Object id -> the root inventory that lies in the archive."""
        found = {}
        for declaration in (self.data / "archive").rglob("0=ocfl_object_1.1"):
            inventory = json.loads((declaration.parent / "inventory.json").read_text(encoding="utf-8"))
            found[inventory["id"]] = inventory
        return found

    def ocfl_faults(self) -> tuple[int, list[str]]:
        """How many objects the independent validator (ocfl-py) passes, digests included, and all it finds wrong in the storage root."""
        root = self.data / "archive"
        if not (root / "0=ocfl_1.1").exists():
            return 0, []
        storage = StorageRoot(root=str(root))
        valid = storage.validate(log_warnings=True)
        faults = [str(error) for error in storage.errors]
        return storage.good_objects, faults if valid else [*faults, str(storage.log)]
