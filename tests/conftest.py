"""Options of the whole suite: the long proofs run only when asked for (``make prove``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.databases import database, database_url, migrated_file, postgres, postgresql_url  # noqa: F401 - fixtures for all
from tests.servers import bucket, clamd, seaweed  # noqa: F401 - fixtures for all


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="also run the long proofs in tests/prove")
    parser.addoption("--prove-scale", type=float, default=1.0, metavar="N", help="how many times the usual length of the proofs")
    parser.addoption("--prove-seed", type=int, default=None, metavar="SEED", help="run a proof again with the seed it printed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_company(item)))
    if config.getoption("--prove"):
        return
    left_out = pytest.mark.skip(reason="a long proof: run it with --prove (make prove)")
    proofs = Path(__file__).parent / "prove"
    for item in items:
        if item.path.is_relative_to(proofs):
            item.add_marker(left_out)


def _company(item: pytest.Item) -> str:
    """What runs in one process when the suite is shared among several (``-n``): a file, and all that shares the one system on the real ends."""
    fixtures = set(getattr(item, "fixturenames", ()))
    call = getattr(item, "callspec", None)
    ends = call.params.get("ends") if call is not None else None
    if "real_system" in fixtures or ends is not None:
        return f"system on {ends or 'real'} ends"
    return str(item.path)
