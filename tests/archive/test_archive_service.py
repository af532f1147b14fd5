"""The archive as others meet it: jobs, HTTP, bags, and the catalogue made again from the store."""

from __future__ import annotations

import io
import json
import shutil
import socket
import threading
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import Any

import bagit
import pytest
from sqlalchemy import select

from services.archive import catalogue, handlers, models, ocfl
from services.archive import rebuild as rebuilding
from services.archive.app import create_app
from services.archive.snapshot import object_id_of
from services.shared import events, names
from services.shared.context import Context, open_actors
from services.shared.identity import TokenVerifier
from services.shared.identity.issuer import LocalIssuer
from services.shared.jobs import claim
from services.shared.models import jobs
from services.shared.settings import Settings
from services.shared.web.server import make_server
from services.shared.worker import run_one

PEOPLE = {
    "arkivar": {"organisation": "991324968", "name": "Arkivar"},
    "sekretariat": {"organisation": "991324968", "name": "Sekretariatet"},
    "leverandor": {"organisation": "999999999", "name": "Eksempelleverandør AS"},
    "dmp": {"organisation": "974761122", "name": "Direktoratet for medisinske produkter"},
}
MINE = [names.ARCHIVE_STORE, names.ARCHIVE_FIXITY]


class Service:
    """The archive's application and handlers on a case's database and stores."""

    def __init__(self, case: Any, folder: Path) -> None:
        self.case = case
        settings = Settings.embedded(folder, environment={})
        actors = open_actors(settings)
        self.issuer = LocalIssuer(folder / "issuer", issuer=settings.issuer, audience=settings.audience, people=PEOPLE)
        tokens = TokenVerifier(issuer=settings.issuer, audience=settings.audience, fetch_keys=self.issuer.jwks, actors=actors)
        self.context = Context(settings, case.database, case.received, case.archive, tokens, actors)
        self.client = create_app(self.context).test_client()
        self._tokens: dict[str, str] = {}

    def request(self, method: str, path: str, *, person: str = "arkivar", **options: Any) -> Any:
        if person not in self._tokens:
            self._tokens[person] = self.issuer.token(person)
        token = self._tokens[person]
        return self.client.open(f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.request("GET", path, **options)

    def work(self) -> int:
        ran = 0
        while run_one(self.context, MINE):
            ran += 1
        return ran

    def archived(self, **values: Any) -> str:
        """An accepted and archived submission; returns its id."""
        submission: str = self.case.submission(**values)
        self.case.document(submission, "Anmodning æøå.pdf", submission.encode() * 100, role="form")
        self.case.document(submission, "100 % sikker.xlsx", b"cells" + submission.encode())
        self.case.accept(submission)
        self.work()
        return submission

    def story(self, submission: str) -> list[events.Event]:
        with self.case.database.read() as tx:
            return events.story_of(tx, submission)


@pytest.fixture
def service(case: Any, tmp_path: Path) -> Service:
    return Service(case, tmp_path / "data")


def folder_of(service: Service, submission: str) -> Path:
    folder: Path = service.case.archive_folder / ocfl.object_root(object_id_of(submission))
    return folder


def unpacked(data: bytes, folder: Path) -> bagit.Bag:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    (only,) = list(folder.iterdir())
    return bagit.Bag(str(only))


def test_an_accepted_submission_is_stored_and_the_story_says_where(service: Service) -> None:
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


def test_each_archive_request_becomes_exactly_one_version_however_often_its_job_runs(service: Service) -> None:
    submission = service.archived()
    service.case.answered(submission)
    with service.case.database.write() as tx:
        tx.execute(jobs.update().where(jobs.c.handler == names.ARCHIVE_STORE).values(state="ready"))
    service.work()
    shown = service.get(f"/archive/objects/{submission}").json
    assert [(version["version"], version["why"]) for version in shown["versions"]] == [("v1", "acceptance"), ("v2", "answer")]


def test_two_workers_on_the_same_event_write_one_version(service: Service) -> None:
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


def test_a_store_that_is_not_mounted_delays_and_is_never_begun_anew(service: Service) -> None:
    submission = service.archived()
    service.case.archive_folder.rename(service.case.archive_folder.with_name("elsewhere"))
    service.case.answered(submission)
    service.work()
    assert not service.case.archive_folder.exists()
    with service.case.database.read() as tx:
        last = tx.execute(select(jobs.c.state, jobs.c.last_error).order_by(jobs.c.id.desc()).limit(1)).one()
    assert last.state == "ready"
    assert "storage root is not there" in last.last_error


def test_an_object_that_is_gone_is_not_begun_anew_at_version_1(service: Service) -> None:
    submission = service.archived()
    shutil.rmtree(folder_of(service, submission))
    service.case.answered(submission)
    service.work()
    assert not folder_of(service, submission).exists()
    assert service.get(f"/archive/objects/{submission}").json["code"] == "archive_damaged"


def test_what_a_crash_cut_off_is_rolled_forward_at_start(service: Service) -> None:
    submission = service.archived()
    root = folder_of(service, submission)
    service.case.write(service.case.answered(submission))
    whole = (root / "inventory.json").read_bytes()
    shutil.copy(root / "v1/inventory.json", root / "inventory.json")
    (root / "v2/inventory.json.sha512").unlink()
    shutil.copy(root / "v1/inventory.json.sha512", root / "inventory.json.sha512")
    assert handlers.settle_unfinished(service.context) == 1
    assert (root / "inventory.json").read_bytes() == whole
    service.work()
    assert [outcome.state for outcome in handlers.check_all(service.context)] == ["intact"]


def test_a_document_that_is_not_what_was_received_parks_the_job_and_archives_nothing(service: Service) -> None:
    submission = service.case.submission()
    service.case.document(submission, "skjema.pdf", b"changed", role="form", claimed=b"original")
    service.case.accept(submission)
    service.work()
    with service.case.database.read() as tx:
        state = tx.execute(select(jobs.c.state).where(jobs.c.handler == names.ARCHIVE_STORE)).scalar_one()
    assert state == "parked"
    assert service.get(f"/archive/objects/{submission}").status_code == 404


def test_objects_are_found_by_reference_submitter_title_and_answers(service: Service) -> None:
    first = service.archived(title="Ærlig talt-mab", answers={"substance": "ærligumab"})
    second = service.archived(title="100 % vann", submitter={"kind": "organisation", "id": "888888888", "name": "Ånd AS", "country": "NO"})
    reference = service.get(f"/archive/objects/{first}").json["reference"]

    def ids(query: str) -> list[str]:
        return [item["id"] for item in service.get("/archive/objects", query_string={"q": query}).json["items"]]

    assert ids("ÆRLIG") == ids("ærligumab") == ids(reference.lower()) == [object_id_of(first)]
    assert ids("ånd 100 %") == [object_id_of(second)]
    assert ids("_") == ids("finnes ikke") == []
    assert ids("") == [object_id_of(second), object_id_of(first)]


def test_the_list_is_given_in_pages_newest_first_without_gaps(service: Service) -> None:
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


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"cursor": "%%%"}, {"cursor": "YQ"}, {"cursor": "æ"}])
def test_a_wrong_question_gets_a_coded_problem(service: Service, query: dict[str, str]) -> None:
    answer = service.get("/archive/objects", query_string=query)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/archive/objects", "/archive/objects/x", "/archive/objects/x/bag", "/archive/fixity-checks/x"])
