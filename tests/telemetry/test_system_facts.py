"""What is told at scrape time is a fact about the whole system, and costs the same however large the archive is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Connection, event, insert, text, update

from services.command.assemble import routing_measures
from services.routing.models import deliveries, messages, outbox
from services.shared import identifiers, jobs, names, timestamps
from services.shared.actors import load_actors
from services.shared.context import Context
from services.shared.database import Database
from services.shared.identity.tokens import TokenVerifier
from services.shared.measures import MOST, SystemFacts
from services.shared.models import jobs as jobs_table
from services.shared.models import submissions
from services.shared.objects import DirectoryObjects
from services.shared.settings import SCHEMAS, Settings
from tests.shared.conftest import add_submission
from tests.telemetry.scraping import Scrape


def an_hour_ago() -> str:
    return timestamps.later(timestamps.now(), -3600)


@pytest.fixture
def context(database: Database, tmp_path: Path) -> Context:
    settings = Settings(data=tmp_path, database_url=database.url, public_url="http://mottak.test")
    actors = load_actors(SCHEMAS / "routing")
    tokens = TokenVerifier(issuer="", audience="", fetch_keys=dict, actors=actors)
    stores = DirectoryObjects(tmp_path / "objects"), DirectoryObjects(tmp_path / "archive")
    return Context(settings, database, *stores, tokens, actors, measures=[routing_measures(actors)])


def asked(context: Context) -> Scrape:
    registry = CollectorRegistry()
    registry.register(SystemFacts(context))
    return Scrape(generate_latest(registry).decode())


def sent(tx: Connection, submission: str, agency: str, at: str, *, state: str = "ready") -> None:
    """Work for an agency that its broker does not have yet."""
    new_id = identifiers.new_id()
    row = {
        "id": new_id,
        "submission": submission,
        "root": submission,
        "agency": agency,
        "role": "copy",
        "task": "t",
        "by_hand": False,
        "created_at": at,
    }
    tx.execute(insert(deliveries).values(state="pending", **row))
    tx.execute(insert(messages).values(id=new_id, delivery=new_id, agency=agency, kind="work", body="{}", created_at=at, state=state))
    tx.execute(insert(outbox).values(message=new_id, agency=agency))


def test_work_is_told_by_what_it_waits_for_and_since_when(context: Context) -> None:
    submission = add_submission(context.database)
    with context.database.write() as tx:
        tx.execute(update(jobs_table).values(created_at=an_hour_ago()))  # the check that being received asks for
        parked, later = (jobs.enqueue(tx, names.ARCHIVE_STORE, key=str(number), submission=submission) for number in range(2))
        tx.execute(update(jobs_table).where(jobs_table.c.id == parked).values(state="parked"))
        tx.execute(update(jobs_table).where(jobs_table.c.id == later).values(due_at=timestamps.later(timestamps.now(), 600)))
    told = asked(context)
    assert told.value("mottak_jobs", service="validation", handler=names.VALIDATION_CHECK, state="due") == 1
    assert told.value("mottak_jobs", handler=names.ARCHIVE_STORE, state="waiting") == 1
    assert told.value("mottak_parked_jobs", service="archive", handler=names.ARCHIVE_STORE) == 1
    assert told.value("mottak_oldest_job_seconds", handler=names.VALIDATION_CHECK) == pytest.approx(3600, abs=60)
    assert told.value("mottak_oldest_job_seconds", handler=names.ARCHIVE_STORE) < 60


def test_every_agencys_queue_and_outbox_has_a_depth_and_an_age_also_an_empty_one(context: Context) -> None:
    submission = add_submission(context.database)
    with context.database.write() as tx:
        sent(tx, submission, "dmp", an_hour_ago())
        sent(tx, submission, "fhi", an_hour_ago(), state="done")
    told = asked(context)
    assert told.value("mottak_agency_queue_depth", agency="dmp") == told.value("mottak_outbox_rows", agency="dmp") == 1
    assert told.value("mottak_agency_queue_oldest_seconds", agency="dmp") == pytest.approx(3600, abs=60)
    assert told.value("mottak_outbox_oldest_seconds", agency="dmp") == pytest.approx(3600, abs=60)
    assert told.value("mottak_agency_queue_depth", agency="fhi") == 0
    for gauge in ("mottak_agency_queue_depth", "mottak_agency_queue_oldest_seconds", "mottak_outbox_rows", "mottak_outbox_oldest_seconds"):
        assert {"dmp", "fhi", "sykehusinnkjop"} <= told.labels(gauge, "agency")


def test_what_is_in_a_state_for_too_long_is_told_and_counting_has_an_end(context: Context) -> None:
    add_submission(context.database, received_at=an_hour_ago())
    add_submission(context.database)
    told = asked(context)
    assert (told.value("mottak_submissions", status="received"), told.value("mottak_stuck_submissions", status="received")) == (2, 1)
    assert "confirmed" not in told.labels("mottak_submissions", "status")
    first = add_submission(context.database)
    with context.database.write() as tx:
        row = dict(tx.execute(submissions.select().where(submissions.c.id == first)).mappings().one())
        many = [{**row, "id": identifiers.new_id(), "reference": f"NM-2026-{number:06}"} for number in range(MOST + 5)]
        tx.execute(insert(submissions), many)
    assert asked(context).value("mottak_submissions", status="received") == MOST


def test_an_end_that_is_away_is_told_and_so_is_all_the_rest(context: Context, tmp_path: Path) -> None:
    assert asked(context).value("mottak_end_up", end="database") == 1
    gone = Context(
        context.settings,
        Database(f"sqlite:////nowhere/{tmp_path.name}"),
        context.objects,
        context.archive_objects,
        context.tokens,
        context.actors,
    )
    told = asked(gone)
    assert told.value("mottak_end_up", end="database") == 0
    assert told.value("mottak_end_up", end="objects") == told.value("mottak_end_up", end="archive") == 1
    assert set(told.families) == {"mottak_end_up"}


@pytest.fixture
def plans(context: Context) -> Iterator[list[str]]:
    """How the database goes about every query that is asked: a line for each step."""
    lines: list[str] = []

    @event.listens_for(context.database.engine, "before_cursor_execute")
    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            cursor = connection.connection.cursor()
            cursor.execute(("EXPLAIN QUERY PLAN " if context.database.is_sqlite else "EXPLAIN ") + statement, parameters)
            lines.extend(" ".join(map(str, row)) for row in cursor.fetchall())

    yield lines
    event.remove(context.database.engine, "before_cursor_execute", explain)


def test_no_query_reads_what_is_done(context: Context, plans: list[str]) -> None:
    if not context.database.is_sqlite:  # on tables of no size it would rather read them through: what matters is that it need not
        with context.database.engine.begin() as connection:
            connection.execute(text("ALTER ROLE CURRENT_USER SET enable_seqscan = off"))
        context.database.close()
    try:
        asked(context)
    finally:
        if not context.database.is_sqlite:
            with context.database.engine.begin() as connection:
                connection.execute(text("ALTER ROLE CURRENT_USER RESET enable_seqscan"))
    assert len(plans) > 10
    through = [
        line
        for line in plans
        if re.search(r"SCAN (jobs|submissions|routing_messages)(?! USING)|Seq Scan on (jobs|submissions|routing_messages)", line)
    ]
    assert through == []
    # Two indexes hold the unfinished jobs alone; which of them is taken is the database's own matter.
    assert any(re.search("ix_jobs_(unfinished|key)", line) for line in plans)
    assert any("ix_routing_messages_undone" in line for line in plans)
