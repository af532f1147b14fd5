"""Databases for the tests: every test that asks for one runs on SQLite and on PostgreSQL, with the tables as the migrations make them."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.command.assemble import migrate
from services.command.servers.postgres import Postgres
from services.command.servers.process import ServerMissing
from services.shared.database import Database, metadata

ENDS = ("sqlite", "postgresql")
_numbers = itertools.count()
_made: set[str] = set()
_emptied: list[str] = []


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run; each test has a database of its own in it.

    Not under pytest's own folder, which others may not enter: as root the server runs as a user of its own.
    """
    with tempfile.TemporaryDirectory(prefix="mottak-postgres-", ignore_cleanup_errors=True) as folder:
        try:
            server = Postgres(Path(folder), durable=False)
        except ServerMissing as missing:
            pytest.skip(str(missing))
        server.start()
        migrate(server.url())
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database that was migrated and is only copied from."""
    file = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(params=ENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty, migrated database: a copy of one that was migrated once."""
    if request.param == "sqlite":
        file = shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / "test.sqlite3")
        return f"sqlite:///{file}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def postgresql_url(postgres: Postgres) -> Iterator[str]:
    """As ``database_url``, always on PostgreSQL: for what there is on the real ends only. Emptied for the next test, since each copy is hundreds of files."""
    name = _emptied.pop() if _emptied else f"test_{next(_numbers)}"
    if name not in _made:
        postgres.copy_database(name)
        _made.add(name)
    yield postgres.url(name)
    database = Database(postgres.url(name))
    with suppress(SQLAlchemyError), database.write() as tx:
        tx.execute(text("SET LOCAL lock_timeout = '2s'"))
        for table in reversed(metadata.sorted_tables):
            tx.execute(table.delete())
        _emptied.append(name)
    database.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty, migrated database."""
    opened = Database(database_url)
    yield opened
    opened.close()
