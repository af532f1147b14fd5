"""Ports that a data folder keeps, so that what was told to others stays true when the server comes back.

They lie below those that the system gives to outgoing connections: while a server is away, a connection of anybody could take such a port, even
one to that very port, which would then be connected to itself.
"""

from __future__ import annotations

import errno
import json
import random
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_TRIES: Final = 100
_LOWEST: Final = 10_000
_HIGHEST: Final = 65535
_USUAL_OUTGOING: Final = 32_768


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
        ports = dict(zip(names, free_ports(len(names)), strict=True))
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


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on and no outgoing connection is given; none twice. Raises OSError."""
    found: list[int] = []
    for port in random.sample(range(_LOWEST, _lowest_outgoing()), _TRIES * count):
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(errno.EADDRINUSE, "no free ports")


def _lowest_outgoing() -> int:
    """The first port for outgoing connections (Linux)."""
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except OSError:
        lowest = _USUAL_OUTGOING
    return lowest if lowest > 2 * _LOWEST else _HIGHEST - 10_000
