"""One box for all tests of this folder, and a way to open bytes in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest

from services.shared.sandbox import Box, Incoming, Opened, Policy


class OpenBytes(Protocol):
    """Opens bytes in the box; the scratch folder is removed after the test."""

    def __call__(
        self, data: bytes, name: str, role: Literal["form", "attachment"] = "attachment", *, box: Box | None = None, **options: Any
    ) -> Opened: ...


@pytest.fixture(scope="session")
def policy() -> Policy:
    return Policy.load()


@pytest.fixture(scope="session")
def shared_box(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(policy, tmp_path_factory.mktemp("scratch")) as box:
        yield box


@pytest.fixture
def own_box(policy: Policy, tmp_path: Path) -> Iterator[Box]:
    """A box that a test may kill."""
    with Box(policy, tmp_path / "scratch") as box:
        yield box


@pytest.fixture
def open_bytes(shared_box: Box) -> Iterator[OpenBytes]:
    with ExitStack() as stack:

        def open_them(
            data: bytes, name: str, role: Literal["form", "attachment"] = "attachment", *, box: Box | None = None, **options: Any
        ) -> Opened:
            files = [incoming(stack, "d", role, name, data)]
            return stack.enter_context((box or shared_box).open_submission(files, **options))

        yield open_them


def incoming(stack: ExitStack, identifier: str, role: Literal["form", "attachment"], name: str, data: bytes) -> Incoming:
    """Bytes as a file that was sent."""
    stream = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    stream.write(data)
    stream.flush()
    stream.seek(0)
    return Incoming(identifier, role, name, stream, len(data))


def codes(opened: Opened) -> list[str]:
    """The codes found, each once."""
    return sorted({finding.code for finding in opened.findings})
