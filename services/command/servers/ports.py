"""Ports that a data folder keeps, so that what was told to others stays true when the server comes back."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path


def kept_ports(path: Path, names: Sequence[str]) -> dict[str, int]:
    """A port for each name, as written in the file at first use; chosen anew when somebody else took one of them meanwhile."""
    if path.exists():
        kept: dict[str, int] = json.loads(path.read_text())
        if set(kept) == set(names) and all(_is_free(port) for port in kept.values()):
            return kept
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    path.write_text(json.dumps(ports))
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_ports(count: int) -> list[int]:
    """All are held until the last is found, so that none comes twice."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
