"""``python -m bench``: every figure in one run, on both kinds of ends. Nothing is asserted: the figures depend on the machine and on what else it does."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from bench import checks, documents, material, report
from bench.measuring import measure
from bench.system import EMBEDDED, REAL


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--ends", choices=[EMBEDDED, REAL, "both"], default="both", help="real: on servers and processes of its own, as in production"
    )
    parser.add_argument("--count", type=int, default=100, help="submissions under full load")
    parser.add_argument("--large", type=int, default=1024, help="MiB of the large attachment; 0 leaves that part out")
    parser.add_argument("--heavy", action="store_true", help="a workbook in place of the picture")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    asked = parser.parse_args()
    figures: dict[str, Any] = {"count": asked.count, "heavy": asked.heavy}
    figures["bytes"] = {file.name: len(file.data) for file in material.make(heavy=asked.heavy).submission("1")}
    with tempfile.TemporaryDirectory(prefix="mottak-bench-") as folder:
        figures["check_command_ms"] = checks.command_times(Path(folder))
    for ends in (EMBEDDED, REAL) if asked.ends == "both" else (asked.ends,):
        with tempfile.TemporaryDirectory(prefix="mottak-bench-") as folder:
            # The database server runs as a user of its own, who must be able to reach its folder.
            Path(folder).chmod(0o755)
            figures[ends] = measure(Path(folder), ends, asked.count, asked.large * report.MIB, heavy=asked.heavy)
    figures["documents"] = documents.measure()
    report.print_table(figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
