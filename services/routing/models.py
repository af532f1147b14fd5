"""Routing's tables: the books of what went to whom. Moments and ids are text (see ``services.shared.timestamps``, ``identifiers``)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint, text

from services.shared.database import metadata
from services.shared.models import Json, Serial

# Written, but the broker does not have it yet; without a broker nothing is ever pending.
PENDING = "pending"
QUEUED = "queued"
DELIVERED = "delivered"
CONFIRMED = "confirmed"
RETURNED = "returned"
ANSWERED = "answered"
RECALLED = "recalled"
LIVE = (PENDING, QUEUED, DELIVERED, CONFIRMED, ANSWERED)
OPEN = (PENDING, QUEUED, DELIVERED, CONFIRMED)

READY = "ready"
LEASED = "leased"
DONE = "done"

WORK = "work"
RECALL = "recall"

_OPEN = text("state IN ('pending', 'queued', 'delivered', 'confirmed')")
_UNDONE = text("state <> 'done'")

deliveries = Table(
    "routing_deliveries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("submission", String(36), ForeignKey("submissions.id"), nullable=False),
    Column("root", String(36), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("role", String(10), nullable=False),
    Column("task", String(60), nullable=False),
    Column("state", String(12), nullable=False),
    Column("by_hand", Boolean, nullable=False),
    Column("respond_by", String(10)),
    Column("replaces", String(36)),
    Column("created_at", String(27), nullable=False),
    # An agency has a submission once at a time; what was recalled, returned or answered may be sent again.
    Index("uq_routing_deliveries_open", "submission", "agency", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_routing_deliveries_root", "root"),
)

messages = Table(
    "routing_messages",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("delivery", String(36), ForeignKey("routing_deliveries.id"), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("kind", String(8), nullable=False),
    # The CloudEvent as it is sent, every time the same.
    Column("body", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("state", String(8), nullable=False),
    Column("lease", String(32)),
    Column("lease_until", String(27)),
    # Only unfinished rows: taking work costs the same however much is done.
    Index("ix_routing_messages_undone", "agency", "seq", sqlite_where=_UNDONE, postgresql_where=_UNDONE),
    Index("ix_routing_messages_delivery", "delivery"),
)

outbox = Table(
    "routing_outbox",
    metadata,
    # What the broker does not have yet, or is to have again. Empty where there is no broker.
    Column("message", String(36), ForeignKey("routing_messages.id"), primary_key=True),
    Column("agency", String(60), nullable=False),
    Index("ix_routing_outbox_agency", "agency"),
)

relays = Table(
    "routing_relays",
    metadata,
    # One relay at a time publishes for an agency, so that its messages keep their order.
    Column("agency", String(60), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("until", String(27), nullable=False),
)

leases = Table(
    "routing_leases",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("message", Serial, ForeignKey("routing_messages.seq"), nullable=False),
    Column("agency", String(60), nullable=False),
    Column("taken_at", String(27), nullable=False),
    Column("until", String(27), nullable=False),
    # What became of it: confirmed | released, or nothing when it ran out.
    Column("outcome", String(10)),
    Index("ix_routing_leases_message", "message"),
)

receipts = Table(
    "routing_receipts",
    metadata,
    Column("delivery", String(36), ForeignKey("routing_deliveries.id"), primary_key=True),
    Column("outcome", String(10), primary_key=True),
    Column("agency", String(60), nullable=False),
    Column("at", String(27), nullable=False),
    Column("data", Json, nullable=False),
    # False: it came after the work had been recalled; kept and shown, but nothing follows from it.
    Column("applied", Boolean, nullable=False),
    # The delivery's state after it, so that a repeated one is answered with the same.
    Column("state", String(12), nullable=False),
)

open_cases = Table(
    "routing_open_cases",
    metadata,
    # See FactSource.case_key: the first open case about the same holds the key.
    Column("case_key", String(64), primary_key=True),
    Column("root", String(36), nullable=False),
    Column("reference", String(24), nullable=False),
    UniqueConstraint("root"),
)
