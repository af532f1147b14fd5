"""Any one process or server of the real ends is killed, at any moment, again and again, while suppliers send and agencies work: nothing is lost, nothing is done
twice, nothing stays stuck, and the pace returns by itself."""

from __future__ import annotations

import contextlib
import gc
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from services.shared import timestamps
from tests.prove.amqp_agency import Consumer, confirm_over_http
from tests.prove.load import Memory, Sent, make
from tests.prove.real_stores import RealStores
from tests.prove.real_system import Killer, RealSystem

KILLS = 300
SENDERS = 4
MEAN_SECONDS_BETWEEN = 1.5
CALM_EVERY = 30
RECOVERED_SECONDS = 180.0
SETTLE_SECONDS = 600.0
# Long enough that the senders do not send more than one sender is given: what only waits its turn is not what is looked for.
PAUSE_SECONDS = 3.0
LEASE_SECONDS = 8.0
# What a client is to try again: the store or service is away, or its own earlier try is still under way.
LATER = {(503, "store_unavailable"), (409, "idempotency_in_progress")}
HANDLED_OVER_AMQP = ("dmp", "sykehusinnkjop", "fhi")


class Sender(threading.Thread):
    """A supplier: one submission after the other, each sent until it is answered, always under the same key."""

    def __init__(self, system: RealSystem, memory: Memory, seed: str) -> None:
        super().__init__(name=f"sender-{seed}", daemon=True)
        self._system, self._memory, self._chance = system, memory, random.Random(seed)

    def run(self) -> None:
        while not self._memory.stopping.is_set():
            submission = make(self._chance)
            self._memory.sent.append(submission)
            while not send(self._system, self._memory, submission) and not self._memory.stopping.is_set():
                self._memory.stopping.wait(self._chance.uniform(0.5, 2.0))
            self._memory.stopping.wait(self._chance.uniform(0, PAUSE_SECONDS))
            while self._memory.resting.is_set() and not self._memory.stopping.is_set():
                time.sleep(0.1)


def send(system: RealSystem, memory: Memory, submission: Sent) -> bool:
    """Send once; False when there was no answer, or only that it is to be tried again. An answer that may not be given is a fault."""
    submission.last_tried = timestamps.now()
    try:
        response = system.post("leverandor", submission.parts, fields={"note": submission.key}, Idempotency_Key=f'"{submission.key}"')
    except requests.RequestException:
        submission.cut_off += 1
        return False
    code = response.json().get("code") if "json" in response.headers.get("Content-Type", "") else response.text[:300]
    if response.status_code == 202:
        if submission.answer not in (None, response.json()):
            memory.faults.append(f"{submission.key}: another answer to the same: {submission.answer} {response.text}")
        submission.answer = response.json()
        return True
    if response.status_code in (415, 422):
        submission.refusal = code
        return True
    submission.cut_off += 1
    if (response.status_code, code) not in LATER:
        memory.faults.append(f"{timestamps.now()} {submission.key}: {response.status_code} {code}")
    elif "Retry-After" not in response.headers:
        memory.faults.append(f"{submission.key}: {response.status_code} {code} does not say when to try again")
    return False


