"""All figures of one system: CPU and store requests under full load, latency at a quarter of it, memory while a large attachment goes through."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench import checks, material, memory, processes, requests, traffic
from bench.agency import take_everything
from bench.system import System, running

ROOT: Final = Path(__file__).resolve().parent.parent
SCHEMA: Final = ROOT / "schemas" / "forms" / "anmodning" / "1.0" / "schema.json"
WARM_UP: Final = 20
CLIENTS: Final = 4


def measure(folder: Path, ends: str, count: int, large: int, *, heavy: bool) -> dict[str, Any]:
    """Start a system on these ends and measure it. Times are milliseconds or seconds as their names say; memory is bytes."""
    made = material.make(heavy=heavy)
    waiting = {
        "warm": traffic.bodies(made, "warm", WARM_UP),
        "full": traffic.bodies(made, "full", count),
        "calm": traffic.bodies(made, "calm", max(count // 2, 1)),
    }
    data = folder / ends
    started: list[float] = []
    with running(data, started, ends):
        pass
    with running(data, started, ends) as system:
        figures: dict[str, Any] = {"start_seconds": {"first": started[0], "again": started[1]}}
        traffic.burst(system, waiting["warm"], clients=CLIENTS, routed_before=0)
        # The script right before and right after, so that both sides of the ratio see the same machine.
        before = bare(folder / f"bare-before-{ends}", heavy)
        figures |= full_load(system, waiting["full"], documents=len(made.submission("1")))
        after = bare(folder / f"bare-after-{ends}", heavy)
        figures["bare"] = {name: (before[name] + after[name]) / 2 for name in before}
        figures["bare_reading"] = bare(folder / f"bare-reading-{ends}", heavy, "--reading")
        figures["ratio"] = sum(figures["cpu_ms"].values()) / figures["bare"]["cpu_ms"]
        figures["taken_cpu_ms"] = take_all(system, WARM_UP + count)
        figures |= calm(system, waiting["calm"], figures["per_second"] / 4)
        figures["checks_ms"] = checks.check_times(system)
    if large:
        # A start of its own: what the first submission loads counts, too.
        with running(data, started, ends) as system:
            routed = WARM_UP + count + len(waiting["calm"])
            figures["large"] = asdict(memory.one_large(system, made, folder, large, routed_before=routed))
    return figures


def bare(target: Path, heavy: bool, *options: str) -> dict[str, float]:
    """The bare script's figures, from a process of its own that writes to ``target``."""
    target.mkdir()
    command: list[str | Path] = [sys.executable, "-m", "bench.bare_script", SCHEMA, target, *(["--heavy"] if heavy else []), *options]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def full_load(system: System, waiting: list[bytes], *, documents: int) -> dict[str, Any]:
    """CPU, throughput and store requests while several senders send without pause. What runs at rest, too, is taken off."""
    parts = system.ours | system.servers
    idle = _idle_cpu_per_second(parts)
    asked, before = requests.count(system), processes.cpu_seconds(parts)
    result = traffic.burst(system, waiting, clients=CLIENTS, routed_before=WARM_UP)
    after = processes.cpu_seconds(parts)
    asked = requests.count(system) - asked
    cpu = {name: (after[name] - before[name] - idle[name] * result.wall_seconds) / len(waiting) * 1000 for name in after}
    return {
        "cpu_ms": {name: value for name, value in cpu.items() if name not in system.servers},
        "servers_cpu_ms": {name: value for name, value in cpu.items() if name in system.servers},
        "idle_cpu_ms_per_second": sum(value for name, value in idle.items() if name not in system.servers) * 1000,
        "per_second": len(waiting) / result.wall_seconds,
        "documents": documents,
        "store_requests": {bucket: _of_bucket(asked, bucket, len(waiting)) for bucket in ("incoming", "archive") if asked},
    }


def _of_bucket(asked: requests.Counts, bucket: str, submissions: int) -> dict[str, float]:
    """Requests for each submission by kind."""
    return {kind: number / submissions for (where, kind), number in sorted(asked.items()) if where == bucket}


def _idle_cpu_per_second(parts: dict[str, int]) -> dict[str, float]:
    seconds = 5.0
    before = processes.cpu_seconds(parts)
    time.sleep(seconds)
    after = processes.cpu_seconds(parts)
    return {name: (after[name] - before[name]) / seconds for name in after}


def take_all(system: System, count: int) -> float:
    """CPU-ms of ours for each message that the agency takes. Not part of what taking a submission in costs."""
    before = sum(processes.cpu_seconds(system.ours).values())
    taken = take_everything(system)
    if taken != count:
        raise RuntimeError(f"{taken} messages for {count} submissions")
    return (sum(processes.cpu_seconds(system.ours).values()) - before) / taken * 1000


def calm(system: System, waiting: list[bytes], per_second: float) -> dict[str, Any]:
    """Latency at a quarter of the full load."""
    ways, answers = traffic.trickle(system, waiting, per_second=per_second)
    return {
        "calm_per_second": per_second,
        "arrived_ms": {"p50": percentile(ways, 50), "p99": percentile(ways, 99)},
        "answered_ms": {"p50": percentile(answers, 50), "p99": percentile(answers, 99)},
    }


def percentile(seconds: list[float], percent: int) -> float:
    """Milliseconds that so many per cent did not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000
