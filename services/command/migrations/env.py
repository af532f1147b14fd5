"""Alembic's entry: runs the migrations on the database it is given."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection, Engine, create_engine, event, pool

from services.command.migrations import metadata

config = context.config


def run() -> None:
    """Migrate online; there is no offline mode. All of it is one transaction: who is killed meanwhile finds everything or nothing."""
    engine = create_engine(config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        _begin_for_real(engine)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
        with context.begin_transaction():
            context.run_migrations()


def _begin_for_real(engine: Engine) -> None:
    """Python's driver would commit, and sync, after every statement that is not about rows."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


run()