class Run:
    """One run of the proof: the system, what everybody remembers, how long it took to recover."""

    def __init__(self, system: RealSystem, seed: int) -> None:
        self.system, self.memory, self.chance = system, Memory(), random.Random(seed)
        self.killer = Killer(system, self.chance)
        self.consumers: list[Consumer] = []
        self.recoveries: list[float] = []
        self.orphans: list[str] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.fixity: dict[str, Any] = {}
        self.settled_in = 0.0

    def suffer(self, kills: int, seed: int) -> None:
        """Kill ``kills`` times under load; now and then leave it alone, without load, and see how fast it is itself again."""
        began = time.monotonic()
        self.system.start()
        senders = [Sender(self.system, self.memory, f"{seed}-{number}") for number in range(SENDERS)]
        places = json.loads((self.system.data / "brokers.json").read_text(encoding="utf-8"))
        for agency in HANDLED_OVER_AMQP:
            over_http = confirm_over_http(self.system, agency, self.memory.faults)
            for number, confirm in enumerate((None, over_http)):
                self.consumers.append(Consumer(places[agency], agency, f"{seed}-{agency}-{number}", self.memory.faults, confirm=confirm))
        for thread in (*senders, *self.consumers):
            thread.start()
        calm_at = CALM_EVERY
        while len(self.killer.done) < kills:
            time.sleep(self.chance.expovariate(1 / MEAN_SECONDS_BETWEEN))
            done = self.killer.strike()
            if done is not None:
                number = len(self.killer.done)
                print(
                    f"{time.monotonic() - began:6.1f} s  {number}/{kills} {done}: {len(self.memory.sent)} sent, {len(self.memory.faults)} faults",
                    flush=True,
                )
            if len(self.killer.done) >= calm_at:
                calm_at += CALM_EVERY
                self.memory.resting.set()
                self._recover()
                self.memory.resting.clear()
        self.memory.stopping.set()
        for sender in senders:
            sender.join(180)

    def _recover(self) -> None:
        """From the last kill until a new submission is with its agencies."""
        began = time.monotonic()
        probe = make(random.Random(str(self.chance.random())))
        while probe.ends != "routed":
            probe = make(random.Random(str(self.chance.random())))
        self.memory.sent.append(probe)
        while not send(self.system, self.memory, probe) or probe.answer is None:
            assert time.monotonic() - began < RECOVERED_SECONDS, "it does not take submissions again"
            time.sleep(0.2)
        while self._status(probe) not in ("routed", "confirmed"):
            assert time.monotonic() - began < RECOVERED_SECONDS, f"a submission does not reach its agencies: {self._status(probe)}"
            time.sleep(0.2)
        self.recoveries.append(time.monotonic() - began)
        print(f"          recovered in {self.recoveries[-1]:.1f} s", flush=True)

    def _status(self, sent: Sent) -> str:
        assert sent.answer is not None
        try:
            response = requests.get(
                f"{self.system.url}/api/v1/submissions/{sent.answer['id']}",
                headers={"Authorization": f"Bearer {self.system.token('sekretariat')}"},
                timeout=(5, 30),
            )
        except requests.RequestException:
            return "no answer"
        return str(response.json()["status"]) if response.status_code == 200 else f"{response.status_code}"

    def finish(self, mirror: Path) -> RealStores:
        """Send again what never got an answer, let everything come to its end, look at all of it."""
        for sent in self.memory.sent:
            deadline = time.monotonic() + RECOVERED_SECONDS
            while sent.answer is None and sent.refusal is None and not send(self.system, self.memory, sent):
                assert time.monotonic() < deadline, f"no answer to {sent.key} from a system that nobody kills"
                time.sleep(1)
        stores = RealStores(self.system.data, mirror)
        self._settle(stores)
        for consumer in self.consumers:
            consumer.stopping.set()
        for consumer in self.consumers:
            consumer.join(60)
        client = self.system.client("sekretariat")
        for sent in self.memory.sent:
            if sent.answer is not None:
                self.views[sent.key] = client.get(f"/api/v1/submissions/{sent.answer['id']}")
        self._check_fixity()
        self.orphans = self.system.orphans()
        stores.fetch()
        return stores

    def _settle(self, stores: RealStores) -> None:
        """Until no job is unfinished, nothing waits for the broker, and every delivery to an agency that works is confirmed."""
        began = time.monotonic()
        unfinished = (
            "SELECT 'job' AS what, handler AS of, attempts::text || ' ' || state AS state, last_error FROM jobs WHERE state IN ('ready', 'leased') "
            "UNION ALL SELECT 'outbox', agency, message, NULL FROM routing_outbox "
            "UNION ALL SELECT 'delivery', agency, state, id FROM routing_deliveries WHERE state <> 'confirmed'"
        )
        while waiting := stores.rows(unfinished):
            assert time.monotonic() - began < SETTLE_SECONDS, waiting[:20]
            time.sleep(0.5)
        self.settled_in = time.monotonic() - began

    def _check_fixity(self) -> None:
        archivist = self.system.client("arkivar")
        check = archivist.post("/api/v1/archive/fixity-checks", {})
        deadline = time.monotonic() + SETTLE_SECONDS
        while (state := archivist.get(check["links"]["self"]))["state"] != "done":
            assert time.monotonic() < deadline
            time.sleep(0.5)
        self.fixity = state


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Run]:
    seed = request.config.getoption("--prove-seed") or random.SystemRandom().randrange(1 << 32)
    kills = max(1, round(KILLS * request.config.getoption("--prove-scale")))
    print(f"\nseed {seed}, {kills} kill points (again with --prove-seed {seed})", flush=True)
    folder = tmp_path_factory.mktemp("real")
    system = RealSystem(folder / "data", environment={"MOTTAK_LEASE_SECONDS": str(LEASE_SECONDS)})
    told = Run(system, seed)
    try:
        told.suffer(kills, seed)
        told.stores = told.finish(folder / "mirror")
        yield told
        told.stores.close()
    finally:
        told.memory.stopping.set()
        for consumer in told.consumers:
            consumer.stopping.set()
        with contextlib.suppress(Exception):
            print(summary(told), flush=True)
        if system.process is not None and system.process.poll() is None:
            code = system.stop()
            print(f"stopped with {code}, left behind: {system.wait_until_gone()}", flush=True)
        gc.collect()


def summary(run: Run) -> str:
    """The figures of a run."""
    sent, consumers = run.memory.sent, run.consumers
    unanswered = sum(each.cut_off for each in sent)
    handed = sum(each.seen.total() for each in consumers)
    badly = f"{sum(each.crashes for each in consumers)} crashes, {sum(each.given_back for each in consumers)} given back, {sum(each.late for each in consumers)} late"
    return "\n".join(
        [
            f"{len(run.killer.done)} kill points: {dict(Counter(run.killer.done))}; gave up while starting {run.killer.given_up} times",
            f"{len(sent)} submissions: {dict(Counter(each.ends for each in sent))}, {unanswered} tries without an answer",
            f"recovered in {', '.join(f'{each:.1f}' for each in run.recoveries)} s; settled in {run.settled_in:.1f} s",
            f"agencies: {len(set().union(*(each.seen for each in consumers)))} deliveries, handed over {handed} times, {badly}",
            f"faults: {run.memory.faults[:10]}",
        ]
    )