def test_only_archivist_and_secretariat_may_look(service: Service, path: str) -> None:
    assert service.client.get(f"/api/v1{path}").status_code == 401
    for person in ("leverandor", "dmp"):
        assert service.get(path, person=person).status_code == 403
    for person in ("arkivar", "sekretariat"):
        assert service.get(path, person=person).status_code in (200, 404)


def test_an_object_is_found_by_urn_id_and_reference(service: Service) -> None:
    submission = service.archived()
    shown = service.get(f"/archive/objects/urn:uuid:{submission}").json
    assert service.get(f"/archive/objects/{submission.upper()}").json == shown
    assert service.get(f"/archive/objects/{shown['reference']}").json == shown
    assert service.get("/archive/objects/NM-2026-XXXXXX").status_code == 404


def test_a_bag_is_valid_to_an_independent_validator_and_holds_every_byte(service: Service, tmp_path: Path) -> None:
    submission = service.archived()
    answer = service.get(f"/archive/objects/{submission}/bag")
    assert answer.status_code == 200
    assert answer.content_type == "application/zip"
    bag = unpacked(answer.data, tmp_path / "unpacked")
    bag.validate()
    reference = service.get(f"/archive/objects/{submission}").json["reference"]
    assert bag.version_info == (1, 0)
    assert bag.info["External-Identifier"] == Path(bag.path).name == reference
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{reference}.zip"'
    payload = {path: Path(bag.path, path).read_bytes() for path in bag.payload_files()}
    assert payload["data/original/Anmodning_aeoa.pdf"] == submission.encode() * 100
    assert all(path.isascii() and "%" not in path for path in payload)
    for manifest in ("manifest-sha256.txt", "manifest-sha512.txt"):
        listed = {line.split("  ", 1)[1] for line in Path(bag.path, manifest).read_text(encoding="utf-8").splitlines()}
        assert listed == set(payload)
    told = json.loads(Path(bag.path, "original-names.json").read_text(encoding="utf-8"))
    assert told["data/original/Anmodning_aeoa.pdf"] == "original/Anmodning æøå.pdf"
    assert service.story(submission)[-1].type == names.ARCHIVE_EXPORTED
    assert service.story(submission)[-1].data["version"] == "v1"


