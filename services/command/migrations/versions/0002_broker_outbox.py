"""What the broker is to have"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OLD = sa.text("state IN ('queued', 'delivered', 'confirmed')")
_NEW = sa.text("state IN ('pending', 'queued', 'delivered', 'confirmed')")


def upgrade() -> None:
    op.create_table(
        "routing_outbox",
        sa.Column("message", sa.String(length=36), nullable=False),
        sa.Column("agency", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["routing_messages.id"], name=op.f("fk_routing_outbox_message_routing_messages")),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_routing_outbox")),
    )
    op.create_index("ix_routing_outbox_agency", "routing_outbox", ["agency"], unique=False)
    op.create_table(
        "routing_relays",
        sa.Column("agency", sa.String(length=60), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("agency", name=op.f("pk_routing_relays")),
    )
    op.drop_index("uq_routing_deliveries_open", table_name="routing_deliveries")
    op.create_index(
        "uq_routing_deliveries_open", "routing_deliveries", ["submission", "agency"], unique=True, sqlite_where=_NEW, postgresql_where=_NEW
    )


def downgrade() -> None:
    op.drop_index("uq_routing_deliveries_open", table_name="routing_deliveries")
    op.create_index(
        "uq_routing_deliveries_open", "routing_deliveries", ["submission", "agency"], unique=True, sqlite_where=_OLD, postgresql_where=_OLD
    )
    op.drop_table("routing_relays")
    op.drop_index("ix_routing_outbox_agency", table_name="routing_outbox")
    op.drop_table("routing_outbox")
