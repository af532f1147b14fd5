"""Real processes that all tests share: everything in one on the embedded ends, then one system on the real ends. The same tests run against both."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from services.command.real import missing_programs
from tests.end_to_end.system import System
from tests.prove.real_system import RealSystem
from tests.prove.stores import Stores

SomeSystem = TypeVar("SomeSystem", bound=System)


@pytest.fixture(scope="session", params=["embedded", "real"])
def ends(request: pytest.FixtureRequest) -> str:
    """Which ends a test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def real_system() -> Iterator[RealSystem]:
    """One system on real servers for the whole run: to start it takes a while. It waits no longer than two seconds for a body that does not come.

    Not under pytest's own folder, which the next run beside this one closes to others: as root PostgreSQL runs as a user of its own.
    """
    if lacking := missing_programs():
        pytest.skip("; ".join(lacking))
    with tempfile.TemporaryDirectory(prefix="mottak-real-", ignore_cleanup_errors=True) as folder:
        yield from _running(RealSystem(Path(folder) / "data", environment={"MOTTAK_BODY_IDLE_SECONDS": "2"}))


@pytest.fixture(scope="session")
def system(ends: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running system."""
    if ends == "real":
        yield request.getfixturevalue("real_system")
    else:
        yield from _running(System(tmp_path_factory.mktemp("main") / "data"))


@pytest.fixture(scope="session")
def strict(ends: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system that waits no longer than a second or two for a body that does not come."""
    if ends == "real":
        yield request.getfixturevalue("real_system")
    else:
        yield from _running(System(tmp_path_factory.mktemp("strict") / "data", environment={"MOTTAK_BODY_IDLE_SECONDS": "1"}))


@pytest.fixture(scope="session")
def stores(strict: System) -> Iterator[Stores]:
    """The stores of the strict system."""
    opened = strict.stores()
    yield opened
    opened.close()


def _running(system: SomeSystem) -> Iterator[SomeSystem]:
    """Nothing of a traceback may be in its logs when all is done, and no process left behind."""
    system.start()
    yield system
    assert system.stop() == 0
    assert system.wait_until_gone() == []
    assert system.tracebacks() == []