def answered(run: Run) -> list[Sent]:
    return [sent for sent in run.memory.sent if sent.answer is not None]


@pytest.fixture(scope="module")
def stores(run: Run) -> RealStores:
    return run.stores


# pika leaves the two ends of its own wake-up pair to the garbage collector when a connection breaks.
pytestmark = [pytest.mark.timeout(3600), pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")]


def test_no_process_outlives_what_started_it(run: Run) -> None:
    assert run.killer.left_behind == []
    assert run.orphans == []


def test_every_answer_was_one_that_may_be_given(run: Run) -> None:
    assert run.memory.faults == []


def test_every_submission_ends_as_it_must(run: Run) -> None:
    ended = {sent.key: (sent.ends, run.views[sent.key]["status"]) for sent in answered(run)}
    wrong = {key: both for key, both in ended.items() if both[1] != {"routed": "confirmed"}.get(both[0], both[0])}
    assert wrong == {}
    assert {view["attention"] for view in run.views.values()} == {None}


def test_a_retry_with_the_same_key_got_the_submission_that_was_there(run: Run, stores: RealStores) -> None:
    kept = Counter(row["note"] for row in stores.rows("SELECT note FROM submissions"))
    assert kept == Counter(sent.key for sent in answered(run))
    ids = {row["note"]: row["id"] for row in stores.rows("SELECT note, id FROM submissions")}
    assert ids == {sent.key: sent.answer["id"] for sent in answered(run) if sent.answer}


def test_every_document_is_what_was_sent(run: Run, stores: RealStores) -> None:
    for sent in answered(run):
        received = [document["sha256"] for document in run.views[sent.key]["documents"] if document["role"] in ("form", "attachment")]
        assert sorted(received) == sent.digests
    assert stores.damaged_documents() == []


def test_there_is_one_archive_version_for_each_that_was_asked_for(run: Run, stores: RealStores) -> None:
    requested = stores.requested_versions()
    assert {object_id: len(inventory["versions"]) for object_id, inventory in stores.inventories().items()} == dict(requested)
    assert set(requested) == {f"urn:uuid:{sent.answer['id']}" for sent in answered(run) if sent.ends == "routed" and sent.answer}
    assert stores.rows("SELECT submission, count(*) AS n FROM events WHERE type = 'archive.stored' GROUP BY submission HAVING count(*) > 1") == []


def test_every_archive_object_is_intact_and_valid(run: Run, stores: RealStores) -> None:
    objects = len(stores.inventories())
    assert objects > 0
    assert (run.fixity["outcome"], run.fixity["counts"]) == ("intact", {"intact": objects}), run.fixity["items"]
    assert stores.ocfl_faults() == (objects, [])


def test_each_agency_has_each_submission_under_one_delivery_id(run: Run, stores: RealStores) -> None:
    deliveries = Counter((row["submission"], row["agency"]) for row in stores.rows("SELECT submission, agency FROM routing_deliveries"))
    routed = {str(sent.answer["id"]) for sent in answered(run) if sent.ends == "routed" and sent.answer}
    assert deliveries == Counter((submission, agency) for submission in routed for agency in ("dmp", "sykehusinnkjop"))
    assert stores.rows("SELECT delivery, count(*) AS n FROM routing_messages GROUP BY delivery HAVING count(*) > 1") == []


def test_the_agencies_were_handed_each_delivery_and_nothing_else(run: Run, stores: RealStores) -> None:
    for agency in HANDLED_OVER_AMQP:
        handed: dict[str, set[str]] = {}
        for consumer in run.consumers:
            if consumer.agency == agency:
                for delivery, ids in consumer.ids.items():
                    handed.setdefault(delivery, set()).update(ids)
        in_books = {row["id"] for row in stores.rows("SELECT id FROM routing_deliveries WHERE agency = :agency", agency=agency)}
        assert set(handed) == in_books
        assert {delivery: ids for delivery, ids in handed.items() if len(ids) != 1} == {}


def test_each_delivery_is_confirmed_exactly_once(stores: RealStores) -> None:
    deliveries = {row["id"] for row in stores.rows("SELECT id FROM routing_deliveries WHERE state = 'confirmed'")}
    assert deliveries == {row["id"] for row in stores.rows("SELECT id FROM routing_deliveries")}
    told = Counter(row["delivery"] for row in stores.rows("SELECT data ->> 'delivery' AS delivery FROM events WHERE type = 'delivery.confirmed'"))
    assert told == Counter(deliveries)


def test_nothing_is_parked_and_every_chain_verifies(stores: RealStores) -> None:
    assert stores.rows("SELECT handler, last_error FROM jobs WHERE state <> 'done'") == []
    assert stores.broken_chains() == []
