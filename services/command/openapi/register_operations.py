"""The registers: their operations and shapes."""

from __future__ import annotations

from typing import Final

from services.command.openapi.operation import Answer, Body, Operation, Parameter
from services.command.openapi.operations import BODY_PROBLEMS, LANGUAGE
from services.command.openapi.shapes import FLAG, MOMENT, NUMBER, PATH, SHA256, TEXT, UUID, Schema, closed, listed, maybe, one_of, ref
from services.shared.identity import Scope
from services.shared.registers.importing import FILE_PART

SECRETARIAT: Final = (Scope.MONITOR,)
REGISTER: Final = Parameter("register", "path", TEXT, required=True)
IMPORT: Final = Parameter("import", "path", UUID, required=True)

REGISTER_SHAPES: Final[dict[str, Schema]] = {
    "Registers": closed({"items": listed(ref("Register"))}),
    "Register": closed(
        {
            "register": TEXT,
            "title": TEXT,
            "fresh_days": {**NUMBER, "description": "For how many days after an import its checks are errors; an older one only warns."},
            "is_fresh": FLAG,
            "in_force": maybe(ref("RegisterImport")),
            "latest": {**maybe(ref("RegisterImport")), "description": "The newest import, when it is not the one in force."},
            "links": closed({"self": PATH, "imports": PATH}),
        }
    ),
    "RegisterImport": closed(
        {
            "id": UUID,
            "register": TEXT,
            "name": TEXT,
            "size": NUMBER,
            "sha256": SHA256,
            "imported_at": MOMENT,
            "confirmed_at": {**MOMENT, "description": "When the same workbook was last handed in again."},
            "imported_by": TEXT,
            "finished_at": maybe(MOMENT),
            "rows": NUMBER,
            "state": one_of("pending", "in_force", "replaced", "refused"),
            "refused_rows": NUMBER,
            "refused": listed(closed({"row": NUMBER, "code": TEXT, "reason": TEXT}), description="The first 500 of them."),
            "absent": listed(TEXT, description="Headings that are not there but may be missing."),
            "refusal": {**maybe(closed({"code": TEXT, "message": TEXT})), "description": "Why nothing of it could be used."},
            "links": closed({"self": PATH, "register": PATH}),
        }
    ),
    "NewRegisterImport": {
        "type": "object",
        "additionalProperties": False,
        "required": [FILE_PART],
        "properties": {FILE_PART: {"type": "string", "contentMediaType": "application/octet-stream", "description": "An .xlsx workbook."}},
    },
}

REGISTERS: Final = (
    Operation(
        "get", "/registers", "listRegisters", "registers", "The registers, and what is in force", SECRETARIAT,
        {200: Answer("The registers.", ref("Registers"))}, (LANGUAGE,),
    ),
    Operation(
        "get", "/registers/{register}", "getRegister", "registers", "One register, and what is in force", SECRETARIAT,
        {200: Answer("The register.", ref("Register"))}, (REGISTER, LANGUAGE),
    ),
    Operation(
        "post", "/registers/{register}/imports", "importRegister", "registers", "Import a register from a workbook", SECRETARIAT,
        {202: Answer("It is kept, and being read.", ref("RegisterImport"), headers={"Location": "Where to see how it goes."})},
        (REGISTER, LANGUAGE),
        Body(ref("NewRegisterImport"), "multipart/form-data"),
        {
            **{status: BODY_PROBLEMS[status] for status in (400, 408, 411)},
            413: ("file_too_large", "submission_too_large", "too_many_files", "too_many_parts"),
            415: (*BODY_PROBLEMS[415], "register_not_a_workbook"),
            422: ("register_file_missing", "file_empty", "name_not_allowed"),
            503: ("store_unavailable",),
        },
        "A workbook that cannot be used changes nothing. The one in force, handed in again, is confirmed and not imported twice.",
    ),
    Operation(
        "get", "/registers/{register}/imports/{import}", "getRegisterImport", "registers", "How an import goes, or what became of it", SECRETARIAT,
        {200: Answer("The import.", ref("RegisterImport"))}, (REGISTER, IMPORT, LANGUAGE),
    ),
)  # fmt: skip
