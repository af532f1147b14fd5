"""Handing out a document: only clean bytes, as an attachment, with ranges (RFC 9110) and the digest as its ETag."""

from __future__ import annotations

import re
from urllib.parse import quote

from flask import request
from sqlalchemy import Connection, RowMapping, select
from werkzeug import Response
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.utils import secure_filename
from werkzeug.wsgi import wrap_file

from services.intake.view import documents_for, find, is_granted
from services.shared import events, names
from services.shared.context import Context
from services.shared.identity import Identity, Scope
from services.shared.models import documents
from services.shared.models import events as events_table
from services.shared.objects import ObjectMissing
from services.shared.problems import Problem
from services.shared.scanner import INFECTED, NOT_SCANNED, PENDING

_ONE_RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]{1,18})-(?P<last>[0-9]{0,18})|-[0-9]{1,18})", re.ASCII)


def hand_out(context: Context, identity: Identity, wanted: str, document: str) -> Response:
    """The bytes of a document of a submission (id or reference) that this identity may see. Raises Problem."""
    with context.database.read() as tx:
        row = find(tx, identity, wanted)
        file = document_row(tx, identity, row, document)
    check_may_leave(context, identity, file)
    if identity.agency is not None:
        note_fetched(context, identity, row)
    return send(context, file)


def document_row(tx: Connection, identity: Identity, submission: RowMapping, document: str) -> RowMapping:
    """A document of a submission that this identity may see. Raises Problem 404."""
    row = tx.execute(documents_for(identity, submission["id"]).where(documents.c.id == document.lower())).mappings().one_or_none()
    if row is None:
        raise Problem("not_found", 404)
    return row


def check_may_leave(context: Context, identity: Identity, file: RowMapping) -> None:
    """No byte that was not found clean leaves by this way. Raises Problem."""
    if file["scan"] == INFECTED:
        raise Problem("file_infected", 403, name=file["name"])
    if file["scan"] == PENDING:
        raise Problem("scan_pending", 409, headers={"Retry-After": "5"})
    unscanned = file["scan"] == NOT_SCANNED and not context.scanner.passes_unscanned
    if unscanned and not {Scope.MONITOR, Scope.SUBMIT} & identity.scopes:
        raise Problem("file_not_scanned", 403, name=file["name"])


def note_fetched(context: Context, identity: Identity, submission: RowMapping) -> None:
    """The first document an agency fetches shows that its work arrived (contract, section 3: ``delivered``)."""
    with context.database.read() as tx:
        if not is_granted(tx, identity, submission["id"]):
            return
        fetched = select(events_table.c.data).where(events_table.c.submission == submission["id"], events_table.c.type == names.DOCUMENT_FETCHED)
        if any(data["agency"] == identity.agency for data in tx.execute(fetched).scalars()):
            return
    with context.database.write() as tx:
        events.record(tx, submission["id"], names.DOCUMENT_FETCHED, actor=identity.owner, data={"agency": identity.agency})


def send(context: Context, file: RowMapping) -> Response:
    """The bytes. Raises Problem when the store cannot give them."""
    try:
        stream = context.objects.open(file["object_key"])
    except ObjectMissing as fault:
        raise Problem("store_unavailable", 503) from fault
    response = Response(wrap_file(request.environ, stream), direct_passthrough=True, mimetype=file["media_type"])
    response.content_length = file["size"]
    response.set_etag(file["sha256"])
    response.headers["Content-Disposition"] = _attachment_named(file["name"])
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-store"
    asked = dict(request.environ)
    if request.method != "GET" or "HTTP_IF_NONE_MATCH" in asked or not _is_one_range(asked.get("HTTP_RANGE", "")):
        # What we do not serve is as if not asked for (RFC 9110, 14.2). Whoever has another version, or none, gets it whole: If-None-Match is looked at first (13.2.2).
        asked.pop("HTTP_RANGE", None)
    if asked.get("HTTP_IF_MATCH", "").strip() == "*":
        asked.pop("HTTP_IF_MATCH")  # whatever there is will do (RFC 9110, 13.1.1)
    try:
        response = response.make_conditional(asked, accept_ranges=True, complete_length=file["size"])
    except RequestedRangeNotSatisfiable as beyond:
        response.close()
        raise Problem("range_not_satisfiable", 416, headers={"Content-Range": f"bytes */{file['size']}"}, size=file["size"]) from beyond
    if response.status_code == 412:
        response.close()
        raise Problem("precondition_failed", 412)
    return response


def _is_one_range(asked: str) -> bool:
    """Whether it is one range of bytes that can be; one that ends before it begins is none (RFC 9110, 14.1.1)."""
    found = _ONE_RANGE.fullmatch(asked)
    return found is not None and (not found["last"] or int(found["first"]) <= int(found["last"]))


def _attachment_named(name: str) -> str:
    """A ``Content-Disposition`` with an ASCII name for old readers and the real one for all others (RFC 6266, RFC 8187)."""
    plain = secure_filename(name) or "fil"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
