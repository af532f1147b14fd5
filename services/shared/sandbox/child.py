"""The child: takes the files of one submission, gives up everything else, opens one after the other, tells what it found.

Forked by the zygote. It says which file it works on before it begins, so that the worker knows whom to blame.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from dataclasses import dataclass, replace
from typing import Any

from services.shared.sandbox import confine
from services.shared.sandbox.opening import Budget, FileOpening
from services.shared.sandbox.policy import Limits, Policy
from services.shared.sandbox.protocol import frame, send_frame
from services.shared.sandbox.readers import warm

_DESCRIPTORS_AT_A_TIME = 100


@dataclass(frozen=True)
class Start:
    """What a child is born with. `scratch`: open descriptor of its folder; `zygote`: process id of its parent."""

    link: socket.socket
    scratch: int
    policy: Policy
    confinement: confine.Confinement
    base_memory: int
    zygote: int


def warm_up(policy: Policy, *, tables: bool) -> None:
    """Let every reader work once on a small file of our own, so that what is imported late is there before the fork."""
    warm.read_one_of_each(policy)
    if tables:
        warm.read_a_table()


def run(start: Start) -> None:
    """Open what comes over the link, until `end`. Raises OSError when the worker is gone, MemoryError when even the answer has no room."""
    request = _receive_request(start.link)
    files, limits = request["files"], Limits(**request["limits"])
    os.nice(5)
    confine.go_behind_when_slow()
    confine.confine_child(
        start.confinement,
        start.scratch,
        replace(limits, open_files=limits.open_files + len(files)),
        start.base_memory,
        start.policy.opening.member_bytes,
    )
    if os.getppid() != start.zygote:
        return  # it died before the death signal was set
    descriptors = _receive_descriptors(start.link, len(files))
    opening = start.policy.opening
    budget = Budget(opening.unpacked_bytes - request["used_bytes"], opening.documents - request["used_documents"], request["text_characters"])
    for file, descriptor in zip(files, descriptors, strict=True):
        send_frame(start.link, {"at": file["id"]})
        confine.allow_processor_time(limits.cpu_seconds_per_file, limits)
        _open_one(start, file, descriptor, budget)
    send_frame(start.link, {"end": True})


def _open_one(start: Start, file: dict[str, Any], descriptor: int, budget: Budget) -> None:
    def progress(path: str) -> None:
        send_frame(start.link, {"at": file["id"], "path": path[:2000]})

    with open(descriptor, "rb") as stream:
        opening = FileOpening(start.policy, budget, start.scratch, str(file["folder"]), progress)
        try:
            answer = opening.run(file, stream)
        finally:
            opening.close()
    told = frame({"of": file["id"], **answer})
    if len(told) > start.policy.opening.answer_bytes:
        told = frame({"of": file["id"], **opening.only_the_file("file_too_complex", reason="answer")})
    start.link.sendall(told)


def _receive_request(link: socket.socket) -> dict[str, Any]:
    (length,) = struct.unpack("!I", _receive_exactly(link, 4))
    request: dict[str, Any] = json.loads(_receive_exactly(link, length))
    return request


def _receive_exactly(link: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = link.recv(length - len(data))
        if not part:
            raise ConnectionError("the worker is gone")
        data += part
    return bytes(data)


def _receive_descriptors(link: socket.socket, count: int) -> list[int]:
    descriptors: list[int] = []
    while len(descriptors) < count:
        message, received, _, _ = socket.recv_fds(link, 1, _DESCRIPTORS_AT_A_TIME)
        if not message:
            raise ConnectionError("the worker is gone")
        descriptors += received
    return descriptors
