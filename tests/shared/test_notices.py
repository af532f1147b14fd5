"""Word left in one process's transaction is heard in another's, when it has committed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import text

from services.shared import notices
from services.shared.database import Database

PATIENCE_SECONDS = 20.0


class Ear:
    """Hears under a name until the test is over."""

    def __init__(self, database: Database, name: str) -> None:
        self._heard = threading.Semaphore(0)
        self.stop = threading.Event()
        self.until_deaf = notices.listen(database, name, self._heard.release, self.stop)

    def hears(self, seconds: float = PATIENCE_SECONDS) -> bool:
        return self._heard.acquire(timeout=seconds)


@pytest.fixture
def ear(postgresql_url: str) -> Iterator[Ear]:
    listening = Database(postgresql_url)
    ear = Ear(listening, "tests")
    assert ear.hears(), "it says that it may have missed something before it listened"
    yield ear
    ear.stop.set()
    ear.until_deaf()
    listening.close()


def test_word_is_heard_in_another_process_when_its_transaction_has_committed(postgresql_url: str, ear: Ear) -> None:
    speaking = Database(postgresql_url)
    with speaking.write() as tx:
        notices.leave(tx, "tests")
        assert not ear.hears(0.3)
    assert ear.hears()
    with suppress(LookupError), speaking.write() as tx:
        notices.leave(tx, "tests")
        raise LookupError
    with speaking.write() as tx:
        notices.leave(tx, "others")
    assert not ear.hears(0.3)
    speaking.close()


def test_whoever_lost_the_connection_listens_again_and_is_told_that_word_may_have_been_missed(postgresql_url: str, ear: Ear) -> None:
    speaking = Database(postgresql_url)
    listening = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
    with speaking.write() as tx:
        assert tx.execute(listening).scalars().all() == [True]
    assert ear.hears(), "it listens again"
    with speaking.write() as tx:
        notices.leave(tx, "tests")
    assert ear.hears()
    speaking.close()


def test_in_one_process_on_sqlite_word_is_heard_after_the_commit(migrated_file: object) -> None:
    database = Database(f"sqlite:///{migrated_file}")
    ear = Ear(database, "tests")
    with database.write() as tx:
        notices.leave(tx, "tests")
        assert not ear.hears(0.0)
    assert ear.hears()
    database.close()
