"""The table of operations: submissions, checks and forms."""

from __future__ import annotations

from typing import Final

from services.command.openapi.operation import Answer, Body, Operation, Parameter
from services.command.openapi.shapes import TEXT, UUID, Schema, action, one_of, ref
from services.shared import lifecycle
from services.shared.forms.templates import MEDIA_TYPES
from services.shared.identity import Scope
from services.shared.words import LANGUAGES

SENDERS: Final = (Scope.SUBMIT, Scope.MONITOR)
READERS: Final = (Scope.SUBMIT, Scope.MONITOR, Scope.QUEUE)
ANYBODY: Final[tuple[Scope, ...]] = ()
BODY_PROBLEMS: Final = {
    400: ("multipart_malformed", "field_unknown", "field_twice", "body_cut_off"),
    408: ("body_too_slow",),
    411: ("length_required",),
    413: ("file_too_large", "submission_too_large", "too_many_files", "too_many_parts", "field_too_long"),
    415: ("multipart_expected", "type_not_allowed", "macro_not_allowed"),
    422: ("form_missing", "form_not_single", "file_empty", "name_not_allowed", "form_type_unknown"),
}

LANGUAGE = Parameter("Accept-Language", "header", TEXT, "nb (default), nn or en: the language of texts.")
WANTED = Parameter("submission", "path", TEXT, "An id, or a reference (then the newest version).", required=True)
DOCUMENT = Parameter("document", "path", UUID, required=True)
SEARCHED: Final = (
    "A reference, part of a title, or words in the documents you may read, in any inflection (bokmål, nynorsk, English): all must be found. "
    '`"a phrase"`, `begin*`, `-not`; codes and numbers whole (`ID2023_012` as `ID2023 012`).'
)
CURSOR = Parameter("cursor", "query", TEXT, "`next` of the page before.")
KEY = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1, "maxLength": 200},
    "The same key with the same body gets the same answer for 7 days; with another body it is refused.",
)
SUBMISSION = Answer("The submission as it now is.", ref("Submission"))
EXAMPLE_ACTION = {"version": 1, "reason": "Feilen er avklart på telefon."}


def _act(name: str, summary: str, schema: Schema, *codes: str, forbidden: tuple[str, ...] = (), **example: object) -> Operation:
    """One of the secretariat's actions."""
    problems = {
        400: ("json_expected",),
        409: ("version_out_of_date", *codes),
        422: ("reason_missing", "version_missing", "field_too_long", "identity_number_in_text"),
    }
    if name == "route":
        problems[422] += ("value_not_allowed",)
    if forbidden:
        problems[403] = forbidden
    body = Body(schema, example={**EXAMPLE_ACTION, **example})
    path = f"/submissions/{{submission}}/{name}"
    return Operation(
        "post", path, f"{name}Submission", "secretariat", summary, (Scope.MONITOR,), {200: SUBMISSION}, (WANTED, LANGUAGE), body, problems
    )


