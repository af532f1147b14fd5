"""A submission sent while the database or the object store goes away: told to come again, never half there, never twice."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from services.intake.models import receipts
from services.shared.database import Database
from services.shared.models import documents, submissions
from services.shared.objects import DirectoryObjects
from tests.end_to_end.material import good_json
from tests.intake.test_uploads_on_every_store import Desk

FORM = good_json()
# A POST's commits: first the note that it is under way, then everything that takes the submission in.
TAKEN_IN = 2


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database, DirectoryObjects(tmp_path / "objects"))


def submit(desk: Desk, key: str = "en-nokkel") -> TestResponse:
    body = {"form": (io.BytesIO(FORM), "skjema.json"), "attachments": (io.BytesIO(b"vedlegg"), "notat.txt")}
    return desk.client.post(
        "/api/v1/submissions", data=body, headers={**desk.headers, "Idempotency-Key": f'"{key}"'}, content_type="multipart/form-data"
    )


@contextmanager
def breaking(desk: Desk, *, number: int, after: bool) -> Iterator[None]:
    """Have the database's connection break at the given commit from now on: before it, or after it has happened but before anybody is told."""
    commits = 0

    def break_it(connection: Connection) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            if after:
                connection.connection.commit()
            raise OperationalError("COMMIT", None, sqlite3.OperationalError("the connection is lost"))

    event.listen(desk.context.database.engine, "commit", break_it)
    yield
    event.remove(desk.context.database.engine, "commit", break_it)


def kept(desk: Desk) -> tuple[list[str], set[str], set[str]]:
    """Submissions, the keys that documents name, and the keys that are there."""
    with desk.context.database.read() as tx:
        ids = list(tx.execute(select(submissions.c.id)).scalars())
        named = set(tx.execute(select(documents.c.object_key)).scalars())
    return ids, named, set(desk.context.objects.list(""))


def test_a_commit_that_happened_though_its_answer_was_lost_keeps_its_bytes_and_a_retry_gets_that_submission(desk: Desk) -> None:
    with breaking(desk, number=TAKEN_IN, after=True):
        lost = submit(desk)
    assert (lost.status_code, lost.json["code"], lost.headers["Retry-After"]) == (503, "store_unavailable", "5")
    (submission,), named, there = kept(desk)
    assert named == there != set()
    again = submit(desk)
    assert (again.status_code, again.json["id"]) == (202, submission)
    assert kept(desk) == ([submission], named, there)


def test_a_commit_that_did_not_happen_leaves_nothing_and_a_retry_is_new(desk: Desk) -> None:
    with breaking(desk, number=TAKEN_IN, after=False):
        assert submit(desk).status_code == 503
    assert kept(desk) == ([], set(), set())
    with desk.context.database.read() as tx:
        assert tx.execute(select(receipts)).all() == []
    assert submit(desk).status_code == 202
    ids, named, there = kept(desk)
    assert (len(ids), named) == (1, there)
