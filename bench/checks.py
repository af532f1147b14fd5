"""How fast a check answers: a Word form of 40 kB posted to ``/checks`` again and again, one after the other, on a warm system, and the same form
checked by ``mottak check`` without one. ``python -m bench.checks`` measures both alone."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from bench.material import File, make, multipart
from bench.system import EMBEDDED, System, running
from samples.builders.repack import with_members

COUNT: Final = 100
WARM_UP: Final = 10
CALLS: Final = 20
FORM_BYTES: Final = 40_000
_BOUNDARY: Final = "a-bench-of-checks"


def form_of_40_kb() -> File:
    """The form that all submissions of a run share, with a picture that makes it 40 kB; a check of it finds nothing wrong."""
    form = make().submission("check")[0]
    missing = FORM_BYTES - len(form.data) - 150
    picture = random.Random(40).randbytes(max(missing, 1))
    return File(form.part, form.name, with_members(form.data, {"word/media/picture.png": picture}))


def check_times(system: System) -> dict[str, float]:
    """What a sender waits for an answer, p50 and p95, in milliseconds. Raises RuntimeError when the check finds something wrong."""
    body = multipart([form_of_40_kb()], _BOUNDARY)
    connection = system.connection()
    times = []
    try:
        for _ in range(WARM_UP + COUNT):
            started = time.perf_counter()
            told = system.post(connection, "/api/v1/checks", "leverandor", body, f"multipart/form-data; boundary={_BOUNDARY}")
            times.append((time.perf_counter() - started) * 1000)
            if told["status"] != "accepted":
                raise RuntimeError(f"not the check that was to be measured: {told['errors']}")
    finally:
        connection.close()
    return _spread(times[WARM_UP:])


def command_times(folder: Path) -> dict[str, Any]:
    """What ``mottak check`` of one form takes, from the call to its end, and each further form of one call (``--each``): p50 and p95, in milliseconds.

    ``cpu``: CPU of a whole call with one form, all its processes, in milliseconds. Raises RuntimeError when a form is not accepted.
    """
    form = folder / "skjema.docx"
    form.write_bytes(form_of_40_kb().data)
    command: list[str | Path] = [Path(sys.executable).with_name("mottak"), "check"]
    alone, spent = [], os.times()
    for _ in range(CALLS):
        started = time.perf_counter()
        _accepted(subprocess.run([*command, form], capture_output=True, text=True, check=False).stdout)
        alone.append((time.perf_counter() - started) * 1000)
    done = os.times()
    cpu = done.children_user + done.children_system - spent.children_user - spent.children_system
    told = []
    with subprocess.Popen([*command, "--each", *[form] * (1 + COUNT)], stdout=subprocess.PIPE, text=True) as running_command:
        for line in running_command.stdout or ():
            told.append(time.perf_counter())
            _accepted(line)
    further = [(after - before) * 1000 for before, after in pairwise(told)]
    return {"first": _spread(alone), "further": _spread(further), "cpu": cpu / CALLS * 1000}


def _accepted(told: str) -> None:
    if not told.endswith(": accepted\n"):
        raise RuntimeError(f"not the check that was to be measured: {told}")


def _spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[len(ordered) * 95 // 100]}


def main() -> None:
    """Measure on the embedded ends and print."""
    with tempfile.TemporaryDirectory(prefix="mottak-bench-") as folder, running(Path(folder) / "data", [], EMBEDDED) as system:
        found = check_times(system)
        command = command_times(Path(folder))
    print(f"POST /checks of {len(form_of_40_kb().data)} bytes, warm: p50 {found['p50']:.0f} ms, p95 {found['p95']:.0f} ms")
    for each in ("first", "further"):
        print(f"mottak check, {each} form of a call: p50 {command[each]['p50']:.0f} ms, p95 {command[each]['p95']:.0f} ms")
    print(f"mottak check, CPU of a call with one form: {command['cpu']:.0f} ms")


if __name__ == "__main__":
    main()
