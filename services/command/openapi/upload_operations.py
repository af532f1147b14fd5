"""The table of operations: uploads in pieces (tus 1.0)."""

from __future__ import annotations

from typing import Final

from services.command.openapi.operation import Answer, Body, Operation, Parameter
from services.command.openapi.operations import READERS
from services.command.openapi.shapes import NUMBER, TEXT, UUID, one_of

UPLOAD: Final = Parameter("upload", "path", UUID, required=True)
TUS: Final = Parameter("Tus-Resumable", "header", {"const": "1.0.0"}, required=True)
OFFSET: Final = Parameter("Upload-Offset", "header", NUMBER, "Where in the file the body begins: where the upload stands.", required=True)
CHECKSUM: Final = Parameter("Upload-Checksum", "header", TEXT, "`sha256 <base64>` or `sha1 <base64>` of the body.")
UPLOAD_HEADERS: Final = {"Upload-Offset": "How many bytes are durable.", "Upload-Expires": "Until when it is kept.", "Tus-Resumable": "1.0.0"}
PIECE: Final = Body(None, "application/offset+octet-stream")
PIECE_PROBLEMS: Final = {
    400: ("upload_header_invalid", "checksum_not_known", "body_cut_off"),
    404: ("upload_unknown",),
    408: ("body_too_slow",),
    409: ("upload_offset_mismatch", "upload_used"),
    410: ("upload_expired",),
    411: ("length_required",),
    412: ("tus_version_not_supported",),
    413: ("upload_too_large",),
    415: ("upload_piece_expected",),
    460: ("checksum_mismatch",),
    503: ("store_unavailable",),
}

UPLOADS: Final = (
    Operation(
        "options",
        "/uploads",
        "getUploadCapabilities",
        "uploads",
        "What of tus 1.0 is offered",
        READERS,
        {
            204: Answer(
                "In headers.",
                media_type=None,
                headers=dict.fromkeys(("Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"), "As in tus 1.0."),
            )
        },
    ),
    Operation(
        "post",
        "/uploads",
        "createUpload",
        "uploads",
        "Announce a large file",
        READERS,
        {
            201: Answer(
                "Send its pieces to `Location`.", media_type=None, headers={"Location": "The upload.", "Upload-Expires": "Until when it is kept."}
            )
        },
        (
            TUS,
            Parameter("Upload-Length", "header", NUMBER, "Bytes in all.", required=True),
            Parameter("Upload-Metadata", "header", TEXT, "`filename <base64>`: the file's name, needed when a submission uses it."),
        ),
        problems={400: ("upload_header_invalid",), 412: ("tus_version_not_supported",), 413: ("upload_too_large",)},
    ),
    Operation(
        "head",
        "/uploads/{upload}",
        "getUploadOffset",
        "uploads",
        "How far an upload has come",
        READERS,
        {
            200: Answer(
                "In headers.", media_type=None, headers={**UPLOAD_HEADERS, "Upload-Length": "Bytes in all.", "Upload-Metadata": "As announced."}
            )
        },
        (UPLOAD, TUS),
        problems={404: ("upload_unknown",), 410: ("upload_expired",), 412: ("tus_version_not_supported",)},
    ),
    Operation(
        "patch",
        "/uploads/{upload}",
        "addToUpload",
        "uploads",
        "Add a piece",
        READERS,
        {204: Answer("The piece is durable.", media_type=None, headers=UPLOAD_HEADERS)},
        (UPLOAD, TUS, OFFSET, CHECKSUM),
        PIECE,
        PIECE_PROBLEMS,
    ),
    Operation(
        "post",
        "/uploads/{upload}",
        "addToOrEndUpload",
        "uploads",
        "PATCH or DELETE for those who cannot send them",
        READERS,
        {204: Answer("As of PATCH or DELETE.", media_type=None, headers=UPLOAD_HEADERS)},
        (
            UPLOAD,
            TUS,
            Parameter("X-HTTP-Method-Override", "header", one_of("PATCH", "DELETE"), required=True),
            Parameter("Upload-Offset", "header", NUMBER, "With PATCH."),
            CHECKSUM,
        ),
        Body(None, "application/offset+octet-stream", required=False),
        {**PIECE_PROBLEMS, 405: ("method_not_allowed",)},
    ),
    Operation(
        "delete",
        "/uploads/{upload}",
        "endUpload",
        "uploads",
        "Throw an upload away",
        READERS,
        {204: Answer("It is gone.", media_type=None)},
        (UPLOAD, TUS),
        problems={404: ("upload_unknown",), 409: ("upload_used",), 410: ("upload_expired",), 412: ("tus_version_not_supported",)},
    ),
)