def test_an_older_version_can_still_be_had(service: Service, tmp_path: Path) -> None:
    submission = service.archived()
    service.case.document(submission, "svar.pdf", b"answer", role="answer")
    service.case.answered(submission)
    service.work()
    first = unpacked(service.get(f"/archive/objects/{submission}/bag?version=v1").data, tmp_path / "first")
    newest = unpacked(service.get(f"/archive/objects/{submission}/bag").data, tmp_path / "newest")
    assert "data/original/svar.pdf" not in set(first.payload_files())
    assert "data/original/svar.pdf" in set(newest.payload_files())
    newest.validate()
    assert service.get(f"/archive/objects/{submission}/bag?version=v3").status_code == 404


def content_file(service: Service, submission: str) -> Path:
    return next(path for path in folder_of(service, submission).rglob("v1/content/original/*.pdf"))


def take_in(pieces: Iterator[bytes], received: bytearray) -> None:
    for piece in pieces:
        received += piece


def test_a_bag_breaks_off_when_a_byte_changed_and_is_no_zip_then(service: Service) -> None:
    submission = service.archived()
    path = content_file(service, submission)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    received = bytearray()
    pieces = service.get(f"/archive/objects/{submission}/bag", buffered=False).response
    with pytest.raises(ocfl.ArchiveDamaged):
        take_in(pieces, received)
    assert received
    assert not zipfile.is_zipfile(io.BytesIO(bytes(received)))


@contextmanager
def served(service: Service) -> Iterator[HTTPConnection]:
    """The application behind the real server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = make_server(create_app(service.context), replace(service.context.settings, port=port))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        yield connection
    finally:
        connection.close()
        server.stop()
        thread.join()


def test_over_the_real_server_a_broken_bag_is_an_incomplete_answer_and_a_whole_one_is_complete(service: Service, tmp_path: Path) -> None:
    sound, harmed = service.archived(), service.archived()
    path = content_file(service, harmed)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    headers = {"Authorization": f"Bearer {service.issuer.token('arkivar')}"}
    with served(service) as connection:
        connection.request("GET", f"/api/v1/archive/objects/{sound}/bag", headers=headers)
        unpacked(connection.getresponse().read(), tmp_path / "sound").validate()
        connection.request("GET", f"/api/v1/archive/objects/{harmed}/bag", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises(IncompleteRead):
            answer.read()


def test_a_missing_or_shortened_file_is_refused_before_a_byte_is_sent(service: Service) -> None:
    submission = service.archived()
    path = content_file(service, submission)
    path.write_bytes(path.read_bytes()[:-1])
    answer = service.get(f"/archive/objects/{submission}/bag")
    assert (answer.status_code, answer.json["code"]) == (500, "archive_damaged")
    path.unlink()
    assert service.get(f"/archive/objects/{submission}/bag").status_code == 500
    assert service.story(submission)[-1].type == names.ARCHIVE_STORED


class Zeros:
    """Many bytes that take no room."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        piece = b"\0" * min(self.left, size)
        self.left -= len(piece)
        return piece


