"""``kill -9`` of the process at any moment, then start: nothing that was promised is lost, nothing is done twice, nothing refused is left."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.system import System
from tests.prove.load import Agency, Memory, Sender, Sent, send
from tests.prove.stores import Stores

KILLS = 50
SENDERS = 3
SETTLE_SECONDS = 900.0
START_SECONDS_GUESSED = 4.0
MEAN_SECONDS_UP = 2.0
UNFINISHED = """
    SELECT handler FROM jobs WHERE state IN ('ready', 'leased') UNION ALL SELECT 'dmp' FROM routing_messages WHERE agency = 'dmp' AND state <> 'done' LIMIT 1
"""


class Story:
    """One run of the proof: the system, what its senders remember, what every kill left behind."""

    def __init__(self, system: System, seed: int) -> None:
        self.system, self.memory, self.chance = system, Memory(), random.Random(seed)
        self.left_behind: list[str] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.fixity: dict[str, Any] = {}
        self.kills: list[str] = []

    def kill_many(self, kills: int, senders: list[Sender | Agency]) -> None:
        """Start, wait a random while (now and then not even until it is up), kill; again and again."""
        self.system.start()
        for thread in senders:
            thread.start()
        for number in range(1, kills + 1):
            early = self.chance.random() < 0.2 and number > 1
            if early:
                time.sleep(self.chance.uniform(0.0, START_SECONDS_GUESSED))
            else:
                self.system.wait_until_ready()
                time.sleep(self.chance.expovariate(1 / MEAN_SECONDS_UP))
            if not early and self.chance.random() < 0.2:
                self._kill_the_box()
                time.sleep(self.chance.uniform(0.0, 1.0))
            self.system.kill()
            left = self.system.wait_until_gone()
            self.kills.append(f"{number}{' while starting' if early else ''}")
            print(
                f"kill {number}/{kills}{' while starting' if early else ''}: {len(self.memory.sent)} sent, left behind: {left or 'nothing'}",
                flush=True,
            )
            self.left_behind += [f"kill {number}: process {process}" for process in left]
            self.system.start(wait=False)
        self.system.wait_until_ready()

    def _kill_the_box(self) -> None:
        """Kill the process that opens files, and whatever it is just opening them with, under the one that goes on."""
        for process in self.system.processes_left():
            if self.system.process is not None and process != self.system.process.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def finish(self, senders: list[Sender | Agency]) -> None:
        """End the load, send again what never got an answer, let everything come to its end, look at all of it, stop."""
        self.memory.stopping.set()
        for thread in senders:
            thread.join(180)
        unanswered = [sent for sent in self.memory.sent if sent.answer is None and sent.refusal is None]
        for sent in unanswered:
            assert send(self.system, self.memory, sent), f"no answer to {sent.key} from a system that nobody kills"
        self._settle()
        client = self.system.client("sekretariat")
        for sent in self.memory.sent:
            if sent.answer is not None:
                self.views[sent.key] = client.get(f"/api/v1/submissions/{sent.answer['id']}")
        self.fixity = self._check_fixity()
        assert self.system.stop() == 0

    def _settle(self) -> None:
        agency = Agency(self.system, self.memory, "last")
        stores = Stores(self.system.data)
        deadline = time.monotonic() + SETTLE_SECONDS
        # A lease that the killed agency held runs out by itself; then its work is there again.
        while agency.work() or stores.rows(UNFINISHED):
            assert time.monotonic() < deadline, stores.rows(
                "SELECT handler, state, attempts, last_error FROM jobs WHERE state IN ('ready', 'leased') LIMIT 20"
            )
            time.sleep(0.3)
        stores.close()

    def _check_fixity(self) -> dict[str, Any]:
        archivist = self.system.client("arkivar")
        check = archivist.post("/api/v1/archive/fixity-checks", {})
        deadline = time.monotonic() + SETTLE_SECONDS
        while (state := archivist.get(check["links"]["self"]))["state"] != "done":
            assert time.monotonic() < deadline
            time.sleep(0.5)
        return state


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Story:
    seed = request.config.getoption("--prove-seed") or random.SystemRandom().randrange(1 << 32)
    kills = max(1, round(KILLS * request.config.getoption("--prove-scale")))
    print(f"\nseed {seed}, {kills} kills (again with --prove-seed {seed})", flush=True)
    system = System(tmp_path_factory.mktemp("killed") / "data")
    told = Story(system, seed)
    senders: list[Sender | Agency] = [Sender(system, told.memory, f"{seed}-{number}") for number in range(SENDERS)]
    senders.append(Agency(system, told.memory, f"{seed}-agency"))
    try:
        told.kill_many(kills, senders)
        told.finish(senders)
    finally:
        told.memory.stopping.set()
        if system.process is not None and system.process.poll() is None:
            system.kill()
    was_there = [sent.key for sent in answered(told) if told.views[sent.key]["received_at"] < sent.last_tried]
    print(f"{len(told.memory.sent)} sent: {Counter(sent.ends for sent in told.memory.sent)}; {sum(sent.cut_off for sent in told.memory.sent)} answers cut off, "
          f"{len(was_there)} of those submissions were there when their senders tried again")  # fmt: skip
    return told


@pytest.fixture(scope="module")
def stores(story: Story) -> Iterator[Stores]:
    opened = Stores(story.system.data)
    yield opened
    opened.close()


def answered(story: Story) -> list[Sent]:
    return [sent for sent in story.memory.sent if sent.answer is not None]


pytestmark = pytest.mark.timeout(3600)


def test_no_process_outlives_the_killed_one(story: Story) -> None:
    assert story.left_behind == []


def test_every_answer_was_one_that_may_be_given(story: Story) -> None:
    assert story.memory.faults == []


def test_every_submission_ends_as_it_must(story: Story) -> None:
    ended = {sent.key: (sent.ends, story.views[sent.key]["status"]) for sent in answered(story)}
    wrong = {key: both for key, both in ended.items() if both[1] != {"routed": "confirmed"}.get(both[0], both[0])}
    assert wrong == {}
    assert {view["attention"] for view in story.views.values()} == {None}


def test_what_was_refused_or_cut_off_leaves_nothing(story: Story, stores: Stores) -> None:
    notes = Counter(row["note"] for row in stores.rows("SELECT note FROM submissions"))
    assert notes == Counter(sent.key for sent in answered(story))
    assert [sent.key for sent in story.memory.sent if (sent.refusal is not None) != (sent.ends == "refused")] == []
    assert stores.rows("SELECT * FROM intake_receipts WHERE answer IS NULL") == []


def test_a_retry_with_the_same_key_got_the_submission_that_was_there(story: Story, stores: Stores) -> None:
    kept = {row["note"]: row["id"] for row in stores.rows("SELECT note, id FROM submissions")}
    assert {sent.key: kept[sent.key] for sent in answered(story)} == {sent.key: sent.answer["id"] for sent in answered(story) if sent.answer}


def test_every_document_is_what_was_sent(story: Story, stores: Stores) -> None:
    for sent in answered(story):
        received = [document["sha256"] for document in story.views[sent.key]["documents"] if document["role"] in ("form", "attachment")]
        assert sorted(received) == sent.digests
    assert stores.damaged_documents() == []


def test_nothing_lies_in_the_store_without_a_row(stores: Stores) -> None:
    assert stores.object_keys() == {row["object_key"] for row in stores.rows("SELECT object_key FROM documents")}
    assert stores.unfinished() == []


def test_there_is_one_archive_version_for_each_that_was_asked_for(story: Story, stores: Stores) -> None:
    requested = stores.requested_versions()
    inventories = stores.inventories()
    assert {object_id: len(inventory["versions"]) for object_id, inventory in inventories.items()} == dict(requested)
    assert set(requested) == {f"urn:uuid:{sent.answer['id']}" for sent in answered(story) if sent.ends == "routed" and sent.answer}
    assert stores.rows("SELECT submission, count(*) AS n FROM events WHERE type = 'archive.stored' GROUP BY submission HAVING n > 1") == []


def test_every_archive_object_is_intact_and_valid(story: Story, stores: Stores) -> None:
    objects = len(stores.inventories())
    assert objects > 0
    assert (story.fixity["outcome"], story.fixity["counts"]) == ("intact", {"intact": objects}), story.fixity["items"]
    assert stores.ocfl_faults() == (objects, [])


def test_each_agency_has_each_submission_once(story: Story, stores: Stores) -> None:
    deliveries = Counter((row["submission"], row["agency"]) for row in stores.rows("SELECT submission, agency FROM routing_deliveries"))
    routed = {str(sent.answer["id"]) for sent in answered(story) if sent.ends == "routed" and sent.answer}
    assert deliveries == Counter((submission, agency) for submission in routed for agency in ("dmp", "sykehusinnkjop"))
    assert stores.rows("SELECT delivery, count(*) AS n FROM routing_messages GROUP BY delivery HAVING n > 1") == []


def test_nothing_is_parked_and_every_chain_verifies(stores: Stores) -> None:
    assert stores.rows("SELECT handler, last_error FROM jobs WHERE state <> 'done'") == []
    assert stores.broken_chains() == []


def test_the_log_tells_of_no_fault_of_ours(story: Story) -> None:
    log = Path(story.system.log).read_text(errors="replace")
    assert "Traceback" not in log, log[-6000:]
