"""Two hosts that run workers and keep no data share the load on the same servers. One is stopped, killed, or cut off under load: the other goes on, and
every acknowledged submission ends with one archive version and one delivery for each agency."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.prove.amqp_agency import Consumer
from tests.prove.load import Memory, Sender
from tests.prove.real_stores import RealStores
from tests.prove.real_system import RealSystem
from tests.prove.worker_host import WorkerHost, documented_commands, documented_settings, two_hosts

ROUND_SECONDS = 20.0
# One sender's files are opened by half of the workers at most: what one sends is no load for two hosts.
SENDERS_OF = {None: 2, "310000051": 2}
SETTLE_SECONDS = 300.0
TAKEN_OVER_SECONDS = 60.0
LEASE_SECONDS = 8.0
SERVICES = ("validation", "archive", "routing")
AGENCIES = ("dmp", "sykehusinnkjop")
# Of each service's jobs, what either of two equal hosts has done at least.
FAIR_SHARE = 0.25

# pika leaves the two ends of its own wake-up pair to the garbage collector when a connection breaks.
pytestmark = [pytest.mark.timeout(3600), pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")]


class Run:
    """One run: a system without workers, and two hosts that have them."""

    def __init__(self, system: RealSystem, hosts: tuple[WorkerHost, WorkerHost], folder: Path, seed: int, seconds: float) -> None:
        self.system, self.hosts, self.seconds, self.memory = system, hosts, seconds, Memory()
        self.stores = RealStores(system.data, folder / "mirror")
        self.shares: dict[str, dict[str, float]] = {}
        self.taken_over: dict[str, float] = {}
        self.done_by_rest: dict[str, int] = {}
        self.warm_seconds = 0.0
        self.views: dict[str, dict[str, Any]] = {}
        places = json.loads((system.data / "brokers.json").read_text(encoding="utf-8"))
        self.senders = [
            Sender(system, self.memory, f"{seed}-{organisation}-{number}", on_behalf_of=organisation)
            for organisation, count in SENDERS_OF.items()
            for number in range(count)
        ]
        self.consumers = [Consumer(places[agency], agency, f"{seed}-{agency}", self.memory.faults) for agency in AGENCIES]

    def go(self) -> None:
        """All rounds, then to the end."""
        first, second = self.hosts
        for host in self.hosts:
            host.start()
        for thread in (*self.senders, *self.consumers):
            thread.start()
        self.warm_up()
        self.share("both")
        self.lose("stopped", second, self._stop_second)
        second.start()
        self.share("after one was started again")
        self.lose("killed", first, first.kill)
        first.start()
        self.share("after one was killed and started again")
        if second.network is not None:
            self.lose("cut off", second, second.network.cut)
            second.network.mend()
            self.warm_up()
        self.finish()

    def _stop_second(self) -> None:
        self.warm_seconds = self.hosts[1].stop()

    def warm_up(self) -> None:
        """Until each host has done something of everything since now."""
        marks = [host.mark() for host in self.hosts]
        began = time.monotonic()
        while any(set(host.done(mark)) < set(SERVICES) for host, mark in zip(self.hosts, marks, strict=True)):
            assert time.monotonic() - began < SETTLE_SECONDS, [host.done(mark) for host, mark in zip(self.hosts, marks, strict=True)]
            time.sleep(0.5)

    def share(self, name: str) -> None:
        """Let both work for a while; see how much each did."""
        self.warm_up()
        marks = [host.mark() for host in self.hosts]
        time.sleep(self.seconds)
        done = [host.done(mark) for host, mark in zip(self.hosts, marks, strict=True)]
        self.shares[name] = {service: done[0][service] / max(1, done[0][service] + done[1][service]) for service in SERVICES}
        print(f"{name}: host a {dict(done[0])}, host b {dict(done[1])}", flush=True)

    def lose(self, how: str, lost: WorkerHost, lose: Callable[[], None]) -> None:
        """One host goes under load; the other does what comes, and takes over what the lost one had in hand."""
        [other] = [host for host in self.hosts if host is not lost]
        mark, began = other.mark(), time.monotonic()
        in_hand = {row["id"] for row in self.stores.rows("SELECT id FROM jobs WHERE state = 'leased'")}
        lose()
        lost_at = time.monotonic()
        time.sleep(self.seconds)
        query = "SELECT id FROM jobs WHERE state <> 'done'"
        while in_hand & {row["id"] for row in self.stores.rows(query)}:
            assert time.monotonic() - lost_at < TAKEN_OVER_SECONDS, "what the lost host had in hand is not taken over"
            time.sleep(0.2)
        self.taken_over[how] = time.monotonic() - lost_at
        self.done_by_rest[how] = sum(other.done(mark).values())
        print(f"host {lost.name} {how}: the other did {self.done_by_rest[how]} jobs in {time.monotonic() - began:.0f} s", flush=True)

    def finish(self) -> None:
        """Let everything come to its end, and look at all of it."""
        self.memory.stopping.set()
        for sender in self.senders:
            sender.join(180)
        unfinished = (
            "SELECT 'job' AS what, handler AS of, state, last_error FROM jobs WHERE state IN ('ready', 'leased') "
            "UNION ALL SELECT 'delivery', agency, state, id FROM routing_deliveries WHERE state <> 'confirmed'"
        )
        began = time.monotonic()
        while waiting := self.stores.rows(unfinished):
            assert time.monotonic() - began < SETTLE_SECONDS, waiting[:20]
            time.sleep(0.5)
        for consumer in self.consumers:
            consumer.stopping.set()
        for consumer in self.consumers:
            consumer.join(60)
        client = self.system.client("sekretariat")
        for sent in self.memory.sent:
            if sent.answer is not None:
                self.views[sent.key] = client.get(f"/api/v1/submissions/{sent.answer['id']}")
        self.stores.fetch()
        for host in self.hosts:
            host.stop()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Run]:
    seed = request.config.getoption("--prove-seed") or random.SystemRandom().randrange(1 << 32)
    seconds = max(5.0, ROUND_SECONDS * request.config.getoption("--prove-scale"))
    print(f"\nseed {seed}, rounds of {seconds:.0f} s (again with --prove-seed {seed})", flush=True)
    folder = tmp_path_factory.mktemp("hosts")
    lease = {"MOTTAK_LEASE_SECONDS": str(LEASE_SECONDS)}
    system = RealSystem(folder / "data", environment=lease, options=["--no-workers"])
    system.start()
    known = {
        "MOTTAK_PUBLIC_URL": system.url,
        "MOTTAK_ISSUER": f"{system.url}/issuer",
        "MOTTAK_JWKS_URL": f"{system.url}/issuer/jwks",
        # As the page for operators says: what both hosts have.
        "MOTTAK_WORKERS": "4",
        **lease,
    }
    try:
        with two_hosts(folder, system.data / "servers.json", known) as hosts:
            print("each in a network of its own" if hosts[0].network else "in one network: no namespaces here", flush=True)
            told = Run(system, hosts, folder, seed, seconds)
            try:
                told.go()
                print(summary(told), flush=True)
                yield told
            finally:
                told.memory.stopping.set()
                for consumer in told.consumers:
                    consumer.stopping.set()
                told.stores.close()
    finally:
        system.stop()


def summary(run: Run) -> str:
    """The figures of a run."""
    ends = dict(Counter(sent.ends for sent in run.memory.sent if sent.answer))
    shares = "; ".join(f"{name}: " + ", ".join(f"{service} {share:.0%}" for service, share in each.items()) for name, each in run.shares.items())
    return "\n".join(
        [
            f"{len(run.memory.sent)} submissions: {ends}; host a's share, {shares}",
            f"told to stop, a host was gone after {run.warm_seconds:.1f} s; the other meanwhile did {run.done_by_rest}",
            f"faults: {run.memory.faults[:10]}",
        ]
    )


def test_what_runs_is_what_the_page_for_operators_says(run: Run) -> None:
    assert [command.split()[2] for command in documented_commands()] == list(SERVICES)
    assert set(run.hosts[0].settings) - {"MOTTAK_LEASE_SECONDS"} == documented_settings()


def test_both_hosts_do_a_fair_part(run: Run) -> None:
    unfair = [
        (name, service, share) for name, each in run.shares.items() for service, share in each.items() if not FAIR_SHARE <= share <= 1 - FAIR_SHARE
    ]
    assert unfair == []


def test_a_host_that_is_told_to_stop_ends_what_it_has_in_hand_and_goes(run: Run) -> None:
    assert run.warm_seconds < 30


def test_the_other_host_takes_over(run: Run) -> None:
    assert all(done > 0 for done in run.done_by_rest.values())
    assert set(run.done_by_rest) >= {"stopped", "killed"}


def test_every_submission_ends_as_it_must(run: Run) -> None:
    assert run.memory.faults == []
    answered = [sent for sent in run.memory.sent if sent.answer is not None]
    assert answered
    ended = {sent.key: (sent.ends, run.views[sent.key]["status"]) for sent in answered}
    assert {key: both for key, both in ended.items() if both[1] != {"routed": "confirmed"}.get(both[0], both[0])} == {}
    assert {view["attention"] for view in run.views.values()} == {None}
    assert run.stores.rows("SELECT handler, last_error FROM jobs WHERE state <> 'done'") == []
    assert run.stores.broken_chains() == []


def test_each_has_one_archive_version_and_one_delivery_for_each_agency(run: Run) -> None:
    routed = {str(sent.answer["id"]) for sent in run.memory.sent if sent.ends == "routed" and sent.answer}
    requested = run.stores.requested_versions()
    assert set(requested) == {f"urn:uuid:{submission}" for submission in routed}
    assert {name: len(inventory["versions"]) for name, inventory in run.stores.inventories().items()} == dict(requested)
    assert run.stores.ocfl_faults() == (len(routed), [])
    deliveries = Counter((row["submission"], row["agency"]) for row in run.stores.rows("SELECT submission, agency FROM routing_deliveries"))
    assert deliveries == Counter((submission, agency) for submission in routed for agency in AGENCIES)
    for consumer in run.consumers:
        in_books = {row["id"] for row in run.stores.rows("SELECT id FROM routing_deliveries WHERE agency = :agency", agency=consumer.agency)}
        assert consumer.ids == {delivery: {delivery} for delivery in in_books}


def test_a_worker_host_keeps_nothing(run: Run) -> None:
    assert [host.left_on_disk() for host in run.hosts] == [[], []]
