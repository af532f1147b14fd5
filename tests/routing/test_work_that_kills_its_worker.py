"""Work over which every worker dies is put where the secretariat sees it, and holds up nobody for ever."""

from __future__ import annotations

from sqlalchemy import select, update

from services.shared import jobs, names
from services.shared.models import jobs as jobs_table
from tests.routing.conftest import ROUTING, Desk

LONG_AGO = "2020-01-01T00:00:00.000000Z"


def test_a_job_whose_workers_die_again_and_again_is_parked(desk: Desk) -> None:
    submission = desk.submission()
    desk.record(submission, names.SUBMISSION_ACCEPTED, "validation")
    for _ in range(jobs.MAX_ATTEMPTS):
        with desk.database.write() as tx:
            assert jobs.claim(tx, ROUTING) is not None
            tx.execute(update(jobs_table).values(lease_until=LONG_AGO))
    desk.work()
    with desk.database.read() as tx:
        state = tx.execute(select(jobs_table.c.state).where(jobs_table.c.submission == submission, jobs_table.c.handler.in_(ROUTING))).scalar_one()
    assert (state, desk.row(submission)["attention"]) == ("parked", "routing.route: parked")
    with desk.database.write() as tx:
        assert jobs.redrive(tx, submission) == 1
    desk.work()
    assert set(desk.routing(submission)) == {"dmp", "sykehusinnkjop"}
