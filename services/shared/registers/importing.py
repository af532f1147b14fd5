"""Importing a register: the workbook is taken in and kept like any file from outside, and read by a job, in the box."""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from services.shared import identifiers, jobs, names, timestamps
from services.shared.context import Context
from services.shared.identity import Identity
from services.shared.models import register_imports
from services.shared.objects import ObjectsUnavailable
from services.shared.objects.port import Readable, Stored
from services.shared.problems import Problem
from services.shared.registers import keeping
from services.shared.registers.definition import RegisterDefinition
from services.shared.registers.workbook import ReadWorkbook, WorkbookRefused, read_workbook
from services.shared.sandbox import Box, Incoming
from services.shared.scanner import INFECTED
from services.shared.web.incoming import Door, ReceivedFile, Store
from services.shared.web.multipart import read_parts

FILE_PART = "file"
WORKBOOK = "xlsx"
NO_WORKBOOK = "register_not_a_workbook"
_OWN_WORDS = {"type_not_allowed": NO_WORKBOOK, "type_mismatch": NO_WORKBOOK}


def receive(context: Context, identity: Identity, definition: RegisterDefinition, stream: Readable, content_type: str | None) -> str:
    """Take a workbook in and have it read. Returns the id of the import. Raises Problem.

    The workbook that is in force, or waits to be read, is not imported twice: handing it in again confirms that it still holds.
    """
    identifier = identifiers.new_id()
    key = f"registers/{definition.id}/{identifier}"

    def store(_: str, file: Readable) -> Stored:
        try:
            return context.objects.put(key, file)
        except ObjectsUnavailable as fault:
            raise Problem("store_unavailable", 503) from fault

    try:
        file = _one_workbook(context, stream, content_type, store)
        with context.database.write() as tx:
            same = _same(tx, definition, file.stored.sha256)
            if same is None:
                _begin(tx, identity, definition, identifier, key, file)
                return identifier
            tx.execute(update(register_imports).where(register_imports.c.id == same).values(confirmed_at=timestamps.now()))
    except BaseException:
        context.objects.delete(key)
        raise
    context.objects.delete(key)
    return same


def read(context: Context, definition: RegisterDefinition, key: str, identifier: str, name: str, size: int) -> ReadWorkbook:
    """Read a workbook that was taken in. Raises WorkbookRefused, and what the store, the scanner and the box raise when they cannot work now."""
    with context.objects.file(key) as stream:
        if context.scanner.scan(stream).scan == INFECTED:
            raise WorkbookRefused("file_infected", name=name)
        box = Box(context.policy, context.box.scratch_root, context.settings.allow_unconfined_parsing, tables=True)
        with box, box.open_submission([Incoming(identifier, "table", name, stream, size)]) as opened:
            for fault in opened.findings:
                raise WorkbookRefused(_OWN_WORDS.get(fault.code, fault.code), **{**fault.detail, "name": name})
            lines = next((document.scratch_file for document in opened.documents if document.scratch_file is not None), None)
            if lines is None:
                raise WorkbookRefused("register_heading_missing", names=", ".join(column.title for column in definition.columns))
            with lines.open("rb") as told:
                return read_workbook(definition, told)


def _one_workbook(context: Context, stream: Readable, content_type: str | None, store: Store) -> ReceivedFile:
    """The only file of a body. Raises Problem."""
    door = Door(context.policy, store)
    found: ReceivedFile | None = None
    for part in read_parts(stream, content_type):
        if part.name != FILE_PART or part.filename is None:
            raise Problem("field_unknown", 400, name=part.name[:60])
        if part.filename == "":
            continue  # a browser's file field that was left empty
        if found is not None:
            raise Problem("too_many_files", 413, limit=1)
        if not part.filename.lower().endswith(f".{WORKBOOK}"):
            raise Problem("register_not_a_workbook", 415, name=part.filename[:200])
        found = door.take_in(part, part.name, "attachment", part.filename, context.policy.sizes.form_bytes)
    if found is None:
        raise Problem("register_file_missing", 422)
    return found


def _same(tx: Connection, definition: RegisterDefinition, sha256: str) -> str | None:
    """The import of the same workbook that waits to be read, or that is in force while nothing waits."""
    newest = next(iter(keeping.newest(tx, definition.id)), None)
    waiting = newest is not None and newest["state"] == keeping.PENDING
    row = newest if waiting else keeping.in_force(tx, definition.id)
    return str(row["id"]) if row is not None and row["sha256"] == sha256 else None


def _begin(tx: Connection, identity: Identity, definition: RegisterDefinition, identifier: str, key: str, file: ReceivedFile) -> None:
    now = timestamps.now()
    row = {
        "id": identifier,
        "register": definition.id,
        "state": keeping.PENDING,
        "name": file.name,
        "size": file.stored.size,
        "sha256": file.stored.sha256,
        "object_key": key,
        "imported_at": now,
        "confirmed_at": now,
        "imported_by": f"{identity.name} ({identity.owner})"[:200],
        "rows": 0,
        "refused": [],
        "refused_rows": 0,
        "absent": [],
    }
    tx.execute(insert(register_imports), row)
    jobs.enqueue(tx, names.VALIDATION_REGISTER, key=f"register-{definition.id}", data={"register": definition.id, "import": identifier})
