"""A desk with real books: a database of either kind, the routing handlers, the HTTP API, and tokens of a local issuer. Other services are played
by their events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from services.routing import handlers, models  # noqa: F401 - registers the handlers and declares the tables
from services.routing.app import create_app
from services.routing.broker.receipts import run_receipts
from services.routing.broker.relay import run_relay
from services.shared import events, identifiers, names, story, timestamps, worker
from services.shared.actors import load_actors
from services.shared.context import Context
from services.shared.database import Database, metadata
from services.shared.identity.issuer import LocalIssuer
from services.shared.identity.tokens import TokenVerifier
from services.shared.models import documents, grants, submissions
from services.shared.objects import DirectoryObjects
from services.shared.settings import SCHEMAS, Settings
from tests.broker_server import Broker, broker, broker_server, until  # noqa: F401 - fixtures

ROUTING = [name for name in names.HANDLERS if name.startswith("routing.")]
NEW_SUBSTANCE = {"request_concerns": ["nytt_virkestoff"], "active_substance": "eksempelmab", "indication": "eksempelsykdom"}


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> LocalIssuer:
    organisations = {
        "dmp": "974761122",
        "fhi": "983744516",
        "sykehusinnkjop": "916879067",
        "leverandor": "310000019",
        "sekretariat": "991324968",
    }
    people = {person: {"organisation": number, "name": f"Person i {person}"} for person, number in organisations.items()}
    return LocalIssuer(tmp_path_factory.mktemp("issuer"), issuer="http://issuer.test", audience="nyemetoder-mottak", people=people)


class Desk:
    """What the tests act through. Events of other services are recorded as those services record them."""

    def __init__(
        self,
        folder: Path,
        issuer: LocalIssuer,
        *,
        database_url: str | None = None,
        broker_url: str | None = None,
        public_url: str = "https://mottak.test",
    ) -> None:
        settings = Settings(
            data=folder,
            database_url=database_url or f"sqlite:///{folder / 'desk.sqlite3'}",
            public_url=public_url,
            issuer=issuer.issuer,
            broker_url=broker_url,
        )
        actors = load_actors(SCHEMAS / "routing")
        tokens = TokenVerifier(issuer=issuer.issuer, audience=settings.audience, fetch_keys=issuer.jwks, actors=actors)
        self.database = Database(settings.database_url)
        if database_url is None:
            metadata.create_all(self.database.engine)
        objects = DirectoryObjects(folder / "objects"), DirectoryObjects(folder / "archive")
        self.context = Context(settings, self.database, *objects, tokens, actors)
        self.issuer = issuer
        self.app = create_app(self.context)

    def submission(self, answers: dict[str, Any] | None = None, *, replaces: str | None = None, **values: Any) -> str:
        """A submission that validation is checking, with one attachment; ``replaces`` makes it a correction."""
        new_id = identifiers.new_id()
        row = {
            "id": new_id,
            "root": new_id,
            "reference": identifiers.new_reference(2026),
            "version": 1,
            "status": "checking",
            "form_type": "anmodning",
            "form_version": "1.0",
            "language": "nb",
            "owner": "organisation:310000019",
            "submitter": {"kind": "organisation", "id": "310000019", "name": "Eksempel Legemidler AS", "country": "NO"},
            "submitter_kind": "drug_vendor",
            "received_at": "2026-05-04T10:00:00.000000Z",
            "complete_at": "2026-05-04T10:00:00.000000Z",
            "access": "restricted",
            "answers": NEW_SUBSTANCE if answers is None else answers,
            "errors": [],
            "head_seq": 0,
            "head_hash": events.GENESIS_HASH,
            "trace": "0af7651916cd43dd8448eb211c80319c",
            **values,
        }
        with self.database.write() as tx:
            if replaces is not None:
                before = self.row(replaces)
                row |= {"root": before["root"], "reference": before["reference"], "version": before["version"] + 1, "replaces": replaces}
            tx.execute(insert(submissions).values(row))
            for position, role in enumerate(("form", "attachment")):
                tx.execute(insert(documents).values(_document(new_id, position, role)))
        return new_id

    def record(self, submission: str, event_type: str, actor: str = "organisation:991324968", **data: Any) -> None:
        """One event of somebody else."""
        with self.database.write() as tx:
            events.record(tx, submission, event_type, actor=actor, data=data)

    def accepted(self, answers: dict[str, Any] | None = None, *, stored: bool = True, **values: Any) -> str:
        """A submission that has been accepted, (unless told otherwise) archived, and routed."""
        submission = self.submission(answers, **values)
        self.record(submission, names.SUBMISSION_ACCEPTED, "validation")
        self.work()
        if stored:
            self.store(submission)
        return submission

    def store(self, submission: str) -> None:
        """The archive has it."""
        self.record(submission, names.ARCHIVE_STORED, "archive", object="urn:uuid:" + submission, version="v1", digest="sha512:00")

    def work(self) -> None:
        """Do all of routing's waiting work."""
        while worker.run_one(self.context, ROUTING):
            pass

    def row(self, submission: str) -> dict[str, Any]:
        with self.database.read() as tx:
            return dict(tx.execute(select(submissions).where(submissions.c.id == submission)).mappings().one())

    def status(self, submission: str) -> str:
        return str(self.row(submission)["status"])

    def story(self, submission: str) -> list[events.Event]:
        with self.database.read() as tx:
            return events.story_of(tx, submission)

    def routing(self, submission: str) -> dict[str, dict[str, Any]]:
        """``routing[]`` as people see it, by agency; the newest where an agency has several."""
        return {delivery["agency"]: delivery for delivery in story.routing_of(self.story(submission), "nb")}

    def granted(self, submission: str) -> set[str]:
        with self.database.read() as tx:
            return set(tx.execute(select(grants.c.agency).where(grants.c.submission == submission)).scalars())

    def post(self, person: str, path: str, body: Any = None) -> TestResponse:
        """A request of somebody with their own token, on a client of its own."""
        return self._client().post(f"/api/v1{path}", json=body if body is not None else {}, headers=self._as(person))

    def get(self, person: str, path: str) -> TestResponse:
        return self._client().get(f"/api/v1{path}", headers=self._as(person))

    def lease(self, agency: str, limit: int = 10, seconds: int = 300) -> list[dict[str, Any]]:
        """Take work over HTTP."""
        answer = self.post(agency, f"/queues/{agency}/leases", {"max": limit, "seconds": seconds})
        assert answer.status_code == 200, answer.text
        return list(json.loads(answer.data)["items"])

    def _client(self) -> FlaskClient:
        return self.app.test_client()

    def _as(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(person)}"}


