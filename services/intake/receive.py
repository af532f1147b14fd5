"""Receiving a submission: bytes to the object store as they come, then rows, event and jobs in one transaction, then 202.

A POST under way has a row of its own (``intake_receipts``). Whoever is killed leaves that row and some bytes; the sweep removes both. With an Idempotency-Key
the row also keeps the answer, so that a retry gets the same one (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.intake import upload_store
from services.intake.create import NewSubmission, create, object_prefix
from services.intake.models import receipts
from services.intake.view import accepted_answer
from services.shared import identifiers, metrics, telemetry, timestamps, uploads
from services.shared.context import Context
from services.shared.identity import Identity
from services.shared.objects import ObjectsUnavailable
from services.shared.objects.port import CHUNK, Hashing, Readable, Stored
from services.shared.problems import Problem
from services.shared.web.incoming import FORM, ReceivedBody, check_length, read_body
from services.shared.web.submission_fields import FIELDS

KEY_KEPT_SECONDS = 7 * 86400
SIGN_OF_LIFE_SECONDS = 60.0
_NOTE = insert(receipts)
_FORGET = delete(receipts).where(receipts.c.submission == bindparam("of_submission"))
log = telemetry.logger("intake")


@dataclass(frozen=True)
class Answer:
    """What the sender gets: the new submission's id and the body of the 202."""

    submission: str
    body: dict[str, Any]


def receive(
    context: Context,
    identity: Identity,
    stream: Readable,
    *,
    content_type: str | None,
    content_length: int | None,
    idempotency_key: str | None,
    is_secretariat: bool,
    channel: str = "api",
) -> Answer:
    """Take in one submission. Raises Problem; then nothing of it is left. ``channel`` (``api|page``) says how it came, for the counts."""
    check_length(content_length, context.policy)
    try:
        context.objects.check()
    except ObjectsUnavailable as fault:
        raise Problem("store_unavailable", 503) from fault
    key = _parse_key(idempotency_key)
    submission = identifiers.new_id()
    earlier = _begin(context, submission, identity.owner, key)
    if earlier is not None:
        return _repeat(context, identity, stream, content_type, earlier, is_secretariat)
    try:
        body = _store_body(context, identity, stream, content_type, submission, is_secretariat)
        answer = _finish(context, identity, body, submission, key, is_secretariat, channel)
    except BaseException:
        _abandon(context, submission)
        raise
    for upload in body.uploads():
        uploads.remove_pieces(context, upload)
    return answer


def _parse_key(header: str | None) -> str | None:
    """The key of an Idempotency-Key header: a structured-field string, or the bare value that many clients send."""
    if header is None:
        return None
    key = header.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 1 <= len(key) <= 200 or not key.isprintable() or not key.isascii():
        raise Problem("idempotency_key_invalid", 400)
    return key


def _begin(context: Context, submission: str, owner: str, key: str | None) -> RowMapping | None:
    """Note that a POST is under way; returns the row of an answered twin, if the key was used before. Raises Problem while a twin is running."""
    now = timestamps.now()
    with context.database.single() if key is None else context.database.write() as tx:
        if key is not None:
            twin = tx.execute(select(receipts).where(receipts.c.owner == owner, receipts.c.key == key)).mappings().one_or_none()
            if twin is not None and twin["until"] > now:
                if twin["answer"] is None:
                    raise Problem("idempotency_in_progress", 409, headers={"Retry-After": "5"})
                return twin
            if twin is not None and twin["answer"] is not None:
                tx.execute(delete(receipts).where(receipts.c.submission == twin["submission"]))
            elif twin is not None:  # its process died; the sweep still needs the row to find its bytes
                tx.execute(update(receipts).where(receipts.c.submission == twin["submission"]).values(key=None))
        until = timestamps.later(now, SIGN_OF_LIFE_SECONDS)
        try:
            tx.execute(_NOTE, {"submission": submission, "owner": owner, "key": key, "until": until})
        except IntegrityError as race:
            raise Problem("idempotency_in_progress", 409, headers={"Retry-After": "5"}) from race
    return None


def _store_body(
    context: Context, identity: Identity, stream: Readable, content_type: str | None, submission: str, is_secretariat: bool
) -> ReceivedBody:
    prefix = object_prefix(submission)

    def alive(source: Readable) -> Readable:
        return _SignsOfLife(context, submission, source)

    def store(identifier: str, file: Readable) -> Stored:
        try:
            return context.objects.put(f"{prefix}/{identifier}", file)
        except ObjectsUnavailable as fault:
            raise Problem("store_unavailable", 503) from fault

    find_upload = uploads.finder(context, identity.owner, watched=alive)
    with context.objects.together():
        body = read_body(
            alive(stream), content_type, context.policy, store, field_names=FIELDS, may_carry_form=is_secretariat, find_upload=find_upload
        )
    forms = body.role_files(FORM)
    if len(forms) != 1:
        raise Problem("form_missing" if not forms else "form_not_single", 422)
    return body


