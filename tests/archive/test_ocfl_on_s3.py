"""The archive on an S3 server: what is written there is a valid OCFL root when it is fetched, survives a kill at any change, and costs few requests."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from services.archive import audit, fixity, ocfl
from services.archive.planning import plan_version
from services.archive.snapshot import object_id_of
from services.command.servers.seaweedfs import Seaweed
from services.shared.objects.s3 import S3Objects
from tests.archive.conftest import Case, Service
from tests.archive.test_ocfl_objects import assert_valid, cut_off
from tests.servers import open_bucket


@pytest.fixture
def on_s3(seaweed: Seaweed, tmp_path: Path) -> Iterator[Any]:
    """A case whose two stores are both on the server."""
    case: Any = Case(tmp_path)
    case.received, case.archive = open_bucket(seaweed, tmp_path / "scratch"), open_bucket(seaweed, tmp_path / "scratch")
    yield case
    case.received.close()
    case.archive.close()
    case.database.close()


def fetched(store: S3Objects, folder: Path) -> Path:
    """Everything in a store as files."""
    for key in store.list(""):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.read_bytes(key))
    return folder


def test_an_object_with_two_versions_is_valid_to_an_independent_validator(on_s3: Any, tmp_path: Path) -> None:
    submission, snapshot = on_s3.ordinary()
    first = on_s3.write(snapshot)
    on_s3.document(submission, "svar fra FHI.pdf", b"answer" * 99, role="answer")
    second = on_s3.write(on_s3.answered(submission))
    assert (first.name, second.name) == ("v1", "v2")
    assert fixity.check_object(on_s3.archive, snapshot.object_id, None).state == fixity.INTACT
    assert_valid(fetched(on_s3.archive, tmp_path / "fetched"))


def test_writing_again_changes_nothing(on_s3: Any) -> None:
    _, snapshot = on_s3.ordinary()
    first = on_s3.write(snapshot)
    before = {key: on_s3.archive.read_bytes(key) for key in on_s3.archive.list("")}
    assert on_s3.write(snapshot) == first
    assert {key: on_s3.archive.read_bytes(key) for key in on_s3.archive.list("")} == before


def test_killed_at_any_change_and_run_again_the_object_is_whole(on_s3: Any, seaweed: Seaweed, tmp_path: Path) -> None:
    _, snapshot = on_s3.ordinary()
    on_s3.write(snapshot)
    whole = {key: on_s3.archive.read_bytes(key) for key in on_s3.archive.list("")}
    changes, killed = 1, True
    while killed:
        on_s3.archive.close()
        on_s3.archive = open_bucket(seaweed, tmp_path / "scratch")
        killed = cut_off(on_s3, snapshot, changes)
        on_s3.write(snapshot)
        assert {key: on_s3.archive.read_bytes(key) for key in on_s3.archive.list("")} == whole, f"killed at change {changes}"
        changes += 1
    assert changes > 10


def test_a_document_that_changed_on_the_server_is_never_archived(on_s3: Any) -> None:
    submission = on_s3.submission()
    on_s3.document(submission, "skjema.pdf", b"one flipped bit: a", role="form", claimed=b"one flipped bit: b")
    with pytest.raises(ocfl.SourceDamaged):
        on_s3.write(on_s3.accept(submission))
    assert not [key for key in on_s3.archive.list("") if "/content/" in key or key.endswith("inventory.json")]


def test_a_version_costs_one_request_for_each_file_and_at_most_six_more(on_s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    on_s3.write(on_s3.ordinary()[1])  # declares the root
    submission, snapshot = on_s3.ordinary()
    counted: Counter[str] = Counter()
    send = HTTPConnection.putrequest

    def counting(connection: Any, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        counted[f"{method} document" if "/original/" in url or "/extracted/" in url else f"{method} book"] += 1
        return send(connection, method, url, *arguments, **options)

    monkeypatch.setattr(HTTPConnection, "putrequest", counting)
    known = ocfl.Known(certain=True, empty=False)
    for name, snapshot_of in (("v1", lambda: snapshot), ("v2", lambda: on_s3.answered(submission))):
        plan = plan_version(snapshot_of())
        counted.clear()
        stored = ocfl.write_version(on_s3.archive, snapshot.object_id, plan, on_s3.received, known)
        known = ocfl.Known(stored.version, stored.digest, certain=True, empty=False)
        documents = len([path for path in stored.sizes if "/metadata/" not in path])
        print(f"{name}: {documents} documents: {dict(sorted(counted.items()))}, {sum(counted.values())} in all")
        assert counted["PUT document"] == documents
        assert counted["GET document"] == 0
        # Four descriptions, the version's inventory and sidecar, the root's; and the declaration of a new object.
        assert counted["PUT book"] == (9 if name == "v1" else 8)
        # The inventory of the version before.
        assert counted["GET book"] == (0 if name == "v1" else 1)
        assert sum(counted.values()) <= len(stored.sizes) + 6


def test_a_copy_that_the_server_garbled_without_a_word_is_found_by_the_audit(on_s3: Any, tmp_path: Path) -> None:
    service = Service(on_s3, tmp_path / "data")
    submission = service.archived()
    root = ocfl.object_root(object_id_of(submission))
    document = next(key for key in on_s3.archive.list(root) if "/original/" in key)
    on_s3.archive.delete(document)
    on_s3.archive.put(document, io.BytesIO(b"not what was to be copied"))
    check = audit.sweep(service.context)
    service.work()
    told = service.get(f"/archive/fixity-checks/{check}").json
    assert (told["outcome"], told["counts"]) == ("damaged", {"damaged": 1})
    assert told["items"][0]["changed"] == [document.removeprefix(f"{root}/")]
