"""The least one could do with the same bytes: read the form with python-docx, validate its answers, hash every file, write it durably.

One process, warm: its start and imports are not counted. No confinement, no attachment opened, no database, nothing delivered.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import docx
import jsonschema
from docx.oxml.ns import qn

from bench import material

_CHECK_BOX = "{http://schemas.microsoft.com/office/word/2010/wordml}checkbox"
_CHECKED = "{http://schemas.microsoft.com/office/word/2010/wordml}checked"
_MARK = "{http://schemas.microsoft.com/office/word/2010/wordml}val"


def take_in(files: list[material.File], validator: Any, folder: Path) -> None:
    """One submission."""
    for number, file in enumerate(files):
        if file.part == "form":
            list(validator.iter_errors(answers_in(docx.Document(io.BytesIO(file.data)))))
        name = f"{number}-{hashlib.sha256(file.data).hexdigest()}"
        with (folder / name).open("wb") as out:
            out.write(file.data)
            out.flush()
            os.fsync(out.fileno())


def answers_in(document: Any) -> dict[str, Any]:
    """The content controls by tag, as far as a script without knowledge of the form can tell their types."""
    found: dict[str, Any] = {}
    for control in document.element.body.iter(qn("w:sdt")):
        properties = control.find(qn("w:sdtPr"))
        tag = properties.find(qn("w:tag")).get(qn("w:val"))
        box = properties.find(_CHECK_BOX)
        if box is not None:
            key, _, value = tag.partition("/")
            ticked = box.find(_CHECKED).get(_MARK) == "1"
            if not value:
                found[key] = ticked
            elif ticked:
                found.setdefault(key, []).append(value)
        elif properties.find(qn("w:showingPlcHdr")) is None:
            found[tag] = "".join(text.text or "" for text in control.iter(qn("w:t")))
    return found


def run(schema: Path, folder: Path, count: int, *, heavy: bool) -> dict[str, float]:
    """CPU-ms for each submission, after a warm-up."""
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    made = material.make(heavy=heavy)
    waiting = [made.submission(f"bare{number}") for number in range(count)]
    for files in waiting[:5]:
        take_in(files, validator, folder)
    began, wall = time.process_time(), time.perf_counter()
    for number, files in enumerate(waiting):
        own = folder / str(number)
        own.mkdir()
        take_in(files, validator, own)
    return {"cpu_ms": (time.process_time() - began) / count * 1000, "wall_ms": (time.perf_counter() - wall) / count * 1000}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("schema", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--heavy", action="store_true")
    asked = parser.parse_args()
    print(json.dumps(run(asked.schema, asked.folder, asked.count, heavy=asked.heavy)))
