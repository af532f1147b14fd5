"""The database: SQLAlchemy Core on SQLite (embedded) or PostgreSQL. Reading and writing are told apart by the caller."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

SQLITE_BUSY_SECONDS = 60
# A connection that has rested longer than this is asked whether it still stands before it is used; asking each time would double the way of every short read.
RESTED_SECONDS = 1.0
# No wait is endless: for a server that does not answer or whose machine is gone, for a lock, and for a client that stopped inside a transaction. The last is
# how long a host that is cut off can keep others from what it had locked; none of ours does anything else while its transaction is open.
POSTGRESQL_WAITS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=15s",
}


class Database:
    """One engine, two kinds of transaction.

    ``url`` is an SQLAlchemy URL. Commit listeners hear, after a committed write of this process, for which services it left work (``leave_word``).
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._listeners: list[Callable[[set[str]], None]] = []
        self.engine = _sqlite_engine(url, pool_size) if self.is_sqlite else _postgresql_engine(url, pool_size)
        # READ COMMITTED shows each statement the newest state, in a transaction or not: PostgreSQL need not be told where a reading begins and ends.
        self._reading = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def add_commit_listener(self, listener: Callable[[set[str]], None]) -> None:
        """Have ``listener`` called with the services a committed write left work for. It must be quick and must not fail."""
        self._listeners.append(listener)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """To read from: a snapshot on SQLite; on PostgreSQL each statement sees what is committed when it begins."""
        with self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and rolls back on any exception.

        On SQLite it takes the write lock at once (``BEGIN IMMEDIATE``): a transaction that began by reading could otherwise fail at its first write.
        """
        woken: set[str] = set()
        then: list[Callable[[], object]] = []
        with self.engine.connect() as connection:
            told = {"immediate": True, "woken": woken, "then": then}
            connection.info.update(told)
            try:
                with connection.begin():
                    yield connection
            finally:
                # Of a connection that broke there is nothing left: to ask for it would open another.
                if not connection.invalidated:
                    for name in told:
                        connection.info.pop(name, None)
        for action in then:
            action()
        if woken:
            for listener in self._listeners:
                listener(woken)

    @contextmanager
    def single(self) -> Iterator[Connection]:
        """For one statement that writes and wakes nobody: on PostgreSQL it is a transaction by itself, which saves two more ways there and back."""
        with self.write() if self.is_sqlite else self.read() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def is_away(fault: BaseException) -> bool:
    """Whether a fault says that the database does not answer (or cannot just now), so that the same may succeed later.

    A commit whose answer was lost looks like this, too: whether it happened must be looked up, not assumed.
    """
    return isinstance(fault, OperationalError | InterfaceError | PoolTimeout) or (isinstance(fault, DBAPIError) and fault.connection_invalidated)


def leave_word(tx: Connection, service: str) -> None:
    """Have the service's workers of this process woken when the transaction commits."""
    tx.info.setdefault("woken", set()).add(service)


def once_committed(tx: Connection, action: Callable[[], object]) -> None:
    """Have something done when the transaction has committed, and only then: counting, above all. It must be quick and must not fail."""
    tx.info["then"].append(action)


def _postgresql_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(url, pool_size=pool_size, connect_args=dict(POSTGRESQL_WAITS))

    @event.listens_for(engine, "checkin")
    def _rest(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(connection: Any, record: Any, _proxy: Any) -> None:
        """After a restart of the server what lies in the pool is dead."""
        if time.monotonic() - record.info.get("rests_since", float("inf")) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as fault:
            if not engine.dialect.is_disconnect(fault, connection, None):  # type: ignore[arg-type]  # it looks at the driver's own
                raise
            raise InvalidatePoolError from fault

    return engine


def _sqlite_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(url, pool_size=pool_size, max_overflow=32, connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # We begin transactions ourselves; the driver must not.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Straight to the driver: it is said for every transaction, and SQLAlchemy has nothing to add to it.
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN IMMEDIATE" if connection.info.get("immediate") else "BEGIN")

    return engine
