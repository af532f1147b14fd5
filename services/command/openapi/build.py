"""Puts the description together from the table of operations and the shapes."""

from __future__ import annotations

import json
from typing import Any, Final

from services.command.openapi import operations, register_operations, search_operations, upload_operations, work_operations
from services.command.openapi.examples import EXAMPLES
from services.command.openapi.operation import Answer, Body, Operation
from services.command.openapi.shapes import SUBMISSION_SHAPES, TEXT, ref
from services.command.openapi.work_shapes import archive_shapes, work_shapes
from services.shared import words
from services.shared.identity import Scope
from services.shared.problems import MEDIA_TYPE
from services.shared.registers.importing import FILE_PART
from services.shared.settings import SCHEMAS

FILE: Final = SCHEMAS / "openapi.json"
PREFIX: Final = "/api/v1"
TABLE: Final[tuple[Operation, ...]] = (
    *operations.SUBMISSIONS,
    *upload_operations.UPLOADS,
    *operations.FORMS,
    *register_operations.REGISTERS,
    *search_operations.SEARCH,
    *work_operations.WORK,
    *work_operations.ARCHIVE,
)
SCOPES: Final = {
    Scope.SUBMIT: "Hand in, see and correct your own submissions.",
    Scope.QUEUE: "An agency's work, and the submissions it was given.",
    Scope.MONITOR: "The secretariat: every submission.",
    Scope.ARCHIVE: "The archive.",
}
TAGS: Final = {
    "submissions": "Submissions and their documents.",
    "secretariat": "What the secretariat does to a submission; each names the version it looked at and a reason.",
    "uploads": "Large files in pieces, by tus 1.0 (https://tus.io/protocols/resumable-upload).",
    "forms": "Forms, checks and limits.",
    "registers": "The registers that forms are checked against.",
    "search": "The index that searching asks.",
    "work": "An agency's work. The same books as its queue on RabbitMQ.",
    "archive": "Search, retrieval, export and fixity.",
}


def description() -> dict[str, Any]:
    """The whole of it."""
    paths: dict[str, Any] = {}
    for operation in TABLE:
        paths.setdefault(PREFIX + operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Mottak",
            "version": "1.0.0",
            "summary": "Submissions to Nye metoder: handing in, following, agencies' work, the archive.",
            "description": "Bearer tokens are verified against the issuer's keys. What is not yours does not exist (404).",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of Maskinporten's shape. Scopes: " + " ".join(f"`{scope}`: {text}" for scope, text in SCOPES.items()),
                }
            },
            "schemas": {
                name: {**shape, "examples": [EXAMPLES[name]]} if name in EXAMPLES else shape
                for name, shape in {
                    **SUBMISSION_SHAPES,
                    **register_operations.REGISTER_SHAPES,
                    **search_operations.SEARCH_SHAPES,
                    **work_shapes(),
                    **archive_shapes(),
                }.items()
            },
        },
    }


def text() -> str:
    """The description as the file has it."""
    return json.dumps(description(), ensure_ascii=False, indent=1) + "\n"


def _operation(operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        shown["description"] = operation.description
    # Any of the scopes is enough: one requirement for each (OpenAPI 3.1, "Security Requirement Object": roles of a bearer scheme may be named).
    shown["security"] = [{"token": [str(scope)]} for scope in operation.scopes]
    if operation.parameters:
        shown["parameters"] = [
            {
                "name": parameter.name,
                "in": parameter.where,
                "required": parameter.required,
                **({"description": parameter.description} if parameter.description else {}),
                "schema": parameter.schema,
            }
            for parameter in operation.parameters
        ]
    if operation.body is not None:
        shown["requestBody"] = _body(operation.body)
    shown["responses"] = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    for status, codes in sorted(_problems(operation).items()):
        shown["responses"][str(status)] = _problem(status, codes, has_body=operation.method != "head")
    return shown


def _body(body: Body) -> dict[str, Any]:
    content: dict[str, Any] = {} if body.schema is None else {"schema": body.schema}
    if body.example is not None:
        content["example"] = body.example
    if body.media_type == "multipart/form-data":
        # Repeated parts of one name, not one part with a list in it.
        files = ("form", "attachments") if body.schema != ref("NewRegisterImport") else (FILE_PART,)
        content["encoding"] = {name: {"contentType": "application/octet-stream"} for name in files}
    return {"required": body.required, "content": {body.media_type: content}}


def _answer(answer: Answer) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        shown["headers"] = {name: {"description": told, "schema": TEXT} for name, told in answer.headers.items()}
    if answer.media_type is not None:
        shown["content"] = {answer.media_type: {"schema": answer.schema} if answer.schema else {}}
    if answer.other_media_type is not None:
        shown["content"][answer.other_media_type] = {}
    return shown


def _problems(operation: Operation) -> dict[int, list[str]]:
    """The codes of each status: the operation's own, and those that come of who asks and for what."""
    found = {status: list(codes) for status, codes in operation.problems.items()}
    found.setdefault(400, []).append("malformed_request")
    if operation.scopes:
        found.setdefault(401, []).append("not_authenticated")
        found.setdefault(403, []).append("not_allowed")
    if "{" in operation.path and not any(code in found.get(404, ()) for code in ("not_found", "upload_unknown")):
        found.setdefault(404, []).append("not_found")
    found.setdefault(500, []).append("internal_fault")
    return found


def _problem(status: int, codes: list[str], *, has_body: bool) -> dict[str, Any]:
    titles = "; ".join(f"`{code}`: {words.text(f'problem.{code}.title', 'en')}" for code in codes)
    headers = {"Retry-After": {"description": "Seconds to wait.", "schema": TEXT}} if status in (429, 503) else {}
    shown: dict[str, Any] = {"description": titles, **({"headers": headers} if headers else {})}
    if has_body:
        schema = {"allOf": [ref("Problem"), {"properties": {"status": {"const": status}, "code": {"enum": codes}}}]}
        shown["content"] = {MEDIA_TYPE: {"schema": schema}}
    return shown
