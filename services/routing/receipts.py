"""What agencies say back: confirmed, returned, answered. Each is taken once; the same said again is answered the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from sqlalchemy import Connection, RowMapping, insert, select, update

from services.routing import models, outbox
from services.routing.answers import AnswerDocuments
from services.routing.models import deliveries, messages, receipts
from services.routing.progress import confirm_when_all_have, queued_when_all_are
from services.shared import events, lifecycle, metrics, names, timestamps, words
from services.shared.actors import Actors
from services.shared.database import once_committed
from services.shared.problems import Problem
from services.shared.storable import storable_object

ACTOR = "routing"
MAX_BYTES = 1024 * 1024
_FORMATS = Draft202012Validator.FORMAT_CHECKER
_EVENTS = {models.CONFIRMED: names.DELIVERY_CONFIRMED, models.RETURNED: names.DELIVERY_RETURNED, models.ANSWERED: names.DELIVERY_ANSWERED}
# What an outcome leads to from each state; a pair that is missing contradicts what the agency said before.
_NEXT = {
    **{(state, models.CONFIRMED): models.CONFIRMED for state in models.OPEN},
    **{(state, models.RETURNED): models.RETURNED for state in models.OPEN},
    **{(state, models.ANSWERED): models.ANSWERED for state in models.OPEN},
    (models.ANSWERED, models.CONFIRMED): models.ANSWERED,
    **{(models.RECALLED, outcome): models.RECALLED for outcome in _EVENTS},
}


@cache
def _validators(schemas: Path) -> tuple[Draft202012Validator, Draft202012Validator]:
    """For a receipt's ``data`` alone, and for the whole message."""
    schema = json.loads((schemas / "messages" / "receipt.schema.json").read_text(encoding="utf-8"))
    data = {"$ref": "#/$defs/data", "$defs": schema["$defs"]}
    return Draft202012Validator(data, format_checker=_FORMATS), Draft202012Validator(schema, format_checker=_FORMATS)


def check(data: Any, schemas: Path, language: str = words.DEFAULT) -> dict[str, Any]:
    """The ``data`` of a receipt, if it is one. Raises Problem ``receipt_invalid`` (422) with every fault, where it is and what to do."""
    return _checked(_validators(schemas)[0], data, language)


def read(body: bytes, schemas: Path) -> dict[str, Any]:
    """The ``data`` of a receipt that came over the broker. Raises Problem ``body_too_large``, ``json_expected``, ``receipt_invalid``."""
    if len(body) > MAX_BYTES:
        raise Problem("body_too_large", 413)
    try:
        message = storable_object(json.loads(body))
    except (ValueError, RecursionError) as fault:
        raise Problem("json_expected", 400) from fault
    return dict(_checked(_validators(schemas)[1], message, words.DEFAULT)["data"])


def reason_of(problem: Problem) -> str:
    """Why a receipt was not taken, in bokmål: the problem's code, and what is wrong where or else its sentence."""
    faults = [f"{error['pointer'] or '/'}: {error['message']}" for error in problem.errors]
    return f"{problem.code}: " + ("; ".join(faults) or problem.detail(words.DEFAULT))


def _checked(validator: Draft202012Validator, said: Any, language: str) -> dict[str, Any]:
    # Each key that is missing is a fault of its own, and names all of them: told once.
    faults = {(error["pointer"], error["code"]): error for fault in validator.iter_errors(said) for error in _as_errors(fault, language)}
    if faults:
        raise Problem("receipt_invalid", 422, errors=[faults[place] for place in sorted(faults)])
    return dict(said)


def _as_errors(fault: Any, language: str) -> Iterator[dict[str, Any]]:
    """One error for each field that is missing or unknown, else one for the field that is wrong."""
    path = [str(step) for step in fault.absolute_path]
    if fault.validator == "required":
        places = [[*path, name] for name in fault.validator_value if name not in fault.instance]
    elif fault.validator == "additionalProperties":
        places = [[*path, name] for name in fault.instance if name not in fault.schema["properties"]]
    else:
        places = [path]
    code = str(fault.validator) if fault.validator in ("required", "additionalProperties") else "value"
    for place in places:
        yield {
            "pointer": "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in place),
            "field": place[-1] if place else "",
            "code": str(fault.validator),
            "message": words.text(f"routing.receipt.{code}", language),
            "severity": "error",
            "document": None,
            "accepted_by": None,
        }


