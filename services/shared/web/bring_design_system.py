"""Brings the design system's stylesheets from their npm packages into ``static/designsystem``: ``python -m services.shared.web.bring_design_system``.

The packages are pinned with their digests in ``package-lock.json``; the stylesheets are not kept in the repository, and no page asks another host for them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(__file__).resolve().parent / "static" / "designsystem"
STYLESHEETS = {
    "theme.css": "node_modules/@digdir/designsystemet-theme/src/themes/designsystemet.css",
    "components.css": "node_modules/@digdir/designsystemet-css/dist/src/index.css",
}


def bring(root: Path = ROOT, target: Path = TARGET) -> list[Path]:
    """Install the locked packages and copy their stylesheets. Returns the files. Raises CalledProcessError or OSError when npm cannot do it."""
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit"], cwd=root, check=True, stdout=subprocess.DEVNULL)  # noqa: S607 - npm is where PATH says
    target.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(root / source, target / name)) for name, source in STYLESHEETS.items()]


def main() -> int:
    """Bring them and say so; 3 when the packages cannot be had."""
    try:
        files = bring()
    except (OSError, subprocess.CalledProcessError) as fault:
        sys.stderr.write(f"The design system's stylesheets could not be brought in: {fault}\n")
        return 3
    sys.stdout.write(f"{len(files)} stylesheets in {TARGET.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
