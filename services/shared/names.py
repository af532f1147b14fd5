"""Names of events and handlers, and who hears what. Explicit constants in one place: services speak by these names, never by imports."""

from __future__ import annotations

from typing import Final

# Moves of a submission (see lifecycle.py for which are allowed when).
SUBMISSION_RECEIVED: Final = "submission.received"
SUBMISSION_CHECKING: Final = "submission.checking"
SUBMISSION_NEEDS_CORRECTION: Final = "submission.needs_correction"
SUBMISSION_QUARANTINED: Final = "submission.quarantined"
SUBMISSION_HELD: Final = "submission.held"
SUBMISSION_REJECTED: Final = "submission.rejected"
SUBMISSION_ACCEPTED: Final = "submission.accepted"
SUBMISSION_ROUTED: Final = "submission.routed"
SUBMISSION_CONFIRMED: Final = "submission.confirmed"
SUBMISSION_WITHDRAWN: Final = "submission.withdrawn"
SUBMISSION_SUPERSEDED: Final = "submission.superseded"

# Facts: they stand in the story but move nothing by themselves.
MOVE_DROPPED: Final = "move.dropped"
ARCHIVE_REQUESTED: Final = "archive.requested"
ARCHIVE_STORED: Final = "archive.stored"
ARCHIVE_EXPORTED: Final = "archive.exported"
DELIVERIES_PLANNED: Final = "deliveries.planned"
DELIVERIES_QUEUED: Final = "deliveries.queued"
DELIVERY_QUEUED: Final = "delivery.queued"
DELIVERY_DELIVERED: Final = "delivery.delivered"
DELIVERY_CONFIRMED: Final = "delivery.confirmed"
DELIVERY_RETURNED: Final = "delivery.returned"
DELIVERY_ANSWERED: Final = "delivery.answered"
DELIVERY_RECALLED: Final = "delivery.recalled"
DOCUMENT_FETCHED: Final = "document.fetched"
DOCUMENT_RELEASED: Final = "document.released"
MESSAGE_SENT: Final = "message.sent"
ROUTED_BY_HAND: Final = "routing.by_hand"
REDRIVEN: Final = "submission.redriven"
RULES_APPLIED: Final = "rules.applied"

# Handlers: "<service>.<what it does>". The part before the dot says whose worker runs it.
VALIDATION_CHECK: Final = "validation.check"
VALIDATION_REGISTER: Final = "validation.register"
VALIDATION_INDEX: Final = "validation.index"
ARCHIVE_STORE: Final = "archive.store"
ARCHIVE_FIXITY: Final = "archive.fixity"
ROUTING_ROUTE: Final = "routing.route"
ROUTING_RECALL: Final = "routing.recall"
ROUTING_BY_HAND: Final = "routing.by_hand"
ROUTING_CONFIRM: Final = "routing.confirm"
ROUTING_RECEIPT: Final = "routing.receipt"
ROUTING_DEAD_LETTER: Final = "routing.dead_letter"

SUBSCRIBERS: Final[dict[str, tuple[str, ...]]] = {
    SUBMISSION_RECEIVED: (VALIDATION_CHECK,),
    DOCUMENT_RELEASED: (VALIDATION_CHECK,),
    ARCHIVE_REQUESTED: (ARCHIVE_STORE,),
    SUBMISSION_ACCEPTED: (ROUTING_ROUTE,),
    SUBMISSION_WITHDRAWN: (ROUTING_RECALL,),
    SUBMISSION_SUPERSEDED: (ROUTING_RECALL,),
    SUBMISSION_REJECTED: (ROUTING_RECALL,),
    ROUTED_BY_HAND: (ROUTING_BY_HAND,),
}

HANDLERS: Final = (
    VALIDATION_CHECK,
    VALIDATION_REGISTER,
    VALIDATION_INDEX,
    ARCHIVE_STORE,
    ARCHIVE_FIXITY,
    ROUTING_ROUTE,
    ROUTING_RECALL,
    ROUTING_BY_HAND,
    ROUTING_CONFIRM,
    ROUTING_RECEIPT,
    ROUTING_DEAD_LETTER,
)
