"""``/api/v1/registers``: the secretariat imports a register as a workbook, and sees what is in force; and the job that reads a workbook."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from sqlalchemy import Connection
from werkzeug import Response

from services.shared import names, timestamps
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.jobs import Job
from services.shared.objects import ObjectsUnavailable
from services.shared.problems import Problem
from services.shared.registers import RegisterDefinition, importing, keeping, load_registers
from services.shared.registers.workbook import WorkbookRefused
from services.shared.sandbox import BoxCrashed, BoxUnavailable
from services.shared.scanner import ScannerUnavailable
from services.shared.web.application import preferred_language
from services.shared.web.incoming import check_length
from services.shared.worker import Effect, Retry, handles


def add_registers(api: Blueprint, context: Context) -> None:
    """Add the routes."""

    @api.get("/registers")
    @requires(Scope.MONITOR)
    def registers() -> Response:
        """Every register, and what is in force of it."""
        today = timestamps.norwegian_date(timestamps.now())
        with context.database.read() as tx:
            known = load_registers(context.schemas).values()
            return jsonify({"items": [keeping.register_view(tx, each, preferred_language(), today) for each in known]})

    @api.get("/registers/<register>")
    @requires(Scope.MONITOR)
    def show(register: str) -> Response:
        """One register."""
        today = timestamps.norwegian_date(timestamps.now())
        with context.database.read() as tx:
            return jsonify(keeping.register_view(tx, _definition(context, register), preferred_language(), today))

    @api.post("/registers/<register>/imports")
    @requires(Scope.MONITOR)
    def start(register: str) -> Response:
        """Take a workbook in; it is read in the background."""
        check_length(request.content_length, context.policy)
        definition = _definition(context, register)
        found = importing.receive(context, current(), definition, request.environ["wsgi.input"], request.headers.get("Content-Type"))
        answer = _shown(context, definition, found)
        answer.status_code = 202
        answer.headers["Location"] = f"/api/v1/registers/{definition.id}/imports/{found}"
        return answer

    @api.get("/registers/<register>/imports/<wanted>")
    @requires(Scope.MONITOR)
    def show_import(register: str, wanted: str) -> Response:
        """How an import goes, or what became of it."""
        return _shown(context, _definition(context, register), wanted)


def _definition(context: Context, register: str) -> RegisterDefinition:
    definition = load_registers(context.schemas).get(register)
    if definition is None:
        raise Problem("not_found", 404)
    return definition


def _shown(context: Context, definition: RegisterDefinition, wanted: str) -> Response:
    with context.database.read() as tx:
        row = keeping.find(tx, definition.id, wanted)
        if row is None:
            raise Problem("not_found", 404)
        return jsonify(keeping.view(definition, row, keeping.in_force(tx, definition.id), preferred_language()))


@handles(names.VALIDATION_REGISTER)
def import_register(job: Job, context: Context) -> Effect | None:
    """Read a workbook that was taken in, and put it in force or refuse it."""
    definition = load_registers(context.schemas)[job.data["register"]]
    with context.database.read() as tx:
        row = keeping.find(tx, definition.id, job.data["import"])
    if row is None or row["state"] != keeping.PENDING:
        return None
    import_id = str(row["id"])
    try:
        result = importing.read(context, definition, row["object_key"], import_id, row["name"], row["size"])
    except WorkbookRefused as refusal:
        code, values = refusal.code, refusal.values
        return lambda tx: keeping.refuse(tx, import_id, code, values)
    except (BoxCrashed, BoxUnavailable) as fault:
        raise Retry(f"{type(fault).__name__}: {fault}") from fault
    except (ScannerUnavailable, ObjectsUnavailable) as fault:
        raise Retry(f"{type(fault).__name__}: {fault}", outage=True) from fault

    def effect(tx: Connection) -> None:
        keeping.keep(tx, import_id, result)

    return effect
