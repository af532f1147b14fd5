"""Registers that are imported"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "register_imports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.String(length=27), nullable=False),
        sa.Column("confirmed_at", sa.String(length=27), nullable=False),
        sa.Column("imported_by", sa.String(length=200), nullable=False),
        sa.Column("finished_at", sa.String(length=27), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", _JSON, nullable=False),
        sa.Column("refused_rows", sa.Integer(), nullable=False),
        sa.Column("absent", _JSON, nullable=False),
        sa.Column("refusal", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_imports")),
    )
    op.create_index("ix_register_imports_register", "register_imports", ["register", "imported_at", "id"], unique=False)
    op.create_table(
        "register_rows",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("said", _JSON, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["register_imports.id"], name=op.f("fk_register_rows_import_id_register_imports")),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_register_rows")),
    )
    op.create_index("ix_register_rows_key", "register_rows", ["import_id", "key"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_register_rows_key", table_name="register_rows")
    op.drop_table("register_rows")
    op.drop_index("ix_register_imports_register", table_name="register_imports")
    op.drop_table("register_imports")
