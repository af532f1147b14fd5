"""The rolling audit: what was written last is read again first, everything within its period, and nothing that was not read passes as read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from services.archive import audit, catalogue
from services.archive.measures import GRACE_SECONDS, measure
from services.archive.models import archive_objects
from services.archive.snapshot import object_id_of
from services.shared import names, timestamps
from services.shared.models import jobs
from services.shared.worker import run_one
from tests.archive.test_archive_fixity import flip


def passed(service: Any) -> dict[str, str]:
    """Have a pass begun and run to its end; object -> outcome. Empty when nothing was due."""
    check = audit.sweep(service.context)
    service.work()
    if check is None:
        return {}
    told = service.get(f"/archive/fixity-checks/{check}").json
    assert told["state"] == "done"
    assert told["requested_by"] == audit.ACTOR
    return {item["object"]: item["outcome"] for item in told["items"]}


def test_what_was_archived_is_read_once_and_then_let_be_until_its_period_is_over(service: Any) -> None:
    objects = {object_id_of(service.archived()) for _ in range(3)}
    assert passed(service) == dict.fromkeys(objects, "intact")
    assert passed(service) == {}
    old, *others = sorted(objects)
    with service.case.database.write() as tx:
        catalogue.mark_read(tx, old, 1, timestamps.later(timestamps.now(), -audit.PERIOD_SECONDS - 1))
        for other in others:
            catalogue.mark_read(tx, other, 1, timestamps.later(timestamps.now(), -audit.PERIOD_SECONDS + 60))
    assert passed(service) == {old: "intact"}


def test_a_new_version_makes_its_object_due_again(service: Any) -> None:
    submission = service.archived()
    passed(service)
    service.case.answered(submission)
    service.work()
    assert passed(service) == {object_id_of(submission): "intact"}


def test_a_version_that_came_while_its_object_was_read_stays_due(service: Any) -> None:
    submission = service.archived()
    with service.case.database.write() as tx:
        catalogue.mark_read(tx, object_id_of(submission), 0, timestamps.now())
    assert passed(service) == {object_id_of(submission): "intact"}


def test_a_document_that_was_garbled_when_it_was_copied_is_named_damaged_and_stays_due(service: Any) -> None:
    garbled, sound = service.archived(), service.archived()
    flip(service.content_file(garbled))
    assert passed(service) == {object_id_of(garbled): "damaged", object_id_of(sound): "intact"}
    assert passed(service) == {object_id_of(garbled): "damaged"}


def test_a_store_that_is_away_ends_the_pass_and_nothing_counts_as_read(service: Any) -> None:
    objects = {object_id_of(service.archived()) for _ in range(2)}
    hidden = service.case.archive_folder.with_name("hidden")
    service.case.archive_folder.rename(hidden)
    assert set(passed(service).values()) == {"could_not_check"}
    hidden.rename(service.case.archive_folder)
    assert passed(service) == dict.fromkeys(objects, "intact")


def test_two_passes_are_never_under_way_at_once(service: Any) -> None:
    service.archived()
    assert audit.sweep(service.context) is not None
    assert audit.sweep(service.context) is None
    service.work()
    assert passed(service) == {}


def test_a_version_that_is_begun_and_ended_while_its_object_is_read_is_no_damage(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database knew when the reading began is older than what is read."""
    submission = service.archived()
    store = service.context.archive_objects
    read, waiting = store.list, [submission]

    def and_then_it_goes_on(prefix: str) -> Iterator[str]:
        keys = list(read(prefix))
        if waiting:
            service.case.answered(waiting.pop())
            run_one(service.context, [names.ARCHIVE_STORE])
        return iter(keys)

    monkeypatch.setattr(store, "list", and_then_it_goes_on)
    assert passed(service) == {object_id_of(submission): "intact"}
    assert waiting == []


def test_a_pass_whose_job_was_given_up_goes_on_with_the_next_sweep(service: Any) -> None:
    submission = service.archived()
    check = audit.sweep(service.context)
    with service.case.database.write() as tx:
        tx.execute(update(jobs).where(jobs.c.handler == names.ARCHIVE_FIXITY).values(state="parked"))
    service.work()
    assert audit.sweep(service.context) == check
    service.work()
    told = service.get(f"/archive/fixity-checks/{check}").json
    assert (told["state"], [item["object"] for item in told["items"]]) == ("done", [object_id_of(submission)])


def overdue(service: Any) -> float:
    with service.case.database.read() as tx:
        [metric] = measure(tx, timestamps.now())
    return metric.samples[0].value


def test_what_nobody_reads_in_time_is_counted(service: Any) -> None:
    old, older = (object_id_of(service.archived()) for _ in range(2))
    assert overdue(service) == 0
    with service.case.database.write() as tx:
        tx.execute(update(archive_objects).values(stored_at=timestamps.later(timestamps.now(), -GRACE_SECONDS - 1)))
    assert overdue(service) == 2
    with service.case.database.write() as tx:
        catalogue.mark_read(tx, old, 1, timestamps.later(timestamps.now(), -audit.PERIOD_SECONDS - GRACE_SECONDS + 60))
        catalogue.mark_read(tx, older, 1, timestamps.later(timestamps.now(), -audit.PERIOD_SECONDS - GRACE_SECONDS - 60))
    assert overdue(service) == 1
