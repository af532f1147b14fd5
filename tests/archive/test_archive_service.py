"""The archive as others meet it: jobs, HTTP, fixity checks, and the catalogue made again from the store."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from services.archive import catalogue, handlers, models, ocfl
from services.archive import rebuild as rebuilding
from services.archive.snapshot import object_id_of
from services.shared import names
from services.shared.jobs import claim
from services.shared.models import jobs


def test_an_accepted_submission_is_stored_and_the_story_says_where(service: Any) -> None:
    submission = service.archived()
    stored = service.story(submission)[-1]
    assert stored.type == names.ARCHIVE_STORED
    assert stored.data["object"] == f"urn:uuid:{submission}"
    assert stored.data["version"] == "v1"
    shown = service.get(f"/archive/objects/{submission}").json
    assert stored.data["digest"] == shown["digest"] == shown["versions"][0]["digest"]
    assert shown["title"] == "Prøvemab (eksempelstoff)"
    files = {file["path"]: file for file in shown["versions"][0]["files"]}
    assert files["original/Anmodning æøå.pdf"]["size"] == len(submission) * 100
    assert len(files["original/Anmodning æøå.pdf"]["sha512"]) == 128


def test_each_archive_request_becomes_exactly_one_version_however_often_its_job_runs(service: Any) -> None:
    submission = service.archived()
    service.case.answered(submission)
    with service.case.database.write() as tx:
        tx.execute(jobs.update().where(jobs.c.handler == names.ARCHIVE_STORE).values(state="ready"))
    service.work()
    shown = service.get(f"/archive/objects/{submission}").json
    assert [(version["version"], version["why"]) for version in shown["versions"]] == [("v1", "acceptance"), ("v2", "answer")]


def test_two_workers_on_the_same_event_write_one_version(service: Any) -> None:
    submission = service.case.submission()
    service.case.document(submission, "skjema.pdf", b"form" * 5000, role="form")
    service.case.accept(submission)
    with service.case.database.write() as tx:
        job = claim(tx, [names.ARCHIVE_STORE])
    assert job is not None
    effects: list[Any] = []
    threads = [threading.Thread(target=lambda: effects.append(handlers.store(job, service.context))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(effects) == 4
    with service.case.database.write() as tx:
        effects[0](tx)
        expected = catalogue.expected(tx, object_id_of(submission))
    assert list(expected.digests) == [1]
    assert service.get(f"/archive/objects/{submission}").status_code == 200


def test_a_store_that_is_not_mounted_delays_and_is_never_begun_anew(service: Any) -> None:
    submission = service.archived()
    service.case.archive_folder.rename(service.case.archive_folder.with_name("elsewhere"))
    service.case.answered(submission)
    service.work()
    assert not service.case.archive_folder.exists()
    with service.case.database.read() as tx:
        last = tx.execute(select(jobs.c.state, jobs.c.last_error).order_by(jobs.c.id.desc()).limit(1)).one()
    assert last.state == "ready"
    assert "storage root is not there" in last.last_error


def test_an_object_that_is_gone_is_not_begun_anew_at_version_1(service: Any) -> None:
    submission = service.archived()
    shutil.rmtree(service.folder_of(submission))
    service.case.answered(submission)
    service.work()
    assert not service.folder_of(submission).exists()
    assert service.get(f"/archive/objects/{submission}").json["code"] == "archive_damaged"


def test_what_a_crash_cut_off_is_rolled_forward_at_start(service: Any) -> None:
    submission = service.archived()
    root = service.folder_of(submission)
    service.case.write(service.case.answered(submission))
    whole = (root / "inventory.json").read_bytes()
    shutil.copy(root / "v1/inventory.json", root / "inventory.json")
    (root / "v2/inventory.json.sha512").unlink()
    shutil.copy(root / "v1/inventory.json.sha512", root / "inventory.json.sha512")
    assert handlers.settle_unfinished(service.context) == 1
    assert (root / "inventory.json").read_bytes() == whole
    service.work()
    assert [outcome.state for outcome in handlers.check_all(service.context)] == ["intact"]


def test_a_document_that_is_not_what_was_received_parks_the_job_and_archives_nothing(service: Any) -> None:
    submission = service.case.submission()
    service.case.document(submission, "skjema.pdf", b"changed", role="form", claimed=b"original")
    service.case.accept(submission)
    service.work()
    with service.case.database.read() as tx:
        state = tx.execute(select(jobs.c.state).where(jobs.c.handler == names.ARCHIVE_STORE)).scalar_one()
    assert state == "parked"
    assert service.get(f"/archive/objects/{submission}").status_code == 404


def test_objects_are_found_by_reference_submitter_title_and_answers(service: Any) -> None:
    first = service.archived(title="Ærlig talt-mab", answers={"substance": "ærligumab"})
    second = service.archived(title="100 % vann", submitter={"kind": "organisation", "id": "888888888", "name": "Ånd AS", "country": "NO"})
    reference = service.get(f"/archive/objects/{first}").json["reference"]

    def ids(query: str) -> list[str]:
        return [item["id"] for item in service.get("/archive/objects", query_string={"q": query}).json["items"]]

    assert ids("ÆRLIG") == ids("ærligumab") == ids(reference.lower()) == [object_id_of(first)]
    assert ids("ånd 100 %") == [object_id_of(second)]
    assert ids("_") == ids("finnes ikke") == []
    assert ids("") == [object_id_of(second), object_id_of(first)]


def test_the_list_is_given_in_pages_newest_first_without_gaps(service: Any) -> None:
    submissions = [service.archived(received_at=f"2026-11-0{day}T10:00:00.000000Z") for day in (1, 2, 2, 3, 4)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = service.get("/archive/objects", query_string={"limit": 2, **({"cursor": cursor} if cursor else {})}).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 5
    assert set(seen) == {object_id_of(submission) for submission in submissions}
    assert seen[0] == object_id_of(submissions[4])


@pytest.mark.parametrize("query", [{"limit": "x"}, {"cursor": "%%%"}, {"cursor": "YQ"}, {"cursor": "æ"}])
def test_a_wrong_question_gets_a_coded_problem(service: Any, query: dict[str, str]) -> None:
    answer = service.get("/archive/objects", query_string=query)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/archive/objects", "/archive/objects/x", "/archive/objects/x/bag", "/archive/fixity-checks/x"])
def test_only_archivist_and_secretariat_may_look(service: Any, path: str) -> None:
    assert service.client.get(f"/api/v1{path}").status_code == 401
    for person in ("leverandor", "dmp"):
        assert service.get(path, person=person).status_code == 403
    for person in ("arkivar", "sekretariat"):
        assert service.get(path, person=person).status_code in (200, 404)


def test_an_object_is_found_by_urn_id_and_reference(service: Any) -> None:
    submission = service.archived()
    shown = service.get(f"/archive/objects/urn:uuid:{submission}").json
    assert service.get(f"/archive/objects/{submission.upper()}").json == shown
    assert service.get(f"/archive/objects/{shown['reference']}").json == shown
    assert service.get("/archive/objects/NM-2026-XXXXXX").status_code == 404


def test_a_fixity_check_of_everything_names_what_is_damaged_and_what_is_not(service: Any) -> None:
    sound, harmed = service.archived(), service.archived()
    service.content_file(harmed).write_bytes(b"something else")
    started = service.request("POST", "/archive/fixity-checks")
    assert started.status_code == 202
    where = started.headers["Location"].removeprefix("/api/v1")
    assert service.get(where).json["state"] == "running"
    service.work()
    told = service.get(where).json
    assert (told["state"], told["outcome"], told["counts"]) == ("done", "damaged", {"intact": 1, "damaged": 1})
    by_object = {item["object"]: item for item in told["items"]}
    assert by_object[object_id_of(sound)]["outcome"] == "intact"
    assert len(by_object[object_id_of(harmed)]["changed"]) == 1
    only = service.get(where, query_string={"outcome": "damaged"}).json["items"]
    assert [item["object"] for item in only] == [object_id_of(harmed)]


def test_a_long_fixity_check_goes_on_in_slices_and_tells_the_whole(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "SLICE_OBJECTS", 2)
    submissions = [service.archived() for _ in range(5)]
    service.content_file(submissions[0]).unlink()
    where = service.request("POST", "/archive/fixity-checks").headers["Location"].removeprefix("/api/v1")
    assert service.work() == 3
    told = service.get(where).json
    assert (told["state"], told["outcome"], told["counts"]) == ("done", "damaged", {"intact": 4, "damaged": 1})
    page = service.get(where, query_string={"limit": 3}).json
    following = service.get(where, query_string={"limit": 3, "cursor": page["next"]}).json
    assert len(page["items"] + following["items"]) == 5
    assert following["next"] is None


def test_a_fixity_check_of_one_object_says_nothing_of_the_others(service: Any) -> None:
    sound, harmed = service.archived(), service.archived()
    service.content_file(harmed).unlink()
    where = service.request("POST", "/archive/fixity-checks", json={"object": sound}).headers["Location"].removeprefix("/api/v1")
    service.work()
    told = service.get(where).json
    assert (told["outcome"], told["counts"]) == ("intact", {"intact": 1})
    assert service.request("POST", "/archive/fixity-checks", json={"object": "NM-2026-XXXXXX"}).status_code == 404
    assert service.request("POST", "/archive/fixity-checks", json=["no"]).status_code == 400


def test_an_object_in_the_store_that_nobody_asked_for_is_found(service: Any) -> None:
    submission = service.archived()
    with service.case.database.write() as tx:
        catalogue.forget(tx, object_id_of(submission))
    where = service.request("POST", "/archive/fixity-checks").headers["Location"].removeprefix("/api/v1")
    service.work()
    told = service.get(where).json
    assert told["outcome"] == "damaged"
    assert told["items"][0]["extra"] == [ocfl.object_root(object_id_of(submission))]


def test_a_store_that_is_gone_makes_the_check_end_as_could_not_check(service: Any) -> None:
    service.archived()
    service.case.archive_folder.rename(service.case.archive_folder.with_name("elsewhere"))
    where = service.request("POST", "/archive/fixity-checks").headers["Location"].removeprefix("/api/v1")
    service.work()
    assert service.get(where).json["outcome"] == "could_not_check"


def rows(service: Any) -> Iterator[list[dict[str, Any]]]:
    with service.case.database.read() as tx:
        for table in (models.archive_objects, models.archive_versions):
            yield [dict(row) for row in tx.execute(select(table).order_by(*table.primary_key.columns)).mappings()]


def test_the_catalogue_made_from_the_store_alone_is_the_same(service: Any) -> None:
    submission = service.archived()
    service.archived(on_behalf_of={"kind": "foreign", "id": "DE1", "name": "Beispiel GmbH", "country": "DE"})
    service.case.answered(submission)
    service.work()
    correction = service.case.submission(replaces=submission, title="Rettet")
    service.case.document(correction, "skjema.pdf", b"corrected", role="form")
    service.case.accept(correction)
    service.work()
    before = list(rows(service))
    with service.case.database.write() as tx:
        for table in (models.archive_objects, models.archive_versions):
            tx.execute(table.delete())
        gone = {
            "id": "urn:uuid:gone",
            "reference": "NM-2026-GGGGGG",
            "head": 1,
            "digest": "",
            "size": 0,
            "words": "",
            "received_at": "",
            "stored_at": "",
        }
        tx.execute(models.archive_objects.insert().values(gone))
    report = rebuilding.rebuild(service.case.database, service.case.archive)
    assert list(rows(service)) == before
    assert (report.objects, report.versions, report.unreadable, report.gone) == (2, 5, {}, ["urn:uuid:gone"])


def test_a_damaged_object_keeps_its_row_when_the_catalogue_is_made_again(service: Any) -> None:
    submission = service.archived()
    before = list(rows(service))
    (service.folder_of(submission) / "inventory.json").write_bytes(b"{}")
    report = rebuilding.rebuild(service.case.database, service.case.archive)
    assert list(report.unreadable) == [object_id_of(submission)]
    assert list(rows(service)) == before


def test_a_store_that_is_not_ours_never_empties_the_catalogue(service: Any) -> None:
    service.archived()
    service.case.archive_folder.rename(service.case.archive_folder.with_name("elsewhere"))
    with pytest.raises(rebuilding.StorageRootMissing):
        rebuilding.rebuild(service.case.database, service.case.archive)
    assert service.get("/archive/objects").json["items"]
