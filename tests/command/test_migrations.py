"""The migrations make exactly the tables that the models declare."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, inspect

from services.command.assemble import HEAD, MIGRATIONS, migrate
from services.command.migrations import metadata

FTS5 = "search_words"


def test_a_migrated_database_has_no_difference_to_the_models(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.sqlite3'}"
    migrate(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        # FTS5 keeps its index in tables of its own, which no model can declare.
        ours = MigrationContext.configure(connection, opts={"include_name": lambda name, kind, _: kind != "table" or not name.startswith(FTS5)})
        assert compare_metadata(ours, metadata) == []
        made = {name for name in inspect(connection).get_table_names() if not name.startswith(FTS5)}
        assert made == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.sqlite3'}"
    migrate(url)
    before = (tmp_path / "migrated.sqlite3").read_bytes()
    migrate(url)
    assert (tmp_path / "migrated.sqlite3").read_bytes() == before


def test_the_revision_that_a_start_looks_for_is_the_newest() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_a_migration_that_is_cut_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.sqlite3'}"

    def cut_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("alembic.operations.Operations.create_index", cut_off)
        with pytest.raises(KeyboardInterrupt):
            migrate(url)
    assert inspect(create_engine(url, poolclass=NullPool)).get_table_names() == []
    migrate(url)
    assert "alembic_version" in inspect(create_engine(url, poolclass=NullPool)).get_table_names()
