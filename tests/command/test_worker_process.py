"""``mottak worker`` as a process of its own, on PostgreSQL: what it does while the broker that wakes it is away."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from services.command import assemble
from services.command.servers.ports import free_ports
from services.command.servers.postgres import Postgres
from services.shared import names
from services.shared.context import Context
from services.shared.models import events
from services.shared.settings import Settings
from tests.broker_server import until
from tests.end_to_end.material import good_json

SERVICES = ("validation", "archive", "routing")


@pytest.fixture
def settings(postgres: Postgres, tmp_path: Path) -> Settings:
    """A system whose broker does not answer: nobody listens on its port."""
    postgres.copy_database("worker_process")
    base = Settings.embedded(tmp_path / "data", port=free_ports(1)[0])
    return replace(base, database_url=postgres.url("worker_process"), broker_url=f"amqp://mottak:nobody@127.0.0.1:{free_ports(1)[0]}")


@contextmanager
def worker(service: str, settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One worker process for the length of the block."""
    command = [sys.executable, "-m", "services.command.main", "worker", service, "--concurrency", "1"]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env={**os.environ, **settings.as_environment()}, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def submit(context: Context, token: str) -> str:
    """A submission over HTTP to intake; returns its id."""
    client = assemble.application("intake", context, None).test_client()  # type: ignore[attr-defined]  # a Flask application
    body = {"form": (io.BytesIO(good_json("while the broker is away")), "skjema.json")}
    answer = client.post("/api/v1/submissions", data=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


def test_work_goes_on_while_the_broker_is_away(settings: Settings, tmp_path: Path) -> None:
    context, issuer = assemble.make_context(settings)
    assert issuer is not None

    def happened() -> set[str]:
        with context.database.read() as tx:
            return set(tx.execute(select(events.c.type).where(events.c.submission == submission)).scalars())

    with closing(context.database), ExitStack() as running:
        workers = [running.enter_context(worker(service, settings, tmp_path / f"{service}.log")) for service in SERVICES]
        submission = submit(context, issuer.token("leverandor"))
        # Planned, not queued: the agencies' queues are at the broker, too, and the outbox keeps what is for them.
        done = {names.SUBMISSION_ACCEPTED, names.ARCHIVE_STORED, names.DELIVERIES_PLANNED}
        until(lambda: done <= happened(), "opened, archived, routed", seconds=60)
        for process in workers:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(30) for process in workers] == [0, 0, 0]
