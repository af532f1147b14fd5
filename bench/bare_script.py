"""The least one could do with the same bytes: read the form with python-docx, validate its answers, hash every file, write it durably.

One process, warm: its start and imports are not counted. No confinement, no attachment opened, no database, nothing delivered. With ``--reading`` it also
opens the attachments, as whoever wants to search them must: what a step that reads everything can be held against.
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

from bench import material, plain_library
from bench.controls import answers_in

READERS = {".docx": plain_library.word, ".pdf": plain_library.pdf}


def take_in(files: list[material.File], validator: Any, folder: Path, *, reading: bool) -> None:
    """One submission."""
    for number, file in enumerate(files):
        if file.part == "form":
            list(validator.iter_errors(answers_in(docx.Document(io.BytesIO(file.data)))))
        elif reading and (read := READERS.get(Path(file.name).suffix)):
            read(file.data, folder)
        name = f"{number}-{hashlib.sha256(file.data).hexdigest()}"
        with (folder / name).open("wb") as out:
            out.write(file.data)
            out.flush()
            os.fsync(out.fileno())


def run(schema: Path, folder: Path, count: int, *, heavy: bool, reading: bool) -> dict[str, float]:
    """CPU-ms for each submission, after a warm-up."""
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    made = material.make(heavy=heavy)
    waiting = [made.submission(f"bare{number}") for number in range(count)]
    for files in waiting[:5]:
        take_in(files, validator, folder, reading=reading)
    began, wall = time.process_time(), time.perf_counter()
    for number, files in enumerate(waiting):
        own = folder / str(number)
        own.mkdir()
        take_in(files, validator, own, reading=reading)
    return {"cpu_ms": (time.process_time() - began) / count * 1000, "wall_ms": (time.perf_counter() - wall) / count * 1000}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("schema", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--heavy", action="store_true")
    parser.add_argument("--reading", action="store_true")
    asked = parser.parse_args()
    print(json.dumps(run(asked.schema, asked.folder, asked.count, heavy=asked.heavy, reading=asked.reading)))