def test_a_large_submission_is_archived_and_exported_in_constant_memory(service: Service, tmp_path: Path) -> None:
    size = 50 * 1024 * 1024
    submission = service.case.submission()
    stored = service.case.received.put("incoming/large", Zeros(size))
    values = {"size": size, "sha256": stored.sha256, "sha512": stored.sha512, "object_key": "incoming/large"}
    service.case.document(submission, "stor.pdf", b"", role="form", **values)
    service.case.accept(submission)
    tracemalloc.start()
    try:
        service.work()
        with (tmp_path / "bag.zip").open("wb") as file:
            for piece in service.get(f"/archive/objects/{submission}/bag", buffered=False).response:
                file.write(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024, peak
    with zipfile.ZipFile(tmp_path / "bag.zip") as archive:
        assert archive.testzip() is None
        (large,) = [entry for entry in archive.infolist() if entry.filename.endswith("stor.pdf")]
        assert large.file_size == size


def test_a_fixity_check_of_everything_names_what_is_damaged_and_what_is_not(service: Service) -> None:
    sound, harmed = service.archived(), service.archived()
    content_file(service, harmed).write_bytes(b"something else")
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


def test_a_long_fixity_check_goes_on_in_slices_and_tells_the_whole(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "SLICE_OBJECTS", 2)
    submissions = [service.archived() for _ in range(5)]
    content_file(service, submissions[0]).unlink()
    where = service.request("POST", "/archive/fixity-checks").headers["Location"].removeprefix("/api/v1")
    assert service.work() == 3
    told = service.get(where).json
    assert (told["state"], told["outcome"], told["counts"]) == ("done", "damaged", {"intact": 4, "damaged": 1})
    page = service.get(where, query_string={"limit": 3}).json
    following = service.get(where, query_string={"limit": 3, "cursor": page["next"]}).json
    assert len(page["items"] + following["items"]) == 5
    assert following["next"] is None


def test_a_fixity_check_of_one_object_says_nothing_of_the_others(service: Service) -> None:
    sound, harmed = service.archived(), service.archived()
    content_file(service, harmed).unlink()
    where = service.request("POST", "/archive/fixity-checks", json={"object": sound}).headers["Location"].removeprefix("/api/v1")
    service.work()
    told = service.get(where).json
    assert (told["outcome"], told["counts"]) == ("intact", {"intact": 1})
    assert service.request("POST", "/archive/fixity-checks", json={"object": "NM-2026-XXXXXX"}).status_code == 404
    assert service.request("POST", "/archive/fixity-checks", json=["no"]).status_code == 400


def test_an_object_in_the_store_that_nobody_asked_for_is_found(service: Service) -> None:
    submission = service.archived()
    with service.case.database.write() as tx:
        catalogue.forget(tx, object_id_of(submission))
    where = service.request("POST", "/archive/fixity-checks").headers["Location"].removeprefix("/api/v1")
    service.work()
    told = service.get(where).json
    assert told["outcome"] == "damaged"
    assert told["items"][0]["extra"] == [ocfl.object_root(object_id_of(submission))]


def test_a_store_that_is_gone_makes_the_check_end_as_could_not_check(service: Service) -> None:
    service.archived()
    service.case.archive_folder.rename(service.case.archive_folder.with_name("elsewhere"))
    where = service.request("POST", "/archive/fixity-checks").headers["Location"].removeprefix("/api/v1")
    service.work()
    assert service.get(where).json["outcome"] == "could_not_check"


def rows(service: Service) -> Iterator[list[dict[str, Any]]]:
    with service.case.database.read() as tx:
        for table in (models.archive_objects, models.archive_versions):
            yield [dict(row) for row in tx.execute(select(table).order_by(*table.primary_key.columns)).mappings()]


def test_the_catalogue_made_from_the_store_alone_is_the_same(service: Service) -> None:
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


def test_a_damaged_object_keeps_its_row_when_the_catalogue_is_made_again(service: Service) -> None:
    submission = service.archived()
    before = list(rows(service))
    (folder_of(service, submission) / "inventory.json").write_bytes(b"{}")
    report = rebuilding.rebuild(service.case.database, service.case.archive)
    assert list(report.unreadable) == [object_id_of(submission)]
    assert list(rows(service)) == before


def test_a_store_that_is_not_ours_never_empties_the_catalogue(service: Service) -> None:
    service.archived()
    service.case.archive_folder.rename(service.case.archive_folder.with_name("elsewhere"))
    with pytest.raises(rebuilding.StorageRootMissing):
        rebuilding.rebuild(service.case.database, service.case.archive)
    assert service.get("/archive/objects").json["items"]
