"""Word from one process to another, through the database that both have: it is heard when the transaction that left it has committed, and only then.

For the one process that must begin at once and is not woken through Celery: the relay. On PostgreSQL by NOTIFY; on SQLite there is one process, which hears itself.
Word may be lost with a connection: whoever listens also looks by itself now and then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from services.shared import telemetry
from services.shared.database import Database, leave_word
from services.shared.faults import tell

AGAIN_SECONDS: Final = 1.0
_NOTIFY = select(func.pg_notify(bindparam("channel"), ""))
log = telemetry.logger("notices")


def leave(tx: Connection, name: str) -> None:
    """Leave word for whoever listens under this name."""
    if tx.dialect.name == "postgresql":
        tx.execute(_NOTIFY, {"channel": _channel(name)})
    else:
        leave_word(tx, name)


def listen(database: Database, name: str, heard: Callable[[], None], stop: threading.Event) -> Callable[[], None]:
    """Have ``heard`` called from now on whenever word was left, or may have been missed; it must be quick and must not fail.

    It ends soon after ``stop``: what is returned waits until it has.
    """
    if database.is_sqlite:
        database.add_commit_listener(lambda woken: heard() if name in woken and not stop.is_set() else None)
        return lambda: None
    thread = threading.Thread(target=_listen, args=(database, name, heard, stop), name=f"notices-{name}", daemon=True)
    thread.start()
    return thread.join


def _listen(database: Database, name: str, heard: Callable[[], None], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with database.engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                # It is ours alone for as long as it lives: what listens must not come into other hands.
                connection.detach()
                driver.autocommit = True
                driver.execute(f"LISTEN {_channel(name)}")
                heard()
                while not stop.is_set():
                    for _ in driver.notifies(timeout=AGAIN_SECONDS, stop_after=1):
                        heard()
        except Exception as fault:  # noqa: BLE001 - told, and tried again
            tell(log, "not_listening", fault, channel=name)
            stop.wait(AGAIN_SECONDS)


def _channel(name: str) -> str:
    return f"mottak_{name}"
