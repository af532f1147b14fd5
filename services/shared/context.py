"""What a running service stands on, made once at start and handed to every view and handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import select

from services.shared.actors import Actors, load_actors
from services.shared.checking import Checking
from services.shared.database import Database
from services.shared.forms import Register
from services.shared.forms.templates import Templates
from services.shared.identity.tokens import TokenVerifier
from services.shared.measures import Measure
from services.shared.objects import Objects
from services.shared.registers import registers_in_force
from services.shared.sandbox import Box
from services.shared.scanner import NoScanner, Scanner
from services.shared.search.codes import Codes
from services.shared.settings import Settings
from services.shared.signing import ReceiptSigner

RoutingPreview = Callable[[str, Mapping[str, Any], date, str | None, str], dict[str, Any]]
"""(form type, answers, Norwegian day of receipt, kind of submitter, language) -> ``routing`` as in a submission, ``held`` and the ``skipped`` rules."""


class Context(Checking):
    """Settings and the ports of a running service. Data from ``schemas/`` is read at first use and kept."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        objects: Objects,
        archive_objects: Objects,
        tokens: TokenVerifier,
        actors: Actors,
        *,
        scanner: Scanner | None = None,
        routing_preview: RoutingPreview | None = None,
        measures: Sequence[Measure] = (),
    ) -> None:
        super().__init__(settings.schemas, scanner or NoScanner())
        self.settings, self.database, self.tokens, self.actors = settings, database, tokens, actors
        self.objects, self.archive_objects = objects, archive_objects
        # Where a form would go, for ``POST /checks``: put in by whoever assembles the services, since validation does not know routing.
        self.routing_preview = routing_preview
        # What services tell of themselves at scrape time, put in the same way.
        self.measures = measures
        self.box = Box(self.policy, settings.data / "scratch", allow_unconfined=settings.allow_unconfined_parsing)

    def registers(self, today: date) -> Mapping[str, Register]:
        """The newest imports."""
        return registers_in_force(self.database, self.schemas, today)

    @cached_property
    def templates(self) -> Templates:
        """The forms to fill in."""
        return Templates()

    @cached_property
    def codes(self) -> Codes:
        """What is searched for whole, in ``schemas/search``."""
        return Codes(self.schemas / "search")

    @cached_property
    def receipt_signer(self) -> ReceiptSigner:
        """Signs receipts."""
        return ReceiptSigner(self.settings.data / "keys" / "receipts.json")

    def database_check(self) -> None:
        """Raise when the database does not answer."""
        with self.database.read() as tx:
            tx.execute(select(1))


def open_actors(settings: Settings) -> Actors:
    """The actor table in ``schemas/routing``."""
    return load_actors(settings.schemas / "routing")