SUBMISSIONS: Final = (
    Operation(
        "post",
        "/submissions",
        "submit",
        "submissions",
        "Hand in a form with its attachments, or a correction of an earlier version",
        SENDERS,
        {202: Answer("Bytes and row would survive loss of power.", ref("Accepted"), headers={"Location": "Where the submission is."})},
        (KEY, LANGUAGE),
        Body(ref("NewSubmission"), "multipart/form-data"),
        {
            **BODY_PROBLEMS,
            400: (*BODY_PROBLEMS[400], "idempotency_key_invalid"),
            403: ("field_not_yours",),
            404: ("replaced_not_found", "upload_unknown"),
            409: (
                "copy_out_of_date",
                "correction_in_progress",
                "move_not_allowed",
                "idempotency_in_progress",
                "upload_incomplete",
                "upload_used",
            ),
            410: ("upload_expired",),
            422: (*BODY_PROBLEMS[422], "value_not_allowed", "idempotency_key_reused", "field_too_long"),
            503: ("store_unavailable",),
        },
        "What only opening the files can show is told later, in `errors` of the submission.",
    ),
    Operation(
        "get",
        "/submissions",
        "listSubmissions",
        "submissions",
        "Submissions you may see, newest first, a page at a time",
        READERS,
        {200: Answer("A page.", ref("SubmissionList"))},
        (
            Parameter("status", "query", one_of(*lifecycle.STATES)),
            Parameter("form_type", "query", TEXT),
            Parameter("agency", "query", TEXT),
            Parameter("q", "query", TEXT, SEARCHED),
            Parameter("received_from", "query", TEXT, "A moment, or a day in Norway."),
            Parameter("received_to", "query", TEXT, "Before this moment, or to the end of this day in Norway."),
            Parameter("attention", "query", one_of("true", "false"), "Only those with a technical fault."),
            Parameter("total", "query", one_of("true", "false"), "Also count them all."),
            Parameter("limit", "query", {"type": "integer", "minimum": 1, "default": 25}, "At most 100 are given."),
            CURSOR,
        ),
        problems={400: ("value_not_allowed", "cursor_invalid")},
    ),
    Operation(
        "get",
        "/submissions/{submission}",
        "getSubmission",
        "submissions",
        "One submission, whole",
        READERS,
        {200: Answer("The submission.", ref("Submission"))},
        (WANTED, LANGUAGE),
    ),
    Operation(
        "get",
        "/submissions/{submission}/changes",
        "getChanges",
        "submissions",
        "What a correction changed: answers field by field, documents by their digests",
        READERS,
        {200: Answer("Compared with the version before.", ref("Changes"))},
        (WANTED, LANGUAGE),
    ),
    Operation(
        "get",
        "/submissions/{submission}/documents/{document}",
        "getDocument",
        "submissions",
        "The bytes of a document",
        READERS,
        {
            200: Answer("All of it.", media_type="application/octet-stream", headers={"ETag": "Its sha256.", "Content-Disposition": "attachment"}),
            206: Answer("The range asked for.", media_type="application/octet-stream", headers={"Content-Range": "Which bytes these are."}),
            304: Answer("You have it already.", media_type=None),
        },
        (WANTED, DOCUMENT, *(Parameter(name, "header", TEXT) for name in ("Range", "If-None-Match", "If-Match"))),
        problems={
            403: ("file_infected", "file_not_scanned"),
            409: ("scan_pending",),
            412: ("precondition_failed",),
            416: ("range_not_satisfiable",),
            503: ("store_unavailable",),
        },
    ),
    Operation(
        "get",
        "/submissions/{submission}/receipt",
        "getReceipt",
        "submissions",
        "What was received, with digests, signed",
        SENDERS,
        {200: Answer("The receipt; as PDF when Accept asks for it.", ref("SignedReceipt"), other_media_type="application/pdf")},
        (WANTED, LANGUAGE),
    ),
    Operation(
        "get",
        "/submissions/{submission}/rendering",
        "getRendering",
        "submissions",
        "A complete submission as it is published",
        SENDERS,
        {
            200: Answer(
                "PDF/A-3a, tagged (PDF/UA-1), or one HTML file. The same version gives the same bytes.",
                None,
                "application/pdf",
                other_media_type="text/html",
            )
        },
        (
            WANTED,
            Parameter("format", "query", one_of("pdf", "html", default="pdf")),
            Parameter("language", "query", one_of("nb", "nn", "en"), "Of the questions and headings; the form's own when it is not given."),
        ),
        description="Without what the form's definition keeps out, unpublished contact data, and any text that may hold a national identity number.",
        problems={400: ("value_not_allowed",), 409: ("rendering_not_ready",), 422: ("rendering_too_long",), 503: ("rendering_busy",)},
    ),
    Operation(
        "get",
        "/submissions/receipt-keys",
        "getReceiptKeys",
        "submissions",
        "The keys that receipts are signed with (JWKS)",
        ANYBODY,
        {200: Answer("The keys.", ref("Keys"))},
    ),
    Operation(
        "post",
        "/submissions/{submission}/withdraw",
        "withdrawSubmission",
        "submissions",
        "Take a submission back",
        SENDERS,
        {200: SUBMISSION},
        (WANTED, LANGUAGE),
        Body(ref("Withdrawal"), required=False, example={"reason": "Sendt ved en feil."}),
        {400: ("json_expected",), 409: ("move_not_allowed",), 422: ("reason_missing", "field_too_long", "identity_number_in_text")},
    ),
    Operation(
        "post",
        "/submissions/{submission}/messages",
        "writeMessage",
        "submissions",
        "Write a message; the secretariat may ask for a correction with it",
        SENDERS,
        {200: SUBMISSION},
        (WANTED, LANGUAGE),
        Body(ref("Message"), example={"text": "Budsjettvirkningen mangler for år fem."}),
        {400: ("json_expected",), 409: ("move_not_allowed",), 422: ("text_missing", "field_too_long", "identity_number_in_text")},
    ),
    _act("accept", "Accept in spite of errors", action(), "not_read", "copy_out_of_date", "file_infected", "scan_pending", "move_not_allowed"),
    _act("reject", "End a held or quarantined submission", action(), "move_not_allowed"),
    _act(
        "release",
        "Say that what looked like a fødselsnummer in a document is none",
        action(document=UUID),
        "nothing_to_release",
        forbidden=("file_infected",),
        document="0192f0c1-0000-7000-8000-000000000002",
    ),
    _act(
        "route",
        "Send it to an agency of your choice",
        action(agency=TEXT, role=one_of("primary", "copy", default="primary"), task=TEXT),
        "move_not_allowed",
        agency="dmp",
    ),
    _act("redrive", "Send parked work again", action()),
)

