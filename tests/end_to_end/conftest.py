"""One real process for all tests of the main job."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.system import System


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running system. Nothing of a traceback may be in its log when all is done."""
    running = System(tmp_path_factory.mktemp("main") / "data")
    running.start()
    yield running
    assert running.stop() == 0
    assert running.wait_until_gone() == []
    log = running.log.read_text(errors="replace")
    assert "Traceback" not in log, log[-8000:]
