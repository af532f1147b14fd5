"""Submissions in a real database and real bytes in real stores, without the other services."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from services.archive import models, ocfl  # noqa: F401 - its tables must be known before they are made
from services.archive.planning import plan_version
from services.archive.snapshot import Snapshot, take
from services.shared import events, identifiers, names, timestamps
from services.shared.database import Database, metadata
from services.shared.models import documents, submissions
from services.shared.objects import DirectoryObjects


class Case:
    """One database, one store of what was received, one archive; and the way to have a submission accepted in them."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'case.sqlite3'}")
        metadata.create_all(self.database.engine)
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
        """Bytes that were received; ``claimed`` are what the table says they were, when those are to differ."""
        document_id = identifiers.new_id()
        key = f"incoming/{submission}/{document_id}"
        self.received.put(key, io.BytesIO(data))
        told = data if claimed is None else claimed
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
            "size": len(told),
            "sha256": hashlib.sha256(told).hexdigest(),
            "sha512": hashlib.sha512(told).hexdigest(),
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
        return ocfl.write_version(self.archive, snapshot.object_id, plan_version(snapshot), self.received)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    case = Case(tmp_path)
    yield case
    case.database.close()
