"""The catalogue of the archive: written when a version is stored, searched by the archivist, and made again from the store when lost."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, insert, literal_column, not_, or_, select, update

from services.archive.fixity import Expected
from services.archive.inventory import Inventory, Version
from services.archive.models import archive_fixity_outcomes, archive_objects, archive_versions
from services.archive.ocfl import Known, StoredVersion
from services.archive.snapshot import object_id_of
from services.shared import names
from services.shared import search as full_text
from services.shared.models import jobs, submissions

WORD_LENGTH = 200
WORDS_LENGTH = 4000
OBJECT_URN = "urn:uuid:"
NEVER_READ = ""

# Put together once: building a statement costs SQLAlchemy more than running it does.
_HEAD = select(archive_objects.c.head).where(archive_objects.c.id == bindparam("of_object"))
# One row, also of an object that is not there yet: whether there is none at all, whether some attempt at one of its versions was given up, and its head.
_KNOWN = select(
    ~exists(select(archive_objects.c.id)),
    exists().where(
        jobs.c.submission.in_(select(submissions.c.id).where(submissions.c.root == bindparam("of_root"))),
        jobs.c.state == literal_column("'parked'"),  # as the partial index says it
        jobs.c.handler == names.ARCHIVE_STORE,
    ),
    *(select(archive_objects.c[column]).where(archive_objects.c.id == bindparam("of_object")).scalar_subquery() for column in ("head", "digest")),
)
_ENTER_VERSION = insert(archive_versions)
_ENTER_OBJECT = insert(archive_objects)
_SIZES = select(archive_versions.c.sizes).where(archive_versions.c.object == bindparam("of_object"))
_FORGET_VERSION = delete(archive_versions).where(
    archive_versions.c.object == bindparam("of_object"), archive_versions.c.version == bindparam("number")
)


class CursorInvalid(ValueError):
    """The cursor is not one that a list has given out."""


def put_version(tx: Connection, stored: StoredVersion, version: Version, submission: Mapping[str, Any]) -> None:
    """Enter one version and bring its object's row up to date. The same call again changes nothing.

    ``submission`` is the version's ``metadata/submission.json`` (or the row it was made from): what people search for is taken from there.
    """
    head = tx.execute(_HEAD, {"of_object": stored.object_id}).scalar_one_or_none()
    if head is not None:
        tx.execute(_FORGET_VERSION, {"of_object": stored.object_id, "number": stored.version})
    row = {
        "object": stored.object_id,
        "version": stored.version,
        "submission": version.cause.submission,
        "event_seq": version.cause.seq,
        "why": version.cause.why,
        "digest": stored.digest,
        "sizes": stored.sizes,
        "stored_at": version.created,
    }
    tx.execute(_ENTER_VERSION, row)
    _put_object(tx, stored, version, submission, head)


def _put_object(tx: Connection, stored: StoredVersion, version: Version, submission: Mapping[str, Any], head: int | None) -> None:
    if head is not None and head > stored.version:
        return
    sizes = tx.execute(_SIZES, {"of_object": stored.object_id}).scalars() if head is not None else [stored.sizes]
    values = {
        "reference": submission["reference"],
        "head": stored.version,
        "digest": stored.digest,
        "size": sum(sum(added.values()) for added in sizes),
        "form_type": submission["form_type"],
        "submitter": submission["submitter"].get("name"),
        "title": submission["title"],
        "words": _words(submission),
        "received_at": submission["received_at"],
        "stored_at": version.created,
        "read_at": NEVER_READ,
    }
    if head is None:
        tx.execute(_ENTER_OBJECT, {"id": stored.object_id, **values})
    else:
        tx.execute(update(archive_objects).where(archive_objects.c.id == stored.object_id).values(values))


def _words(submission: Mapping[str, Any]) -> str:
    """Everything one may search for, casefolded: reference, form, parties, title and the short answers."""
    parties = [
        str(party[part]) for party in (submission["submitter"], submission["on_behalf_of"]) if party for part in ("name", "id") if party.get(part)
    ]
    answers = [text for text in _texts(submission["answers"]) if len(text) <= WORD_LENGTH]
    found = [submission["reference"], submission["form_type"] or "", submission["title"] or "", *parties, *answers]
    return "\n".join(dict.fromkeys(text.casefold() for text in found if text))[:WORDS_LENGTH]


def _texts(answers: Any) -> Iterator[str]:
    if isinstance(answers, str):
        yield answers
    elif isinstance(answers, Mapping):
        for name in sorted(answers):
            yield from _texts(answers[name])
    elif isinstance(answers, Sequence):
        for answer in answers:
            yield from _texts(answer)


@dataclass(frozen=True)
class Sought:
    """What is searched for: as typed, its terms, and in which documents. A word is found in the catalogue, letter by letter, or in the text of a document."""

    query: str
    terms: tuple[full_text.Term, ...]
    readable: full_text.Readable
    codes: full_text.Codes

    def conditions(self, dialect: str) -> Iterator[ColumnElement[bool]]:
        """One for each word; for a query without any, what it is must stand in the catalogue as it is."""
        for term in self.terms:
            stored = select(archive_versions.c.object).where(archive_versions.c.submission.in_(full_text.holding(term, self.readable, dialect)))
            held = or_(archive_objects.c.words.contains(term.typed, autoescape=True), archive_objects.c.id.in_(stored))
            yield not_(held) if term.exclude else held
        if not self.terms:
            for word in self.query.replace("\0", " ").casefold().split()[:10]:
                yield archive_objects.c.words.contains(word, autoescape=True)


def hits(tx: Connection, sought: Sought, objects: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Where the words stand in the documents of some objects."""
    rows = tx.execute(select(archive_versions.c.submission, archive_versions.c.object).where(archive_versions.c.object.in_(objects)))
    object_of = {row.submission: row.object for row in rows}
    found: dict[str, list[dict[str, Any]]] = {}
    for submission, shown in full_text.hits_in(tx, sorted(object_of), sought.terms, sought.readable, sought.codes).items():
        of_object = found.setdefault(object_of[submission], [])
        of_object += shown[: full_text.HITS_SHOWN - len(of_object)]
    return found


