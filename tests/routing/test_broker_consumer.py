"""``mottak consume`` and ``mottak broker`` against a real RabbitMQ."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select, update
from werkzeug.serving import make_server

from services.command.client import Client
from services.command.consume import Consumer
from services.intake.app import create_app as create_intake
from services.routing.broker import definitions
from services.shared import names
from services.shared.identity.issuer import LocalIssuer
from services.shared.models import documents
from tests.broker_server import OPERATOR, Broker, until
from tests.end_to_end.system import free_port
from tests.routing.conftest import NEW_SUBSTANCE, Posted


class Open(Posted):
    """A desk whose documents are real and can be fetched over HTTP."""

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The API is there."""
        server = make_server(
            "127.0.0.1", int(self.context.settings.public_url.rsplit(":", 1)[1]), create_intake(self.context, self.issuer), threaded=True
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()
        server.server_close()

    def with_documents(self, number: int) -> tuple[str, dict[str, bytes]]:
        """A routed submission with bytes behind its documents: name -> content."""
        submission = self.submission({**NEW_SUBSTANCE, "active_substance": f"eksempelmab-{number}"})
        contents: dict[str, bytes] = {}
        with self.database.write() as tx:
            for row in tx.execute(select(documents).where(documents.c.submission == submission)).mappings().all():
                content = f"{row['name']} of {submission}".encode()
                self.context.objects.put(row["object_key"], BytesIO(content))
                sums = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "sha512": hashlib.sha512(content).hexdigest()}
                tx.execute(update(documents).where(documents.c.id == row["id"]).values(sums))
                contents[row["id"]] = content
        self.record(submission, names.SUBMISSION_ACCEPTED, "validation")
        self.work()
        self.store(submission)
        return submission, contents


@pytest.fixture
def open_desk(tmp_path: Path, issuer: LocalIssuer, broker: Broker) -> Iterator[Open]:
    desk = Open(tmp_path, issuer, broker_url=broker.url, public_url=f"http://127.0.0.1:{free_port()}")
    yield desk
    desk.database.close()


def consumer(desk: Open, broker: Broker, told: list[dict[str, Any]], **options: Any) -> Consumer:
    api = Client(desk.context.settings.public_url, desk.issuer.token("dmp"))
    return Consumer(broker.agency_url("dmp"), "dmp", api, told.append, **options)


def test_the_consumer_fetches_verifies_and_confirms(open_desk: Open, broker: Broker, tmp_path: Path) -> None:
    submission, contents = open_desk.with_documents(1)
    told: list[dict[str, Any]] = []
    with open_desk.running(), open_desk.serving():
        consumer(open_desk, broker, told, folder=tmp_path / "kept", limit=1).run()
        until(lambda: open_desk.states(submission)["dmp"] == "confirmed", "the receipt is taken")
    [work] = told
    assert (work["type"], work["reference"]) == ("work", open_desk.row(submission)["reference"])
    assert len(work["documents"]) == len(contents) == 2
    kept = {file.name: file.read_bytes() for file in (tmp_path / "kept" / work["reference"]).iterdir()}
    assert kept == contents
    assert broker.depth("dmp") == 0


def test_a_document_that_is_not_what_was_announced_is_not_confirmed(open_desk: Open, broker: Broker) -> None:
    submission, _ = open_desk.with_documents(1)
    with open_desk.database.read() as tx:
        key = tx.execute(select(documents.c.object_key).where(documents.c.submission == submission)).scalars().first()
    size = (open_desk.context.settings.data / "objects" / str(key)).stat().st_size
    open_desk.context.objects.delete(str(key))
    open_desk.context.objects.put(str(key), BytesIO(b"x" * size))
    told: list[dict[str, Any]] = []
    taking = consumer(open_desk, broker, told)
    running = threading.Thread(target=taking.run)
    with open_desk.running(), open_desk.serving():
        running.start()
        [(properties, _)] = until(lambda: broker.taken("dmp", "mottak.dead"), "it is rejected")
        taking.stopping.set()
        running.join(20)
    assert properties.headers["x-first-death-reason"] == "rejected"
    assert told[0]["type"] == "unreadable"
    assert open_desk.states(submission)["dmp"] == "delivered"  # a document was fetched, but nothing is confirmed


def test_work_taken_while_the_api_is_away_is_done_when_it_is_back(open_desk: Open, broker: Broker) -> None:
    """The broker restarts too, while the consumer waits: it reconnects and gets the work again."""
    submission, _ = open_desk.with_documents(1)
    with open_desk.running():
        open_desk.until_routed(submission)
        told: list[dict[str, Any]] = []
        taking = consumer(open_desk, broker, told, limit=1)
        running = threading.Thread(target=taking.run)
        running.start()
        until(lambda: broker.depth("dmp") == 0, "the work is taken")
        assert told == []
        broker.server.kill()
        broker.server.start()
        with open_desk.serving():
            running.join(60)
        assert not running.is_alive()
        until(lambda: open_desk.states(submission)["dmp"] == "confirmed", "the receipt is taken")
    assert [work["type"] for work in told] == ["work"]


def test_the_command_prints_what_it_takes(posted: Posted, broker: Broker, tmp_path: Path) -> None:
    submission = posted.accepted()
    brokers = tmp_path / "brokers.json"
    definitions.write_brokers_file(brokers, "127.0.0.1", broker.server.port, broker.agencies, broker.passwords)
    assert brokers.stat().st_mode & 0o777 == 0o600
    with posted.running():
        done = mottak("consume", "dmp", "--from", str(brokers), "--no-documents", "--count", "1", "--json")
        until(lambda: posted.states(submission)["dmp"] == "confirmed", "the receipt is taken")
    assert done.returncode == 0
    assert json.loads(done.stdout)["delivery"] == posted.routing(submission)["dmp"]["delivery"]


def test_applying_the_definitions_makes_what_is_missing_and_changes_nothing_else(broker: Broker, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({user: word for user, word in broker.passwords.items() if user != OPERATOR}))
    address = f"127.0.0.1:{broker.server.ports['management']}"
    with broker.channel("dsa", user=OPERATOR) as operator:
        operator.basic_publish("mottak.work", "mottak.work", b"stays")
        operator.queue_delete("mottak.inbox")
        operator.exchange_delete("mottak.receipts")
    command = ("broker", "apply", "--passwords", str(passwords), "--management", f"http://{OPERATOR}:operator@{address}")
    for _ in range(2):
        done = mottak(*command)
        assert done.returncode == 0, done.stderr
    broker.send_receipt("dsa", b"receipt")
    assert [body for _, body in broker.taken("dsa", "mottak.inbox")] == [b"receipt"]
    assert [body for _, body in broker.taken("dsa")] == [b"stays"]
    refused = mottak(
        "broker", "apply", "--passwords", str(passwords), "--management", f"http://agency-dmp:{broker.passwords['agency-dmp']}@{address}"
    )
    assert refused.returncode == 1
    assert broker.passwords["agency-dmp"] not in refused.stderr
    assert requests.get(f"http://{address}/api/queues", auth=("agency-dmp", broker.passwords["agency-dmp"]), timeout=10).status_code == 401


def mottak(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from services.command.main import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
