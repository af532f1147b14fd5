"""Fixity: every kind of harm is found and named rightly, and what could not be read is never passed as intact."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.archive import catalogue, fixity, ocfl
from services.archive.fixity import COULD_NOT_CHECK, DAMAGED, INTACT, Expected
from services.archive.inventory import Version
from services.shared import events, names
from services.shared.objects import ObjectsUnavailable


class Archived:
    """An object of two versions, what the database knows of it, and its folder."""

    def __init__(self, case: Any) -> None:
        self.case = case
        submission, snapshot = case.ordinary()
        first = case.write(snapshot)
        second = case.write(case.answered(submission))
        self.object_id = snapshot.object_id
        self.expected = Expected({1: first.digest, 2: second.digest})
        self.folder = case.archive_folder / ocfl.object_root(snapshot.object_id)
        self.inventory = ocfl.read_inventory(case.archive, snapshot.object_id)

    def check(self, *, expected: Expected | None = None) -> fixity.Outcome:
        return fixity.check_object(self.case.archive, self.object_id, expected or self.expected)


@pytest.fixture
def archived(case: Any) -> Archived:
    return Archived(case)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def all_files(archived: Archived) -> list[str]:
    return sorted(path.relative_to(archived.folder).as_posix() for path in archived.folder.rglob("*") if path.is_file())


def test_an_untouched_object_is_intact_and_every_byte_was_read(archived: Archived) -> None:
    outcome = archived.check()
    assert outcome.state == INTACT, outcome.as_json()
    assert outcome.files == len(archived.inventory.manifest)
    assert outcome.bytes_read == sum((archived.folder / path).stat().st_size for path in archived.inventory.manifest)


def test_one_flipped_bit_in_any_file_is_found_and_named(archived: Archived) -> None:
    for path in all_files(archived):
        kept = (archived.folder / path).read_bytes()
        flip(archived.folder / path)
        outcome = archived.check()
        assert outcome.state == DAMAGED, path
        assert path in outcome.changed, (path, outcome.as_json())
        assert (outcome.missing, outcome.extra) == ([], []), (path, outcome.as_json())
        (archived.folder / path).write_bytes(kept)
    assert archived.check().state == INTACT


def test_any_missing_file_is_found_and_named(archived: Archived) -> None:
    for path in all_files(archived):
        kept = (archived.folder / path).read_bytes()
        (archived.folder / path).unlink()
        outcome = archived.check()
        assert outcome.state == DAMAGED, path
        assert outcome.missing == [path], outcome.as_json()
        assert outcome.extra == []
        (archived.folder / path).write_bytes(kept)
    assert archived.check().state == INTACT


@pytest.mark.parametrize("path", ["extra.txt", "v1/content/original/planted.pdf", "v2/extra", "v3/content/original/0001.pdf", "v3/inventory.json"])
def test_an_extra_file_is_found_and_named(archived: Archived, path: str) -> None:
    (archived.folder / path).parent.mkdir(parents=True, exist_ok=True)
    (archived.folder / path).write_bytes(b"planted")
    outcome = archived.check()
    assert (outcome.state, outcome.extra, outcome.missing, outcome.changed) == (DAMAGED, [path], [], [])


def test_an_object_that_was_swapped_for_another_valid_one_is_found(case: Any, archived: Archived) -> None:
    other = Archived(case)
    shutil.rmtree(archived.folder)
    shutil.copytree(other.folder, archived.folder)
    outcome = archived.check()
    assert outcome.state == DAMAGED
    assert {"v1/inventory.json", "v2/inventory.json"} <= set(outcome.changed)


def test_a_rewritten_history_with_sidecars_to_match_is_found(archived: Archived) -> None:
    forged = (archived.folder / "v1/inventory.json").read_bytes().replace(b"acceptance", b"acceptancf")
    (archived.folder / "v1/inventory.json").write_bytes(forged)
    (archived.folder / "v1/inventory.json.sha512").write_bytes(ocfl.sidecar_of(forged))
    outcome = archived.check()
    assert (outcome.state, outcome.changed) == (DAMAGED, ["v1/inventory.json", "v1/inventory.json.sha512"])


def test_a_version_added_behind_our_back_is_extra_and_stays_for_the_evidence(case: Any, archived: Archived) -> None:
    before = Expected({1: archived.expected.digests[1]})
    outcome = archived.check(expected=before)
    assert outcome.state == DAMAGED
    assert any(path.startswith("v2/") for path in outcome.extra)
    assert "inventory.json" in outcome.changed
    assert ocfl.read_inventory(case.archive, archived.object_id).head == 2


def test_a_version_that_is_being_written_is_not_damage(case: Any, archived: Archived) -> None:
    (archived.folder / "v3/content/original").mkdir(parents=True)
    (archived.folder / "v3/content/original/0001-abc.pdf").write_bytes(b"on its way")
    assert archived.check(expected=Expected(archived.expected.digests, writing=True)).state == INTACT
    assert archived.check(expected=Expected({1: archived.expected.digests[1]}, writing=True)).state == INTACT
    flip(archived.folder / next(iter(archived.inventory.manifest)))
    assert archived.check(expected=Expected(archived.expected.digests, writing=True)).state == DAMAGED


def test_a_head_left_behind_by_a_late_writer_is_rolled_forward_before_it_is_judged(archived: Archived) -> None:
    for name in ("inventory.json", "inventory.json.sha512"):
        shutil.copy(archived.folder / "v1" / name, archived.folder / name)
    assert archived.check().state == INTACT
    assert (archived.folder / "inventory.json").read_bytes() == (archived.folder / "v2/inventory.json").read_bytes()


def test_an_object_that_is_gone_is_damaged_not_unchecked(archived: Archived) -> None:
    shutil.rmtree(archived.folder)
    outcome = archived.check()
    assert outcome.state == DAMAGED
    assert "inventory.json" in outcome.missing


def test_a_store_that_is_not_there_could_not_be_checked(case: Any, archived: Archived) -> None:
    case.archive_folder.rename(case.archive_folder.with_name("elsewhere"))
    outcome = archived.check()
    assert outcome.state == COULD_NOT_CHECK
    assert outcome.reason


class Faulty:
    """A store that does not answer for some keys."""

    def __init__(self, port: Any, fails: str, fault: Exception) -> None:
        self._port, self._fails, self._fault = port, fails, fault

    def open(self, key: str, start: int = 0) -> Any:
        if self._fails in key:
            raise self._fault
        return self._port.open(key, start)

    def read_bytes(self, key: str) -> bytes:
        with self.open(key) as stream:
            return bytes(stream.read())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


@pytest.mark.parametrize("fault", [ObjectsUnavailable("no answer"), PermissionError(13, "no"), OSError(5, "input/output error"), RuntimeError("odd")])
@pytest.mark.parametrize("key", ["/content/original/", "/inventory.json", "0=ocfl_object"])
def test_what_cannot_be_read_is_never_a_pass(archived: Archived, fault: Exception, key: str) -> None:
    outcome = fixity.check_object(Faulty(archived.case.archive, key, fault), archived.object_id, archived.expected)
    assert outcome.state == COULD_NOT_CHECK, outcome.as_json()
    assert fixity.EXIT_CODES[outcome.state] == 4


def test_a_folder_that_cannot_be_listed_is_never_a_pass(archived: Archived, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def fails(folder: Any) -> Any:
        if str(folder).endswith("v1/content"):
            raise OSError(5, "input/output error")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", fails)
    assert archived.check().state == COULD_NOT_CHECK


def test_damage_is_told_even_when_other_parts_could_not_be_read(archived: Archived) -> None:
    flip(archived.folder / next(path for path in archived.inventory.manifest if "metadata" in path))
    faulty = Faulty(archived.case.archive, "/content/original/", ObjectsUnavailable("no answer"))
    outcome = fixity.check_object(faulty, archived.object_id, archived.expected)
    assert outcome.state == DAMAGED
    assert outcome.unread


def test_the_worst_outcome_decides() -> None:
    assert fixity.worst([]) == INTACT
    assert fixity.worst([INTACT, COULD_NOT_CHECK]) == COULD_NOT_CHECK
    assert fixity.worst([COULD_NOT_CHECK, DAMAGED, INTACT]) == DAMAGED


def test_without_a_database_the_store_is_checked_against_itself(case: Any, archived: Archived) -> None:
    assert fixity.check_object(case.archive, archived.object_id, None).state == INTACT
    flip(archived.folder / next(iter(archived.inventory.manifest)))
    assert fixity.check_object(case.archive, archived.object_id, None).state == DAMAGED


def test_the_database_says_what_is_expected_and_whether_something_is_being_written(case: Any) -> None:
    submission, snapshot = case.ordinary()
    stored = case.write(snapshot)
    with case.database.write() as tx:
        catalogue.put_version(tx, stored, Version(1, snapshot.at, snapshot.cause, {}), snapshot.submission)
        expected = catalogue.expected(tx, snapshot.object_id)
    assert expected.digests == {1: stored.digest}
    assert expected.writing  # its job stands in the table, unfinished
    with case.database.write() as tx:
        events.record(tx, submission, names.ARCHIVE_EXPORTED, actor="arkivar", data={})
