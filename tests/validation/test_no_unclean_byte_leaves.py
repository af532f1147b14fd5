"""Whatever a scanner answers, in whatever order: no document that it did not call clean is in a message to an agency, or handed out to one.

The services are whole (their HTTP applications, handlers, database, stores and box); the scanner is a socket that says what it is told to say.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from werkzeug.test import Client, TestResponse

from samples.builders.hostile_archives import zip_of
from services.command import assemble
from services.routing.models import messages
from services.shared import telemetry
from services.shared.clamd import ClamdScanner
from services.shared.models import documents, jobs, submissions
from services.shared.scanner import CLEAN, INFECTED
from services.shared.settings import Settings
from services.shared.worker import registered, run_one
from tests.end_to_end.material import good_json
from tests.scripted_clamd import BREAKS, INFECTIONS, OK, SAID, TOO_LARGE, UNDECIDED, ScriptedClamd

AGENCIES = ("dmp", "sykehusinnkjop", "fhi")
PUSHES = ("accept", "route", "release")
# How many files of a submission the scanner is asked about.
FILES = 4


class House:
    """All services on stores of their own, one step at a time, with a scripted scanner."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.clamd = ScriptedClamd()
        told = replace(Settings.embedded(folder, environment={}), database_url=database_url, scanner=f"clamd:{self.clamd.address}")
        self.context, issuer = assemble.make_context(told)
        assert issuer is not None
        # As the settings make it, but for its patience: a scanner that hangs is given up after a second instead of five minutes.
        self.context.scanner = ClamdScanner(self.clamd.address, longest_stream=10_000_000, connect_seconds=5, scan_seconds=1.0)
        self.context.box.start()
        self._issuer = issuer
        self._web = Client(assemble.dispatcher(self.context, issuer), TestResponse)
        self._handlers = sorted(registered())

    def close(self) -> None:
        self.context.box.stop()
        self.context.database.close()
        self.clamd.close()

    def ask(self, person: str, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self._issuer.token(person)}", **(headers or {})}
        with self._web.open(path, method=method, headers=headers, buffered=True, **options) as answer:
            return answer

    def send(self) -> str:
        """A good form, a text, and a packed file with another in it: four that the scanner is asked about."""
        body = {
            "form": (io.BytesIO(good_json()), "skjema.json"),
            "attachments": [
                (io.BytesIO(b"Et vedlegg om dosering."), "notat.txt"),
                (io.BytesIO(zip_of({"inni.txt": b"En tekst inni en pakke."})), "pakke.zip"),
            ],
        }
        answer = self.ask("leverandor", "POST", "/api/v1/submissions", data=body, content_type="multipart/form-data")
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def upload(self, person: str, data: bytes) -> str:
        """What a person uploaded by tus."""
        tus = {"Tus-Resumable": "1.0.0"}
        made = self.ask(person, "POST", "/api/v1/uploads", headers={**tus, "Upload-Length": str(len(data))})
        piece = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        assert self.ask(person, "PATCH", made.headers["Location"], data=data, headers=piece).status_code == 204
        return made.headers["Location"].rpartition("/")[2]

    def work(self, agency: str) -> list[dict[str, Any]]:
        """All that an agency can lease now."""
        leased: list[dict[str, Any]] = self.ask(agency, "POST", f"/api/v1/queues/{agency}/leases", json={"max": 100}).json["items"]
        return leased

    def step(self) -> bool:
        """Do one piece of work, however long it should have waited to be tried again; False when there is none."""
        with self.context.database.write() as tx:
            tx.execute(update(jobs).where(jobs.c.state == "ready").values(due_at="2026-01-01T00:00:00.000000Z"))
        return run_one(self.context, self._handlers)

    def status(self, submission: str) -> str:
        with self.context.database.read() as tx:
            return str(tx.execute(select(submissions.c.status).where(submissions.c.id == submission)).scalar_one())

    def documents(self, submission: str) -> list[dict[str, Any]]:
        with self.context.database.read() as tx:
            return [dict(row) for row in tx.execute(select(documents).where(documents.c.submission == submission)).mappings()]

    def sent(self, submission: str) -> list[dict[str, Any]]:
        """What the messages to agencies say of the submission's documents."""
        with self.context.database.read() as tx:
            bodies = [json.loads(body)["data"] for body in tx.execute(select(messages.c.body)).scalars()]
        return [document for data in bodies if data.get("submission", {}).get("id") == submission for document in data["documents"]]

    def check(self, submission: str) -> None:
        """What must hold at every moment."""
        called_clean = {digest for digest, said in self.clamd.last.items() if said == OK}
        assert {document["sha256"] for document in self.sent(submission)} <= called_clean
        for document in self.documents(submission):
            assert document["scan"] != CLEAN or document["sha256"] in called_clean, (document["name"], self.clamd.last)
            path = f"/api/v1/submissions/{submission}/documents/{document['id']}"
            handed_out = {agency for agency in AGENCIES if self.ask(agency, "GET", path).status_code == 200}
            assert not handed_out or document["sha256"] in called_clean, (document["name"], handed_out)
            if document["scan"] == INFECTED:
                assert [self.ask(person, "GET", path).status_code for person in ("leverandor", "sekretariat")] == [403, 403]

    def push(self, submission: str) -> None:
        """The secretariat tries everything that could send it on."""
        for action in PUSHES:
            for document in self.documents(submission) if action == "release" else [{"id": ""}]:
                body = {"version": 1, "reason": "Det haster.", "agency": "dmp", "document": document["id"]}
                self.ask("sekretariat", "POST", f"/api/v1/submissions/{submission}/{action}", json=body)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[House]:
    telemetry.configure_logging(level="ERROR")
    folder = tmp_path_factory.mktemp("house")
    (folder / "mottak.sqlite3").write_bytes(migrated_file.read_bytes())
    house = House(folder, f"sqlite:///{folder / 'mottak.sqlite3'}")
    yield house
    house.close()


