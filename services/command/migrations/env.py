"""Alembic's entry: runs the migrations on the database it is given."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

from services.command.migrations import metadata

config = context.config


def run() -> None:
    """Migrate online; there is no offline mode."""
    engine = create_engine(config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


run()
