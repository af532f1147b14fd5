"""Serves one process's metrics on a port of its own, for Prometheus alone: never behind the gateway, on loopback unless the settings say otherwise."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from services.shared import metrics, telemetry
from services.shared.settings import Settings

AGAIN_SECONDS: Final = 1.0
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
log = telemetry.logger("metrics")


class FreeSpace(Collector):
    """Bytes free where this process keeps what it opens: a full disk stops receiving and opening."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def collect(self) -> Iterator[Metric]:
        """One gauge."""
        yield GaugeMetricFamily("mottak_free_bytes", "Bytes free on the disk of this process's data folder", value=shutil.disk_usage(self._data).free)


def start(settings: Settings, *facts: Collector) -> None:
    """Serve this process's metrics, and ``facts`` besides, until the process ends. Does nothing when the settings name no port."""
    if settings.metrics_port:
        _serve(settings, REGISTRY, FreeSpace(settings.data), *facts)


def start_for_pool(settings: Settings) -> None:
    """The same for a process that is about to fork a pool: what is served is the sum of its processes. Call it before the first is forked."""
    if not settings.metrics_port:
        return
    # Several on one machine may have the same data folder, but not the same port.
    folder = settings.data / "scratch" / f"metrics-{settings.metrics_port}"
    metrics.shared_by_processes(folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]  # the library has no types here
    ProcessCollector(registry=registry)
    _serve(settings, registry, FreeSpace(settings.data))


def _serve(settings: Settings, registry: CollectorRegistry, *collectors: Collector) -> None:
    for collector in collectors:
        registry.register(collector)
    if not _listens(settings, registry):
        threading.Thread(target=_listen_later, args=(settings, registry), name="metrics", daemon=True).start()


def _listen_later(settings: Settings, registry: CollectorRegistry) -> None:
    """A port that is taken (by what an earlier process left, for a moment) is no reason not to work."""
    pause = threading.Event()
    while not _listens(settings, registry):
        pause.wait(AGAIN_SECONDS)


def _listens(settings: Settings, registry: CollectorRegistry) -> bool:
    try:
        server, _ = start_http_server(settings.metrics_port, settings.metrics_host, registry)
    except OSError as taken:
        log.warning("metrics_port_taken", port=settings.metrics_port, why=type(taken).__name__)
        return False
    # A forked process must not hold the port when this one is gone.
    os.register_at_fork(after_in_child=server.socket.close)
    return True
