"""Runs handlers: claims a job, works outside any transaction, commits effect and "done" together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import Connection

from services.shared import jobs, metrics, names, spans, telemetry, timestamps
from services.shared.context import Context
from services.shared.faults import is_outage, tell
from services.shared.jobs import Job

Effect = Callable[[Connection], None]
Handler = Callable[[Job, Context], Effect | None]

POLL_SECONDS = 2.0
DONE = "done"
_handlers: dict[str, Handler] = {}
log = telemetry.logger("worker")


class Retry(Exception):
    """Not now: try again later. ``delay`` in seconds overrides the back-off.

    ``outage``: something we stand on does not answer (a store, the scanner). That is no attempt: it never parks a job, however long it takes.
    """

    def __init__(self, reason: str, *, delay: float | None = None, outage: bool = False) -> None:
        super().__init__(reason)
        self.delay, self.outage = delay, outage


class Hopeless(Exception):
    """No later attempt can succeed: park the job where the secretariat sees it."""


def handles(name: str) -> Callable[[Handler], Handler]:
    """Register the function that does the work of this name. It must be idempotent: it may run again after a kill at any point."""

    def register(handler: Handler) -> Handler:
        if name in _handlers:
            raise ValueError(f"two handlers for {name}")
        _handlers[name] = handler
        return handler

    return register


def registered() -> frozenset[str]:
    """Names of all handlers that this process knows."""
    return frozenset(_handlers)


class LeaseKeeper:
    """Keeps the leases of what this process is working on; whoever is killed keeps nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stopping = threading.Event()
        self.running: dict[int, Job] = {}
        self.thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def stop(self) -> None:
        """Let the thread end."""
        self._stopping.set()

    def _keep(self) -> None:
        seconds = self._context.settings.lease_seconds
        while not self._stopping.wait(seconds / 3):
            running = list(self.running.values())
            if not running:
                continue
            try:
                with self._context.database.write() as tx:
                    for job in running:
                        jobs.extend(tx, job, lease_seconds=seconds)
            except Exception as fault:  # noqa: BLE001 - told; whoever takes the job over finds it undone, and what we do then is not committed
                tell(log, "leases_not_kept", fault)


class _Waker:
    """A call that is not lost when it comes between looking for work and lying down."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.calls = 0

    def call(self) -> None:
        with self._condition:
            self.calls += 1
            self._condition.notify()

    def wait(self, heard: int, seconds: float) -> None:
        """Until there were more than ``heard`` calls, or the time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self.calls > heard, seconds)


