"""The processes of the real ends: a web server and workers per service, and the scheduler. One host may run any of them, any number of times."""

from __future__ import annotations

import mmap
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from celery.signals import worker_process_init, worker_process_shutdown, worker_shutting_down

from services.archive import audit
from services.command import assemble
from services.command.servers.process import die_with_parent
from services.intake.receive import sweep as sweep_receipts
from services.routing.broker.definitions import OUR_VHOST
from services.routing.broker.receipts import run_receipts
from services.routing.broker.relay import run_relay
from services.shared import exporter, jobs, spans, telemetry
from services.shared.context import Context
from services.shared.faults import tell
from services.shared.measures import SystemFacts
from services.shared.objects.s3 import S3Objects
from services.shared.settings import Settings
from services.shared.wakeups import SOFT_SHUTDOWN_SECONDS, WAKE, Nudger, make_celery, queue_of
from services.shared.web.server import make_server
from services.shared.worker import LeaseKeeper, handlers_of, work_off

SCHEDULER_SECONDS: Final = 1.0
# How often a process of a pool that nobody wakes looks whether there is work: what a wake-up lost, or a broker that is away, costs at most.
LOOK_SECONDS: Final = 2.0
# Far below what Celery lets a task take; what is due then is taken by the next wake-up, or look.
TURN_SECONDS: Final = 300.0
RECEIPTS_SWEEP_SECONDS: Final = 60.0
UNFINISHED_SWEEP_SECONDS: Final = 3600.0
log = telemetry.logger("process")


def until_told() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    return told


def wake_up_url(settings: Settings) -> str:
    """Where wake-ups go: our own virtual host of the broker. Raises ValueError when the settings name no broker."""
    if not settings.broker_url:
        raise ValueError("MOTTAK_BROKER_URL is not set")
    return f"{settings.broker_url.rstrip('/')}/{OUR_VHOST}"


def serve(service: str, settings: Settings) -> None:
    """Answer the paths of one service until told to stop; commits wake that service's or others' workers."""
    told = until_told()
    context, issuer = assemble.make_context(settings)
    nudger = Nudger(make_celery(wake_up_url(settings)))
    context.database.add_commit_listener(nudger)
    if service == "validation":
        context.box.start()
    server = make_server(assemble.application(service, context, issuer), settings)
    server.prepare()
    exporter.start(settings)
    spans.start(settings, service)
    serving = threading.Thread(target=server.serve, name="web", daemon=True)
    serving.start()
    log.info("serving", service=service, port=settings.port)
    told.wait()
    server.stop()
    nudger.stop()
    context.box.stop()
    spans.stop()


class _Stopping:
    """Told to the processes of a worker's pool through memory that they share with their parent: no lock that a killed one could keep."""

    def __init__(self) -> None:
        self._told = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Take nothing new from now on."""
        self._told[0] = 1

    def is_set(self) -> bool:
        """Whether the worker is stopping."""
        return bool(self._told[0])


class _Turn:
    """How long a wake-up is worked on: until the worker is stopping, or this has gone on for so long that Celery might think it hangs. Others follow."""

    def __init__(self, stopping: _Stopping) -> None:
        self._stopping, self._until = stopping, time.monotonic() + TURN_SECONDS

    def is_set(self) -> bool:
        """Whether to take nothing new."""
        return self._stopping.is_set() or time.monotonic() > self._until


class _Child:
    """One process of a worker's pool. A wake-up makes it quick; it also looks by itself now and then, so that work goes on while the broker is away."""

    def __init__(self, service: str, settings: Settings, stopping: _Stopping) -> None:
        self._service, self._handlers, self._told = service, handlers_of(service), stopping
        self.context = assemble.make_context(settings)[0]
        self.context.database.add_commit_listener(Nudger(make_celery(wake_up_url(settings))))
        self._keeper = LeaseKeeper(self.context)
        # One job at a time, whoever found it: the pool's size is what this host can bear.
        self._working = threading.Lock()
        self._ending = threading.Event()
        self._looker = threading.Thread(target=self._look, name="looker", daemon=True)
        if service == "validation":
            self.context.box.start()
        self._keeper.thread.start()
        self._looker.start()

    def work(self) -> None:
        """Do what is due, until nothing is or the turn is over. While the database is away there is nothing to find out."""
        try:
            with self._working:
                work_off(self.context, self._handlers, _Turn(self._told), self._keeper.running)
        except Exception as fault:  # noqa: BLE001 - told; the next wake-up or look tries again
            tell(log, "worker_fault", fault, service=self._service)

    def end(self) -> None:
        """Finish what is running, take nothing new."""
        self._told.set()
        self._ending.set()
        self._looker.join(SOFT_SHUTDOWN_SECONDS)
        self._keeper.stop()
        self.context.box.stop()

    def _look(self) -> None:
        # Spread, so that all processes of all hosts do not look at the same moment.
        while not self._ending.wait(random.uniform(0.5, 1.5) * LOOK_SECONDS):  # noqa: S311 - spreading load, not a secret
            if not self._working.locked():
                self.work()


