"""What an agency does over HTTP, for tests that share one system: each takes only its own work and gives the rest back."""

from __future__ import annotations

from typing import Any

from services.command.client import Client
from tests.end_to_end.system import Part, System, form_part


def send(system: System, form: bytes, *attachments: Part, actor: str = "leverandor", name: str = "skjema.json", **fields: str) -> dict[str, Any]:
    """Send a submission that must be taken in; the body of the 202."""
    response = system.post(actor, [form_part(form, name), *attachments], fields=fields)
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    return body


def settled(system: System, form: bytes, *attachments: Part, actor: str = "leverandor", name: str = "skjema.json", **fields: str) -> dict[str, Any]:
    """Send a submission and wait until no machine is to do more with it."""
    return system.client("sekretariat").wait_until_settled(send(system, form, *attachments, actor=actor, name=name, **fields)["id"])


def take(agency: Client, name: str, submission: str, kind: str = "work") -> dict[str, Any]:
    """Lease an agency's work until the message about this submission comes; all other work is given back."""
    found: dict[str, Any] | None = None
    items = agency.post(f"/api/v1/queues/{name}/leases", {"max": 100, "seconds": 600})["items"]
    for item in items:
        is_ours = item["type"] == f"no.nyemetoder.mottak.{kind}.v1" and _submission_of(item) == submission
        if is_ours and found is None:
            found = item
        else:
            agency.post(f"/api/v1/leases/{item['lease']}/release", {})
    assert found is not None, f"{name} has no {kind} about {submission}"
    return found


def _submission_of(item: dict[str, Any]) -> str:
    data = item["data"]
    return str(data["submission"]["id"] if "submission" in data else data["delivery"])


def delivery_of(view: dict[str, Any], agency: str, number: int = -1) -> dict[str, Any]:
    """A submission's delivery to an agency, the newest if it has several."""
    found: dict[str, Any] = [delivery for delivery in view["routing"] if delivery["agency"] == agency][number]
    return found
