"""A worker goes from one job to the next: what is claimed with the end of another is neither lost nor done twice."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from services.shared import jobs, names, worker
from services.shared.database import Database
from services.shared.jobs import Job
from services.shared.models import jobs as jobs_table
from services.shared.worker import Effect, Retry

HANDLERS = [names.ARCHIVE_FIXITY]


class Bench:
    """A worker of one handler, which does what the test says with each job."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database = database
        self.context: Any = SimpleNamespace(database=database, settings=SimpleNamespace(lease_seconds=60.0, workers=2))
        self.stop = threading.Event()
        self.done: list[str] = []
        self.faults: dict[str, Exception] = {}
        self.faults_at_the_end: dict[str, Exception] = {}
        monkeypatch.setitem(worker._handlers, names.ARCHIVE_FIXITY, self._work)

    def _work(self, job: Job, _context: Any) -> Effect:
        if fault := self.faults.pop(job.key, None):
            raise fault

        def effect(_tx: Connection) -> None:
            if fault := self.faults_at_the_end.pop(job.key, None):
                raise fault
            self.done.append(job.key)

        return effect

    def put(self, *keys: str) -> None:
        with self.database.write() as tx:
            for key in keys:
                jobs.enqueue(tx, names.ARCHIVE_FIXITY, key=key)

    def work_off(self) -> None:
        worker.work_off(self.context, HANDLERS, self.stop, {})

    def states(self) -> dict[str, str]:
        with self.database.read() as tx:
            return dict(tx.execute(select(jobs_table.c.key, jobs_table.c.state)).all())


@pytest.fixture
def bench(database: Database, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(database, monkeypatch)


def test_everything_due_is_worked_off_in_order_also_what_comes_meanwhile(bench: Bench) -> None:
    bench.put("a", "b", "b")
    bench.work_off()
    assert bench.done == ["archive:a", "archive:b", "archive:b"]
    assert set(bench.states().values()) == {"done"}


def test_a_job_that_fails_is_put_back_and_holds_up_nobody(bench: Bench) -> None:
    bench.put("a", "b", "c")
    bench.faults["archive:a"] = Retry("later", delay=3600)
    bench.faults["archive:b"] = ValueError("broken")
    bench.work_off()
    assert bench.done == ["archive:c"]
    assert bench.states() == {"archive:a": "ready", "archive:b": "ready", "archive:c": "done"}


def test_when_an_effect_cannot_be_written_the_claim_that_went_with_it_is_not_made_either(bench: Bench) -> None:
    bench.put("a", "b")
    bench.faults_at_the_end["archive:a"] = Retry("not now", delay=3600)
    bench.work_off()
    assert bench.done == ["archive:b"]
    with bench.database.read() as tx:
        assert tx.execute(select(jobs_table.c.attempts).where(jobs_table.c.key == "archive:b")).scalar_one() == 1


def test_a_worker_that_is_told_to_stop_ends_its_job_and_claims_no_other(bench: Bench) -> None:
    bench.put("a", "b")
    bench.done = _Stopping(bench.stop)
    bench.work_off()
    assert bench.done == ["archive:a"]
    assert bench.states() == {"archive:a": "done", "archive:b": "ready"}


class _Stopping(list[str]):
    """Tells to stop with the first that is done."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def append(self, key: str) -> None:
        super().append(key)
        self._stop.set()
