"""Full-text search in documents"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Our words are folded and stemmed already: "ascii" only sets them apart at the blanks between them.
_FTS5 = (
    "CREATE VIRTUAL TABLE search_words USING fts5(words, content='search_passages', content_rowid='id', tokenize='ascii')",
    """CREATE TRIGGER search_passages_entered AFTER INSERT ON search_passages BEGIN
    INSERT INTO search_words(rowid, words) VALUES (new.id, new.words); END""",
    """CREATE TRIGGER search_passages_removed AFTER DELETE ON search_passages BEGIN
    INSERT INTO search_words(search_words, rowid, words) VALUES ('delete', old.id, old.words); END""",
)


def upgrade() -> None:
    op.create_table(
        "search_passages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("submission", sa.String(length=36), nullable=False),
        sa.Column("document", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name=op.f("fk_search_passages_document_documents"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_passages")),
        sa.UniqueConstraint("document", "number", name=op.f("uq_search_passages_document_number")),
    )
    op.create_index("ix_search_passages_submission", "search_passages", ["submission"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_search_passages_words", "search_passages", ["words"], postgresql_using="gin")
    else:
        for statement in _FTS5:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")
    op.drop_table("search_passages")
