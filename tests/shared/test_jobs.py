"""The jobs table: one at a time and in order for a key, leases, back-off, parking, and nothing lost with a killed worker."""

from __future__ import annotations

import threading
from collections import Counter

from sqlalchemy import select, update

from services.shared import jobs, names, timestamps
from services.shared.database import Database
from services.shared.jobs import Job
from services.shared.models import jobs as jobs_table
from services.shared.models import submissions
from tests.shared.conftest import add_submission

HANDLERS = [names.ARCHIVE_FIXITY]
LONG_AGO = "2020-01-01T00:00:00.000000Z"


def put(database: Database, key: str) -> int:
    with database.write() as tx:
        return jobs.enqueue(tx, names.ARCHIVE_FIXITY, key=key)


def take(database: Database) -> Job | None:
    with database.write() as tx:
        return jobs.claim(tx, HANDLERS)


def let_lease_run_out(database: Database, job: Job) -> None:
    with database.write() as tx:
        tx.execute(update(jobs_table).where(jobs_table.c.id == job.id).values(lease_until=LONG_AGO))


def make_due(database: Database) -> None:
    with database.write() as tx:
        tx.execute(update(jobs_table).values(due_at=LONG_AGO))


def row_of(database: Database, job_id: int) -> dict[str, object]:
    with database.read() as tx:
        return dict(tx.execute(select(jobs_table).where(jobs_table.c.id == job_id)).mappings().one())


def test_jobs_of_one_key_are_taken_one_at_a_time_and_in_order(database: Database) -> None:
    first, second, other = put(database, "a"), put(database, "a"), put(database, "b")
    taken = take(database)
    assert taken is not None
    assert taken.id == first
    next_taken = take(database)
    assert next_taken is not None
    assert next_taken.id == other
    assert take(database) is None
    with database.write() as tx:
        assert jobs.finish(tx, taken)
    last = take(database)
    assert last is not None
    assert last.id == second


def test_a_parked_job_does_not_block_the_next_of_its_key(database: Database) -> None:
    first, second = put(database, "a"), put(database, "a")
    taken = take(database)
    assert taken is not None
    with database.write() as tx:
        assert jobs.fail(tx, taken, "broken", permanent=True) == "parked"
    following = take(database)
    assert following is not None
    assert (taken.id, following.id) == (first, second)


def test_a_lost_lease_gives_the_job_to_another_and_the_first_can_no_longer_finish_it(database: Database) -> None:
    put(database, "a")
    first = take(database)
    assert first is not None
    let_lease_run_out(database, first)
    second = take(database)
    assert second is not None
    assert second.id == first.id
    with database.write() as tx:
        assert not jobs.finish(tx, first)
        assert not jobs.extend(tx, first)
        assert jobs.fail(tx, first, "late") is None
        assert jobs.finish(tx, second)


def test_a_lease_that_is_extended_is_not_taken_over(database: Database) -> None:
    put(database, "a")
    job = take(database)
    assert job is not None
    let_lease_run_out(database, job)
    with database.write() as tx:
        assert jobs.extend(tx, job)
    assert take(database) is None


def test_a_failing_job_waits_longer_each_time_and_is_parked_in_the_end(database: Database) -> None:
    submission = add_submission(database)
    with database.write() as tx:
        tx.execute(update(jobs_table).values(state="done"))
    with database.write() as tx:
        job_id = jobs.enqueue(tx, names.ARCHIVE_FIXITY, key="a", submission=submission)
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        job = take(database)
        assert job is not None
        assert job.attempts == attempt
        with database.write() as tx:
            state = jobs.fail(tx, job, f"fault {attempt}")
        assert state == ("parked" if attempt == jobs.MAX_ATTEMPTS else "ready")
        waits = timestamps.seconds_between(timestamps.now(), str(row_of(database, job_id)["due_at"]))
        assert waits <= jobs.BACK_OFF_LIMIT_SECONDS
        make_due(database)
    assert take(database) is None
    assert row_of(database, job_id)["last_error"] == f"fault {jobs.MAX_ATTEMPTS}"
    with database.read() as tx:
        assert "parked" in str(tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one())


