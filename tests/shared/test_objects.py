"""The object port. Every end passes these tests."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest

from services.shared.objects import DirectoryObjects, ObjectExists, ObjectMissing, Objects, ObjectsUnavailable
from services.shared.objects.port import CHUNK


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "directory":
        return DirectoryObjects(tmp_path / "store")
    on_s3: Objects = request.getfixturevalue("bucket")
    return on_s3


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 7])
def test_what_is_put_comes_back_whole_with_its_size_and_digests(store: Objects, size: int) -> None:
    data = os.urandom(size)
    stored = store.put("incoming/ab/x", io.BytesIO(data))
    assert (stored.size, stored.sha256, stored.sha512) == (size, hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest())
    assert store.read_bytes("incoming/ab/x") == data
    assert store.size("incoming/ab/x") == size


def test_reading_can_begin_anywhere_and_move(store: Objects) -> None:
    store.put("a", io.BytesIO(b"0123456789"))
    with store.open("a", 4) as stream:
        assert stream.read() == b"456789"
        assert stream.seek(2) == stream.tell() == 2
        assert stream.read(3) == b"234"
        assert stream.read(100) == b"56789"
        assert stream.read(1) == b""
    for beyond in (10, 11):
        with store.open("a", beyond) as stream:
            assert stream.read() == b""


def test_a_file_for_the_box_is_a_real_one_that_can_be_opened_again(store: Objects) -> None:
    data = os.urandom(CHUNK + 1)
    store.put("a", io.BytesIO(data))
    with store.file("a") as file, Path(f"/proc/self/fd/{file.fileno()}").open("rb") as again:
        assert file.read() == again.read() == data


def test_a_stream_that_gives_little_at_a_time_is_taken_whole(store: Objects) -> None:
    class Drips(io.RawIOBase):
        left = 3000

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return b"xyz" if self.left >= 0 else b""

    assert store.put("a", Drips()).size == 9000
    assert store.read_bytes("a") == b"xyz" * 3000


def test_the_same_key_may_be_written_again(store: Objects) -> None:
    first, second = store.put("a", io.BytesIO(b"same")), store.put("a", io.BytesIO(b"same"))
    assert first == second
    assert store.read_bytes("a") == b"same"


def test_of_writers_who_come_one_after_the_other_the_first_stays(store: Objects) -> None:
    store.put_bytes("a", b"first")
    with pytest.raises(ObjectExists):
        store.put_bytes("a", b"second")
    assert store.read_bytes("a") == b"first"


def test_a_copy_within_the_store_has_the_digests_of_its_bytes(store: Objects) -> None:
    data = os.urandom(2 * CHUNK + 5)
    written = store.put("received/a%3ab", io.BytesIO(data))
    assert store.copy_from(store, "received/a%3ab", "kept/urn%3auuid%3a1/v1") == written
    assert store.read_bytes("kept/urn%3auuid%3a1/v1") == data


def test_what_is_not_there_cannot_be_copied(store: Objects) -> None:
    with pytest.raises(ObjectMissing):
        store.copy_from(store, "nothing", "kept")
    assert store.size("kept") is None


def test_a_stream_that_breaks_leaves_nothing(store: Objects) -> None:
    class Breaks(io.RawIOBase):
        pieces = 3

        def read(self, size: int = -1) -> bytes:
            self.pieces -= 1
            if not self.pieces:
                raise ConnectionError("gone")
            return b"x" * 1000

    with pytest.raises(ConnectionError):
        store.put("incoming/a", Breaks())
    assert store.size("incoming/a") is None
    assert list(store.list("")) == []


def test_what_a_killed_process_left_half_written_is_removed_at_start(tmp_path: Path) -> None:
    store = DirectoryObjects(tmp_path / "store")
    (tmp_path / ".store-unfinished" / "half").write_bytes(b"half")
    store.remove_unfinished()
    assert list((tmp_path / ".store-unfinished").iterdir()) == []


def test_small_bytes_are_written_once_and_only_what_is_known_is_replaced(store: Objects) -> None:
    assert store.put_bytes("inventory", b"one")
    assert not store.put_bytes("inventory", b"one")
    with pytest.raises(ObjectExists):
        store.put_bytes("inventory", b"two")
    assert store.put_bytes("inventory", b"two", replaces=b"one")
    assert not store.put_bytes("inventory", b"two", replaces=b"one")
    with pytest.raises(ObjectExists):
        store.put_bytes("inventory", b"three", replaces=b"one")
    assert store.read_bytes("inventory") == b"two"
    with pytest.raises(ObjectMissing):
        store.put_bytes("nothing", b"two", replaces=b"one")


def test_that_an_object_is_there_is_said_only_of_one_that_is(store: Objects) -> None:
    assert not store.has("a")
    store.put_bytes("a", b"")
    assert store.has("a")
    assert store.has("a")


def test_a_copy_of_what_changed_since_it_was_written_has_the_digests_of_what_it_is_now(store: Objects) -> None:
    written = store.put("a", io.BytesIO(b"as it was received"))
    assert store.copy_from(store, "a", "kept/1", written) == written
    changed = store.put("a", io.BytesIO(b"as it became later"))
    assert store.copy_from(store, "a", "kept/2", written) == changed != written


def test_a_copy_has_the_digests_of_its_source(store: Objects, tmp_path: Path) -> None:
    other = DirectoryObjects(tmp_path / "other")
    written = store.put("a", io.BytesIO(b"bytes"))
    assert other.copy_from(store, "a", "b/c") == written
    assert other.read_bytes("b/c") == b"bytes"


def test_listing_gives_the_keys_under_a_prefix_in_order(store: Objects) -> None:
    for key in ("b/2", "b/1", "a/1", "b1"):
        store.put_bytes(key, b"")
    assert list(store.list("b/")) == ["b/1", "b/2"]
    assert sorted(store.list("")) == ["a/1", "b/1", "b/2", "b1"]


def test_what_is_not_there_is_said_to_be_missing(store: Objects) -> None:
    assert store.size("nothing") is None
    for look in (store.open, store.file, store.read_bytes):
        with pytest.raises(ObjectMissing):
            look("nothing")
    store.delete("nothing")


def test_deleting_removes_the_object_and_leaves_its_neighbour(store: Objects) -> None:
    store.put_bytes("a/1", b"1")
    store.put_bytes("a/2", b"2")
    store.delete("a/1")
    assert list(store.list("a/")) == ["a/2"]


@pytest.mark.parametrize("key", ["../x", "a/../x", "/etc/passwd", "a//b", "", "a/./b", "æ", "a\x00b", "a\nb"])
def test_a_key_that_could_leave_its_root_is_refused(store: Objects, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        store.put_bytes(key, b"")


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    store = DirectoryObjects(tmp_path / "store")
    store.check()
    (tmp_path / "store").rmdir()
    with pytest.raises(ObjectsUnavailable):
        store.check()


def test_what_is_put_together_is_there_and_a_failure_among_it_is_told(store: Objects) -> None:
    with store.together():
        store.put("incoming/ab/x", io.BytesIO(b"x"))
        store.put_bytes("incoming/ab/cd/y", b"y")
        assert store.read_bytes("incoming/ab/x") == b"x"
    assert sorted(store.list("incoming/")) == ["incoming/ab/cd/y", "incoming/ab/x"]
    with pytest.raises(ObjectExists), store.together():
        store.put_bytes("incoming/ab/cd/y", b"other")
    assert store.read_bytes("incoming/ab/cd/y") == b"y"


def test_folders_are_synced_by_the_end_of_what_is_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DirectoryObjects(tmp_path / "store")
    synced: list[Path] = []
    sync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    with store.together():
        store.put_bytes("a/b/x", b"x")
        store.put_bytes("a/b/y", b"y")
        assert not [path for path in synced if path.is_dir()]
    assert sorted(path for path in synced if path.is_dir()) == [tmp_path / "store", tmp_path / "store" / "a", tmp_path / "store" / "a" / "b"]
