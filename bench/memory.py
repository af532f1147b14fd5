"""What a very large attachment takes in memory, from POST until it is archived and fetched."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench import material as materials
from bench import processes
from bench.agency import AGENCY, take_everything
from bench.system import Answer, System
from bench.traffic import SENDER

_BOUNDARY = "bench-large-7d1f0c"


@dataclass(frozen=True)
class Large:
    """``above_idle``: bytes by process of ours, the peak since the measuring began less what was resident before it began."""

    size: int
    above_idle: dict[str, int]
    idle: dict[str, int]
    accepted_seconds: float
    routed_seconds: float
    fetched_seconds: float
    cpu_seconds: float


def one_large(system: System, material: materials.Material, folder: Path, size: int, *, routed_before: int) -> Large:
    """Send a submission with one more attachment of ``size`` bytes, wait until it is routed (and so archived), then fetch it as the agency."""
    path = folder / "Rådata.txt"
    materials.large_text(path, size)
    files = material.submission("large")
    length = sum(len(piece) for piece in materials.multipart_of_large(files, path, _BOUNDARY))
    time.sleep(2)
    stay = _long_lived(system)
    idle = {name: processes.resident_bytes(pid) for name, pid in stay.items()}
    for pid in stay.values():
        processes.forget_peak(pid)
    cpu = sum(processes.cpu_seconds(system.ours).values())
    began = time.monotonic()
    with closing(system.connection()) as connection:
        body = materials.multipart_of_large(files, path, _BOUNDARY)
        sent = system.post(connection, "/api/v1/submissions", SENDER, body, f"multipart/form-data; boundary={_BOUNDARY}", length)
    accepted = time.monotonic() - began
    system.wait_until_routed(routed_before + 1)
    routed = time.monotonic() - began
    take_everything(system)
    cpu = sum(processes.cpu_seconds(system.ours).values()) - cpu
    document = next(document for document in system.documents(sent["id"]) if document["size"] == size)
    began = time.monotonic()
    if system.download(sent["id"], document["id"], AGENCY) != size:
        raise Answer("the attachment came back shorter")
    fetched = time.monotonic() - began
    peak = {name: processes.peak_bytes(pid) for name, pid in stay.items()}
    path.unlink()
    return Large(size, {name: peak[name] - idle[name] for name in idle}, idle, accepted, routed, fetched, cpu)


def _long_lived(system: System) -> dict[str, int]:
    """Our processes that stay, each by a name of its own; nothing is being opened now, so that a box is its zygote."""
    found: dict[str, int] = {}
    names = processes.named(system.ours | system.servers)
    for pid, name in sorted(names.items()):
        if name in system.servers:
            continue
        known = [each for each in found if each.split(" ")[0] == name]
        found[f"{name} {len(known) + 1}" if known else name] = pid
    return found
