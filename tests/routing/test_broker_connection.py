"""How long we wait before we try a lost broker again."""

from __future__ import annotations

from services.routing.broker.connection import BackOff


def test_waits_grow_while_it_fails_and_are_bounded() -> None:
    back_off = BackOff()
    waits = [back_off.next() for _ in range(12)]
    assert waits[0] <= 0.2
    assert all(wait <= 10 for wait in waits)
    assert waits[-1] >= 5


def test_waits_begin_anew_after_a_connection_that_lasted_though_nothing_went_over_it() -> None:
    lasting, failing = BackOff(settled_seconds=0.0), BackOff(settled_seconds=3600.0)
    for back_off in (lasting, failing):
        for _ in range(12):
            back_off.next()
        back_off.connected()
    assert lasting.next() <= 0.2
    assert failing.next() >= 5