def work(service: str, settings: Settings, *, concurrency: int) -> None:
    """Run the jobs of one service in a pool of processes, woken through Celery."""
    app = make_celery(wake_up_url(settings), [service])
    exporter.start_for_pool(settings)
    parent, stopping = os.getpid(), _Stopping()
    children: list[_Child] = []

    def begin(**_: Any) -> None:
        # The pool's own processes would outlive a killed parent, hold its sockets, and work beside those of its successor.
        die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        # Everything with a connection or a thread is made after the fork, one for each process of the pool.
        telemetry.configure_logging(level=os.environ.get("MOTTAK_LOG_LEVEL", "WARNING"))
        spans.start(settings, f"worker-{service}")
        children.append(_Child(service, settings, stopping))

    # Celery keeps what it is told here until the process ends.
    worker_process_init.connect(begin, weak=False)
    worker_process_shutdown.connect(lambda **_: children[0].end(), weak=False)
    worker_process_shutdown.connect(lambda **_: spans.stop(), weak=False)
    worker_shutting_down.connect(lambda **_: stopping.set(), weak=False)

    @app.task(name=WAKE)
    def wake(_service: str) -> None:
        """There is work."""
        children[0].work()

    # Unique per process: two workers of one name on a host would share a control queue.
    name = f"{service}-{os.getpid()}@{socket.gethostname()}"
    level = os.environ.get("MOTTAK_LOG_LEVEL", "WARNING")
    arguments = ["worker", "--queues", queue_of(service), "--concurrency", str(concurrency), "--hostname", name, "--loglevel", level]
    app.worker_main([*arguments, "--without-gossip", "--without-mingle"])


def relay(settings: Settings) -> None:
    """Publish to the agencies' queues what the books say is to go there, until told to stop. Several may run."""
    _until_told("relay", settings, run_relay)


def take_receipts(settings: Settings) -> None:
    """Take in what agencies answer over the broker, until told to stop. Several may run."""
    _until_told("receipts", settings, run_receipts)


def _until_told(process: str, settings: Settings, run: Callable[[Context, threading.Event], None]) -> None:
    told = until_told()
    context, _ = assemble.make_context(settings)
    nudger = Nudger(make_celery(wake_up_url(settings)))
    context.database.add_commit_listener(nudger)
    exporter.start(settings)
    spans.start(settings, process)
    run(context, told)
    nudger.stop()
    spans.stop()


def schedule(settings: Settings) -> None:
    """Send wake-ups for what is due, remove what killed uploads left, have the archive read itself, export the facts of the whole system: until told to stop. Several may run."""
    told = until_told()
    context, _ = assemble.make_context(settings)
    nudger = Nudger(make_celery(wake_up_url(settings)))
    exporter.start(settings, SystemFacts(context))
    passes = 0
    while not told.wait(SCHEDULER_SECONDS):
        guarded(lambda: _nudge_due(context, nudger))
        if passes % int(RECEIPTS_SWEEP_SECONDS / SCHEDULER_SECONDS) == 0:
            guarded(lambda: sweep_receipts(context))
        if passes % int(UNFINISHED_SWEEP_SECONDS / SCHEDULER_SECONDS) == 0:
            guarded(lambda: _remove_unfinished(context))
        if passes % int(audit.SWEEP_SECONDS / SCHEDULER_SECONDS) == 0:
            guarded(lambda: audit.sweep(context))
        passes += 1
    nudger.stop()


def _nudge_due(context: Context, nudger: Nudger) -> None:
    with context.database.read() as tx:
        due = jobs.services_with_due_work(tx)
    nudger(due)


def _remove_unfinished(context: Context) -> None:
    """Give up the multipart uploads that killed processes left in the object store; a folder is cleaned by the one process that writes it."""
    for store in (context.objects, context.archive_objects):
        if isinstance(store, S3Objects):
            store.remove_unfinished()


def guarded(step: Callable[[], Any]) -> None:
    """Do a step; a store that is away must not end a process that is to outlast it."""
    try:
        step()
    except Exception as fault:  # noqa: BLE001 - told, and tried again
        tell(log, "step_failed", fault)
