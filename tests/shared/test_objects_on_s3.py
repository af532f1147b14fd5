"""What only a store elsewhere can get wrong: races between processes, a server that dies, hangs or breaks off, memory, and the server itself."""

from __future__ import annotations

import hashlib
import io
import random
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import urllib3
from minio import Minio
from minio.error import S3Error

from services.command.servers.seaweedfs import Seaweed
from services.shared.ends import open_objects, parse_bucket_url
from services.shared.objects import DirectoryObjects, ObjectExists, ObjectsUnavailable
from services.shared.objects.s3 import PART_BYTES, S3Objects
from services.shared.settings import Settings
from tests.servers import BUCKET, open_bucket
from tests.shared.cutting import CuttingWay

WRITERS = 16


@pytest.fixture
def own_server(seaweed: Seaweed, tmp_path: Path) -> Iterator[Seaweed]:
    """A server to be killed. (``seaweed`` tells that the program is there.)"""
    server = Seaweed(tmp_path / "own", [BUCKET])
    server.start()
    yield server
    server.process.kill()


# Races


def test_of_sixteen_racing_writers_exactly_one_wins(seaweed: Seaweed, tmp_path: Path) -> None:
    stores = [open_bucket(seaweed, tmp_path, "race") for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(2):  # SeaweedFS makes losers wait for seconds
            start = threading.Barrier(WRITERS)

            def write(writer: int, key: str = f"key-{number}", start: threading.Barrier = start) -> bool:
                start.wait()
                try:
                    stores[writer].put_bytes(key, b"from %d" % writer)
                except ObjectExists:
                    return False
                return True

            won = [writer for writer, wrote in enumerate(pool.map(write, range(WRITERS))) if wrote]
            assert len(won) == 1
            assert stores[0].read_bytes(f"key-{number}") == b"from %d" % won[0]
    for store in stores:
        store.close()


def test_racing_writers_of_the_same_bytes_all_succeed(bucket: S3Objects) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda _: bucket.put_bytes("inventory", b"the same"), range(WRITERS)))
    assert bucket.read_bytes("inventory") == b"the same"


# A server that dies, hangs or breaks off


