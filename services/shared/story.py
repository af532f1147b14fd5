"""What people see of a submission, folded from its events: ``routing[]``, ``archive{}``, ``timeline[]``. So no service reads another's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.shared import names, words
from services.shared.events import Event

DELIVERY_STATES = {
    names.DELIVERY_DELIVERED: "delivered",
    names.DELIVERY_CONFIRMED: "confirmed",
    names.DELIVERY_RETURNED: "returned",
    names.DELIVERY_ANSWERED: "answered",
    names.DELIVERY_RECALLED: "recalled",
}


def routing_of(chain: Sequence[Event], language: str) -> list[dict[str, Any]]:
    """The deliveries with their present state and the reasons in a language."""
    deliveries: dict[str, dict[str, Any]] = {}
    for event in chain:
        if event.type in (names.DELIVERIES_PLANNED, names.DELIVERIES_QUEUED):
            for delivery in event.data["deliveries"]:
                known = deliveries.get(delivery["delivery"])
                if known is None:
                    deliveries[delivery["delivery"]] = _delivery(delivery, language)
                elif known["state"] == "pending":
                    known["state"] = "queued"
        elif event.type == names.DELIVERY_QUEUED:
            queued = deliveries.get(event.data["delivery"])
            if queued is not None and queued["state"] == "pending":
                queued["state"] = "queued"
        elif event.type in DELIVERY_STATES and event.data["delivery"] in deliveries and event.data.get("applied", True):
            deliveries[event.data["delivery"]]["state"] = DELIVERY_STATES[event.type]
        elif event.type == names.DOCUMENT_FETCHED:
            for delivery in deliveries.values():
                if delivery["agency"] == event.data["agency"] and delivery["state"] in ("pending", "queued"):
                    delivery["state"] = "delivered"
    return list(deliveries.values())


def _delivery(data: dict[str, Any], language: str) -> dict[str, Any]:
    return {
        "delivery": data["delivery"],
        "agency": data["agency"],
        "role": data["role"],
        "task": data["task"],
        "rules": [{"id": rule["id"], "reason": words.choose(rule["reason"], language)} for rule in data["rules"]],
        "state": data.get("state", "queued"),
        "respond_by": data.get("respond_by"),
    }


def archive_of(chain: Sequence[Event]) -> dict[str, Any]:
    """Where the newest archive version is; ``pending`` until one was asked for and stored."""
    pending: dict[str, Any] = {"state": "pending", "object": None, "version": None, "digest": None}
    newest = pending
    for event in chain:
        if event.type == names.ARCHIVE_REQUESTED:
            newest = pending
        elif event.type == names.ARCHIVE_STORED:
            newest = {"state": "stored", **{key: event.data[key] for key in ("object", "version", "digest")}}
    return newest


def timeline_of(chain: Sequence[Event], language: str) -> list[dict[str, Any]]:
    """The story as people read it. ``text`` has one catalogue key per event type: ``timeline.<type>``."""
    return [{"at": event.at, "type": event.type, "by": event.actor, "text": _text(event, language)} for event in chain]


def _text(event: Event, language: str) -> str:
    sentence = words.text(f"timeline.{event.type}", language)
    details = [
        str(words.choose(event.data[key], language) if isinstance(event.data[key], dict) else event.data[key])
        for key in ("reason", "text")
        if event.data.get(key)
    ]
    return ": ".join([sentence.rstrip("."), *details]) if details else sentence
