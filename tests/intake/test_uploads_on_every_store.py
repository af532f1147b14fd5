"""Uploads on both ends of the database and of the object port, through intake's application."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from services.intake.app import create_app
from services.intake.receive import sweep
from services.shared.actors import load_actors
from services.shared.context import Context
from services.shared.database import Database
from services.shared.identity.issuer import LocalIssuer
from services.shared.identity.tokens import TokenVerifier
from services.shared.models import documents, uploads
from services.shared.objects import DirectoryObjects, Objects
from services.shared.settings import SCHEMAS, Settings
from services.shared.uploads import prefix_of
from tests.end_to_end.material import good_json
from tests.intake.tus import PIECE_TYPE

DATA = bytes(range(33, 123)) * 3000


class Desk:
    """Intake on given stores, and one who uploads."""

    def __init__(self, folder: Path, database: Database, objects: Objects) -> None:
        issuer = LocalIssuer(folder / "issuer", issuer="http://issuer.test", audience="nyemetoder-mottak", people=PEOPLE)
        settings = Settings(data=folder, database_url=database.url, public_url="https://mottak.test", issuer=issuer.issuer)
        actors = load_actors(SCHEMAS / "routing")
        tokens = TokenVerifier(issuer=issuer.issuer, audience=settings.audience, fetch_keys=issuer.jwks, actors=actors)
        self.context = Context(settings, database, objects, DirectoryObjects(folder / "archive"), tokens, actors)
        self.client: FlaskClient = create_app(self.context).test_client()
        self.headers = {"Authorization": f"Bearer {issuer.token('leverandor')}", "Tus-Resumable": "1.0.0"}

    def announce(self) -> str:
        answer = self.client.post(
            "/api/v1/uploads", headers={**self.headers, "Upload-Length": str(len(DATA)), "Upload-Metadata": "filename YS50eHQ="}
        )
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def add(self, where: str, offset: int, data: bytes, *, announced: int | None = None, **headers: str) -> TestResponse:
        sent = {**self.headers, "Upload-Offset": str(offset), "Content-Type": PIECE_TYPE, **headers}
        length = {"CONTENT_LENGTH": str(announced or len(data))}
        return self.client.patch(where, input_stream=io.BytesIO(data), headers=sent, environ_overrides=length)

    def offset(self, where: str) -> int:
        return int(self.client.head(where, headers=self.headers).headers["Upload-Offset"])

    def submit(self, upload: str) -> TestResponse:
        body = {"form": (io.BytesIO(good_json()), "skjema.json"), "upload": upload}
        return self.client.post("/api/v1/submissions", data=body, headers=self.headers, content_type="multipart/form-data")


PEOPLE = {"leverandor": {"organisation": "310000019", "name": "Eksempel Legemidler AS"}}


@pytest.fixture(params=["directory", "s3"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Desk:
    on_s3 = request.param == "s3"
    return Desk(tmp_path, database, request.getfixturevalue("bucket") if on_s3 else DirectoryObjects(tmp_path / "objects"))


def test_pieces_and_a_break_become_one_document_and_nothing_is_left_of_the_upload(desk: Desk) -> None:
    where = desk.announce()
    upload = where.rpartition("/")[2]
    assert desk.add(where, 0, DATA[:100_000]).status_code == 204
    broken = desk.add(where, 100_000, DATA[100_000:150_000], announced=len(DATA) - 100_000)
    assert (broken.status_code, desk.offset(where)) == (400, 150_000)
    assert desk.add(where, 100_000, DATA[100_000:]).status_code == 409
    assert desk.submit(upload).json["code"] == "upload_incomplete"
    assert desk.add(where, 150_000, DATA[150_000:]).status_code == 204
    accepted = desk.submit(upload)
    assert accepted.status_code == 202, accepted.text
    with desk.context.database.read() as tx:
        kept = tx.execute(select(documents).where(documents.c.role == "attachment")).mappings().one()
    assert (kept["name"], kept["size"], kept["sha256"]) == ("a.txt", len(DATA), hashlib.sha256(DATA).hexdigest())
    assert desk.context.objects.read_bytes(kept["object_key"]) == DATA
    assert list(desk.context.objects.list(prefix_of(upload))) == []
    assert desk.submit(upload).json["code"] == "upload_used"


def test_what_a_wrong_checksum_an_end_and_the_sweep_throw_away_is_gone(desk: Desk) -> None:
    where, other = desk.announce(), desk.announce()
    wrong = desk.add(where, 0, DATA[:10], **{"Upload-Checksum": "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="})
    assert (wrong.status_code, desk.offset(where)) == (460, 0)
    for begun in (where, other):
        assert desk.add(begun, 0, DATA[:10]).status_code == 204
    assert desk.client.delete(where, headers=desk.headers).status_code == 204
    with desk.context.database.write() as tx:
        tx.execute(update(uploads).values(expires_at="2026-01-01T00:00:00.000000Z"))
    assert desk.client.head(other, headers=desk.headers).status_code == 410
    assert sweep(desk.context) == 2
    assert list(desk.context.objects.list("uploads/")) == []
    assert desk.client.head(other, headers=desk.headers).status_code == 404
