"""How a fault is told of: in one line when what we stand on is away, which mends itself; with where it came from when it is ours."""

from __future__ import annotations

from typing import Any

from structlog.typing import FilteringBoundLogger

from services.shared.database import is_away
from services.shared.objects import ObjectsUnavailable
from services.shared.scanner import ScannerUnavailable


def is_outage(fault: BaseException) -> bool:
    """Whether the database, a store or the scanner does not answer, so that the same may succeed later."""
    return is_away(fault) or isinstance(fault, ObjectsUnavailable | ScannerUnavailable)


def tell(log: FilteringBoundLogger, name: str, fault: BaseException, **told: Any) -> None:
    """Log a fault under an event's name."""
    if is_outage(fault):
        log.warning(name, away=type(fault).__name__, **told)
    else:
        log.error(name, exc_info=fault, **told)
