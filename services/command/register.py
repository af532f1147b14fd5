"""``mottak register``: imports the registers that checks ask, and tells what is in force."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from services.command.calls import COULD_NOT_CHECK, DATA_IS_WRONG, file_argument, json_option, show
from services.command.client import Client, Refused
from services.command.remote import client, talks
from services.shared.registers.importing import FILE_PART

METHODS: Final = "methods"
WAIT_SECONDS: Final = 300.0
REFUSED_SHOWN: Final = 20
which = click.option("--register", "name", default=METHODS, show_default=True, help="Which register.")


@click.group()
def register() -> None:
    """The registers of methods and decisions that forms are checked against."""


@register.command(name="import")
@click.argument("workbook", type=file_argument)
@which
@json_option
@talks
def import_workbook(workbook: Path, name: str, as_json: bool) -> None:
    """Import WORKBOOK (.xlsx) as the register. Exit code 1: nothing of it could be used, and what was in force still is; 4: it was not read in time."""
    asked = client()
    with Console(stderr=True).status(f"Sending {workbook.name} ({workbook.stat().st_size:,} bytes)") as progress:
        started = asked.send_file(f"/api/v1/registers/{name}/imports", FILE_PART, workbook)
        progress.update(f"{workbook.name} is being read")
        result = _when_read(asked, started)
    if result is None:
        click.echo(f"{workbook.name} has not been read after {WAIT_SECONDS:.0f} seconds. See {started['links']['self']}.", err=True)
        sys.exit(COULD_NOT_CHECK)
    show(result, as_json=as_json, lines=import_lines)
    sys.exit(DATA_IS_WRONG if result["state"] == "refused" else 0)


@register.command(name="show")
@which
@json_option
@talks
def show_register(name: str, as_json: bool) -> None:
    """Show what is in force. Exit code 1: nothing is."""
    found = client().get(f"/api/v1/registers/{name}")
    show(found, as_json=as_json, lines=lambda shown: import_lines(shown["in_force"]) if shown["in_force"] else ["Nothing has been imported."])
    sys.exit(0 if found["in_force"] else DATA_IS_WRONG)


def _when_read(asked: Client, started: dict[str, Any]) -> dict[str, Any] | None:
    """The import once it is read; None when that takes too long. A system that is busy or starting anew is asked again."""
    deadline = time.monotonic() + WAIT_SECONDS
    current = started
    while current["state"] == "pending":
        if time.monotonic() > deadline:
            return None
        time.sleep(0.2)
        try:
            current = asked.get(started["links"]["self"])
        except Refused as refused:
            if refused.status < 500:
                raise
    return current


def import_lines(found: dict[str, Any]) -> list[str]:
    """An import for people."""
    if found["state"] == "refused":
        return [f"{found['name']}: refused: {found['refusal']['message']}"]
    lines = [
        f"{found['name']}: {found['rows']} rows, {found['state'].replace('_', ' ')}, imported {found['imported_at']}, confirmed {found['confirmed_at']}"
    ]
    lines += [f"  column not there: {heading}" for heading in found["absent"]]
    lines += [f"  row {row['row']} refused: {row['reason']}" for row in found["refused"][:REFUSED_SHOWN]]
    left = found["refused_rows"] - min(len(found["refused"]), REFUSED_SHOWN)
    return [*lines, f"  and {left} more"] if left else lines
