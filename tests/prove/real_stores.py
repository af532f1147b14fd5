"""What lies in the stores of the real ends: the rows of PostgreSQL, and both buckets copied to a folder, so that they are looked at as the embedded ones are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from minio import Minio

from services.shared.database import Database
from tests.prove.stores import Stores


class RealStores(Stores):
    """As Stores, on the servers of the running system of a data folder. ``mirror`` is the folder that takes the copy of the buckets."""

    def __init__(self, data: Path, mirror: Path) -> None:
        told: dict[str, Any] = json.loads((data / "servers.json").read_text(encoding="utf-8"))
        self.data, self.scratch = mirror, data / "scratch"
        self._database = Database(told["database"])
        self._s3: dict[str, str] = told["s3"]
        self._client = Minio(
            self._s3["endpoint"].removeprefix("http://"),
            access_key=self._s3["access_key"],
            secret_key=self._s3["secret_key"],
            secure=False,
            region=self._s3["region"],
        )

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What a query in SQL gives; JSON as text, as SQLite has it."""
        return [
            {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in row.items()}
            for row in super().rows(query, **values)
        ]

    def object_keys(self) -> set[str]:
        """Keys of everything in the store of what was received."""
        return set(self._keys(self._s3["bucket"]))

    def fetch(self) -> None:
        """Copy every object of both buckets as it is now."""
        for bucket, folder in ((self._s3["bucket"], "objects"), (self._s3["archive_bucket"], "archive")):
            shutil.rmtree(self.data / folder, ignore_errors=True)
            (self.data / folder).mkdir(parents=True)
            for key in self._keys(bucket):
                self._client.fget_object(bucket, key, str(self.data / folder / key))

    def _keys(self, bucket: str) -> list[str]:
        return [str(found.object_name) for found in self._client.list_objects(bucket, recursive=True) if not found.is_dir]
