"""How a reader says that a file is not let through."""

from __future__ import annotations


class Refused(Exception):
    """The file gets this code (a key of the policy's `outcomes`)."""

    def __init__(self, code: str, **detail: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class OutOfBudget(Refused):
    """The whole submission has unpacked too much: nothing more of this file is opened."""


class NoRoom(BaseException):
    """The scratch disk does not take what is extracted: our fault, never the file's, so no reader may catch it."""
