"""How fast a check answers: a Word form of 40 kB posted to ``/checks`` again and again, one after the other, on a warm system. ``python -m bench.checks`` measures it alone."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.material import File, make, multipart
from bench.system import EMBEDDED, System, running
from samples.builders.repack import with_members

COUNT: Final = 100
WARM_UP: Final = 10
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
    warm = sorted(times[WARM_UP:])
    return {"p50": warm[len(warm) // 2], "p95": warm[len(warm) * 95 // 100]}


def main() -> None:
    """Measure on the embedded ends and print."""
    with tempfile.TemporaryDirectory(prefix="mottak-bench-") as folder, running(Path(folder) / "data", [], EMBEDDED) as system:
        found = check_times(system)
    print(f"POST /checks of {len(form_of_40_kb().data)} bytes, warm: p50 {found['p50']:.0f} ms, p95 {found['p95']:.0f} ms")


if __name__ == "__main__":
    main()