def take(
    tx: Connection, agency: str, data: Mapping[Any, Any], *, by: str | None, actors: Actors, documents: AnswerDocuments | None = None
) -> dict[str, Any]:
    """Take a checked receipt for a delivery of this agency, in the caller's transaction.

    ``documents``: those its answer names, as ``answers.prepared`` made them ready. Returns ``{"delivery", "outcome", "state", "at", "applied"}``, for a repeated one exactly what the first got. Raises Problem:
    ``not_found`` when the delivery is not the agency's, ``receipt_contradicts`` (409) when it said something else before, or returns what all have confirmed,
    ``upload_unknown`` (422) for a document that was never uploaded.
    """
    delivery = _own_delivery(tx, agency, str(data["delivery"]))
    submission = events.locked(tx, delivery["submission"])
    delivery = _own_delivery(tx, agency, delivery["id"])
    outcome = str(data["outcome"])
    earlier = tx.execute(select(receipts).where(receipts.c.delivery == delivery["id"], receipts.c.outcome == outcome)).mappings().one_or_none()
    if earlier is not None:
        if outcome != models.CONFIRMED and _said(earlier["data"]) != _said(data):
            raise Problem("receipt_contradicts", 409, state=delivery["state"])
        return _answer(earlier)
    if (delivery["state"], outcome) not in _NEXT or _comes_too_late(delivery, submission, outcome):
        raise Problem("receipt_contradicts", 409, state=delivery["state"])
    documents = documents or AnswerDocuments()
    if len((data.get("answer") or {}).get("documents") or ()) != len(documents.items):
        raise Problem("upload_unknown", 422)
    return _apply(tx, delivery, submission, dict(data), _NEXT[delivery["state"], outcome], by, actors, documents)


def _apply(
    tx: Connection,
    delivery: RowMapping,
    submission: RowMapping,
    data: dict[str, Any],
    state: str,
    by: str | None,
    actors: Actors,
    documents: AnswerDocuments,
) -> dict[str, Any]:
    outcome, applied = str(data["outcome"]), delivery["state"] != models.RECALLED
    at = timestamps.now()
    row = {
        "delivery": delivery["id"],
        "outcome": outcome,
        "agency": delivery["agency"],
        "at": at,
        "data": data,
        "applied": applied,
        "state": state,
    }
    tx.execute(insert(receipts).values(row))
    took = max(0.0, timestamps.seconds_between(delivery["created_at"], at))
    once_committed(tx, lambda: metrics.AGENCY_SECONDS.labels(agency=delivery["agency"], outcome=outcome).observe(took))
    tx.execute(update(deliveries).where(deliveries.c.id == delivery["id"]).values(state=state))
    if applied:
        tx.execute(update(messages).where(messages.c.delivery == delivery["id"], messages.c.kind == models.WORK).values(state=models.DONE))
    told = {key: data.get(key) for key in ("case_number", "reason", "answer") if data.get(key) is not None}
    if documents.items:
        # Their rows are older than the event that tells of them: the archive's version of that event has them.
        told["documents"] = documents.keep(tx, submission["id"], at)
    fact = {
        "delivery": delivery["id"],
        "agency": delivery["agency"],
        "role": delivery["role"],
        "by": data.get("by") or by,
        "applied": applied,
        **told,
    }
    if state != delivery["state"] or not applied:
        events.record(tx, submission["id"], _EVENTS[outcome], actor=delivery["agency"], data=fact)
    # The agency has it, over HTTP or over a broker that has not told us yet: it is with its agency, whatever the broker says later.
    outbox.remove(tx, delivery["id"])
    if delivery["state"] == models.PENDING:
        queued_when_all_are(tx, submission["id"])
    if applied and delivery["role"] == "primary":
        _move_submission(tx, delivery, submission, outcome, data, actors)
    return _answer(row)


def _move_submission(tx: Connection, delivery: RowMapping, submission: RowMapping, outcome: str, data: Mapping[Any, Any], actors: Actors) -> None:
    """A returned primary leaves the submission to the secretariat; the last that confirms or answers ends the hand-over."""
    if outcome == models.RETURNED:
        actor = actors.get(delivery["agency"])
        reason = {
            language: words.text("routing.hold.returned", language, agency=words.choose(actor.names, language) if actor else delivery["agency"])
            + (f" ({data['reason']})" if data.get("reason") else "")
            for language in words.LANGUAGES
        }
        held = {"code": models.RETURNED, "reason": reason, "rules": [], "suggest": [], "delivery": delivery["id"]}
        events.record_or_drop(tx, submission["id"], names.SUBMISSION_HELD, actor=ACTOR, data=held)
    else:
        confirm_when_all_have(tx, submission["id"])


def _comes_too_late(delivery: RowMapping, submission: RowMapping, outcome: str) -> bool:
    """Whether a primary returns what everybody has confirmed: from there no move leads back to the secretariat (house, idea 6), so the agency is told instead of nobody."""
    return outcome == models.RETURNED and delivery["role"] == "primary" and submission["status"] == lifecycle.CONFIRMED


def _own_delivery(tx: Connection, agency: str, delivery: str) -> RowMapping:
    row = tx.execute(select(deliveries).where(deliveries.c.id == delivery, deliveries.c.agency == agency)).mappings().one_or_none()
    if row is None:
        raise Problem("not_found", 404)
    return row


def _said(data: Mapping[Any, Any]) -> dict[str, Any]:
    """What a receipt says, apart from who sent it."""
    return {key: value for key, value in data.items() if key != "by" and value is not None}


def _answer(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("delivery", "outcome", "state", "at", "applied")}
