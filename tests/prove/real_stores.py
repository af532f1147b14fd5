"""What lies in the stores of the real ends: the rows of PostgreSQL, and both buckets copied to a folder, so that they are looked at as the embedded ones are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minio import Minio

from services.shared.database import Database
from tests.prove.real_system import RealSystem
from tests.prove.stores import Stores


class RealStores(Stores):
    """As Stores, on the servers of a running system. ``mirror`` is the folder that takes the copy of the buckets."""

    def __init__(self, system: RealSystem, mirror: Path) -> None:
        self.data = mirror
        self._database = Database(system.told("database"))
        self._s3: dict[str, str] = json.loads((system.data / "servers.json").read_text(encoding="utf-8"))["s3"]

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What a query in SQL gives; JSON as text, as SQLite has it."""
        return [
            {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()}
            for row in super().rows(query, **values)
        ]

    def copy_buckets(self) -> None:
        """Fetch every object of both buckets."""
        s3 = self._s3
        client = Minio(
            s3["endpoint"].removeprefix("http://"), access_key=s3["access_key"], secret_key=s3["secret_key"], secure=False, region=s3["region"]
        )
        for bucket, folder in ((s3["bucket"], "objects"), (s3["archive_bucket"], "archive")):
            (self.data / folder).mkdir(parents=True, exist_ok=True)
            for found in client.list_objects(bucket, recursive=True):
                if not found.is_dir:
                    client.fget_object(bucket, str(found.object_name), str(self.data / folder / str(found.object_name)))
