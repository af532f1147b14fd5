"""OCFL objects: valid to an independent validator, the same from every writer, whole after every crash."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ocfl.storage_root import StorageRoot

from services.archive import ocfl
from services.archive.planning import plan_version
from services.archive.snapshot import take
from services.shared import events, names
from services.shared.objects import DirectoryObjects


def assert_valid(folder: Path) -> None:
    """The root and every object in it, by ocfl-py, without an error or a warning."""
    root = StorageRoot(root=str(folder))
    assert root.validate(log_warnings=True), str(root.log)
    assert root.errors == []
    assert root.good_objects == root.num_objects > 0


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def inventory_of(case: Any, object_id: str) -> Any:
    return ocfl.read_inventory(case.archive, object_id)


def test_an_object_with_three_versions_is_valid_to_an_independent_validator(case: Any) -> None:
    submission, snapshot = case.ordinary()
    first = case.write(snapshot)
    case.document(submission, "svar fra FHI.pdf", b"answer" * 99, role="answer")
    second = case.write(case.answered(submission))
    with case.database.write() as tx:
        events.record(tx, submission, names.SUBMISSION_WITHDRAWN, actor="organisation:999999999")
    third = case.write(case.requested(submission))
    assert [first.name, second.name, third.name] == ["v1", "v2", "v3"]
    assert_valid(case.archive_folder)


def test_the_logical_paths_carry_the_original_names_and_the_physical_ones_are_ascii(case: Any) -> None:
    _, snapshot = case.ordinary()
    case.write(snapshot)
    inventory = inventory_of(case, snapshot.object_id)
    assert set(inventory.versions[0].state) == {
        "original/Anmodning æøå.pdf",
        "original/Vedlegg 1.pdf",
        "original/Kopi av vedlegg 1.pdf",
        "original/post.eml",
        "extracted/post.eml/brev til dere.pdf",
        "metadata/submission.json",
        "metadata/events.jsonl",
        "metadata/premis.xml",
        "metadata/arkivmelding.xml",
    }
    assert all(path.isascii() for path in inventory.manifest)


def test_no_byte_is_stored_twice_inside_an_object(case: Any) -> None:
    submission, snapshot = case.ordinary()
    case.write(snapshot)
    case.write(case.answered(submission))
    content = [data for path, data in tree(case.archive_folder).items() if "/content/" in path]
    assert len(content) == len(set(content))
    added = [path for path in inventory_of(case, snapshot.object_id).manifest if path.startswith("v2/")]
    assert all("/metadata/" in path for path in added)


def test_a_document_is_archived_byte_for_byte_with_both_digests(case: Any) -> None:
    _, snapshot = case.ordinary()
    case.write(snapshot)
    inventory = inventory_of(case, snapshot.object_id)
    content, sha512, sha256 = inventory.files(1)["original/Anmodning æøå.pdf"]
    row = next(document.row for document in snapshot.documents if document.row["role"] == "form")
    assert case.archive.read_bytes(f"{ocfl.object_root(snapshot.object_id)}/{content}") == b"the form" * 1000
    assert (sha256, sha512) == (row["sha256"], row["sha512"])


def test_writing_the_same_event_again_changes_nothing_and_tells_the_same_version(case: Any) -> None:
    _, snapshot = case.ordinary()
    first = case.write(snapshot)
    before = tree(case.archive_folder)
    assert case.write(snapshot) == first
    assert tree(case.archive_folder) == before


def test_a_second_writer_who_comes_late_writes_the_same_bytes(case: Any, tmp_path: Path) -> None:
    submission, snapshot = case.ordinary()
    case.write(snapshot)
    with case.database.write() as tx:
        events.record(tx, submission, names.ARCHIVE_STORED, actor="archive", data={"object": "o", "version": "v1", "digest": "sha512:0"})
        events.record(tx, submission, names.DELIVERIES_QUEUED, actor="routing", data={"deliveries": []})
    case.document(submission, "kom senere.pdf", b"later", role="answer")
    with case.database.read() as tx:
        again = take(tx, snapshot.cause.submission, snapshot.cause.seq)
    other = DirectoryObjects(tmp_path / "other")
    ocfl.write_version(other, again.object_id, plan_version(again), case.received, NOTHING_KNOWN)
    assert tree(tmp_path / "other") == tree(case.archive_folder)


def test_a_document_that_changed_since_it_was_received_is_never_archived(case: Any) -> None:
    submission = case.submission()
    case.document(submission, "skjema.pdf", b"one flipped bit: a", role="form", claimed=b"one flipped bit: b")
    snapshot = case.accept(submission)
    with pytest.raises(ocfl.SourceDamaged):
        case.write(snapshot)
    assert not [path for path in tree(case.archive_folder) if "/content/" in path or path.endswith("inventory.json")]


def test_infected_bytes_stay_out_and_leave_their_digest(case: Any) -> None:
    submission = case.submission()
    case.document(submission, "skjema.pdf", b"fine", role="form")
    case.document(submission, "virus.pdf", b"EVIL", scan="infected")
    snapshot = case.accept(submission)
    case.write(snapshot)
    inventory = inventory_of(case, snapshot.object_id)
    assert b"EVIL" not in tree(case.archive_folder).values()
    content, _, _ = inventory.files(1)["metadata/submission.json"]
    told = json.loads(case.archive.read_bytes(f"{ocfl.object_root(snapshot.object_id)}/{content}"))
    infected = next(document for document in told["documents"] if document["scan"] == "infected")
    assert infected["archived_as"] is None
    assert len(infected["sha256"]) == 64


def test_a_correction_goes_into_the_object_of_its_reference(case: Any) -> None:
    first, snapshot = case.ordinary()
    case.write(snapshot)
    second = case.submission(replaces=first)
    case.document(second, "Anmodning æøå.pdf", b"the corrected form", role="form")
    corrected = case.accept(second)
    assert case.write(case.requested(first)).name == "v2"
    stored = case.write(corrected)
    assert (stored.object_id, stored.name) == (snapshot.object_id, "v3")
    inventory = inventory_of(case, snapshot.object_id)
    assert [version.cause.why for version in inventory.versions] == ["acceptance", "ending", "acceptance"]
    assert_valid(case.archive_folder)


def test_the_events_of_the_object_are_the_chain_up_to_its_event(case: Any) -> None:
    submission, snapshot = case.ordinary()
    case.write(snapshot)
    inventory = inventory_of(case, snapshot.object_id)
    content, _, _ = inventory.files(1)["metadata/events.jsonl"]
    lines = [json.loads(line) for line in case.archive.read_bytes(f"{ocfl.object_root(snapshot.object_id)}/{content}").splitlines()]
    assert lines[-1]["type"] == names.ARCHIVE_REQUESTED
    assert lines[-1]["hash"] == inventory.versions[0].cause.chain
    chain = [events.Event(id=0, **line) for line in lines]
    assert events.verify_chain(chain) is None
    assert {line["submission"] for line in lines} == {submission}


NOTHING_KNOWN = ocfl.Known()


class Stops:
    """A store whose n-th change never happens: the process is gone then. (Every change is whole or not at all: that is the port's promise.)"""

    def __init__(self, port: DirectoryObjects, changes: int) -> None:
        self._port, self._left = port, changes

    def _change(self, name: str, *arguments: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            raise SystemExit
        return getattr(self._port, name)(*arguments, **options)

    def put_bytes(self, *arguments: Any, **options: Any) -> Any:
        return self._change("put_bytes", *arguments, **options)

    def copy_from(self, *arguments: Any, **options: Any) -> Any:
        return self._change("copy_from", *arguments, **options)

    def delete(self, *arguments: Any, **options: Any) -> Any:
        return self._change("delete", *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def cut_off(case: Any, snapshot: Any, changes: int, known: ocfl.Known = NOTHING_KNOWN) -> bool:
    """Write and be killed at a change; True when it was."""
    try:
        ocfl.write_version(Stops(case.archive, changes), snapshot.object_id, plan_version(snapshot), case.received, known)
    except SystemExit:
        return True
    return False


def test_a_version_takes_at_most_six_requests_more_than_it_has_files(case: Any) -> None:
    submission, snapshot = case.ordinary()
    ocfl.prepare_root(case.archive)
    requests: list[str] = []

    class Counts:
        def __getattr__(self, name: str) -> Any:
            requests.extend([name] if name != "together" else [])
            return getattr(case.archive, name)

    known = ocfl.Known(certain=True, empty=False)
    for taken in (snapshot, case.answered(submission)):
        requests.clear()
        stored = ocfl.write_version(Counts(), snapshot.object_id, plan_version(taken), case.received, known)
        assert len(requests) <= len(stored.sizes) + 6, requests
        known = ocfl.Known(stored.version, stored.digest, certain=True, empty=False)
    assert_valid(case.archive_folder)


@pytest.mark.parametrize("certain", [False, True], ids=["looking first", "sure to be alone"])
def test_killed_at_any_change_and_run_again_the_object_is_as_if_nothing_had_happened(case: Any, certain: bool) -> None:
    submission, first = case.ordinary()
    case.document(submission, "svar.pdf", b"an answer", role="answer")
    second = case.answered(submission)
    stored = case.write(first)
    one_version = tree(case.archive_folder)
    case.write(second)
    whole = tree(case.archive_folder)
    kills = 0
    for snapshot, start, known in (
        (first, {}, ocfl.Known(certain=certain)),
        (second, one_version, ocfl.Known(1, stored.digest, certain=certain, empty=False)),
    ):
        changes = 1
        while True:
            shutil.rmtree(case.archive_folder)
            for path, data in start.items():
                (case.archive_folder / path).parent.mkdir(parents=True, exist_ok=True)
                (case.archive_folder / path).write_bytes(data)
            case.archive = DirectoryObjects(case.archive_folder)
            killed = cut_off(case, snapshot, changes, known)
            ocfl.write_version(case.archive, snapshot.object_id, plan_version(snapshot), case.received, known)
            assert tree(case.archive_folder) == (one_version if snapshot is first else whole), f"killed at change {changes}"
            kills += killed
            changes += 1
            if not killed:
                break
    assert kills > 20
    assert_valid(case.archive_folder)


def test_a_writer_who_believes_to_be_alone_sees_that_another_event_has_begun_the_version(case: Any) -> None:
    submission, snapshot = case.ordinary()
    stored = case.write(snapshot)
    case.document(submission, "svar.pdf", b"an answer that was never archived", role="answer")
    given_up = case.answered(submission)
    known = ocfl.Known(1, stored.digest, certain=True, empty=False)
    assert cut_off(case, given_up, 3, known)
    with case.database.write() as tx:
        events.record(tx, submission, names.SUBMISSION_WITHDRAWN, actor="organisation:999999999")
    ending = case.requested(submission)
    assert ocfl.write_version(case.archive, snapshot.object_id, plan_version(ending), case.received, known).name == "v2"
    assert_valid(case.archive_folder)


def test_a_writer_who_comes_late_replaces_no_newer_head(case: Any) -> None:
    submission, snapshot = case.ordinary()
    first = case.write(snapshot)
    case.write(case.answered(submission))
    whole = tree(case.archive_folder)
    root = ocfl.object_root(snapshot.object_id)

    class Late:
        """The store as it was to a writer who had begun before all others, and was held up."""

        def __getattr__(self, name: str) -> Any:
            return getattr(case.archive, name)

        def put_bytes(self, key: str, data: bytes, **options: Any) -> bool:
            case.archive.put_bytes(key, data, **options)
            return True

    late: Any = Late()
    known = ocfl.Known(certain=True, empty=False)
    assert ocfl.write_version(late, snapshot.object_id, plan_version(snapshot), case.received, known) == first
    assert tree(case.archive_folder) == whole
    assert ocfl.settle(case.archive, root).inventory.head == 2


def test_what_a_given_up_attempt_left_behind_goes_when_another_event_takes_its_number(case: Any) -> None:
    submission, snapshot = case.ordinary()
    case.write(snapshot)
    case.document(submission, "svar.pdf", b"an answer that was never archived", role="answer")
    given_up = case.answered(submission)
    assert cut_off(case, given_up, 3)
    with case.database.write() as tx:
        events.record(tx, submission, names.SUBMISSION_WITHDRAWN, actor="organisation:999999999")
    case.write(case.requested(submission))
    assert_valid(case.archive_folder)


def test_a_late_writer_who_puts_back_an_older_head_is_rolled_forward(case: Any) -> None:
    submission, snapshot = case.ordinary()
    case.write(snapshot)
    root = case.archive_folder / ocfl.object_root(snapshot.object_id)
    case.write(case.answered(submission))
    whole = tree(case.archive_folder)
    for name in ("inventory.json", "inventory.json.sha512"):
        shutil.copy(root / "v1" / name, root / name)
    found = ocfl.settle(case.archive, ocfl.object_root(snapshot.object_id))
    assert found is not None
    assert found.inventory.head == 2
    assert tree(case.archive_folder) == whole


def test_a_changed_root_inventory_is_not_mended_by_guessing(case: Any) -> None:
    submission, snapshot = case.ordinary()
    case.write(snapshot)
    inventory = case.archive_folder / ocfl.object_root(snapshot.object_id) / "inventory.json"
    inventory.write_bytes(inventory.read_bytes().replace(b"acceptance", b"acceptancf"))
    with pytest.raises(ocfl.ArchiveDamaged):
        case.write(case.answered(submission))


def test_the_example_object_lies_where_the_layout_extension_says() -> None:
    # From the text of extension 0003: https://ocfl.github.io/extensions/0003-hash-and-id-n-tuple-storage-layout.html
    assert ocfl.object_root("object-01") == "3c0/ff4/240/object-01"
    assert ocfl.object_root("..hor/rib:le-$id") == "487/326/d8c/%2e%2ehor%2frib%3ale-%24id"
