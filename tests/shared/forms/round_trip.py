"""Answers into a form, and out of it again the way a submission is read: in the box, recognised by its tags."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from services.shared.context import Checking
from services.shared.sandbox import Box
from services.shared.scanner import NoScanner
from services.shared.settings import SCHEMAS
from services.validation.examine import Examination, File, Request, examine
from tests.shared.forms.small_forms import TODAY


class Reader:
    """Reads forms in one box; `folder` takes the file that is read."""

    def __init__(self, checking: Checking, folder: Path) -> None:
        self._checking, self._path = checking, folder / "form"

    def read(self, data: bytes, kind: str) -> Examination:
        """What was found in a form."""
        self._path.write_bytes(data)
        result = examine(self._checking, Request([File("d", "form", f"skjema.{kind}", len(data), self._open)], None, None, TODAY, TODAY, None))
        result.discard()
        return result

    def answers(self, data: bytes, kind: str) -> dict[str, Any]:
        """Its answers; fails when the form could not be read."""
        result = self.read(data, kind)
        assert result.answers is not None, [finding.code for finding in result.findings]
        return result.answers

    def _open(self) -> BinaryIO:
        return self._path.open("rb")


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """A reader with a box of its own."""
    checking = Checking(SCHEMAS, NoScanner())
    checking.box = Box(checking.policy, folder / "scratch")
    with checking.box:
        yield Reader(checking, folder)


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is not the same, one line for each field."""
    return [f"{key}: {wanted.get(key)!r} became {found.get(key)!r}" for key in dict.fromkeys([*wanted, *found]) if wanted.get(key) != found.get(key)]


def copy_of(data: bytes) -> io.BytesIO:
    """A stream of the bytes."""
    return io.BytesIO(data)
