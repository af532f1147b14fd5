"""The index in the database: passages of documents, and who may find them.

PostgreSQL has a ``tsvector`` (GIN) in the passage's row, SQLite an FTS5 table that triggers keep equal to the passages; both hold exactly our own words. A passage goes when
its document goes (foreign key).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, cast, column, delete, func, insert, literal_column, or_, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from services.shared.identity_numbers import blot_out
from services.shared.models import documents, search_passages
from services.shared.scanner import CLEAN, NOT_SCANNED
from services.shared.search.codes import Codes
from services.shared.search.passages import passages
from services.shared.search.query import Term
from services.shared.search.snippets import snippet
from services.shared.search.tokens import clean

ANSWER: Final = "answer"
INTERNAL: Final = "internal"
HITS_SHOWN: Final = 3
PASSAGES_LOOKED_AT: Final = 4
_ROWS_AT_A_TIME: Final = 500
_words = table("search_words", column("rowid"))


@dataclass(frozen=True)
class Readable:
    """Which documents a reader may find things in, of the submissions the reader may see.

    ``unscanned``: also what no scanner looked at, as where none is set up. ``internal``: also answers that are internal to the bodies.
    """

    unscanned: bool
    internal: bool

    def condition(self) -> ColumnElement[bool]:
        """The condition on ``documents``."""
        seen = documents.c.scan.in_([CLEAN, NOT_SCANNED]) if self.unscanned else documents.c.scan == CLEAN
        return seen if self.internal else and_(seen, or_(documents.c.role != ANSWER, documents.c.access != INTERNAL))


def passage_rows(submission: str, document: str, text: str, codes: Codes, *, sqlite: bool) -> list[dict[str, Any]]:
    """What ``put`` wants for one document. Done outside the transaction: it is all the work there is. Fødselsnummer are blotted out."""
    return [
        {
            "submission": submission,
            "document": document,
            "number": number,
            "text": passage.text,
            "words": " ".join(passage.words) if sqlite else _vector(passage.words),
        }
        for number, passage in enumerate(passages(clean(blot_out(text)), codes))
    ]


def _vector(words: Sequence[str]) -> str:
    """A ``tsvector`` literal with the places. The words need no escaping."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words, 1):
        places.setdefault(word, []).append(str(place))
    return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())


def clear(tx: Connection, submission: str, roles: Iterable[str]) -> None:
    """Forget the passages of a submission's documents of some roles."""
    of_roles = select(documents.c.id).where(documents.c.submission == submission, documents.c.role.in_(list(roles)))
    tx.execute(delete(search_passages).where(search_passages.c.submission == submission, search_passages.c.document.in_(of_roles)))


def put(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter passages."""
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        tx.execute(insert(search_passages), [dict(row) for row in rows[start : start + _ROWS_AT_A_TIME]])


def condition(submission: ColumnElement[str], terms: Sequence[Term], readable: Readable, dialect: str) -> ColumnElement[bool]:
    """Every term is somewhere in the documents of ``submission`` that may be read, and what is excluded is nowhere in them."""
    found = ((term, holding(term, readable, dialect)) for term in terms)
    return and_(*(submission.not_in(those) if term.exclude else submission.in_(those) for term, those in found))


def holding(term: Term, readable: Readable, dialect: str) -> Select[tuple[str]]:
    """The ids of the submissions with a document that holds the term and may be read."""
    return (
        select(search_passages.c.submission)
        .join(documents, documents.c.id == search_passages.c.document)
        .where(_matches([term], dialect), readable.condition())
    )


def _matches(terms: Sequence[Term], dialect: str) -> ColumnElement[bool]:
    """A passage holds any of the terms."""
    if dialect == "sqlite":
        asked = " OR ".join(f"({term.for_sqlite()})" for term in terms)
        return search_passages.c.id.in_(select(_words.c.rowid).where(literal_column("search_words").op("MATCH")(asked)))
    wanted = cast(" | ".join(f"({term.for_postgresql()})" for term in terms), TSQUERY)
    matches: ColumnElement[bool] = search_passages.c.words.op("@@")(wanted)
    return matches


def hits_in(tx: Connection, submissions: Sequence[str], terms: Sequence[Term], readable: Readable, codes: Codes) -> dict[str, list[dict[str, Any]]]:
    """For each of some submissions, which the caller knows may be seen, up to three documents with a piece of each where the terms stand."""
    wanted = [term for term in terms if not term.exclude]
    if not wanted or not submissions:
        return {}
    first_ones = func.row_number().over(partition_by=search_passages.c.document, order_by=search_passages.c.number).label("place")
    matching = (
        select(search_passages.c.submission, search_passages.c.document, search_passages.c.text, documents.c.name, documents.c.position, first_ones)
        .join(documents, documents.c.id == search_passages.c.document)
        .where(search_passages.c.submission.in_(submissions), _matches(wanted, tx.dialect.name), readable.condition())
        .subquery()
    )
    query = select(matching).where(matching.c.place <= PASSAGES_LOOKED_AT).order_by(matching.c.position, matching.c.place)
    best: dict[str, dict[str, tuple[int, dict[str, Any]]]] = {}
    for row in tx.execute(query).mappings():
        shown = snippet(row["text"], wanted, codes)
        of_submission = best.setdefault(row["submission"], {})
        if row["document"] not in of_submission or shown.terms > of_submission[row["document"]][0]:
            hit = {"document": row["document"], "name": blot_out(row["name"]), "snippet": shown.parts}
            of_submission[row["document"]] = (shown.terms, hit)
    return {submission: [hit for _, hit in sorted(found.values(), key=lambda entry: -entry[0])[:HITS_SHOWN]] for submission, found in best.items()}
