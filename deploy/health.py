"""Whether the process of this container is well, for the container's health check: exit 0 or 1, and a sentence.

    python -I /opt/health.py answers             it answers HTTP on PORT, with anything below 500
    python -I /opt/health.py linked END...       it holds an established connection to each END: database, broker

The second is for processes that listen nowhere: a worker without its connection to the broker is alive and of no use. A container has a
network of its own, so every connection in the kernel's table is its process's. Needs nothing but the standard library.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = "01"
VARIABLES = {"database": ("MOTTAK_DATABASE_URL", 5432), "broker": ("MOTTAK_BROKER_URL", 5672)}
SECONDS = 8


def answers(port: int) -> str | None:
    """None when the process answers on this port of this machine, else what is wrong."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as fault:
        return f"port {port} does not answer: {type(fault).__name__}"
    finally:
        connection.close()
    return f"port {port} answers {status}" if status >= 500 else None


def linked(end: str, environment: Mapping[str, str]) -> str | None:
    """None when there is an established connection to the end that the environment names, else what is wrong. Raises KeyError for no such end."""
    variable, usual_port = VARIABLES[end]
    place = urlsplit(environment[variable])
    port = place.port or usual_port
    try:
        wanted = {(str(info[4][0]), port) for info in socket.getaddrinfo(place.hostname, port, type=socket.SOCK_STREAM)}
    except OSError:
        return f"{end}: its name is not known"
    return None if wanted & set(connected_to(_rows())) else f"{end}: not connected"


def connected_to(rows: Iterable[str]) -> Iterator[tuple[str, int]]:
    """(address, port) of the far end of every established connection in rows of the kernel's tables (proc(5), /proc/net/tcp)."""
    for row in rows:
        words = row.split()
        if len(words) > 3 and words[3] == ESTABLISHED:
            address, _, port = words[2].partition(":")
            yield _readable(bytes.fromhex(address)), int(port, 16)


def _readable(address: bytes) -> str:
    """The kernel writes an address as 32-bit words in the machine's own byte order."""
    swapped = b"".join(address[at : at + 4][:: -1 if sys.byteorder == "little" else 1] for at in range(0, len(address), 4))
    if len(swapped) == 4:
        return socket.inet_ntop(socket.AF_INET, swapped)
    text = socket.inet_ntop(socket.AF_INET6, swapped)
    return text.removeprefix("::ffff:") if "." in text else text


def _rows() -> Iterator[str]:
    for table in TABLES:
        if table.exists():
            yield from table.read_text(encoding="ascii").splitlines()[1:]


def main(arguments: list[str]) -> int:
    """Ask, say what is wrong."""
    match arguments:
        case ["answers"]:
            faults = [answers(int(os.environ["PORT"]))]
        case ["linked", *ends] if ends and all(end in VARIABLES for end in ends):
            faults = [linked(end, os.environ) for end in ends]
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    wrong = [fault for fault in faults if fault]
    sys.stdout.write("; ".join(wrong) or "well")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
