"""The object store as docker-compose.yml starts it (its own command line, with this machine's ports and folders), its names in PostgreSQL, its buckets by objects-setup.sh."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import urllib3
from minio import Minio
from minio.error import S3Error

from deploy import make_secrets
from services.command.real import ARCHIVE_BUCKET, OBJECTS_BUCKET
from services.command.servers.ports import kept_ports
from services.command.servers.postgres import SUPERUSER, Postgres, programs
from services.shared.context import open_actors
from services.shared.settings import SCHEMAS, Settings
from tests.deploy.composed import ROOT, composed

WEED = Path(sys.executable).parent / "weed"
QUICK = urllib3.PoolManager(timeout=urllib3.Timeout(2), retries=False)
# The first write to a bucket makes its volumes: on a machine with other work that takes longer than an answer of a server that is up.
PATIENT = urllib3.PoolManager(timeout=urllib3.Timeout(60), retries=False)


@dataclass
class Store:
    ports: dict[str, int]
    keys: dict[str, str]
    postgres: Postgres
    setup: list[subprocess.CompletedProcess[str]]

    def client(self, **keys: str) -> Minio:
        used = {**self.keys, **keys}
        return Minio(f"127.0.0.1:{self.ports['s3']}", used["accessKey"], used["secretKey"], secure=False, region="us-east-1", http_client=PATIENT)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("objects")
    secrets = folder / "secrets"
    make_secrets.make(secrets, open_actors(Settings(data=folder, database_url="", public_url="", schemas=SCHEMAS)))
    psql = [programs() / "psql", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", SUPERUSER, "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
    for _ in range(2):  # the second time is a rotation
        subprocess.run([*psql, "-f", secrets / "database-roles.sql"], check=True, capture_output=True)
    (folder / ".seaweedfs").mkdir()
    names = (secrets / "filer.toml").read_text().replace('hostname = "database"\nport = 5432', f'hostname = "127.0.0.1"\nport = {postgres.port}')
    assert str(postgres.port) in names
    (folder / ".seaweedfs" / "filer.toml").write_text(names)
    (folder / "data").mkdir()
    parts = ("master", "volume", "filer", "s3")
    ports = kept_ports(folder / "ports.json", [*parts, *(f"{part}.grpc" for part in parts)])
    places = {"-dir=/data": f"-dir={folder / 'data'}", "-s3.port=8333": f"-s3.port={ports['s3']}"}
    places["-s3.config=/run/secrets/object-identities"] = f"-s3.config={secrets / 'object-identities.json'}"
    command = [places.get(word, word) for word in composed()["services"]["objects"]["command"]]
    command += [f"-{part}.port={ports[part]}" for part in parts if part != "s3"] + [f"-{part}.port.grpc={ports[f'{part}.grpc']}" for part in parts]
    environment = {"PATH": f"{WEED.parent}:{os.environ['PATH']}", "HOME": str(folder)}
    with (folder / "log").open("wb") as log, subprocess.Popen([WEED, *command], env=environment, cwd=folder, stdout=log, stderr=log) as process:
        try:
            wait_until_healthy(ports["s3"])
            script = (ROOT / "deploy" / "objects-setup.sh").read_text()
            for usual, part in (("9333", "master"), ("8888", "filer")):
                script = script.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{ports[part]}.{ports[f'{part}.grpc']}")
            told = [
                subprocess.run(
                    ["sh", "-c", script, "setup", OBJECTS_BUCKET, ARCHIVE_BUCKET], env=environment, capture_output=True, text=True, check=False
                )
                for _ in range(2)
            ]
            keys = json.loads((secrets / "object-identities.json").read_text())["identities"][0]["credentials"][0]
            yield Store(ports, keys, postgres, told)
        finally:
            process.kill()


def wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if QUICK.request("GET", f"http://127.0.0.1:{port}/healthz").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_setting_up_works_and_works_again(store: Store) -> None:
    assert [told.returncode for told in store.setup] == [0, 0], store.setup


def test_our_keys_write_and_read_in_both_buckets_and_make_none(store: Store) -> None:
    client = store.client()
    for bucket in (OBJECTS_BUCKET, ARCHIVE_BUCKET):
        client.put_object(bucket, "a/b", io.BytesIO(b"bytes"), 5)
        assert client.get_object(bucket, "a/b").data == b"bytes"
    with pytest.raises(S3Error, match="AccessDenied"):
        client.make_bucket("another")


def test_other_keys_and_none_are_refused(store: Store) -> None:
    with pytest.raises(S3Error):
        store.client(secretKey="guessed").put_object(OBJECTS_BUCKET, "x", io.BytesIO(b"x"), 1)
    assert QUICK.request("GET", f"http://127.0.0.1:{store.ports['s3']}/{OBJECTS_BUCKET}/a/b").status == 403


def test_the_names_of_the_objects_stand_in_postgresql(store: Store) -> None:
    store.client().put_object(OBJECTS_BUCKET, "kept/name", io.BytesIO(b"x"), 1)
    with psycopg.connect(host="127.0.0.1", port=store.postgres.port, user=SUPERUSER, dbname="filer") as connection:
        found = connection.execute(f'SELECT count(*) FROM "{OBJECTS_BUCKET}" WHERE name = %s', ("name",)).fetchone()  # noqa: S608 - the names are ours
    assert found == (1,)


def test_only_s3_is_open_to_other_containers(store: Store) -> None:
    """Another address of this machine stands for another container: master, volumes and filer, which ask for no key, are not on it."""
    reached = {}
    for part in ("master", "volume", "filer", "s3"):
        with socket.socket() as other:
            other.settimeout(2)
            reached[part] = other.connect_ex(("127.0.0.2", store.ports[part])) == 0
    assert reached == {"master": False, "volume": False, "filer": False, "s3": True}
