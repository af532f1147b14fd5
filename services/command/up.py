"""``mottak up``: everything in one process on embedded stores."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from services.archive import audit
from services.command import assemble
from services.intake.receive import sweep
from services.shared import spans, telemetry
from services.shared.identity.issuer import LocalIssuer
from services.shared.settings import Settings
from services.shared.web.server import make_server

SWEEP_SECONDS = 60.0
log = telemetry.logger("up")


class PortInUse(Exception):
    """Somebody listens on the port already."""


class System(Protocol):
    """A running system, whatever its ends."""

    settings: Settings
    issuer: LocalIssuer


class Running:
    """A running system: its context, issuer and address."""

    def __init__(self, settings: Settings) -> None:
        self._lock = assemble.lock_data(settings.data)
        self.settings = settings
        self.context, self.issuer = assemble.embedded_context(settings)
        assemble.recover(self.context)
        self.issuer.write_tokens(settings.data / "tokens.json")
        self.context.box.start()
        spans.start(settings, "up")
        self._worker = assemble.make_worker(self.context)
        self._server = make_server(assemble.dispatcher(self.context, self.issuer), settings)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._server.serve, name="web", daemon=True),
            threading.Thread(target=self._sweep, name="sweep", daemon=True),
        ]

    def start(self) -> None:
        """Listen and work."""
        try:
            self._server.prepare()
        except OSError as taken:
            self.context.box.stop()
            raise PortInUse(str(self.settings.port)) from taken
        self._worker.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Answer what was asked, finish what is running, then end."""
        self._stopping.set()
        self._server.stop()
        self._worker.stop()
        self.context.box.stop()
        spans.stop()
        self.context.database.close()

    def _sweep(self) -> None:
        passes = 0
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                sweep(self.context)
                if passes % int(audit.SWEEP_SECONDS / SWEEP_SECONDS) == 0:
                    audit.sweep(self.context)
            except Exception:
                log.exception("sweep_failed")
            passes += 1


@contextmanager
def running(data: Path, *, port: int) -> Iterator[Running]:
    """A system that runs for the length of the block."""
    settings = Settings.embedded(data, port=port)
    system = Running(settings)
    system.start()
    try:
        yield system
    finally:
        system.stop()


def stop_on_sigterm() -> None:
    """Have SIGTERM end whatever this thread is at as Ctrl-C does, so that what was started is stopped again: to start the real ends takes a while."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def wait_for_signal() -> None:
    """Until Ctrl-C or SIGTERM."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    asked.wait()


def say_where(system: System) -> None:
    """Tell where it is and how to log in."""
    settings = system.settings
    print(f"\nMottak: {settings.public_url}", file=sys.stderr)
    print(f"Log in at {settings.public_url}/login as: {', '.join(system.issuer.people)}", file=sys.stderr)
    print(f"Tokens for the API: {settings.data / 'tokens.json'}", file=sys.stderr)
    scanning = "No virus scanner is set up. " if settings.scanner == "none" else ""
    print(f"{scanning}For this machine only. Ctrl-C stops.", file=sys.stderr)
