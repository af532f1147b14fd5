"""The table of moves: which event takes a submission from which states to which (house, idea 6).

A technical fault is never a state: it shows as ``attention`` and is retried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.shared import names

RECEIVED: Final = "received"
CHECKING: Final = "checking"
NEEDS_CORRECTION: Final = "needs_correction"
QUARANTINED: Final = "quarantined"
HELD: Final = "held"
REJECTED: Final = "rejected"
ACCEPTED: Final = "accepted"
ROUTED: Final = "routed"
CONFIRMED: Final = "confirmed"
WITHDRAWN: Final = "withdrawn"
SUPERSEDED: Final = "superseded"

STATES: Final = (
    RECEIVED,
    CHECKING,
    NEEDS_CORRECTION,
    QUARANTINED,
    HELD,
    REJECTED,
    ACCEPTED,
    ROUTED,
    CONFIRMED,
    WITHDRAWN,
    SUPERSEDED,
)
UNREAD: Final = frozenset({RECEIVED, CHECKING})
WAITING: Final = frozenset({RECEIVED, CHECKING, NEEDS_CORRECTION, QUARANTINED, HELD})
IN_FORCE: Final = frozenset({ACCEPTED, ROUTED, CONFIRMED})
ENDED: Final = frozenset({REJECTED, WITHDRAWN, SUPERSEDED})


@dataclass(frozen=True)
class Move:
    """An event that moves a submission: allowed from ``sources``, ends in ``target``."""

    sources: frozenset[str]
    target: str


def _move(target: str, *sources: str) -> Move:
    return Move(frozenset(sources), target)


MOVES: Final[dict[str, Move]] = {
    names.SUBMISSION_CHECKING: _move(CHECKING, RECEIVED, QUARANTINED),
    names.SUBMISSION_NEEDS_CORRECTION: _move(NEEDS_CORRECTION, CHECKING, HELD),
    names.SUBMISSION_QUARANTINED: _move(QUARANTINED, CHECKING),
    names.SUBMISSION_HELD: _move(HELD, CHECKING, ACCEPTED, ROUTED),
    names.SUBMISSION_REJECTED: _move(REJECTED, CHECKING, QUARANTINED, HELD),
    names.SUBMISSION_ACCEPTED: _move(ACCEPTED, CHECKING, NEEDS_CORRECTION, HELD),
    names.SUBMISSION_ROUTED: _move(ROUTED, ACCEPTED, HELD),
    names.SUBMISSION_CONFIRMED: _move(CONFIRMED, ROUTED),
    names.SUBMISSION_WITHDRAWN: _move(WITHDRAWN, *(set(STATES) - ENDED)),
    names.SUBMISSION_SUPERSEDED: _move(SUPERSEDED, *(WAITING | IN_FORCE)),
}

# How long, in seconds, a submission may stay in a state before the secretariat's board calls it stuck. Ends have none. The first three wait for machines,
# the others for people.
STUCK_AFTER_SECONDS: Final[dict[str, int]] = {
    RECEIVED: 300,
    CHECKING: 900,
    ACCEPTED: 900,
    HELD: 3 * 86400,
    QUARANTINED: 3 * 86400,
    ROUTED: 14 * 86400,
    NEEDS_CORRECTION: 30 * 86400,
}
FINAL: Final = frozenset({CONFIRMED}) | ENDED
