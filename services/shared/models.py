"""Tables that every service stands on. Moments and ids are text (see timestamps.py, identifiers.py)."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from services.shared.database import metadata

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Serial = BigInteger().with_variant(Integer(), "sqlite")

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(36), primary_key=True),
    # All versions share the reference and the root (the id of version 1), whose row is the lock of them all.
    Column("root", String(36), nullable=False),
    Column("reference", String(24), nullable=False),
    Column("version", Integer, nullable=False),
    Column("replaces", String(36)),
    Column("status", String(20), nullable=False),
    Column("attention", Text),
    Column("form_type", String(60)),
    Column("form_version", String(20)),
    Column("requested_form_type", String(60)),
    Column("language", String(2)),
    # Who may see it: "organisation:<orgnr>" or "person:<subject>".
    Column("owner", String(200), nullable=False),
    Column("submitter", Json, nullable=False),
    Column("submitter_kind", String(40)),
    Column("on_behalf_of", Json),
    Column("entered_by", Json),
    Column("received_at", String(27), nullable=False),
    Column("complete_at", String(27)),
    Column("note", Text),
    Column("access", String(10), nullable=False),
    Column("answers", Json),
    Column("read_as", Json),
    Column("errors", Json, nullable=False),
    Column("title", Text),
    # Facts that two services report in either order; both present makes an accepted submission routed.
    Column("stored_at", String(27)),
    Column("queued_at", String(27)),
    # The head of the event chain, kept here so that appending needs no look-up.
    Column("head_seq", Integer, nullable=False),
    Column("head_hash", String(64), nullable=False),
    Column("trace", String(32)),
    UniqueConstraint("reference", "version"),
    Index("ix_submissions_root", "root"),
    # Lists are newest first: each filter has an index that ends in that order.
    Index("ix_submissions_received", "received_at", "id"),
    Index("ix_submissions_owner", "owner", "received_at", "id"),
    Index("ix_submissions_status", "status", "received_at", "id"),
    Index("ix_submissions_form_type", "form_type", "received_at", "id"),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("submission", String(36), ForeignKey("submissions.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("role", String(12), nullable=False),
    Column("parent", String(36)),
    Column("path", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("raw_name", Text, nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("format", String(20)),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sha512", String(128), nullable=False),
    Column("scan", String(12), nullable=False),
    Column("scan_note", Text),
    Column("access", String(10), nullable=False),
    Column("note", Text),
    Column("object_key", Text, nullable=False),
    # What the object store itself calls the bytes as they were received (S3's ETag): by it the store proves a copy. Null where it has no such name.
    Column("tag", String(80)),
    Column("created_at", String(27), nullable=False),
    Index("ix_documents_submission", "submission", "position"),
)

# The text of documents in pieces, as it is searched (services/shared/search). ``words`` is what is indexed: a ``tsvector`` with a GIN index on PostgreSQL; on SQLite
# the words in order, which triggers enter into the FTS5 table ``search_words``. Index, table and triggers are made by the migration.
search_passages = Table(
    "search_passages",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("submission", String(36), nullable=False),
    Column("document", String(36), ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    UniqueConstraint("document", "number"),
    Index("ix_search_passages_submission", "submission"),
)

# One run that enters again what is searched, submission by submission; at most one is unfinished.
search_rebuilds = Table(
    "search_rebuilds",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("started_at", String(27), nullable=False),
    Column("started_by", String(200), nullable=False),
    # How many submissions there were when it began, how many it has been through, and of those how many were left as they were.
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("left_out", Integer, nullable=False),
    Column("finished_at", String(27)),
)

events = Table(
    "events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("submission", String(36), ForeignKey("submissions.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", String(27), nullable=False),
    Column("type", String(60), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("trace", String(32)),
    Column("data", Json, nullable=False),
    UniqueConstraint("submission", "seq"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    # The event that caused it, or null for work that no event asked for (a fixity check); then ``data`` says what to do.
    Column("event", BigInteger),
    Column("data", Json),
    Column("submission", String(36)),
    Column("handler", String(60), nullable=False),
    Column("key", String(100), nullable=False),
    Column("state", String(8), nullable=False),  # ready | leased | done | parked
    Column("attempts", Integer, nullable=False),
    Column("due_at", String(27), nullable=False),
    Column("lease_until", String(27)),
    Column("lease_token", String(32)),
    Column("last_error", Text),
    Column("created_at", String(27), nullable=False),
    Column("finished_at", String(27)),
    UniqueConstraint("event", "handler"),
    # Only unfinished rows are in these two: claiming costs the same however many are done.
    Index(
        "ix_jobs_unfinished",
        "handler",
        "due_at",
        sqlite_where=text("state IN ('ready', 'leased')"),
        postgresql_where=text("state IN ('ready', 'leased')"),
    ),
    Index("ix_jobs_key", "key", "id", sqlite_where=text("state IN ('ready', 'leased')"), postgresql_where=text("state IN ('ready', 'leased')")),
    Index("ix_jobs_parked", "submission", sqlite_where=text("state = 'parked'"), postgresql_where=text("state = 'parked'")),
)

grants = Table(
    "grants",
    metadata,
    Column("submission", String(36), ForeignKey("submissions.id"), primary_key=True),
    # Who may read it besides its owner: an agency's id from the actor table.
    Column("agency", String(60), primary_key=True),
    Column("since", String(27), nullable=False),
    Index("ix_grants_agency", "agency", "submission"),
)

# A large file that comes in pieces (tus 1.0), until a submission or an agency's answer takes it in.
uploads = Table(
    "uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    # As in ``submissions``: nobody else sees it.
    Column("owner", String(200), nullable=False),
    Column("length", BigInteger, nullable=False),
    # How many bytes have come and are durable.
    Column("received", BigInteger, nullable=False),
    # ``Upload-Metadata`` as it was sent, and the file name in it.
    Column("sent_metadata", Text),
    Column("name", Text),
    Column("state", String(5), nullable=False),  # open | used | ended
    # Whoever began to write last: what an earlier one still brings is thrown away.
    Column("writer", String(32)),
    # Known once it was used: a retry of that request is recognised by it when the pieces are gone.
    Column("sha256", String(64)),
    Column("created_at", String(27), nullable=False),
    Column("expires_at", String(27), nullable=False),
    Index("ix_uploads_expires_at", "expires_at"),
)

upload_parts = Table(
    "upload_parts",
    metadata,
    Column("upload", String(36), ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    # Where in the file its bytes begin.
    Column("start", BigInteger, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("object_key", Text, nullable=False),
)

# One import of a register (``schemas/registers``): a workbook that the secretariat handed in. The newest that could be read is in force.
register_imports = Table(
    "register_imports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("register", String(60), nullable=False),
    Column("state", String(8), nullable=False),  # pending | read | refused
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("object_key", Text, nullable=False),
    Column("imported_at", String(27), nullable=False),
    # When the same workbook was last handed in again: it is as good as new then.
    Column("confirmed_at", String(27), nullable=False),
    Column("imported_by", String(200), nullable=False),
    Column("finished_at", String(27)),
    Column("rows", Integer, nullable=False),
    # ``[{"row", "reason", "column"}]``, the first of them; ``refused_rows`` counts all.
    Column("refused", Json, nullable=False),
    Column("refused_rows", Integer, nullable=False),
    # Headings of columns that were not there but may be missing.
    Column("absent", Json, nullable=False),
    # Why nothing of it could be used: ``{"code", "values"}``.
    Column("refusal", Json),
    Index("ix_register_imports_register", "register", "imported_at", "id"),
)

register_rows = Table(
    "register_rows",
    metadata,
    Column("import_id", String(36), ForeignKey("register_imports.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    # In its normal form. A key may have several rows.
    Column("key", String(60), nullable=False),
    Column("said", Json, nullable=False),
    Index("ix_register_rows_key", "import_id", "key"),
)
