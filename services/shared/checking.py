"""What examining a submission needs. It stands by itself so that ``mottak check`` loads no database and no web framework."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path

from services.shared.forms import FormCatalogue, Register, load_forms
from services.shared.sandbox import Box, Policy
from services.shared.scanner import Scanner


class Checking:
    """The data in ``schemas/``, a scanner and the box."""

    box: Box

    def __init__(self, schemas: Path, scanner: Scanner) -> None:
        self.schemas, self.scanner = schemas, scanner

    @cached_property
    def forms(self) -> FormCatalogue:
        """The form definitions in ``schemas/forms``."""
        return load_forms(self.schemas / "forms")

    @cached_property
    def policy(self) -> Policy:
        """The limits in ``schemas/policy``."""
        return Policy.load(self.schemas / "policy")

    def registers(self, today: date) -> Mapping[str, Register]:
        """The registers that checks may ask on a day, by name: none, unless there is a database that keeps them."""
        return {}
