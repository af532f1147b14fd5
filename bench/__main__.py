"""``python -m bench``: every figure in one run. Nothing is asserted: the figures depend on the machine and on what else it does."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import material, memory, processes, traffic
from bench.system import System, running

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schemas" / "forms" / "anmodning" / "1.0" / "schema.json"
WARM_UP = 20
CLIENTS = 4
MIB = 1024 * 1024


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="submissions under full load")
    parser.add_argument("--large", type=int, default=1024, help="MiB of the large attachment; 0 leaves that part out")
    parser.add_argument("--heavy", action="store_true", help="a workbook in place of the picture")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mottak-bench-") as folder:
        figures = measure(Path(folder), asked.count, asked.large * MIB, heavy=asked.heavy)
    print_table(figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def measure(folder: Path, count: int, large: int, *, heavy: bool) -> dict[str, Any]:
    """All figures. Times are milliseconds or seconds as their names say; memory is bytes."""
    figures: dict[str, Any] = {"count": count, "heavy": heavy}
    made = material.make(heavy=heavy)
    figures["bytes"] = {file.name: len(file.data) for file in made.submission("1")}
    waiting = {
        "warm": traffic.bodies(made, "warm", WARM_UP),
        "full": traffic.bodies(made, "full", count),
        "calm": traffic.bodies(made, "calm", count // 2),
    }
    started: list[float] = []
    with running(folder / "data", started):
        pass
    with running(folder / "data", started) as system:
        figures["start_seconds"] = {"first": started[0], "again": started[1]}
        traffic.burst(system, waiting["warm"], clients=CLIENTS, routed_before=0)
        # The script right before and right after, so that both sides of the ratio see the same machine.
        before = bare(folder / "bare-before", heavy)
        figures |= full_load(system, waiting["full"])
        after = bare(folder / "bare-after", heavy)
        figures["bare"] = {name: (before[name] + after[name]) / 2 for name in before}
        figures["ratio"] = figures["cpu_ms"]["all"] / figures["bare"]["cpu_ms"]
        figures["lease_cpu_ms"] = lease_everything(system, WARM_UP + count)
        figures |= calm(system, waiting["calm"], figures["per_second"] / 4)
    if large:
        # A start of its own: what the first submission loads counts, too.
        with running(folder / "data", started) as system:
            routed = WARM_UP + count + len(waiting["calm"])
            figures["large"] = asdict(memory.one_large(system, made, folder, large, routed_before=routed))
    return figures


def bare(target: Path, heavy: bool) -> dict[str, float]:
    """The bare script's figures, from a process of its own that writes to ``target``."""
    target.mkdir()
    command: list[str | Path] = [sys.executable, "-m", "bench.bare_script", SCHEMA, target, *(["--heavy"] if heavy else [])]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def full_load(system: System, waiting: list[bytes]) -> dict[str, Any]:
    """CPU and throughput while several senders send without pause."""
    idle = _idle_cpu_per_second(system)
    before = processes.cpu_seconds(system.pid)
    result = traffic.burst(system, waiting, clients=CLIENTS, routed_before=WARM_UP)
    after = processes.cpu_seconds(system.pid)
    cpu = {name: (after[name] - before[name] - idle[name] * result.wall_seconds) / len(waiting) * 1000 for name in after}
    return {
        "cpu_ms": {**cpu, "all": sum(cpu.values())},
        "idle_cpu_ms_per_second": sum(idle.values()) * 1000,
        "per_second": len(waiting) / result.wall_seconds,
    }


def _idle_cpu_per_second(system: System) -> dict[str, float]:
    seconds = 5.0
    before = processes.cpu_seconds(system.pid)
    time.sleep(seconds)
    after = processes.cpu_seconds(system.pid)
    return {name: (after[name] - before[name]) / seconds for name in after}


def lease_everything(system: System, count: int) -> float:
    """CPU-ms for each message that the agency leases, a hundred at a time. Not part of what taking a submission in costs."""
    before = sum(processes.cpu_seconds(system.pid).values())
    connection = system.connection()
    leased = 0
    while items := system.lease(connection, traffic.AGENCY):
        leased += len(items)
    connection.close()
    if leased != count:
        raise RuntimeError(f"{leased} messages for {count} submissions")
    return (sum(processes.cpu_seconds(system.pid).values()) - before) / leased * 1000


def calm(system: System, waiting: list[bytes], per_second: float) -> dict[str, Any]:
    """Latency at a quarter of the full load."""
    ways, answers = traffic.trickle(system, waiting, per_second=per_second)
    return {
        "calm_per_second": per_second,
        "leasable_ms": {"p50": percentile(ways, 50), "p99": percentile(ways, 99)},
        "answered_ms": {"p50": percentile(answers, 50), "p99": percentile(answers, 99)},
    }


def percentile(seconds: list[float], percent: int) -> float:
    """Milliseconds that so many per cent did not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


def print_table(figures: dict[str, Any]) -> None:
    """What a person reads."""
    cpu = figures["cpu_ms"]
    rows = [
        ("files of a submission", ", ".join(f"{name} {size / 1000:.0f} kB" for name, size in figures["bytes"].items())),
        ("CPU for each submission, all our processes", f"{cpu['all']:.1f} ms  (server {cpu['server']:.1f}, box {cpu['box']:.1f})"),
        ("CPU of the bare script on the same bytes", f"{figures['bare']['cpu_ms']:.1f} ms"),
        ("ratio (aim: 3 or less)", f"{figures['ratio']:.2f}"),
        ("CPU at rest, for each second", f"{figures['idle_cpu_ms_per_second']:.1f} ms"),
        ("CPU for each message leased", f"{figures['lease_cpu_ms']:.1f} ms"),
        (f"submissions/s, {CLIENTS} senders, until archived and leasable", f"{figures['per_second']:.1f}"),
        (f"POST -> leased by the agency, at {figures['calm_per_second']:.1f}/s", _both(figures["leasable_ms"])),
        (f"POST -> 202, at {figures['calm_per_second']:.1f}/s", _both(figures["answered_ms"])),
        ("start until it answers", f"first {figures['start_seconds']['first']:.2f} s, again {figures['start_seconds']['again']:.2f} s"),
    ]
    if large := figures.get("large"):
        above, idle = large["above_idle"], large["idle"]
        rows += [
            (f"memory at rest, {' + '.join(idle)}", f"{' + '.join(f'{value / MIB:.0f}' for value in idle.values())} MiB"),
            (f"peak above that, {large['size'] // MIB} MiB attachment (aim: 64 MiB)", f"{sum(above.values()) / MIB:.1f} MiB  {_mib(above)}"),
            (
                f"the {large['size'] // MIB} MiB attachment",
                "202 after {accepted_seconds:.1f} s, archived after {routed_seconds:.1f} s, fetched in {fetched_seconds:.1f} s, "
                "CPU {cpu_seconds:.1f} s".format_map(large),
            ),
        ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:{width}}  {value}")


def _both(values: dict[str, float]) -> str:
    return f"p50 {values['p50']:.0f} ms, p99 {values['p99']:.0f} ms"


def _mib(values: dict[str, int]) -> str:
    return f"({', '.join(f'{name} {value / MIB:.1f}' for name, value in values.items())})"


if __name__ == "__main__":
    main()
