"""The scanner port: what a virus scanner says of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

CLEAN: Final = "clean"
INFECTED: Final = "infected"
NOT_SCANNED: Final = "not_scanned"
PENDING: Final = "pending"
NO_SCANNER: Final = "scan.no_scanner"


def may_be_passed_on(scan: str, note: str | None) -> bool:
    """Whether a document is handed to others: what was found clean, and what came in where no scanner is set up at all."""
    return scan == CLEAN or (scan == NOT_SCANNED and note == NO_SCANNER)


@dataclass(frozen=True)
class Verdict:
    """``scan`` is one of clean, infected, not_scanned; ``note`` says why or what, as a key of the catalogue or the signature's name."""

    scan: str
    note: str | None = None


class Scanner(Protocol):
    """Looks at one file. Raises ScannerUnavailable when it cannot be reached: that delays, it never passes.

    ``passes_unscanned``: whether what was not scanned may go on, as where no scanner is set up at all.
    """

    passes_unscanned: bool

    def scan(self, stream: BinaryIO) -> Verdict:
        """What the scanner says of the bytes."""
        ...

    def answers(self) -> bool:
        """Whether the scanner is there and says so. Raises ScannerUnavailable when it cannot be reached."""
        ...


class ScannerUnavailable(Exception):
    """The scanner did not answer: try again later."""


class NoScanner:
    """No scanner is set up: allowed on loopback only, and every document says so."""

    passes_unscanned = True

    def scan(self, stream: BinaryIO) -> Verdict:
        """Nothing was looked at."""
        return Verdict(NOT_SCANNED, NO_SCANNER)

    def answers(self) -> bool:
        """Nobody is there."""
        return False