def test_what_succeeds_after_all_needs_no_attention_any_more(database: Database) -> None:
    submission = add_submission(database)
    with database.write() as tx:
        jobs.enqueue(tx, names.ARCHIVE_STORE, key="a", submission=submission)
    for attempt in range(1, 5):
        with database.write() as tx:
            job = jobs.claim(tx, [names.ARCHIVE_STORE])
            assert job is not None
            if attempt < 4:
                jobs.fail(tx, job, "not yet", delay=0.0)
                continue
            assert tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one() == "archive.store: ready"
            assert jobs.finish(tx, job)
            assert tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one() is None


def test_back_off_grows_is_bounded_and_has_jitter() -> None:
    for attempts in range(1, 30):
        waits = {jobs.back_off(attempts) for _ in range(20)}
        ceiling = min(jobs.BACK_OFF_LIMIT_SECONDS, 2**attempts)
        assert all(ceiling / 2 <= wait <= ceiling for wait in waits)
        assert len(waits) > 1


def test_redrive_sends_parked_work_again_and_clears_attention(database: Database) -> None:
    submission = add_submission(database, attention="archive.store: parked")
    with database.write() as tx:
        tx.execute(update(jobs_table).where(jobs_table.c.submission == submission).values(state="parked", attempts=8))
        assert jobs.redrive(tx, submission) == 1
    with database.write() as tx:
        job = jobs.claim(tx, [names.VALIDATION_CHECK])
        assert job is not None
        assert job.attempts == 1
        assert tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one() is None


def test_at_start_the_only_process_gives_back_every_lease(database: Database) -> None:
    put(database, "a")
    first = take(database)
    assert first is not None
    assert take(database) is None
    with database.write() as tx:
        assert jobs.release_all_leases(tx) == 1
    again = take(database)
    assert again is not None
    assert again.id == first.id


def test_many_threads_never_take_the_same_job_twice(database: Database) -> None:
    for number in range(40):
        put(database, str(number))
    taken: list[int] = []

    def work() -> None:
        while (job := take(database)) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken).most_common(1)[0][1] == 1
    assert len(taken) == 40


def test_an_outage_never_parks_a_job_nor_counts_as_an_attempt_and_is_shown_when_it_lasts(database: Database) -> None:
    submission = add_submission(database)
    with database.write() as tx:
        job_id = jobs.enqueue(tx, names.ARCHIVE_FIXITY, key="a", submission=submission)
    for _ in range(3 * jobs.MAX_ATTEMPTS):
        job = take(database)
        assert job is not None
        assert job.attempts == 1
        with database.write() as tx:
            assert jobs.fail(tx, job, "the store does not answer", outage=True) == "ready"
            assert tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one() is None
        make_due(database)
    with database.write() as tx:
        tx.execute(update(jobs_table).where(jobs_table.c.id == job_id).values(created_at=LONG_AGO))
    job = take(database)
    assert job is not None
    with database.write() as tx:
        assert jobs.fail(tx, job, "the store does not answer", outage=True) == "ready"
        assert tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one() == "archive.fixity: ready"
    make_due(database)
    job = take(database)
    assert job is not None
    with database.write() as tx:
        assert jobs.finish(tx, job)
        assert tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one() is None


def test_the_wait_in_an_outage_follows_how_long_it_lasts_and_is_bounded() -> None:
    assert all(0.5 <= jobs.outage_wait(0.0) <= 1.0 for _ in range(20))
    assert all(5.0 <= jobs.outage_wait(40.0) <= 10.0 for _ in range(20))
    assert all(jobs.OUTAGE_LIMIT_SECONDS / 2 <= jobs.outage_wait(86400.0) <= jobs.OUTAGE_LIMIT_SECONDS for _ in range(20))