def test_what_was_acknowledged_is_there_after_the_server_was_killed(own_server: Seaweed, tmp_path: Path) -> None:
    store = open_bucket(own_server, tmp_path, "kept")
    acknowledged: dict[str, str] = {}
    lock = threading.Lock()

    def write(writer: int) -> None:
        generator = random.Random(writer)
        for number in range(100_000):
            data = generator.randbytes(PART_BYTES + 1 if number % 20 == 5 else generator.choice((10, 20_000, 200_000)))
            key = f"{writer}/{number}"
            try:
                if len(data) == 10:
                    store.put_bytes(key, data)
                else:
                    store.put(key, io.BytesIO(data))
            except ObjectsUnavailable:
                return
            with lock:
                acknowledged[key] = hashlib.sha256(data).hexdigest()

    for round_number in range(3):
        before = len(acknowledged)
        threads = [threading.Thread(target=write, args=(4 * round_number + writer,)) for writer in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < before + 40 and any(thread.is_alive() for thread in threads):
            time.sleep(0.01)
        own_server.process.kill()
        for thread in threads:
            thread.join()
        own_server.start()
    assert len(acknowledged) >= 120
    assert {key: hashlib.sha256(store.read_bytes(key)).hexdigest() for key in acknowledged} == acknowledged
    assert set(acknowledged) <= set(store.list(""))
    store.close()


def test_a_store_that_is_down_is_told_soon_and_comes_back_by_itself(own_server: Seaweed, tmp_path: Path) -> None:
    store = open_bucket(own_server, tmp_path)
    store.put_bytes("a", b"kept")
    own_server.process.kill()
    asks: list[Callable[[], object]] = [
        lambda: store.put("b", io.BytesIO(b"b")),
        lambda: store.put_bytes("b", b"b"),
        lambda: store.read_bytes("a"),
        lambda: store.size("a"),
        lambda: list(store.list("")),
        lambda: store.copy_from(store, "a", "c"),
        lambda: store.delete("a"),
        store.check,
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(len(asks)) as pool:
        for asked in [pool.submit(ask) for ask in asks]:
            assert isinstance(asked.exception(), ObjectsUnavailable)
    assert time.monotonic() - began < 8
    own_server.start()
    store.check()
    assert store.read_bytes("a") == b"kept"
    store.close()


def test_a_store_that_hangs_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        store = S3Objects(endpoint, BUCKET, "key", "secret-key", scratch=tmp_path, secure=False, answer_seconds=0.2)
        for ask in (lambda: store.put_bytes("a", b"x"), lambda: store.read_bytes("a"), lambda: store.put("a", io.BytesIO(b"x"))):
            began = time.monotonic()
            with pytest.raises(ObjectsUnavailable):
                ask()
            assert time.monotonic() - began < 5
        store.close()


@contextmanager
def through(server: Seaweed, scratch: Path, cuts: list[int]) -> Iterator[S3Objects]:
    """A store reached on a way that breaks."""
    way = CuttingWay(server.endpoint, cuts)
    store = S3Objects(way.endpoint, BUCKET, server.keys.access_key, server.keys.secret_key, "cut", scratch=scratch, secure=False)
    try:
        yield store
    finally:
        store.close()
        way.close()


def test_a_download_that_breaks_off_goes_on_where_it_was(seaweed: Seaweed, tmp_path: Path) -> None:
    data = random.Random(5).randbytes(3_000_000)
    direct = open_bucket(seaweed, tmp_path, "cut")
    direct.put("long", io.BytesIO(data))
    with through(seaweed, tmp_path, [1_000_000, 700_000, 100]) as store:
        with store.open("long") as stream:
            taken = b"".join(iter(lambda: stream.read(70_000), b""))
        assert taken == data
        assert store.read_bytes("long") == data
    with through(seaweed, tmp_path, [100_000] * 50) as store:
        assert store.read_bytes("long") == data, "however often, as long as something comes each time"
    with through(seaweed, tmp_path, [500_000] + [100] * 50) as store, store.open("long") as stream, pytest.raises(ObjectsUnavailable):
        stream.read()
    direct.close()


def test_a_download_never_mixes_two_versions_of_an_object(seaweed: Seaweed, tmp_path: Path) -> None:
    direct = open_bucket(seaweed, tmp_path, "cut")
    direct.put("changing", io.BytesIO(b"a" * 2_000_000))
    with through(seaweed, tmp_path, [500_000]) as store, store.open("changing") as stream:
        assert stream.read(1000) == b"a" * 1000
        direct.put("changing", io.BytesIO(b"b" * 2_000_000))
        with pytest.raises(ObjectsUnavailable, match="replaced"):
            stream.read()
    direct.close()


def test_a_write_whose_answer_was_lost_is_not_taken_for_somebody_elses(seaweed: Seaweed, tmp_path: Path) -> None:
    with through(seaweed, tmp_path, [1]) as store:
        store.put_bytes("lost-answer", b"mine")
        with pytest.raises(ObjectExists):
            store.put_bytes("lost-answer", b"another's")
        assert store.read_bytes("lost-answer") == b"mine"


# What is left behind


def test_an_upload_that_breaks_in_a_later_part_leaves_nothing(bucket: S3Objects) -> None:
    class Breaks(io.RawIOBase):
        left = 3 * PART_BYTES

        def read(self, size: int = -1) -> bytes:
            if self.left <= 0:
                raise ConnectionError("the sender is gone")
            self.left -= size
            return bytes(size)

    with pytest.raises(ConnectionError):
        bucket.put("incoming/a", Breaks())
    assert bucket.size("incoming/a") is None
    assert bucket.remove_unfinished(older_than=timedelta(seconds=-60)) == 0


def test_uploads_that_a_killed_process_left_are_given_up_when_they_are_old(seaweed: Seaweed, bucket: S3Objects) -> None:
    client = Minio(seaweed.endpoint, seaweed.keys.access_key, seaweed.keys.secret_key, secure=False, region="us-east-1")
    name = f"{bucket._prefix}incoming/cut-off"
    upload = client._create_multipart_upload(BUCKET, name, {})
    client._upload_part(BUCKET, name, bytes(PART_BYTES), None, upload, 1)
    assert bucket.remove_unfinished() == 0
    assert bucket.remove_unfinished(older_than=timedelta(seconds=-60)) == 1
    assert bucket.remove_unfinished(older_than=timedelta(seconds=-60)) == 0


# Memory


UPLOAD = """
import sys
from pathlib import Path
from services.shared.objects.s3 import S3Objects

endpoint, access_key, scratch, size = sys.argv[1:]
store = S3Objects(endpoint, "mottak-test", access_key, sys.stdin.readline().strip(), "large", scratch=Path(scratch), secure=False)
store.put("small", open("/dev/null", "rb"))

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
idle = peak()

class Zeros:
    left = int(size)
    def read(self, wanted=-1, /):
        piece = bytes(min(wanted, self.left, 65536))
        self.left -= len(piece)
        return piece

stored = store.put("a", Zeros())
copied = store.copy_from(store, "a", "b")
with store.file("b") as file:
    file.seek(0, 2)
    assert (stored, stored.size, file.tell()) == (copied, int(size), int(size))
store.delete("a"), store.delete("b")
store.close()
print(peak() - idle)
"""


@pytest.mark.parametrize("megabytes", [160])
def test_a_large_file_passes_in_little_memory(seaweed: Seaweed, tmp_path: Path, megabytes: int) -> None:
    command = [sys.executable, "-c", UPLOAD, seaweed.endpoint, seaweed.keys.access_key, str(tmp_path), str(megabytes * 1024 * 1024)]
    done = subprocess.run(command, input=seaweed.keys.secret_key, capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2])
    used = int(done.stdout) / 1024
    print(f"{megabytes} MiB up, copied and down again: {used:.0f} MiB above idle")
    assert used < 24


# The server and the settings


def test_the_server_listens_on_this_machine_only_and_keeps_its_keys_to_its_owner(own_server: Seaweed) -> None:
    assert own_server.process.pid is not None
    listening = [each.laddr.ip for each in psutil.Process(own_server.process.pid).net_connections("tcp") if each.status == "LISTEN"]
    assert set(listening) == {"127.0.0.1"}
    assert stat.S_IMODE((own_server.folder / "identities.json").stat().st_mode) == 0o600
    assert own_server.keys.secret_key not in repr(own_server.keys)
    assert not any(own_server.keys.secret_key in part for part in psutil.Process(own_server.process.pid).cmdline())


def test_the_same_folder_resumes_with_its_keys_ports_and_data(own_server: Seaweed, tmp_path: Path) -> None:
    store = open_bucket(own_server, tmp_path, "resumed")
    store.put_bytes("a", b"kept")
    own_server.stop()
    again = Seaweed(own_server.folder, [BUCKET])
    again.start()
    try:
        assert (again.endpoint, again.keys) == (own_server.endpoint, own_server.keys)
        assert store.read_bytes("a") == b"kept"
    finally:
        again.process.kill()
        store.close()


def test_others_than_the_key_holder_are_refused_and_the_key_opens_only_its_buckets(seaweed: Seaweed) -> None:
    pool = urllib3.PoolManager(retries=False)
    stranger = Minio(seaweed.endpoint, secure=False, region="us-east-1", http_client=pool)
    liar = Minio(seaweed.endpoint, seaweed.keys.access_key, "not the secret", secure=False, region="us-east-1", http_client=pool)
    holder = Minio(seaweed.endpoint, seaweed.keys.access_key, seaweed.keys.secret_key, secure=False, region="us-east-1", http_client=pool)
    for client, bucket in ((stranger, BUCKET), (liar, BUCKET), (holder, "another-bucket")):
        with pytest.raises(S3Error):
            client.put_object(bucket, "a", io.BytesIO(b"x"), 1)
        with pytest.raises(S3Error):
            list(client.list_objects(bucket))
    with pytest.raises(S3Error):
        holder.make_bucket("of-my-own")
    pool.clear()


def test_the_settings_name_the_stores_and_never_tell_the_key(seaweed: Seaweed, tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        database_url="",
        public_url="",
        objects_url=f"{seaweed.url(BUCKET)}/received",
        objects_access_key=seaweed.keys.access_key,
        objects_secret_key=seaweed.keys.secret_key,
    )
    received, archive = open_objects(settings, "objects"), open_objects(settings, "archive")
    assert isinstance(received, S3Objects)
    assert isinstance(archive, DirectoryObjects)
    received.put_bytes("a", b"x")
    assert list(received.list("")) == ["a"]
    received.close()
    assert seaweed.keys.secret_key not in repr(settings)


@pytest.mark.parametrize("url", ["http://host:1", "host:1/bucket", "ftp://host/bucket", "http://key:secret@host/bucket", "http://host/bucket?x=1"])
def test_a_store_that_is_named_wrongly_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="an object store is named by"):
        parse_bucket_url(url)


def test_a_bucket_that_is_not_there_is_told_as_such(seaweed: Seaweed, tmp_path: Path) -> None:
    store = S3Objects(seaweed.endpoint, "no-such-bucket", seaweed.keys.access_key, seaweed.keys.secret_key, scratch=tmp_path, secure=False)
    for ask in (store.check, lambda: store.put_bytes("a", b""), lambda: list(store.list(""))):
        with pytest.raises(ObjectsUnavailable):
            ask()
    store.close()