def _document(submission: str, position: int, role: str) -> dict[str, Any]:
    return {
        "id": identifiers.new_id(),
        "submission": submission,
        "position": position,
        "role": role,
        "path": f"{role}.pdf",
        "name": f"{role}.pdf",
        "raw_name": f"{role}.pdf",
        "media_type": "application/pdf",
        "size": 3,
        "sha256": "0" * 64,
        "sha512": "0" * 128,
        "scan": "clean",
        "access": "restricted",
        "object_key": f"incoming/{submission}/{position}",
        "created_at": timestamps.now(),
    }


@pytest.fixture
def desk(tmp_path: Path, issuer: LocalIssuer, database_url: str) -> Iterator[Desk]:
    desk = Desk(tmp_path, issuer, database_url=database_url)
    yield desk
    desk.database.close()


class Posted(Desk):
    """A desk with a broker; its relay and its receipts run while the tests say so."""

    @contextmanager
    def running(self, *, relays: int = 1, receipts: bool = True) -> Iterator[None]:
        """The processes beside the desk."""
        stop = threading.Event()
        runners = [run_relay] * relays + [run_receipts] * receipts
        threads = [threading.Thread(target=run, args=(self.context, stop)) for run in runners]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(90)  # one that consumes from a queue without a leader yet waits for the broker's word
                assert not thread.is_alive()

    def states(self, submission: str) -> dict[str, str]:
        """State by agency, as people see it."""
        return {agency: delivery["state"] for agency, delivery in self.routing(submission).items()}

    def until_routed(self, submission: str) -> None:
        """Wait until the broker has everything."""
        until(lambda: self.status(submission) == "routed", f"routed; it is {self.status(submission)}: {self.states(submission)}")


@pytest.fixture
def posted(tmp_path: Path, issuer: LocalIssuer, broker: Broker, postgresql_url: str) -> Iterator[Posted]:  # noqa: F811 - fixtures by name
    desk = Posted(tmp_path, issuer, database_url=postgresql_url, broker_url=broker.url)
    yield desk
    desk.database.close()
