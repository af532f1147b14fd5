"""Ten thousand pieces of work through a real RabbitMQ and PostgreSQL to consumers that crash, give back, refuse and acknowledge late, while the broker is
restarted five times: each is confirmed exactly once in our books, none is lost, and what nobody can take lies among the dead letters with its cause."""

from __future__ import annotations

import gc
import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.command.servers.postgres import Postgres
from services.command.servers.process import ServerMissing
from services.routing import models
from services.routing.app import create_app
from services.routing.broker import definitions
from services.shared import names, telemetry
from services.shared.database import Database
from services.shared.identity.issuer import LocalIssuer
from services.shared.models import events
from tests.broker_server import Broker
from tests.prove.amqp_agency import Consumer
from tests.routing.conftest import NEW_SUBSTANCE, Posted, issuer  # noqa: F401 - a fixture

MESSAGES = 10_000
AGENCIES = ("dmp", "sykehusinnkjop")
WRITERS = 2
RESTARTS = 5
SETTLE_SECONDS = 600.0
# One delivery in so many is refused by every consumer.
POISON_IN = 250

# pika leaves the two ends of its own wake-up pair to the garbage collector when a connection breaks.
pytestmark = [pytest.mark.timeout(3600), pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")]


def poison(delivery: str) -> str | None:
    """How every consumer refuses this delivery; nearly all it does not."""
    number = int.from_bytes(hashlib.sha256(delivery.encode()).digest()[:4], "big") % (2 * POISON_IN)
    return {0: "reject", 1: "requeue"}.get(number)


class Run:
    """One run: the books, the broker, the consumers."""

    def __init__(self, folder: Path, broker: Broker, issuer: LocalIssuer, database: Database, seed: int, messages: int) -> None:  # noqa: F811 - fixtures by name
        self.broker, self.chance, self.messages = broker, random.Random(seed), messages
        self.desk = Posted(folder, issuer, broker_url=broker.url)
        self.desk.database = self.desk.context.database = database
        self.desk.app = create_app(self.desk.context)
        self.faults: list[str] = []
        self.restarts: list[str] = []
        self.seconds = 0.0
        self.consumers: list[Consumer] = []
        for agency in AGENCIES:
            place = {"url": broker.agency_url(agency), "queue": definitions.WORK, "receipts": definitions.RECEIPTS}
            for number in range(3):
                confirm = self._over_http(agency) if number == 2 else None
                self.consumers.append(Consumer(place, agency, f"{seed}-{agency}-{number}", self.faults, confirm=confirm, poison=poison))

    def _over_http(self, agency: str) -> Callable[[str], bool]:
        def confirm(delivery: str) -> bool:
            answer = self.desk.post(agency, f"/deliveries/{delivery}/receipts", {"outcome": "confirmed"})
            if answer.status_code not in (200, 503):
                self.faults.append(f"{delivery}: {answer.status_code} {answer.text[:300]}")
            return answer.status_code == 200

        return confirm

    def go(self) -> None:
        """Write all submissions, let everything come to its end, restart the broker on the way."""
        began = time.monotonic()
        writers = [threading.Thread(target=self._write, args=(number,), daemon=True) for number in range(WRITERS)]
        with self.desk.running():
            for thread in (*writers, *self.consumers):
                thread.start()
            for number in range(1, RESTARTS + 1):
                self._until(partial(self._is_confirmed, self.messages * number // (RESTARTS + 1)))
                self._restart()
            self._until(lambda: self._confirmed() + self._dead() >= self.messages)
            for writer in writers:
                writer.join(60)
            self._until(lambda: self._ready() == 0)
            for consumer in self.consumers:
                consumer.stopping.set()
            for consumer in self.consumers:
                consumer.join(60)
            self._until(lambda: all(self.broker.depth(agency, definitions.INBOX) == 0 for agency in AGENCIES))
        self.seconds = time.monotonic() - began

    def _write(self, writer: int) -> None:
        for number in range(writer, self.messages // len(AGENCIES), WRITERS):
            self.desk.accepted({**NEW_SUBSTANCE, "active_substance": f"eksempelmab-{number}"})

    def _restart(self) -> None:
        kill = self.chance.random() < 0.5
        self.broker.server.kill() if kill else self.broker.server.stop()
        time.sleep(self.chance.uniform(0.0, 3.0))
        self.broker.server.start()
        self.restarts.append("kill" if kill else "stop")
        print(f"broker restarted ({self.restarts[-1]}) at {self._confirmed()} of {self.messages} confirmed", flush=True)

    def _until(self, condition: Callable[[], bool]) -> None:
        """Wait; fail when for a long time nothing more is confirmed."""
        since, before = time.monotonic(), -1
        while not condition():
            now = self._confirmed()
            if now != before:
                since, before = time.monotonic(), now
            assert time.monotonic() - since < SETTLE_SECONDS, (now, self._dead(), self.faults[:5])
            time.sleep(0.5)

    def _confirmed(self) -> int:
        with self.desk.database.read() as tx:
            return int(tx.execute(select(func.count()).where(models.deliveries.c.state == models.CONFIRMED)).scalar_one())

    def _is_confirmed(self, number: int) -> bool:
        return self._confirmed() >= number

    def _dead(self) -> int:
        return sum(self.broker.depth(agency, definitions.DEAD) for agency in AGENCIES)

    def _ready(self) -> int:
        return sum(self.broker.depth(agency) for agency in AGENCIES)


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    issuer: LocalIssuer,  # noqa: F811 - fixtures by name
    postgres: Postgres,
) -> Iterator[Run]:
    seed = request.config.getoption("--prove-seed") or random.SystemRandom().randrange(1 << 32)
    messages = 2 * max(1, round(MESSAGES / 2 * request.config.getoption("--prove-scale")))
    print(f"\nseed {seed}, {messages} messages (again with --prove-seed {seed})", flush=True)
    telemetry.configure_logging(level="ERROR")
    folder = tmp_path_factory.mktemp("messages")
    broker = Broker(folder / "broker")
    try:
        broker.server.start()
    except ServerMissing as missing:
        pytest.skip(str(missing))
    postgres.copy_database("messages")
    database = Database(postgres.url("messages"), pool_size=24)
    told = Run(folder, broker, issuer, database, seed, messages)
    try:
        told.go()
        handed = sum(each.seen.total() for each in told.consumers)
        print(
            f"{messages} messages in {told.seconds:.0f} s, handed over {handed} times, {sum(each.crashes for each in told.consumers)} crashes, "
            f"{sum(each.given_back for each in told.consumers)} given back, {sum(each.late for each in told.consumers)} late, broker {told.restarts}",
            flush=True,
        )
        yield told
    finally:
        for consumer in told.consumers:
            consumer.stopping.set()
        database.close()
        broker.server.stop()
        gc.collect()


def poisonous(run: Run) -> set[str]:
    with run.desk.database.read() as tx:
        return {delivery for delivery in tx.execute(select(models.deliveries.c.id)).scalars() if poison(delivery)}


def test_each_delivery_that_can_be_taken_is_confirmed_exactly_once(run: Run) -> None:
    with run.desk.database.read() as tx:
        states = {row.id: row.state for row in tx.execute(select(models.deliveries.c.id, models.deliveries.c.state))}
        told = Counter(data["delivery"] for data in tx.execute(select(events.c.data).where(events.c.type == names.DELIVERY_CONFIRMED)).scalars())
    assert len(states) == run.messages
    assert told == Counter(set(states) - poisonous(run))
    assert Counter(states.values()) == {models.CONFIRMED: run.messages - len(poisonous(run)), models.QUEUED: len(poisonous(run))}


def test_the_consumers_were_handed_each_delivery_under_one_id_and_nothing_else(run: Run) -> None:
    handed: dict[str, set[str]] = {}
    for consumer in run.consumers:
        for delivery, ids in consumer.ids.items():
            handed.setdefault(delivery, set()).update(ids)
    with run.desk.database.read() as tx:
        assert set(handed) == set(tx.execute(select(models.deliveries.c.id)).scalars())
    assert {delivery: ids for delivery, ids in handed.items() if ids != {delivery}} == {}


def test_what_nobody_can_take_lies_among_the_dead_letters_with_its_cause(run: Run) -> None:
    causes = {}
    for agency in AGENCIES:
        for properties, _body in run.broker.taken(agency, definitions.DEAD):
            causes[str(properties.message_id)] = str((properties.headers or {})["x-death"][0]["reason"])
    assert causes == {delivery: {"reject": "rejected", "requeue": "delivery_limit"}[str(poison(delivery))] for delivery in poisonous(run)}


def test_nothing_is_left_behind_in_the_outbox_or_on_the_board(run: Run) -> None:
    with run.desk.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(models.outbox)).scalar_one() == 0
    assert [run.broker.depth(agency, queue) for agency in AGENCIES for queue in (definitions.WORK, definitions.INBOX)] == [0, 0, 0, 0]


def test_everybody_answered_as_they_may(run: Run) -> None:
    assert run.faults == []
