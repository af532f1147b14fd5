"""Senders: as many submissions as go through at once, or a steady trickle whose way is timed."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import closing
from dataclasses import dataclass

from bench.material import Material, multipart
from bench.system import Answer, System

AGENCY = "dmp"
SENDER = "leverandor"
_BOUNDARY = "bench-7d1f0c"
_CONTENT_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"
_LEASE_EVERY_SECONDS = 0.02


@dataclass(frozen=True)
class Burst:
    """What a burst took. ``wall_seconds``: first byte sent until the last submission was routed."""

    count: int
    wall_seconds: float
    accepted_seconds: float


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
    accepted = time.monotonic() - began
    system.wait_until_routed(routed_before + len(waiting))
    return Burst(len(waiting), time.monotonic() - began, accepted)


def trickle(system: System, waiting: list[bytes], *, per_second: float) -> tuple[list[float], list[float]]:
    """Send at a steady rate while the agency asks for work every 20 ms.

    Returns seconds from the first byte of each POST until the agency held the work, and until the 202.
    """
    sent: dict[str, float] = {}
    leased: dict[str, float] = {}
    answered: list[float] = []
    everything = threading.Event()

    def take() -> None:
        with closing(system.connection()) as connection:
            while not everything.is_set():
                for item in system.lease(connection, AGENCY):
                    leased[item["data"]["submission"]["id"]] = time.monotonic()
                everything.wait(_LEASE_EVERY_SECONDS)

    agency = threading.Thread(target=take)
    agency.start()
    began = time.monotonic()
    try:
        for number, body in enumerate(waiting):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            at = time.monotonic()
            # A sender who comes now and then connects anew: the server does not keep idle connections for long.
            with closing(system.connection()) as connection:
                sent[system.post(connection, "/api/v1/submissions", SENDER, body, _CONTENT_TYPE)["id"]] = at
            answered.append(time.monotonic() - at)
        deadline = time.monotonic() + 60
        while sent.keys() - leased.keys() and time.monotonic() < deadline:
            time.sleep(_LEASE_EVERY_SECONDS)
    finally:
        everything.set()
        agency.join()
    return [leased[submission] - at for submission, at in sent.items()], answered