FORM: Final = Parameter("form_type", "path", TEXT, required=True)
VERSION: Final = Parameter("version", "path", TEXT, required=True)
FORM_LANGUAGE: Final = Parameter("language", "query", one_of(*LANGUAGES), "The form's language; else as Accept-Language says.")
FORMS: Final = (
    Operation(
        "post",
        "/checks",
        "check",
        "forms",
        "What handing in would find, at once; nothing is kept",
        SENDERS,
        {200: Answer("What was found.", ref("CheckResult"))},
        (LANGUAGE,),
        Body(ref("CheckRequest"), "multipart/form-data"),
        {
            **BODY_PROBLEMS,
            403: ("field_not_yours",),
            404: ("replaced_not_found", "upload_unknown"),
            409: ("copy_out_of_date", "correction_in_progress", "move_not_allowed", "upload_incomplete", "upload_used"),
            410: ("upload_expired",),
            422: (*BODY_PROBLEMS[422], "value_not_allowed", "field_too_long"),
            429: ("too_many_checks",),
            503: ("check_unavailable", "store_unavailable"),
        },
    ),
    Operation("get", "/forms", "listForms", "forms", "All forms and versions", ANYBODY, {200: Answer("The forms.", ref("Forms"))}, (LANGUAGE,)),
    Operation(
        "get",
        "/forms/{form_type}/{version}/schema",
        "getFormSchema",
        "forms",
        "The JSON Schema of a form's answers",
        ANYBODY,
        {200: Answer("JSON Schema 2020-12.", {"type": "object"}, "application/schema+json")},
        (FORM, VERSION),
        problems={404: ("not_found",)},
    ),
    *(
        Operation(
            "get",
            f"/forms/{{form_type}}/{{version}}/template.{kind}",
            f"getFormAs{kind.capitalize()}",
            "forms",
            f"The form to fill in, as {program}",
            ANYBODY,
            {200: Answer("The form.", None, media_type, {"ETag": "Its sha256."})},
            (FORM, VERSION, FORM_LANGUAGE),
            problems={400: ("value_not_allowed",), 404: ("not_found",)},
        )
        for (kind, media_type), program in zip(MEDIA_TYPES.items(), ("Word", "PDF"), strict=True)
    ),
    Operation("get", "/policy", "getPolicy", "forms", "Limits and allowed types", ANYBODY, {200: Answer("The limits.", ref("Policy"))}, (LANGUAGE,)),
    Operation("get", "/openapi.json", "getDescription", "forms", "This description", ANYBODY, {200: Answer("OpenAPI 3.1.", {"type": "object"})}),
)
