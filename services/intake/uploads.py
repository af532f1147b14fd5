"""``/api/v1/uploads``: large files in pieces that can be resumed, by tus 1.0 (https://tus.io/protocols/resumable-upload) with creation, expiration, termination
and checksum. Whoever may hand in a submission or an answer may upload; only the owner sees an upload again.
"""

from __future__ import annotations

import base64
from typing import Final

from flask import Blueprint, request
from sqlalchemy import RowMapping
from werkzeug import Response
from werkzeug.http import http_date, parse_options_header

from services.intake import upload_store
from services.intake.upload_store import Checksum
from services.shared import timestamps, uploads
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.problems import Problem

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,expiration,termination,checksum"
PIECE_TYPE: Final = "application/offset+octet-stream"
METADATA_BYTES: Final = 8 * 1024
SENDERS: Final = (Scope.SUBMIT, Scope.MONITOR, Scope.QUEUE)


def create_blueprint(context: Context) -> Blueprint:
    """The routes of tus."""
    api = Blueprint("uploads", __name__, url_prefix="/api/v1/uploads")
    api.before_request(_check_version)
    api.after_request(_say_version)
    _add_creation(api, context)
    _add_pieces(api, context)
    return api


def _check_version() -> None:
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        raise Problem("tus_version_not_supported", 412, headers={"Tus-Version": VERSION})


def _say_version(response: Response) -> Response:
    response.headers["Tus-Resumable"] = VERSION
    return response


def _add_creation(api: Blueprint, context: Context) -> None:
    @api.route("", methods=["OPTIONS"])
    @requires(*SENDERS)
    def capabilities() -> Response:
        """What this server can do."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(context.policy.sizes.upload_file_bytes),
            "Tus-Checksum-Algorithm": ",".join(upload_store.ALGORITHMS),
        }
        return Response(status=204, headers=headers)

    @api.route("", methods=["POST"], provide_automatic_options=False)
    @requires(*SENDERS)
    def create() -> Response:
        """Announce a file; ``Location`` is where its pieces go."""
        length = _number("Upload-Length")
        sent = request.headers.get("Upload-Metadata")
        row = upload_store.create(context, current(), length, sent, _file_name(sent))
        headers = {"Location": f"/api/v1/uploads/{row['id']}", "Upload-Expires": _expires(row)}
        return Response(status=201, headers=headers)


def _add_pieces(api: Blueprint, context: Context) -> None:
    @api.route("/<upload>", methods=["HEAD"], provide_automatic_options=False)
    @requires(*SENDERS)
    def progress(upload: str) -> Response:
        """How far an upload has come."""
        with context.database.read() as tx:
            row = uploads.find(tx, upload, (current().owner,))
        headers = {"Upload-Offset": str(row["received"]), "Upload-Length": str(row["length"]), "Upload-Expires": _expires(row)}
        if row["sent_metadata"]:
            headers["Upload-Metadata"] = row["sent_metadata"]
        return Response(status=200, headers=headers)

    @api.route("/<upload>", methods=["PATCH"], provide_automatic_options=False)
    @requires(*SENDERS)
    def add(upload: str) -> Response:
        """Add the body at ``Upload-Offset``; 204 when it is durable."""
        return _add(context, upload)

    @api.route("/<upload>", methods=["DELETE"], provide_automatic_options=False)
    @requires(*SENDERS)
    def end(upload: str) -> Response:
        """Throw an upload away."""
        return _end(context, upload)

    @api.route("/<upload>", methods=["POST"], provide_automatic_options=False)
    @requires(*SENDERS)
    def overridden(upload: str) -> Response:
        """For those who cannot send PATCH or DELETE: ``X-HTTP-Method-Override`` says which is meant (tus 1.0, core protocol)."""
        meant = request.headers.get("X-HTTP-Method-Override", "").upper()
        if meant not in ("PATCH", "DELETE"):
            raise Problem("method_not_allowed", 405, headers={"Allow": "HEAD, PATCH, DELETE"})
        return _add(context, upload) if meant == "PATCH" else _end(context, upload)


def _add(context: Context, upload: str) -> Response:
    if parse_options_header(request.headers.get("Content-Type"))[0].lower() != PIECE_TYPE:
        raise Problem("upload_piece_expected", 415, expected=PIECE_TYPE)
    if request.content_length is None:
        raise Problem("length_required", 411)
    said = request.headers.get("Upload-Checksum")
    checksum = Checksum.parse(said) if said is not None else None
    offset, stream = _number("Upload-Offset"), request.environ["wsgi.input"]
    row = upload_store.append(context, current(), upload, offset, request.content_length, stream, checksum)
    return Response(status=204, headers={"Upload-Offset": str(row["received"]), "Upload-Expires": _expires(row)})


def _end(context: Context, upload: str) -> Response:
    upload_store.end(context, current(), upload)
    return Response(status=204)


def _expires(row: RowMapping) -> str:
    return http_date(timestamps.parse(row["expires_at"]))


def _number(header: str) -> int:
    """A header that is a number of bytes. Raises Problem."""
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Problem("upload_header_invalid", 400, name=header)
    return int(text)


def _file_name(sent: str | None) -> str | None:
    """``filename`` in ``Upload-Metadata``: ``key base64,key base64``. Raises Problem."""
    if not sent:
        return None
    if len(sent) > METADATA_BYTES:
        raise Problem("upload_header_invalid", 400, name="Upload-Metadata")
    found: dict[str, str] = {}
    for pair in sent.split(","):
        key, _, encoded = pair.strip().partition(" ")
        try:
            value = base64.b64decode(encoded.strip(), validate=True)
            if not key or not key.isascii() or not key.isprintable() or key in found:
                raise ValueError(key)
            found[key] = value.decode("utf-8") if key == "filename" else ""
        except ValueError as fault:
            raise Problem("upload_header_invalid", 400, name="Upload-Metadata") from fault
    name = found.get("filename")
    if name is not None and "\x00" in name:
        raise Problem("upload_header_invalid", 400, name="Upload-Metadata")
    return name
