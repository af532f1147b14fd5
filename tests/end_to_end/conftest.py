"""Real processes that all tests share: one for the main job, one for bad input."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.system import System
from tests.prove.stores import Stores


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running system."""
    yield from _running(System(tmp_path_factory.mktemp("main") / "data"))


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system that waits no longer than a second for a body that does not come."""
    yield from _running(System(tmp_path_factory.mktemp("strict") / "data", environment={"MOTTAK_BODY_IDLE_SECONDS": "1"}))


@pytest.fixture(scope="session")
def stores(strict: System) -> Iterator[Stores]:
    """The stores of the strict system."""
    opened = Stores(strict.data)
    yield opened
    opened.close()


def _running(system: System) -> Iterator[System]:
    """Nothing of a traceback may be in its log when all is done, and no process left behind."""
    system.start()
    yield system
    assert system.stop() == 0
    assert system.wait_until_gone() == []
    log = system.log.read_text(errors="replace")
    assert "Traceback" not in log, log[-8000:]
