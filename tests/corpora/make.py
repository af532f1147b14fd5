"""The corpora: `accept/` are honest files that careless readers refuse or misread, `reject/` are files that must get a certain code.

`python -m tests.corpora.make FOLDER` writes them; nothing made is committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.corpora.accept import ACCEPT
from tests.corpora.reject import REJECT


def make(folder: Path) -> None:
    """Write every case to its place under `folder`."""
    for case in (*ACCEPT, *REJECT):
        path = case.path(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.build())


if __name__ == "__main__":
    make(Path(sys.argv[1]))
