"""Tables of intake."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, UniqueConstraint

from services.shared.database import metadata
from services.shared.models import Json

# One row for each POST under way, and, when it had an Idempotency-Key, its answer for seven days.
receipts = Table(
    "intake_receipts",
    metadata,
    # The id the submission has or would have had: its bytes lie under this prefix, so what a killed process left can be found and removed.
    Column("submission", String(36), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("key", String(200)),
    Column("fingerprint", String(64)),
    Column("answer", Json),
    # While the body is coming: how long the row may stand without a sign of life. When answered: how long the answer is kept.
    Column("until", String(27), nullable=False),
    UniqueConstraint("owner", "key"),
    Index("ix_intake_receipts_until", "until"),
)
