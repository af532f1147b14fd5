"""The PRONOM ids that are recorded are those that pygfried finds in the register, for every honest file of the corpora and for samples of each type."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

from samples.make import write
from tests.corpora.accept import ACCEPT
from tests.corpora.make import make
from tests.shared.sandbox.conftest import OpenBytes

# Go brings threads of its own, so it works in a process of its own.
_ASK = "import json, sys, pygfried; json.dump({path: pygfried.identify(path) for path in sys.argv[1:]}, sys.stdout)"

# What the register does not tell apart by content: it knows a header only at the first byte, no mail without certain headers, and no EndNote library.
_NOT_IN_THE_REGISTER = {"UNKNOWN"}
_OWN_NAME_FOR = {("enlx", "x-fmt/263")}


def test_every_recorded_format_is_what_the_register_says(tmp_path: Path, open_bytes: OpenBytes) -> None:
    make(tmp_path / "corpora")
    write(tmp_path / "samples", date(2026, 1, 5))
    files = {case.path(tmp_path / "corpora"): case.file_name for case in ACCEPT}
    files |= {path: path.name for path in (tmp_path / "samples").rglob("*") if ".routed." in str(path) and path.is_file()}
    asked = subprocess.run([sys.executable, "-c", _ASK, *map(str, files)], capture_output=True, check=True, timeout=120)
    registered: dict[str, str] = json.loads(asked.stdout)

    differing = {}
    for path, name in files.items():
        opened = open_bytes(path.read_bytes(), name)
        document, said = opened.documents[0], registered[str(path)]
        refused = any(finding.document == document.id for finding in opened.findings)
        kind = path.suffix.removeprefix(".")
        if not refused and said not in _NOT_IN_THE_REGISTER and (kind, said) not in _OWN_NAME_FOR and document.format != said:
            differing[name, path.name] = (document.format, said)

    assert differing == {}
    assert len(files) > 40
