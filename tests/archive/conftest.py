"""Submissions in a real database and real bytes in real stores, without the other services."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from services.archive import handlers, ocfl  # noqa: F401 - registers what it handles
from services.archive.app import create_app
from services.archive.planning import plan_version
from services.archive.snapshot import Snapshot, object_id_of, take
from services.command.assemble import migrate
from services.shared import events, identifiers, names, timestamps
from services.shared.context import Context, open_actors
from services.shared.database import Database
from services.shared.identity import TokenVerifier
from services.shared.identity.issuer import LocalIssuer
from services.shared.models import documents, submissions
from services.shared.objects import DirectoryObjects
from services.shared.settings import Settings
from services.shared.worker import run_one


class Case:
    """One database, one store of what was received, one archive; and the way to have a submission accepted in them."""

    def __init__(self, folder: Path) -> None:
        migrate(f"sqlite:///{folder / 'case.sqlite3'}")
        self.database = Database(f"sqlite:///{folder / 'case.sqlite3'}")
        self.received = DirectoryObjects(folder / "received")
        self.archive_folder = folder / "archive"
        self.archive = DirectoryObjects(self.archive_folder)

    def submission(self, *, replaces: str | None = None, **values: Any) -> str:
        """A submission that is being checked; ``replaces`` makes it the next version of another."""
        submission_id = identifiers.new_id()
        row = {
            "id": submission_id,
            "root": submission_id,
            "reference": identifiers.new_reference(2026),
            "version": 1,
            "replaces": replaces,
            "status": "checking",
            "form_type": "anmodning",
            "form_version": "1.0",
            "language": "nb",
            "owner": "organisation:999999999",
            "submitter": {"kind": "organisation", "id": "999999999", "name": "Eksempelleverandør AS", "country": "NO"},
            "received_at": timestamps.now(),
            "access": "restricted",
            "answers": {"trade_name": "Prøvemab", "products": [{"substance": "eksempelstoff"}], "price": 1200},
            "read_as": {},
            "errors": [],
            "title": "Prøvemab (eksempelstoff)",
            "head_seq": 0,
            "head_hash": events.GENESIS_HASH,
            **values,
        }
        with self.database.write() as tx:
            if replaces is not None:
                earlier = tx.execute(submissions.select().where(submissions.c.id == replaces)).mappings().one()
                row.update(root=earlier["root"], reference=earlier["reference"], version=earlier["version"] + 1)
            tx.execute(insert(submissions).values(row))
            events.record(tx, submission_id, "test.arrived", actor="intake", data={"from": "Blåbær & Sønn <æøå>"})
        return submission_id

    def document(self, submission: str, path: str, data: bytes, *, role: str = "attachment", claimed: bytes | None = None, **values: Any) -> str:
        """Bytes that were received; ``claimed`` are what they were then, when they are to have changed since."""
        document_id = identifiers.new_id()
        key = f"incoming/{submission}/{document_id}"
        told = data if claimed is None else claimed
        stored = self.received.put(key, io.BytesIO(told))
        if claimed is not None:
            self.received.put(key, io.BytesIO(data))
        row = {
            "id": document_id,
            "submission": submission,
            "position": 0 if role == "form" else 1,
            "role": role,
            "path": path,
            "name": path.rpartition("/")[2],
            "raw_name": path.rpartition("/")[2],
            "media_type": "application/pdf",
            "format": "fmt/276",
            "size": stored.size,
            "sha256": stored.sha256,
            "sha512": stored.sha512,
            "tag": stored.tag,
            "scan": "clean",
            "access": "restricted",
            "object_key": key,
            "created_at": timestamps.now(),
            **values,
        }
        with self.database.write() as tx:
            tx.execute(insert(documents).values(row))
        return document_id

    def accept(self, submission: str) -> Snapshot:
        """Accept it, and take the snapshot of the archive request that followed."""
        with self.database.write() as tx:
            events.record(tx, submission, names.SUBMISSION_ACCEPTED, actor="validation", changes={"complete_at": timestamps.now()})
        return self.requested(submission)

    def requested(self, submission: str) -> Snapshot:
        """The snapshot of the newest archive request of a submission."""
        with self.database.read() as tx:
            seq = [event.seq for event in events.story_of(tx, submission) if event.type == names.ARCHIVE_REQUESTED][-1]
            return take(tx, submission, seq)

    def answered(self, submission: str) -> Snapshot:
        """An agency answers: one more archive request."""
        with self.database.write() as tx:
            events.record(tx, submission, names.DELIVERY_ANSWERED, actor="fhi", data={"delivery": identifiers.new_id()})
        return self.requested(submission)

    def ordinary(self) -> tuple[str, Snapshot]:
        """An accepted submission with a form, two attachments of the same bytes and a mail that was unpacked."""
        submission = self.submission()
        self.document(submission, "Anmodning æøå.pdf", b"the form" * 1000, role="form")
        self.document(submission, "Vedlegg 1.pdf", b"attachment" * 500)
        self.document(submission, "Kopi av vedlegg 1.pdf", b"attachment" * 500)
        mail = self.document(submission, "post.eml", b"mail" * 400)
        self.document(submission, "post.eml/brev til dere.pdf", b"letter" * 300, role="extracted", parent=mail, scan="not_scanned")
        return submission, self.accept(submission)

    def write(self, snapshot: Snapshot) -> Any:
        """Write the version of a snapshot."""
        return ocfl.write_version(self.archive, snapshot.object_id, plan_version(snapshot), self.received, ocfl.Known())


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    case = Case(tmp_path)
    yield case
    case.database.close()


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

    def folder_of(self, submission: str) -> Path:
        """Where the object of a submission (version 1) lies."""
        folder: Path = self.case.archive_folder / ocfl.object_root(object_id_of(submission))
        return folder

    def content_file(self, submission: str) -> Path:
        """A document in the archive."""
        return next(path for path in self.folder_of(submission).rglob("v1/content/original/*.pdf"))


@pytest.fixture
def service(case: Case, tmp_path: Path) -> Service:
    return Service(case, tmp_path / "data")
