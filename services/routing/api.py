"""Routing's HTTP API: an agency's own queue, leases and receipts. What is not yours does not exist (404)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint

from services.routing import answers, leases, receipts
from services.shared.context import Context
from services.shared.identity import Scope, current, requires
from services.shared.problems import Problem
from services.shared.web.application import preferred_language
from services.shared.web.requests import json_object

_LEASE = re.compile(r"[0-9a-f]{32}")
_DELIVERY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def create_blueprint(context: Context) -> Blueprint:
    """The routes ``/queues``, ``/leases`` and ``/deliveries`` under ``/api/v1``."""
    blueprint = Blueprint("routing", __name__, url_prefix="/api/v1")
    database, actors = context.database, context.actors

    @blueprint.get("/queues/<agency>")
    @requires(Scope.QUEUE)
    def show_queue(agency: str) -> dict[str, Any]:
        _only(agency)
        with database.read() as tx:
            return leases.queue_of(tx, agency)

    @blueprint.post("/queues/<agency>/leases")
    @requires(Scope.QUEUE)
    def take_work(agency: str) -> dict[str, Any]:
        _only(agency)
        wanted = json_object(optional=True)
        limit = _whole_number(wanted, "max", leases.DEFAULT_ITEMS, leases.MAX_ITEMS)
        seconds = _whole_number(wanted, "seconds", leases.DEFAULT_SECONDS, leases.MAX_SECONDS)
        return leases.take(database, agency, limit=limit, seconds=seconds)

    @blueprint.post("/leases/<lease>/confirm")
    @requires(Scope.QUEUE)
    def confirm_lease(lease: str) -> dict[str, Any]:
        with database.write() as tx:
            return leases.confirm(tx, _own_agency(), _token(lease), by=current().name, actors=actors)

    @blueprint.post("/leases/<lease>/release")
    @requires(Scope.QUEUE)
    def release_lease(lease: str) -> dict[str, Any]:
        with database.write() as tx:
            return leases.release(tx, _own_agency(), _token(lease))

    @blueprint.post("/deliveries/<delivery>/receipts")
    @requires(Scope.QUEUE)
    def take_receipt(delivery: str) -> dict[str, Any]:
        agency = _own_agency()
        body = json_object()
        if not _DELIVERY.fullmatch(delivery) or body.setdefault("delivery", delivery) != delivery:
            raise Problem("not_found", 404)
        data = receipts.check(body, context.settings.schemas, preferred_language())
        with answers.prepared(context, agency, data, preferred_language()) as documents, database.write() as tx:
            return receipts.take(tx, agency, data, by=current().name, actors=actors, documents=documents)

    return blueprint


def _own_agency() -> str:
    agency = current().agency
    if agency is None:
        raise Problem("not_found", 404)
    return agency


def _only(agency: str) -> None:
    if agency != _own_agency():
        raise Problem("not_found", 404)


def _token(lease: str) -> str:
    """A lease as we name them; what cannot be one does not exist."""
    if not _LEASE.fullmatch(lease):
        raise Problem("not_found", 404)
    return lease


def _whole_number(body: dict[str, Any], name: str, default: int, most: int) -> int:
    """A number from 1; who asks for more than we give gets the most we give."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Problem("value_not_allowed", 422, name=name)
    return min(value, most)
