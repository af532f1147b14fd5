"""The processes of the real ends: a web server and workers per service, and the scheduler. One host may run any of them, any number of times."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

from celery.signals import worker_process_init, worker_process_shutdown

from services.command import assemble
from services.command.servers.process import die_with_parent
from services.intake.receive import sweep as sweep_receipts
from services.routing.broker.definitions import OUR_VHOST
from services.routing.broker.receipts import run_receipts
from services.routing.broker.relay import run_relay
from services.shared import jobs, telemetry
from services.shared.context import Context
from services.shared.database import is_away
from services.shared.objects.s3 import S3Objects
from services.shared.settings import Settings
from services.shared.wakeups import WAKE, Nudger, make_celery, queue_of
from services.shared.web.server import make_server
from services.shared.worker import LeaseKeeper, handlers_of, run_one

SCHEDULER_SECONDS: Final = 1.0
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
    serving = threading.Thread(target=server.serve, name="web", daemon=True)
    serving.start()
    log.info("serving", service=service, port=settings.port)
    told.wait()
    server.stop()
    nudger.stop()
    context.box.stop()


class _Child:
    """What one process of a worker's pool keeps for its life."""

    context: Context
    keeper: LeaseKeeper
    nudger: Nudger


def work(service: str, settings: Settings, *, concurrency: int) -> None:
    """Run the jobs of one service in a pool of processes, woken through Celery."""
    app = make_celery(wake_up_url(settings), [service])
    mine, parent = handlers_of(service), os.getpid()

    def begin(**_: Any) -> None:
        # The pool's own processes would outlive a killed parent, hold its sockets, and work beside those of its successor.
        die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        # Everything with a connection or a thread is made after the fork, one for each process of the pool.
        telemetry.configure_logging(level=os.environ.get("MOTTAK_LOG_LEVEL", "WARNING"))
        _Child.context = assemble.make_context(settings)[0]
        _Child.nudger = Nudger(make_celery(wake_up_url(settings)))
        _Child.context.database.add_commit_listener(_Child.nudger)
        _Child.keeper = LeaseKeeper(_Child.context)
        _Child.keeper.thread.start()
        if service == "validation":
            _Child.context.box.start()

    def end(**_: Any) -> None:
        _Child.keeper.stop()
        _Child.context.box.stop()

    worker_process_init.connect(begin, weak=False)
    worker_process_shutdown.connect(end, weak=False)

    @app.task(name=WAKE)
    def wake(_service: str) -> None:
        """Do what is due, until nothing is. While the database is away there is nothing to find out; the sweep calls again."""
        try:
            while run_one(_Child.context, mine, _Child.keeper.running):
                pass
        except Exception as fault:
            if not is_away(fault):
                log.exception("worker_fault", service=service)
            else:
                log.warning("database_away", service=service, why=type(fault).__name__)

    # Unique per process: two workers of one name on a host would share a control queue.
    name = f"{service}-{os.getpid()}@{socket.gethostname()}"
    level = os.environ.get("MOTTAK_LOG_LEVEL", "WARNING")
    arguments = ["worker", "--queues", queue_of(service), "--concurrency", str(concurrency), "--hostname", name, "--loglevel", level]
    app.worker_main([*arguments, "--without-gossip", "--without-mingle"])


def relay(settings: Settings) -> None:
    """Publish to the agencies' queues what the books say is to go there, until told to stop. Several may run."""
    _until_told(settings, run_relay)


def take_receipts(settings: Settings) -> None:
    """Take in what agencies answer over the broker, until told to stop. Several may run."""
    _until_told(settings, run_receipts)


def _until_told(settings: Settings, run: Callable[[Context, threading.Event], None]) -> None:
    told = until_told()
    context, _ = assemble.make_context(settings)
    nudger = Nudger(make_celery(wake_up_url(settings)))
    context.database.add_commit_listener(nudger)
    run(context, told)
    nudger.stop()


def schedule(settings: Settings) -> None:
    """Send wake-ups for what is due, remove what killed uploads left, keep the gauges: until told to stop. Several may run."""
    told = until_told()
    context, _ = assemble.make_context(settings)
    nudger = Nudger(make_celery(wake_up_url(settings)))
    passes = 0
    while not told.wait(SCHEDULER_SECONDS):
        guarded(lambda: _nudge_due(context, nudger))
        if passes % int(RECEIPTS_SWEEP_SECONDS / SCHEDULER_SECONDS) == 0:
            guarded(lambda: sweep_receipts(context))
        if passes % int(UNFINISHED_SWEEP_SECONDS / SCHEDULER_SECONDS) == 0:
            guarded(lambda: _remove_unfinished(context))
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
    except Exception as fault:
        if not is_away(fault):
            log.exception("step_failed")
        else:
            log.warning("database_away", why=type(fault).__name__)