class Worker:
    """Threads that run the handlers of some services against the jobs table."""

    def __init__(self, context: Context, threads_per_service: dict[str, int]) -> None:
        self._context = context
        self._stopping = threading.Event()
        self._wakers = {service: _Waker() for service in threads_per_service}
        self._keeper = LeaseKeeper(context)
        self._threads = [self._keeper.thread]
        for service, count in threads_per_service.items():
            for number in range(count):
                self._threads.append(threading.Thread(target=self._work, args=(service,), name=f"{service}-{number}", daemon=True))
        context.database.add_commit_listener(self._wake)

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Finish what is running, take nothing new."""
        self._stopping.set()
        self._keeper.stop()
        for service, waker in self._wakers.items():
            for _ in range(sum(thread.name.startswith(service) for thread in self._threads)):
                waker.call()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _wake(self, services: set[str]) -> None:
        for service in services & self._wakers.keys():
            self._wakers[service].call()

    def _work(self, service: str) -> None:
        mine = handlers_of(service)
        waker = self._wakers[service]
        while not self._stopping.is_set():
            heard = waker.calls
            try:
                work_off(self._context, mine, self._stopping, self._keeper.running)
            except Exception as fault:  # noqa: BLE001 - told, and tried again
                tell(log, "worker_fault", fault, service=service)
            if not self._stopping.is_set():
                waker.wait(heard, POLL_SECONDS)


def handlers_of(service: str) -> list[str]:
    """The handlers of a service that this process knows."""
    return sorted(name for name in _handlers if name.split(".")[0] == service)


class Told(Protocol):
    """Says whether to stop; a ``threading.Event`` does."""

    def is_set(self) -> bool:
        """Whether to take nothing new."""


Next = Callable[[Connection], Job | None]
"""Claims what is to be done after this, or nothing."""


def work_off(context: Context, handlers: Sequence[str], stopping: Told, running: dict[int, Job]) -> None:
    """Run what is due of these handlers, one job after the other, until nothing is or ``stopping`` is set.

    The next job is claimed in the transaction that ends the one before: one transaction for each job in place of two. ``running`` holds what is worked on.
    """

    def following(tx: Connection) -> Job | None:
        return None if stopping.is_set() else _claim(tx, context, handlers)

    job = None if stopping.is_set() else _claim_first(context, handlers)
    while job is not None:
        done, claimed = _run_watched(job, context, running, following)
        job = claimed if done or stopping.is_set() else _claim_first(context, handlers)


def run_one(context: Context, handlers: Sequence[str]) -> bool:
    """Claim and run one due job of these handlers; False when there is none."""
    job = _claim_first(context, handlers)
    if job is not None:
        _run_watched(job, context, {}, lambda _tx: None)
    return job is not None


def _claim_first(context: Context, handlers: Sequence[str]) -> Job | None:
    with context.database.write() if _most_of_one(context, handlers) else context.database.single() as tx:
        return _claim(tx, context, handlers)


def _claim(tx: Connection, context: Context, handlers: Sequence[str]) -> Job | None:
    return jobs.claim(tx, handlers, lease_seconds=context.settings.lease_seconds, most_of_one=_most_of_one(context, handlers))


def _run_watched(job: Job, context: Context, running: dict[int, Job], following: Next) -> tuple[bool, Job | None]:
    """Run a claimed job. Returns whether it was done, and what was claimed with it; of what failed nothing is written, the next claim neither."""
    if job.attempts > jobs.MAX_ATTEMPTS:
        # What fails is parked before it comes to this: here each worker died before it could tell.
        _fail(job, context, "every worker that took it died", permanent=True)
        return False, None
    running[job.id] = job
    try:
        parent = job.data.get("traceparent") or (job.event.trace if job.event else None)
        about: dict[str, str | int] = {"mottak.handler": job.handler, "mottak.submission": job.submission or "", "mottak.attempt": job.attempts}
        with spans.span(f"job {job.handler}", "consumer", parent=parent, attributes=about) as span:
            outcome, claimed = _run(job, context, following)
            span.set("mottak.outcome", outcome)
            if outcome != DONE:
                span.failed(outcome)
    finally:
        running.pop(job.id, None)
    return outcome == DONE, claimed


def _most_of_one(context: Context, handlers: Sequence[str]) -> int | None:
    """Half of the workers that open files at most do so for one sender: files made to burn hold up their sender, not the others."""
    if names.VALIDATION_CHECK not in handlers:
        return None
    return max(1, context.settings.workers // 2)


def _run(job: Job, context: Context, following: Next) -> tuple[str, Job | None]:
    began = time.perf_counter()
    claimed = None
    try:
        effect = _handlers[job.handler](job, context)
        with context.database.write() as tx:
            if not jobs.finish(tx, job):
                log.warning("lease_lost", job=job.id, handler=job.handler)
            elif effect is not None:
                effect(tx)
            # Last: a claim that is made one at a time (``jobs.claim``) holds up the others until the commit.
            wanted = following(tx)
        outcome, claimed = DONE, wanted
    except Retry as later:
        outcome = _fail(job, context, str(later), delay=later.delay, outage=later.outage)
    except Hopeless as fault:
        outcome = _fail(job, context, str(fault), permanent=True)
    except Exception as fault:  # noqa: BLE001 - told, and put back or parked
        tell(log, "handler_failed", fault, job=job.id, handler=job.handler, submission=job.submission, attempts=job.attempts)
        outcome = _fail(job, context, f"{type(fault).__name__}: {fault}", outage=is_outage(fault))
    seconds = time.perf_counter() - began
    metrics.JOB_SECONDS.labels(handler=job.handler, outcome=outcome).observe(seconds)
    if outcome == DONE:
        metrics.STEP_SECONDS.labels(step=job.handler).observe(max(0.0, timestamps.seconds_between(job.created_at, timestamps.now())))
    log.info("job", job=job.id, handler=job.handler, outcome=outcome, seconds=round(seconds, 3))
    return outcome, claimed


def _fail(job: Job, context: Context, error: str, *, permanent: bool = False, delay: float | None = None, outage: bool = False) -> str:
    with context.database.write() as tx:
        return jobs.fail(tx, job, error, permanent=permanent, delay=delay, outage=outage) or "lost"


def run_until_idle(context: Context, limit: int = 1000) -> int:
    """Run what is due, one job after the other, until nothing is; for tests and tools. Returns how many ran."""
    ran = 0
    while ran < limit and run_one(context, sorted(_handlers)):
        ran += 1
    return ran
