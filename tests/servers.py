"""Real servers for tests: each started once for the whole run when a test first asks for it, stopped at its end. Use by name as fixtures.

A test that needs one whose program is not on this machine is skipped with the reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.command.servers.clamd import Clamd
from services.command.servers.process import ServerMissing
from services.command.servers.seaweedfs import Seaweed
from services.shared.objects.s3 import S3Objects
from services.shared.sandbox import Policy

BUCKET = "mottak-test"
OpenBucket = Callable[[str], S3Objects]


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """An S3 server with the bucket BUCKET."""
    try:
        server = Seaweed(tmp_path_factory.mktemp("seaweed"), [BUCKET])
    except ServerMissing as missing:
        pytest.skip(str(missing))
    server.start()
    yield server
    server.process.kill()


_numbers = itertools.count(1)


def open_bucket(server: Seaweed, scratch: Path, prefix: str | None = None) -> S3Objects:
    """A store on the test bucket, under a prefix that nobody else uses."""
    prefix = prefix or f"case-{next(_numbers)}"
    return S3Objects(server.endpoint, BUCKET, server.keys.access_key, server.keys.secret_key, prefix, scratch=scratch, secure=False)


@pytest.fixture
def bucket(seaweed: Seaweed, tmp_path: Path) -> Iterator[S3Objects]:
    """An empty store on the S3 server."""
    store = open_bucket(seaweed, tmp_path / "scratch")
    yield store
    store.close()


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    """A virus scanner that knows EICAR and the project's marker."""
    try:
        server = Clamd(tmp_path_factory.mktemp("clamd"), Policy.load())
    except ServerMissing as missing:
        pytest.skip(str(missing))
    server.start()
    yield server
    server.process.kill()