def test_a_file_in_which_something_infected_lies_is_infected_itself(house: House) -> None:
    house.clamd.follow([OK] * (FILES - 1) + [INFECTIONS[0]])
    submission = house.send()
    while house.step():
        house.check(submission)
    assert house.status(submission) == "quarantined"
    scans = {document["name"]: document["scan"] for document in house.documents(submission)}
    assert scans == {"skjema.json": CLEAN, "notat.txt": CLEAN, "pakke.zip": INFECTED}


@pytest.mark.parametrize(("act", "code"), [(UNDECIDED[0], "answer_not_scanned"), (INFECTIONS[0], "file_infected")])
@pytest.mark.parametrize("clean_before", [0, 1], ids=["the file", "what lies in it"])
def test_an_answer_whose_document_is_not_called_clean_is_refused(house: House, act: str, code: str, clean_before: int) -> None:
    house.clamd.follow([])
    submission = house.send()
    while house.step():
        pass
    (delivery,) = [sent["data"]["delivery"] for sent in house.work("dmp") if sent["data"]["submission"]["id"] == submission]
    packed = zip_of({"inni.txt": b"Vurderingen."})
    upload = house.upload("dmp", packed)
    document = {"upload": upload, "name": "svar.zip", "sha256": hashlib.sha256(packed).hexdigest(), "access": "restricted"}
    body = {"outcome": "answered", "answer": {"documents": [document]}}
    house.clamd.follow([OK] * clean_before + [act])
    refused = house.ask("dmp", "POST", f"/api/v1/deliveries/{delivery}/receipts", json=body)
    assert (refused.status_code, [error["code"] for error in refused.json["errors"]]) == (422, [code])
    assert "answer" not in {document["role"] for document in house.documents(submission)}
    assert house.ask("dmp", "POST", f"/api/v1/deliveries/{delivery}/receipts", json=body).status_code == 200


def goes_through(house: House, script: list[str]) -> str:
    """A submission while the scanner follows the script; what must hold is looked at after every step. Returns its status."""
    house.clamd.follow(script)
    submission = house.send()
    house.check(submission)
    for _ in range(60):
        if not house.step():
            break
        house.check(submission)
    else:
        pytest.fail(f"it does not come to an end: {house.status(submission)}")
    ended = house.status(submission)
    if ended != "routed":
        house.push(submission)
        while house.step():
            house.check(submission)
        house.check(submission)
        assert house.sent(submission) == []
    return ended


# An unbroken run of OK is what lets anything through, so it is drawn more often than any one of the others.
acts = st.one_of(st.just(OK), st.sampled_from(SAID), st.sampled_from(BREAKS))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(script=st.lists(acts, max_size=10))
def test_nothing_that_was_not_called_clean_reaches_an_agency_in_any_order_of_answers(house: House, script: list[str]) -> None:
    assert goes_through(house, script) in ("routed", "quarantined", "held")


@pytest.mark.parametrize(("number", "act"), list(enumerate((*SAID, *BREAKS))), ids=lambda value: repr(value)[1:40])
def test_each_answer_has_its_ending_whichever_file_it_is_about(house: House, number: int, act: str) -> None:
    ended = goes_through(house, [OK] * (number % FILES) + [act])
    if act in INFECTIONS:
        assert ended == "quarantined"
    elif act in UNDECIDED:
        assert ended == "held"
    elif act == TOO_LARGE:
        assert ended in ("held", "routed")  # as an answer it decides, as a broken connection it is asked again
    else:
        assert ended == "routed"  # clean, or no verdict at all: then the scanner is asked again, and says OK
