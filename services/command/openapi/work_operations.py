"""The table of operations: agencies' work and the archive."""

from __future__ import annotations

from typing import Final

from services.command.openapi.operation import Answer, Body, Operation, Parameter
from services.command.openapi.operations import CURSOR, LANGUAGE
from services.command.openapi.shapes import TEXT, UUID, one_of, ref
from services.shared.identity import Scope

AGENCY: Final = (Scope.QUEUE,)
ARCHIVISTS: Final = (Scope.ARCHIVE, Scope.MONITOR)
NAME: Final = Parameter("agency", "path", TEXT, "Your own actor id, e.g. dmp.", required=True)
LEASE: Final = Parameter("lease", "path", {"type": "string", "pattern": "^[0-9a-f]{32}$"}, required=True)
OBJECT: Final = Parameter("object", "path", TEXT, "Its id (urn:uuid:…) or reference.", required=True)
LIMIT: Final = Parameter("limit", "query", {"type": "integer", "minimum": 1, "default": 50}, "At most 200 are given.")

WORK: Final = (
    Operation("get", "/queues/{agency}", "getQueue", "work", "How your queue stands", AGENCY, {200: Answer("The queue.", ref("Queue"))}, (NAME,)),
    Operation(
        "post",
        "/queues/{agency}/leases",
        "leaseWork",
        "work",
        "Take the oldest work for a while",
        AGENCY,
        {200: Answer("Work and recalls; the list may be empty.", ref("Leases"))},
        (NAME,),
        Body(ref("LeaseRequest"), required=False, example={"max": 10, "seconds": 300}),
        {400: ("json_expected",), 422: ("value_not_allowed",)},
        "A lease that runs out gives the work back.",
    ),
    Operation(
        "post",
        "/leases/{lease}/confirm",
        "confirmLease",
        "work",
        "You have taken in what you leased",
        AGENCY,
        {200: Answer("Said again it is answered the same.", ref("LeaseEnded"))},
        (LEASE,),
        problems={409: ("lease_lost", "receipt_contradicts")},
    ),
    Operation(
        "post",
        "/leases/{lease}/release",
        "releaseLease",
        "work",
        "Give leased work back",
        AGENCY,
        {200: Answer("It can be leased again.", ref("LeaseEnded"))},
        (LEASE,),
        problems={409: ("lease_lost",)},
    ),
    Operation(
        "post",
        "/deliveries/{delivery}/receipts",
        "sendReceipt",
        "work",
        "Confirm, return or answer a delivery",
        AGENCY,
        {200: Answer("Said again it is answered the same.", ref("ReceiptTaken"))},
        (Parameter("delivery", "path", UUID, required=True), LANGUAGE),
        Body(ref("Receipt"), example={"outcome": "confirmed", "case_number": "24/12345"}),
        {
            400: ("json_expected",),
            409: ("receipt_contradicts", "upload_incomplete", "upload_used"),
            413: ("file_too_large",),
            415: ("type_not_allowed", "macro_not_allowed"),
            422: ("receipt_invalid", "upload_unknown", "digest_mismatch", "answer_documents_refused", "file_empty", "name_not_allowed"),
            503: ("check_unavailable", "store_unavailable"),
        },
        "Documents of an answer are uploaded first, at /uploads, with the same token.",
    ),
)

ARCHIVE: Final = (
    Operation(
        "get",
        "/archive/objects",
        "searchArchive",
        "archive",
        "Search archived objects, newest first",
        ARCHIVISTS,
        {200: Answer("A page.", ref("ArchiveList"))},
        (Parameter("q", "query", TEXT, "Every word must be found, in the catalogue or in a document; otherwise as for submissions."), LIMIT, CURSOR),
        problems={400: ("value_not_allowed", "cursor_invalid")},
    ),
    Operation(
        "get",
        "/archive/objects/{object}",
        "getArchiveObject",
        "archive",
        "One object with its versions and their files",
        ARCHIVISTS,
        {200: Answer("The object.", ref("ArchiveObject"))},
        (OBJECT,),
        problems={500: ("archive_damaged",), 503: ("archive_unavailable",)},
    ),
    Operation(
        "get",
        "/archive/objects/{object}/bag",
        "exportArchiveObject",
        "archive",
        "One version as a BagIt zip",
        ARCHIVISTS,
        {200: Answer("The bag, streamed.", media_type="application/zip", headers={"Content-Disposition": "attachment"})},
        (OBJECT, Parameter("version", "query", {"type": "string", "pattern": "^v?[0-9]+$"}, "The newest when left out.")),
        problems={500: ("archive_damaged",), 503: ("archive_unavailable",)},
    ),
    Operation(
        "post",
        "/archive/fixity-checks",
        "startFixityCheck",
        "archive",
        "Have one object, or all, read again",
        ARCHIVISTS,
        {202: Answer("It has begun.", ref("FixityStarted"), headers={"Location": "Where the outcome will be."})},
        body=Body(ref("FixityRequest"), required=False, example={"object": "NM-2026-7QK4ZD"}),
        problems={400: ("json_expected", "value_not_allowed"), 404: ("not_found",)},
    ),
    Operation(
        "get",
        "/archive/fixity-checks/{check}",
        "getFixityCheck",
        "archive",
        "How a check goes, and the outcome per object",
        ARCHIVISTS,
        {200: Answer("The check.", ref("FixityCheck"))},
        (
            Parameter("check", "path", UUID, required=True),
            Parameter("outcome", "query", one_of("intact", "damaged", "could_not_check")),
            LIMIT,
            CURSOR,
        ),
        problems={400: ("value_not_allowed",)},
    ),
)
