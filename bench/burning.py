"""``python -m bench.burning``: how long small submissions of one sender take while ten files of another, made to burn the processor, wait or are opened.

Issue: the 95th percentile at most doubles. The calm is measured before and after, so that both sides of the ratio see the same machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from bench import material
from bench.measuring import percentile
from bench.system import EMBEDDED, REAL, System, running
from bench.traffic import bodies, burst, trickle
from samples.builders.repack import zip_bytes

BURNING: Final = 10
BURNER: Final = "forslagsstiller"
WARM_UP: Final = 20
AIM: Final = 2.0
# Every word looks like a fødselsnummer until its control digits are reckoned: each of these takes the seconds that searching may take, all of them more than a file may have.
_SLOW: Final = b"12345678901 " * 1_600_000
_TEXTS: Final = 10
_BOUNDARY: Final = "bench-of-burning"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.burning", description=__doc__)
    parser.add_argument("--ends", choices=[EMBEDDED, REAL], default=EMBEDDED)
    parser.add_argument("--count", type=int, default=40, help="small submissions in each of the three rounds")
    parser.add_argument("--per-second", type=float, default=2.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mottak-bench-") as folder:
        Path(folder).chmod(0o755)
        with running(Path(folder) / "data", [], asked.ends) as system:
            measure(system, asked.count, asked.per_second)


def measure(system: System, count: int, per_second: float) -> None:
    """Three rounds of small submissions: calm, while it burns, and calm again."""
    made = material.make()
    burst(system, bodies(made, "warm", WARM_UP), clients=2, routed_before=0)
    before, _ = trickle(system, bodies(made, "before", count), per_second=per_second)
    burn(system, made)
    beside, _ = trickle(system, bodies(made, "beside", count), per_second=per_second)
    left = unchecked(system)
    while unchecked(system):
        time.sleep(1)
    after, _ = trickle(system, bodies(made, "after", count), per_second=per_second)
    calm = percentile([*before, *after], 95)
    print(
        f"small submissions, {system.ends}: p95 {calm:.0f} ms calm ({percentile(before, 95):.0f} before, {percentile(after, 95):.0f} after), "
        f"{percentile(beside, 95):.0f} ms beside {BURNING} burning files (p50 {percentile([*before, *after], 50):.0f} and {percentile(beside, 50):.0f}): "
        f"{percentile(beside, 95) / calm:.2f} times, aim {AIM:.0f}; {left} of the {BURNING} were still not done at the end"
    )


def burn(system: System, made: material.Material) -> None:
    """Send them all."""
    packed = zip_bytes({f"tall-{number}.txt": _SLOW for number in range(_TEXTS)})
    with closing(system.connection()) as connection:
        for number in range(BURNING):
            form = made.submission(f"burning{number}")[0]
            body = material.multipart([form, material.File("attachments", "tall.zip", packed)], _BOUNDARY)
            system.post(connection, "/api/v1/submissions", BURNER, body, f"multipart/form-data; boundary={_BOUNDARY}")


def unchecked(system: System) -> int:
    """How many are not checked yet; of the small ones none is left when their round has ended."""
    states = system.states()
    return states.get("received", 0) + states.get("checking", 0)


if __name__ == "__main__":
    main()
