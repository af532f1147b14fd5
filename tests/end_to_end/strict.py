"""What tests of bad input ask of a system after each of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.broker_server import until
from tests.end_to_end.material import good_json
from tests.end_to_end.system import System, form_part
from tests.prove.stores import Stores

BEING_RECEIVED = "SELECT submission FROM intake_receipts WHERE answer IS NULL"


def what_is_there(stores: Stores) -> tuple[Any, ...]:
    rows = stores.rows("SELECT id FROM submissions")
    waiting = stores.rows(BEING_RECEIVED)
    return sorted(row["id"] for row in rows), waiting, sorted(stores.object_keys()), stores.unfinished()


@contextmanager
def leaves_nothing(stores: Stores) -> Iterator[None]:
    """Whatever is done in the block leaves neither row nor object, at the latest a moment after it."""
    until(lambda: not stores.unfinished() and not stores.rows(BEING_RECEIVED), "what went before has been cleared away")
    before = what_is_there(stores)
    yield
    deadline = time.monotonic() + 10
    while (after := what_is_there(stores)) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert after == before


def assert_goes_through(system: System) -> None:
    """A good submission is accepted and routed."""
    answer = system.post("leverandor", [form_part(good_json())])
    assert answer.status_code == 202, answer.text
    assert system.client("leverandor").wait_until_settled(answer.json()["id"])["status"] == "routed"
