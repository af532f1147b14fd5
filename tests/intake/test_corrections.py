"""Corrections, with nobody at work behind the door: what may be corrected does not depend on who is quicker."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.command.assemble import embedded_context
from services.intake.app import create_app
from services.shared import events, lifecycle, names
from services.shared.settings import Settings
from tests.shared.forms.answers import good_answers


class Door:
    """Intake alone, as the supplier of the demo meets it."""

    def __init__(self, data: Path) -> None:
        data.mkdir()
        self.context, issuer = embedded_context(Settings.embedded(data, environment={}))
        self._client = create_app(self.context, issuer).test_client()
        self._token = issuer.token("leverandor")

    def send(self, **fields: str) -> Any:
        """POST a good form; the response."""
        form = {"form_type": "anmodning", "form_version": "1.0", "language": "nb", "answers": good_answers("anmodning")}
        parts = {"form": (io.BytesIO(json.dumps(form).encode()), "skjema.json"), **fields}
        return self._client.post(
            "/api/v1/submissions", data=parts, content_type="multipart/form-data", headers={"Authorization": f"Bearer {self._token}"}
        )

    def move(self, submission: str, *event_types: str) -> None:
        """What validation would record."""
        with self.context.database.write() as tx:
            for event_type in event_types:
                events.record(tx, submission, event_type, actor="validation", changes={"complete_at": "2026-01-01T00:00:00.000000Z"})

    def status(self, submission: str) -> str:
        """Where a version stands."""
        with self.context.database.read() as tx:
            return str(events.locked(tx, submission)["status"])


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(tmp_path / "data")
    yield opened
    opened.context.database.close()


def accepted(door: Door) -> dict[str, Any]:
    answer: dict[str, Any] = door.send().get_json()
    door.move(answer["id"], names.SUBMISSION_CHECKING, names.SUBMISSION_ACCEPTED)
    return answer


def test_a_second_correction_waits_until_the_first_is_read(door: Door) -> None:
    first = accepted(door)
    correction = door.send(replaces=first["reference"]).get_json()
    again = door.send(replaces=first["reference"])
    assert (again.status_code, again.get_json()["code"]) == (409, "correction_in_progress")
    door.move(correction["id"], names.SUBMISSION_CHECKING, names.SUBMISSION_NEEDS_CORRECTION)
    assert door.send(replaces=first["reference"]).get_json()["version"] == 3


def test_only_the_newest_version_can_be_corrected_by_its_id(door: Door) -> None:
    first = accepted(door)
    correction = door.send(replaces=first["id"]).get_json()
    door.move(correction["id"], names.SUBMISSION_CHECKING, names.SUBMISSION_NEEDS_CORRECTION)
    late = door.send(replaces=first["id"])
    assert (late.status_code, late.get_json()["code"]) == (409, "copy_out_of_date")


def test_a_version_in_force_stays_so_while_its_correction_is_read(door: Door) -> None:
    first = accepted(door)
    correction = door.send(replaces=first["id"]).get_json()
    assert door.status(first["id"]) == lifecycle.ACCEPTED
    door.move(correction["id"], names.SUBMISSION_CHECKING, names.SUBMISSION_ACCEPTED)
    assert door.status(first["id"]) == lifecycle.SUPERSEDED


def test_a_version_that_waits_is_superseded_when_its_correction_comes(door: Door) -> None:
    first = door.send().get_json()
    door.move(first["id"], names.SUBMISSION_CHECKING)
    with door.context.database.write() as tx:
        events.record(tx, first["id"], names.SUBMISSION_NEEDS_CORRECTION, actor="validation", changes={"complete_at": None})
    correction = door.send(replaces=first["reference"]).get_json()
    assert (correction["reference"], correction["version"]) == (first["reference"], 2)
    assert door.status(first["id"]) == lifecycle.SUPERSEDED


@pytest.mark.parametrize("end", [names.SUBMISSION_REJECTED, names.SUBMISSION_WITHDRAWN])
def test_what_has_ended_cannot_be_corrected(door: Door, end: str) -> None:
    first = door.send().get_json()
    door.move(first["id"], names.SUBMISSION_CHECKING, end)
    late = door.send(replaces=first["reference"])
    assert (late.status_code, late.get_json()["code"]) == (409, "move_not_allowed")


@pytest.mark.parametrize("end", [names.SUBMISSION_REJECTED, names.SUBMISSION_WITHDRAWN])
def test_a_correction_that_came_to_nothing_does_not_keep_what_is_in_force_from_being_corrected(door: Door, end: str) -> None:
    first = accepted(door)
    dropped = door.send(replaces=first["reference"]).get_json()
    door.move(dropped["id"], names.SUBMISSION_CHECKING, end)
    again = door.send(replaces=first["reference"]).get_json()
    assert again["version"] == 3
    door.move(again["id"], names.SUBMISSION_CHECKING, names.SUBMISSION_ACCEPTED)
    assert [door.status(version["id"]) for version in (first, again)] == [lifecycle.SUPERSEDED, lifecycle.ACCEPTED]


def test_another_organisation_s_submission_is_not_there_to_be_corrected(door: Door) -> None:
    assert door.send(replaces="NM-2026-222222").status_code == 404
