"""One sender's files never have more than half of those who open files: others are taken past a queue that burns."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from sqlalchemy import event, select

from services.shared import jobs, names
from services.shared.database import Database, metadata
from services.shared.jobs import Job
from services.shared.models import submissions
from tests.shared.conftest import add_submission

CHECK = [names.VALIDATION_CHECK]
BURNER, OTHER = "organisation:310000019", "organisation:310000027"


def send(database: Database, owner: str, count: int) -> list[str]:
    return [add_submission(database, owner=owner) for _ in range(count)]


def take(database: Database, most: int = 2) -> Job | None:
    with database.write() as tx:
        return jobs.claim(tx, CHECK, most_of_one=most)


def owner_of(database: Database, job: Job) -> str:
    with database.read() as tx:
        return str(tx.execute(select(submissions.c.owner).where(submissions.c.id == job.submission)).scalar_one())


def test_of_ten_burning_files_two_are_taken_and_the_small_ones_of_others_go_past_them(database: Database) -> None:
    send(database, BURNER, 10)
    send(database, OTHER, 2)
    taken = [take(database) for _ in range(5)]
    assert [owner_of(database, job) for job in taken if job] == [BURNER, BURNER, OTHER, OTHER]


def test_when_one_of_them_is_done_the_next_of_the_same_sender_is_taken(database: Database) -> None:
    first, _, third = send(database, BURNER, 3)
    running = [take(database), take(database)]
    assert take(database) is None
    assert running[0] is not None
    with database.write() as tx:
        assert jobs.finish(tx, running[0])
    following = take(database)
    assert following is not None
    assert (running[0].submission, following.submission) == (first, third)


def test_a_worker_that_died_holds_no_share(database: Database) -> None:
    send(database, BURNER, 2)
    with database.write() as tx:
        assert jobs.claim(tx, CHECK, lease_seconds=-1.0, most_of_one=1) is not None
    assert take(database, most=1) is not None
    assert take(database, most=1) is None


def test_many_who_claim_at_the_same_moment_do_not_take_more_than_the_share(database: Database) -> None:
    send(database, BURNER, 10)
    send(database, OTHER, 10)
    taken: list[Job | None] = []

    def work() -> None:
        taken.extend(take(database) for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(owner_of(database, job) for job in taken if job) == {BURNER: 2, OTHER: 2}


def test_a_claim_reads_only_unfinished_jobs_however_many_are_done(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    with database.write() as tx:
        metadata.create_all(tx)
    said: list[tuple[str, object]] = []
    with database.write() as tx:
        event.listen(tx.engine, "before_cursor_execute", lambda _c, _cursor, statement, values, *_: said.append((statement, values)))
        jobs.claim(tx, CHECK)
        jobs.claim(tx, CHECK, most_of_one=1)
        claims = [(statement, values) for statement, values in said if statement.startswith("UPDATE")]
        plans = [[str(row[-1]) for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)] for statement, values in claims]
    assert len(plans) == 2
    for plan in plans:
        assert any("candidate USING INDEX ix_jobs_unfinished" in step for step in plan), plan
        assert any("earlier USING INDEX ix_jobs_key" in step for step in plan), plan
        assert not [step for step in plan if step.startswith(("SCAN candidate", "SCAN running"))]
    database.close()
