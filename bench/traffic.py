"""Senders: as many submissions as go through at once, or a steady trickle whose way is timed."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import closing
from dataclasses import dataclass

from bench.agency import Agency
from bench.material import Material, multipart
from bench.system import Answer, System

SENDER = "leverandor"
_BOUNDARY = "bench-7d1f0c"
_CONTENT_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Burst:
    """What a burst took. ``wall_seconds``: first byte sent until the last submission was routed."""

    count: int
    wall_seconds: float


def bodies(material: Material, prefix: str, count: int) -> list[bytes]:
    """Request bodies, made beforehand so that making them is in no figure."""
    return [multipart(material.submission(f"{prefix}{number}"), _BOUNDARY) for number in range(count)]


def burst(system: System, waiting: list[bytes], *, clients: int, routed_before: int) -> Burst:
    """Send all as fast as ``clients`` senders get answers, then wait until all are routed."""
    todo: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in waiting:
        todo.put(body)
    faults: list[Exception] = []

    def send() -> None:
        with closing(system.connection()) as connection:
            try:
                while True:
                    system.post(connection, "/api/v1/submissions", SENDER, todo.get_nowait(), _CONTENT_TYPE)
            except queue.Empty:
                return
            except (Answer, OSError) as fault:
                faults.append(fault)

    began = time.monotonic()
    senders = [threading.Thread(target=send) for _ in range(clients)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if faults:
        raise faults[0]
    system.wait_until_routed(routed_before + len(waiting))
    return Burst(len(waiting), time.monotonic() - began)


def trickle(system: System, waiting: list[bytes], *, per_second: float) -> tuple[list[float], list[float]]:
    """Send at a steady rate while the agency takes its work.

    Returns seconds from the first byte of each POST until the agency held the work, and until the 202. Raises Answer when something never comes.
    """
    sent: dict[str, float] = {}
    answered: list[float] = []
    with Agency(system) as agency:
        began = time.monotonic()
        for number, body in enumerate(waiting):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            at = time.monotonic()
            # A sender who comes now and then connects anew: the server does not keep idle connections for long.
            with closing(system.connection()) as connection:
                sent[system.post(connection, "/api/v1/submissions", SENDER, body, _CONTENT_TYPE)["id"]] = at
            answered.append(time.monotonic() - at)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while sent.keys() - agency.came.keys() and time.monotonic() < deadline:
            time.sleep(0.02)
    if missing := sent.keys() - agency.came.keys():
        raise Answer(f"{len(missing)} of {len(sent)} never came to the agency")
    return [agency.came[submission] - at for submission, at in sent.items()], answered
