"""Which service answers which path: one table for the embedded dispatcher, the local gateway and ``deploy/``. The first match counts."""

from __future__ import annotations

import re
from typing import Final

PATHS: Final = (
    ("validation", re.compile(r"^/api/v1/(checks|forms|policy|registers|search)(/|$)")),
    ("routing", re.compile(r"^/api/v1/(queues|leases|deliveries)(/|$)")),
    ("archive", re.compile(r"^/api/v1/archive(/|$)")),
    ("intake", re.compile(r"^/")),
)


def service_of(path: str) -> str:
    """The service that answers a path."""
    return next(service for service, pattern in PATHS if pattern.match(path))
