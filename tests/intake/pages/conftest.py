"""A whole running system on the embedded ends for the pages' tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from samples.make import samples
from samples.sample import Sample
from services.command.up import Running, running
from tests.intake.pages.browsing import free_port


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything in one process: web server, workers, local issuer."""
    with running(tmp_path_factory.mktemp("system"), port=free_port()) as started:
        yield started


@pytest.fixture(scope="session")
def made() -> dict[str, Sample]:
    """The project's samples by their number."""
    return {sample.name[:2]: sample for sample in samples(date(2026, 11, 20))}