def search(tx: Connection, sought: Sought, *, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Objects that hold every word, newest first, and the cursor of the next page or None. Raises CursorInvalid."""
    columns = [column for column in archive_objects.c if column.name not in ("words", "read_at")]
    statement = select(*columns).order_by(archive_objects.c.received_at.desc(), archive_objects.c.id.desc()).limit(limit + 1)
    statement = statement.where(*sought.conditions(tx.dialect.name))
    if cursor:
        received_at, object_id = _read_cursor(cursor)
        older = or_(
            archive_objects.c.received_at < received_at,
            and_(archive_objects.c.received_at == received_at, archive_objects.c.id < object_id),
        )
        statement = statement.where(older)
    rows = [dict(row) for row in tx.execute(statement).mappings()]
    more = len(rows) > limit
    return rows[:limit], _write_cursor(rows[limit - 1]["received_at"], rows[limit - 1]["id"]) if more else None


def _write_cursor(*parts: str) -> str:
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if not text.isprintable():  # a store may refuse even to compare with it
            raise ValueError("not printable")
        received_at, object_id = text.split("|")
    except (ValueError, binascii.Error) as error:
        raise CursorInvalid(cursor[:40]) from error
    return received_at, object_id


def find(tx: Connection, name: str) -> dict[str, Any] | None:
    """An object's row by its id (with or without ``urn:uuid:``) or its reference, or None."""
    if "\0" in name:  # a store may refuse even to look for it
        return None
    object_id = name if name.startswith(OBJECT_URN) else object_id_of(name)
    where = or_(archive_objects.c.id == object_id.lower(), archive_objects.c.reference == name.upper())
    row = tx.execute(select(archive_objects).where(where)).mappings().one_or_none()
    return dict(row) if row is not None else None


def versions(tx: Connection, object_id: str) -> list[dict[str, Any]]:
    """The versions of an object that were stored, oldest first."""
    query = select(archive_versions).where(archive_versions.c.object == object_id).order_by(archive_versions.c.version)
    return [dict(row) for row in tx.execute(query).mappings()]


def expected(tx: Connection, object_id: str) -> Expected:
    """What the database knows of an object, for a fixity check: its versions' digests, and whether one may be under way."""
    digests = {row["version"]: row["digest"] for row in versions(tx, object_id)}
    return Expected(digests, is_being_written(tx, object_id))


def has_unfinished_request() -> ColumnElement[bool]:
    """A condition on ``submissions``: some archive version of it was asked for and is not finished (waiting, under way or parked)."""
    return exists().where(jobs.c.handler == names.ARCHIVE_STORE, jobs.c.state != "done", jobs.c.submission == submissions.c.id)


def is_being_written(tx: Connection, object_id: str) -> bool:
    """Whether some version of this object was asked for and is not finished."""
    root = object_id.removeprefix(OBJECT_URN)
    query = select(submissions.c.id).where(submissions.c.root == root, has_unfinished_request()).limit(1)
    return tx.execute(query).first() is not None


def known(tx: Connection, object_id: str, *, begun: bool) -> Known:
    """What is known of an object before a version is written. ``begun``: this version was tried before."""
    empty, given_up, head, digest = tx.execute(_KNOWN, {"of_object": object_id, "of_root": object_id.removeprefix(OBJECT_URN)}).one()
    return Known(head or 0, digest, certain=not (begun or given_up), empty=empty)


def object_ids(tx: Connection, *, after: str, limit: int) -> list[str]:
    """The ids that follow ``after`` (an empty text: from the first), in order."""
    query = select(archive_objects.c.id).where(archive_objects.c.id > after).order_by(archive_objects.c.id).limit(limit)
    return list(tx.execute(query).scalars())


def not_read_since(tx: Connection, moment: str, *, check: str, limit: int) -> list[str]:
    """The objects that were not read again since a moment, and not in this check either; never read ones first, then in order of when they were."""
    found = exists().where(archive_fixity_outcomes.c.check_id == check, archive_fixity_outcomes.c.object == archive_objects.c.id)
    query = select(archive_objects.c.id).where(archive_objects.c.read_at < moment, ~found)
    return list(tx.execute(query.order_by(archive_objects.c.read_at, archive_objects.c.id).limit(limit)).scalars())


def mark_read(tx: Connection, object_id: str, head: int, moment: str) -> None:
    """Every byte of an object up to a version was read and is as it should be. Nothing is marked when a newer version has come meanwhile."""
    of_that_head = (archive_objects.c.id == object_id, archive_objects.c.head == head)
    tx.execute(update(archive_objects).where(*of_that_head).values(read_at=moment))


def forget(tx: Connection, object_id: str) -> None:
    """Take an object out of the catalogue (the store keeps what it has): before it is entered anew, or when the store has it no longer."""
    tx.execute(delete(archive_versions).where(archive_versions.c.object == object_id))
    tx.execute(delete(archive_objects).where(archive_objects.c.id == object_id))


def files(inventory: Inventory, number: int, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
    """The logical files of one version with their digests and sizes, in order of path."""
    return [
        {"path": path, "size": sizes.get(content), "sha256": sha256, "sha512": sha512, "content_path": content}
        for path, (content, sha512, sha256) in inventory.files(number).items()
    ]
