"""What a restarted PostgreSQL leaves in our pool must not be what the next reader or writer gets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from services.command.servers.postgres import Postgres
from services.shared import database as module
from services.shared.database import Database, is_away, once_committed


def test_connections_that_rested_while_the_server_came_back_are_replaced_before_they_are_used(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.copy_database("restarted")
    database = Database(postgres.url("restarted"))
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(database.read()).execute(text("SELECT 1"))
    other = create_engine(postgres.url())
    with other.connect() as connection:
        ended = connection.execute(
            text("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = 'restarted'")
        ).scalar_one()
    other.dispose()
    assert ended == 3
    monkeypatch.setattr(module, "RESTED_SECONDS", 0.0)

    def both(_: int) -> int:
        with database.write() as tx:
            tx.execute(text("SELECT 1"))
        with database.read() as tx:
            return int(tx.execute(text("SELECT 7")).scalar_one())

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(both, range(9))) == [7] * 9
    database.close()


def test_a_reading_is_no_transaction_for_postgresql_and_a_write_is_one(postgres: Postgres) -> None:
    postgres.copy_database("read_and_written")
    database = Database(postgres.url("read_and_written"))
    state = text("SELECT xact_start = query_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
    with database.read() as tx:
        assert [tx.execute(state).scalar_one() for _ in range(3)] == [True] * 3
    with database.write() as tx:
        tx.execute(text("SELECT 1"))
        assert tx.execute(state).scalar_one() is False
    database.close()


def ended_from_outside(database: Database) -> None:
    """A transaction whose session the server ends before it is done."""
    with database.write() as tx:
        session = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with closing(Database(database.url)) as others, others.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:session, 5000)"), {"session": session})
        tx.execute(text("SELECT 1"))


def test_a_session_that_ends_inside_a_transaction_is_told_as_the_outage_it_is_and_the_next_one_works(postgres: Postgres) -> None:
    with closing(Database(postgres.url())) as database:
        with pytest.raises(DBAPIError) as told:
            ended_from_outside(database)
        assert is_away(told.value)
        heard: list[int] = []
        with database.write() as tx:
            once_committed(tx, lambda: heard.append(1))
        assert heard == [1]
