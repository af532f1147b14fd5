"""What proves a copy, and when an archive object was read last"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("tag", sa.String(length=80), nullable=True))
    op.add_column("archive_objects", sa.Column("read_at", sa.String(length=27), nullable=False, server_default=""))
    op.create_index("ix_archive_objects_read", "archive_objects", ["read_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_archive_objects_read", table_name="archive_objects")
    op.drop_column("archive_objects", "read_at")
    op.drop_column("documents", "tag")
