"""The archive's API (contract, section 3): search, retrieve, export, fixity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, jsonify, request
from sqlalchemy import Connection, func, insert, select
from werkzeug import Response

from services.archive import bag as bags
from services.archive import catalogue, fixity, ocfl
from services.archive.inventory import Inventory
from services.archive.models import archive_fixity_checks, archive_fixity_outcomes
from services.shared import events, identifiers, jobs, names, search, telemetry, timestamps
from services.shared.context import Context
from services.shared.identity import Identity, Scope, current, requires
from services.shared.objects import ObjectMissing, ObjectsUnavailable
from services.shared.problems import Problem
from services.shared.web.requests import json_object, whole_number

LIMIT, LIMIT_MOST = 50, 200
DIGITS = 9
log = telemetry.logger("archive")


def create_blueprint(context: Context) -> Blueprint:
    """The routes of the archive, on one context."""
    blueprint = Blueprint("archive", __name__, url_prefix="/api/v1/archive")
    views = _Views(context)
    blueprint.add_url_rule("/objects", "objects", views.objects)
    blueprint.add_url_rule("/objects/<object_name>", "object", views.object)
    blueprint.add_url_rule("/objects/<object_name>/bag", "bag", views.bag)
    blueprint.add_url_rule("/fixity-checks", "start_check", views.start_check, methods=["POST"])
    blueprint.add_url_rule("/fixity-checks/<check_id>", "check", views.check)
    return blueprint


class _Views:
    def __init__(self, context: Context) -> None:
        self._context = context

    @requires(Scope.ARCHIVE, Scope.MONITOR)
    def objects(self) -> Response:
        """Search, newest first: ``q`` (every word must be found, in the catalogue or in a document), ``limit``, ``cursor``."""
        query = request.args.get("q", "")
        codes = self._context.codes
        readable = search.Readable(self._context.scanner.passes_unscanned, internal=True)
        sought = catalogue.Sought(query, search.parse(query[:200], codes), readable, codes)
        try:
            with self._context.database.read() as tx:
                found, following = catalogue.search(tx, sought, limit=_limit(), cursor=request.args.get("cursor"))
                hits = catalogue.hits(tx, sought, [row["id"] for row in found]) if sought.terms else None
        except catalogue.CursorInvalid as fault:
            raise Problem("cursor_invalid", 400) from fault
        items = [_summary(row) | ({} if hits is None else {"hits": hits.get(row["id"], [])}) for row in found]
        return jsonify({"items": items, "next": following})

    @requires(Scope.ARCHIVE, Scope.MONITOR)
    def object(self, object_name: str) -> Response:
        """One object with its versions, and each version's files with digests and sizes."""
        row, known = self._find(object_name)
        inventory = self._inventory(row)
        sizes = _sizes(known)
        shown = []
        for entry in known:
            version = inventory.versions[entry["version"] - 1]
            shown.append(
                {
                    "version": f"v{version.number}",
                    "created": version.created,
                    "why": version.cause.why,
                    "submission": version.cause.submission,
                    "event": version.cause.seq,
                    "chain": version.cause.chain,
                    "digest": entry["digest"],
                    "files": catalogue.files(inventory, version.number, sizes),
                }
            )
        return jsonify({**_summary(row), "versions": shown})

    @requires(Scope.ARCHIVE, Scope.MONITOR)
    def bag(self, object_name: str) -> Response:
        """The newest version (or ``version=v1``) as a BagIt zip. Handing it out is an event."""
        row, known = self._find(object_name)
        inventory = self._inventory(row)
        number = _version_wanted(request.args.get("version"), row["head"])
        try:
            prepared = bags.prepare(self._context.archive_objects, inventory, number, row["reference"], _sizes(known))
        except ocfl.ArchiveDamaged as fault:
            log.error("export_refused", object=row["id"], why=str(fault))
            raise Problem("archive_damaged", 500) from fault
        except (ObjectsUnavailable, OSError) as fault:
            raise Problem("archive_unavailable", 503) from fault
        headers = {"Content-Disposition": f'attachment; filename="{row["reference"]}.zip"'}
        if request.method == "HEAD":
            return Response(content_type="application/zip", headers=headers)
        entry = known[number - 1]
        with self._context.database.write() as tx:
            handed_out = {"object": row["id"], "version": f"v{number}", "digest": entry["digest"], "to": _recipient(current())}
            events.record(tx, entry["submission"], names.ARCHIVE_EXPORTED, actor=current().owner, data=handed_out)
        return Response(self._sent(prepared), content_type="application/zip", headers=headers)

    def _sent(self, prepared: bags.Bag) -> Iterator[bytes]:
        try:
            yield from bags.stream(self._context.archive_objects, prepared)
        except Exception as fault:
            log.error("export_broken_off", object=prepared.object_id, why=f"{type(fault).__name__}: {fault}")
            raise

    @requires(Scope.ARCHIVE, Scope.MONITOR)
    def start_check(self) -> Response:
        """Have one object (``{"object": ...}``) or all re-read; the answer says where the outcome will be."""
        wanted = _object_wanted()
        check_id = identifiers.new_id()
        with self._context.database.write() as tx:
            object_id = None
            if wanted is not None:
                row = catalogue.find(tx, wanted)
                if row is None:
                    raise Problem("not_found", 404)
                object_id = row["id"]
            values = {"id": check_id, "object": object_id, "requested_by": current().owner, "requested_at": timestamps.now()}
            tx.execute(insert(archive_fixity_checks).values(values))
            jobs.enqueue(tx, names.ARCHIVE_FIXITY, key=f"fixity-{check_id}", data={"check": check_id})
        location = f"/api/v1/archive/fixity-checks/{check_id}"
        answer = jsonify({"id": check_id, "object": object_id, "state": "running", "links": {"self": location}})
        answer.status_code = 202
        answer.headers["Location"] = location
        return answer

    @requires(Scope.ARCHIVE, Scope.MONITOR)
    def check(self, check_id: str) -> Response:
        """How a check goes: counts, and the outcome per object (``outcome=damaged`` shows those alone; ``limit``, ``cursor``)."""
        with self._context.database.read() as tx:
            row = tx.execute(select(archive_fixity_checks).where(archive_fixity_checks.c.id == check_id)).mappings().one_or_none()
            if row is None:
                raise Problem("not_found", 404)
            items, following = _outcomes(tx, check_id)
            count = select(archive_fixity_outcomes.c.outcome, func.count().label("number")).where(archive_fixity_outcomes.c.check_id == check_id)
            counts = {found.outcome: found.number for found in tx.execute(count.group_by(archive_fixity_outcomes.c.outcome))}
        return jsonify({**row, "state": "done" if row["finished_at"] else "running", "counts": counts, "items": items, "next": following})

    def _find(self, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        with self._context.database.read() as tx:
            row = catalogue.find(tx, name)
            if row is None:
                raise Problem("not_found", 404)
            return row, catalogue.versions(tx, row["id"])

    def _inventory(self, row: dict[str, Any]) -> Inventory:
        """The object's inventory, at least as new as the catalogue: a head that a crash or a late writer left behind is rolled forward first."""
        port = self._context.archive_objects
        try:
            try:
                inventory = ocfl.read_inventory(port, row["id"])
                if inventory.head >= row["head"]:
                    return inventory
            except ocfl.ArchiveDamaged:
                log.warning("archive_unsettled", object=row["id"])
            found = ocfl.settle(port, ocfl.object_root(row["id"]))
            if found is None or found.inventory.head < row["head"] or found.inventory.object_id != row["id"]:
                raise ocfl.ArchiveDamaged("the catalogue knows a version that the store has not")
            return found.inventory
        except (ocfl.ArchiveDamaged, ObjectMissing) as fault:
            log.error("archive_damaged", object=row["id"], why=str(fault))
            raise Problem("archive_damaged", 500) from fault
        except (ObjectsUnavailable, OSError) as fault:
            raise Problem("archive_unavailable", 503) from fault


def _outcomes(tx: Connection, check_id: str) -> tuple[list[Any], str | None]:
    limit = _limit()
    found = archive_fixity_outcomes.c
    query = select(found.found, found.object).where(found.check_id == check_id).order_by(found.object).limit(limit + 1)
    if after := request.args.get("cursor"):
        query = query.where(found.object > after)
    if only := request.args.get("outcome"):
        if only not in fixity.EXIT_CODES:
            raise Problem("value_not_allowed", 400, name="outcome")
        query = query.where(found.outcome == only)
    rows = tx.execute(query).all()
    return [row.found for row in rows[:limit]], rows[limit - 1].object if len(rows) > limit else None


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    shown = ("id", "reference", "form_type", "submitter", "title", "digest", "size", "received_at", "stored_at")
    link = f"/api/v1/archive/objects/{row['id']}"
    return {**{name: row[name] for name in shown}, "version": f"v{row['head']}", "links": {"self": link, "bag": f"{link}/bag"}}


def _sizes(known: list[dict[str, Any]]) -> dict[str, int]:
    return {path: size for entry in known for path, size in entry["sizes"].items()}


def _limit() -> int:
    return min(whole_number(request.args.get("limit"), "limit", LIMIT), LIMIT_MOST)


def _version_wanted(text: str | None, head: int) -> int:
    if text is None:
        return int(head)
    digits = text.removeprefix("v")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > DIGITS or not 1 <= int(digits) <= head:
        raise Problem("not_found", 404)
    return int(digits)


def _object_wanted() -> str | None:
    wanted = json_object(optional=True).get("object")
    if not isinstance(wanted, str | None):
        raise Problem("value_not_allowed", 400, name="object")
    return wanted


def _recipient(identity: Identity) -> dict[str, str | None]:
    return {"name": identity.name, "organisation": identity.organisation, "subject": identity.subject}
