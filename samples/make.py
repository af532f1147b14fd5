"""Writes the samples to a folder: ``python -m samples.make FOLDER [--today YYYY-MM-DD]``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from samples import register
from samples.bad import bad
from samples.good import good
from samples.sample import Sample

SENDERS_FILE = "senders.json"


def samples(today: date) -> Iterator[Sample]:
    """All samples in order of their number; the same bytes for the same day."""
    yield from good(today)
    yield from bad(today)


def write(folder: Path, today: date) -> list[Path]:
    """Writes each sample's form and, beside it, ``<stem>.vedlegg/`` with its attachments; returns the forms. Replaces what was there.

    ``senders.json`` says who submits each: ``{file name: {"actor", "on_behalf_of"}}``; ``metoderegister.xlsx`` is a register they fit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    forms = []
    senders = {}
    for sample in samples(today):
        form = folder / sample.name
        form.write_bytes(sample.form)
        forms.append(form)
        senders[sample.name] = asdict(sample.sender)
        attachments = folder / f"{sample.stem}.vedlegg"
        shutil.rmtree(attachments, ignore_errors=True)
        if sample.attachments:
            attachments.mkdir()
            for name, data in sample.attachments.items():
                (attachments / name).write_bytes(data)
    (folder / SENDERS_FILE).write_text(json.dumps(senders, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / register.NAME).write_bytes(register.register(today))
    return forms


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    norwegian_day = datetime.now(ZoneInfo("Europe/Oslo")).date()
    parser.add_argument("--today", type=date.fromisoformat, default=norwegian_day, help="the day the dates are reckoned from (today)")
    arguments = parser.parse_args()
    for form in write(arguments.folder, arguments.today):
        sys.stdout.write(f"{form.name}\n")


if __name__ == "__main__":
    main()
