"""The archive's catalogue. Everything in it but the fixity checks can be made again from the store alone (``rebuild.py``)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from services.shared.database import metadata
from services.shared.models import Json

archive_objects = Table(
    "archive_objects",
    metadata,
    Column("id", String(45), primary_key=True),  # urn:uuid:<id of version 1>
    Column("reference", String(24), nullable=False, unique=True),
    Column("head", Integer, nullable=False),
    Column("digest", String(140), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("form_type", String(60)),
    Column("submitter", Text),
    Column("title", Text),
    # Casefolded words of the columns people search; lower() of the stores differs on æøå.
    Column("words", Text, nullable=False),
    Column("received_at", String(27), nullable=False),
    Column("stored_at", String(27), nullable=False),
    # When every byte of it was read again last, and found intact or not; empty: not since its newest version was written. Those come first.
    Column("read_at", String(27), nullable=False, server_default=""),
    Index("ix_archive_objects_newest", "received_at", "id"),
    Index("ix_archive_objects_read", "read_at", "id"),
)

archive_versions = Table(
    "archive_versions",
    metadata,
    Column("object", String(45), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("submission", String(36), nullable=False),
    Column("event_seq", Integer, nullable=False),
    Column("why", String(40), nullable=False),
    Column("digest", String(140), nullable=False),
    # Content path -> bytes, for what this version added.
    Column("sizes", Json, nullable=False),
    Column("stored_at", String(27), nullable=False),
    UniqueConstraint("submission", "event_seq"),
)

archive_fixity_checks = Table(
    "archive_fixity_checks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("object", String(45)),  # null: all of them
    Column("requested_by", Text, nullable=False),
    Column("requested_at", String(27), nullable=False),
    Column("finished_at", String(27)),
    Column("outcome", String(16)),
)

archive_fixity_outcomes = Table(
    "archive_fixity_outcomes",
    metadata,
    Column("check_id", String(36), primary_key=True),
    # An object's id, or for what nobody asked for the place where it lies.
    Column("object", String(200), primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("found", Json, nullable=False),
    Column("checked_at", String(27), nullable=False),
)
