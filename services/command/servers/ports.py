"""Ports that a data folder keeps, so that what was told to others stays true when the server comes back."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_TRIES: Final = 100
_HIGHEST: Final = 65535


def kept_ports(path: Path, names: Sequence[str], *, above: Mapping[str, tuple[str, int]] | None = None) -> dict[str, int]:
    """A port for each name, as written in the file at first use; chosen anew when somebody else took one of them meanwhile.

    ``above``: further names whose port lies a fixed distance above another's, for servers that reckon it themselves. Raises OSError when no such ports are found.
    """
    above = above or {}
    if path.exists():
        kept: dict[str, int] = json.loads(path.read_text())
        if set(kept) == {*names, *above} and all(_is_free(port) for port in kept.values()):
            return kept
    for _ in range(_TRIES):
        ports = dict(zip(names, _free_ports(len(names)), strict=True))
        reckoned = {name: ports[base] + distance for name, (base, distance) in above.items()}
        if all(port <= _HIGHEST and port not in ports.values() and _is_free(port) for port in reckoned.values()):
            path.write_text(json.dumps(ports | reckoned))
            return ports | reckoned
    raise OSError(errno.EADDRINUSE, "no free ports at the distance that is needed")


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