def _finish(
    context: Context,
    identity: Identity,
    body: ReceivedBody,
    submission: str,
    key: str | None,
    is_secretariat: bool,
    channel: str,
) -> Answer:
    new = NewSubmission.from_body(context, identity, body, submission, is_secretariat=is_secretariat)
    with context.database.write() as tx:
        row = create(tx, new)
        for file in body.files:
            if file.upload is not None:
                uploads.use(tx, file.upload, file.stored.sha256)
        answer = Answer(submission, accepted_answer(row))
        if key is None:
            tx.execute(_FORGET, {"of_submission": submission})
        else:
            until = timestamps.later(timestamps.now(), KEY_KEPT_SECONDS)
            kept = update(receipts).where(receipts.c.submission == submission)
            tx.execute(kept.values(fingerprint=fingerprint(body), answer=answer.body, until=until))
    metrics.RECEIVED.labels(channel="secretariat" if new.is_secretariat else channel, form_type=new.fields.form_type or "unknown").inc()
    return answer


def _repeat(context: Context, identity: Identity, stream: Readable, content_type: str | None, earlier: RowMapping, is_secretariat: bool) -> Answer:
    """Read the body of a retry without keeping it: the same body gets the same answer, another is refused."""
    body = read_body(
        stream,
        content_type,
        context.policy,
        lambda _, file: _digest(file),
        field_names=FIELDS,
        may_carry_form=is_secretariat,
        find_upload=uploads.finder(context, identity.owner, may_be_used=True),
    )
    if fingerprint(body) != earlier["fingerprint"]:
        raise Problem("idempotency_key_reused", 422)
    return Answer(earlier["submission"], earlier["answer"])


def _digest(file: Readable) -> Stored:
    digests = Hashing()
    while piece := file.read(CHUNK):
        digests.update(piece)
    return digests.stored()


def fingerprint(body: ReceivedBody) -> str:
    """SHA-256 over the fields and over (part, file name, sha256) of the files, each in order (contract, section 3)."""
    digest = hashlib.sha256()
    lines = [("field", *item) for item in body.fields] + [("file", file.part, file.raw_name, file.stored.sha256) for file in body.files]
    for line in lines:
        for item in line:
            encoded = item.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def _abandon(context: Context, submission: str) -> None:
    """Leave nothing of a refused submission. What cannot be removed now, the sweep removes.

    A commit whose answer was lost has happened all the same: then the row says so (it has its answer, or is gone), and nothing is removed.
    """
    try:
        unanswered = (receipts.c.submission == submission, receipts.c.answer.is_(None))
        with context.database.write() as tx:
            if tx.execute(select(receipts.c.submission).where(*unanswered).with_for_update()).first() is None:
                return
        for stored in list(context.objects.list(object_prefix(submission) + "/")):
            context.objects.delete(stored)
        with context.database.write() as tx:
            tx.execute(delete(receipts).where(*unanswered))
    except Exception:
        log.exception("abandon_failed", submission=submission)


def sweep(context: Context, *, all_running: bool = False) -> int:
    """Remove what killed POSTs left behind, answers that were kept long enough and uploads whose time is over. Returns how many rows went.

    ``all_running``: also those that still have time, for the start of the only process there is.
    """
    now = timestamps.now()
    condition = receipts.c.until <= now
    if all_running:
        condition = condition | receipts.c.answer.is_(None)
    with context.database.read() as tx:
        rows = tx.execute(select(receipts.c.submission, receipts.c.answer).where(condition).limit(1000)).all()
    for submission, answer in rows:
        if answer is None:
            _abandon(context, submission)
        else:
            with context.database.write() as tx:
                tx.execute(delete(receipts).where(receipts.c.submission == submission))
    return len(rows) + upload_store.sweep(context)


class _SignsOfLife:
    """The request's stream; while bytes come, its row is kept from looking abandoned."""

    def __init__(self, context: Context, submission: str, stream: Readable) -> None:
        self._context, self._submission, self._stream = context, submission, stream
        self._next = time.monotonic() + SIGN_OF_LIFE_SECONDS / 4

    def read(self, size: int = -1, /) -> bytes:
        if time.monotonic() > self._next:
            self._next = time.monotonic() + SIGN_OF_LIFE_SECONDS / 4
            with self._context.database.write() as tx:
                until = timestamps.later(timestamps.now(), SIGN_OF_LIFE_SECONDS)
                tx.execute(update(receipts).where(receipts.c.submission == self._submission).values(until=until))
        return self._stream.read(size)
