"""How we connect to an agency's virtual host, and how long we wait before we try again."""

from __future__ import annotations

import logging
import random
import time
from typing import Final
from urllib.parse import quote

import pika

from services.routing.broker.definitions import vhost_of

# pika tells of one lost connection in a dozen lines; we tell of it in one.
logging.getLogger("pika").setLevel(logging.CRITICAL)

HEARTBEAT_SECONDS: Final = 20
# A broker that is out of memory or disk stops reading: we give up the connection, and try again later, rather than wait for ever.
BLOCKED_SECONDS: Final = 15
CONNECT_SECONDS: Final = 5
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 10.0
SETTLED_SECONDS: Final = 5.0
# How often a reader to whom nothing comes looks whether it is to stop.
LOOK_SECONDS: Final = 1.0


def parameters(broker_url: str, agency: str) -> pika.URLParameters:
    """Parameters for an agency's virtual host as our own user; no wait in them is endless."""
    found = pika.URLParameters(f"{broker_url.rstrip('/')}/{quote(vhost_of(agency), safe='')}")
    found.heartbeat = HEARTBEAT_SECONDS
    found.blocked_connection_timeout = BLOCKED_SECONDS
    found.socket_timeout = CONNECT_SECONDS
    found.stack_timeout = 2 * CONNECT_SECONDS
    found.client_properties = {"connection_name": "mottak"}
    return found


class BackOff:
    """Waits that double from 0.2 to 10 seconds, with jitter so that many who lost the same broker do not come back at once.

    They begin anew after a message went through, and after a connection that lasted ``settled_seconds``: what is idle must be back as soon as what is busy.
    """

    def __init__(self, *, settled_seconds: float = SETTLED_SECONDS) -> None:
        self._ceiling, self._settled = _FIRST_WAIT, settled_seconds
        self._good_since: float | None = None

    def connected(self) -> None:
        """The connection is good from now on, as far as is known."""
        self._good_since = time.monotonic()

    def next(self) -> float:
        """The connection is lost, or was not to be had: seconds to wait now."""
        if self._good_since is not None and time.monotonic() - self._good_since >= self._settled:
            self.reset()
        self._good_since = None
        ceiling, self._ceiling = self._ceiling, min(_LONGEST_WAIT, self._ceiling * 2)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreading load, not a secret

    def reset(self) -> None:
        """It worked."""
        self._ceiling = _FIRST_WAIT
