"""``mottak search``: enters again what is searched."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress

from services.command.calls import COULD_NOT_CHECK, json_option, show
from services.command.client import Refused
from services.command.remote import client, talks

LONGEST_SILENCE_SECONDS: Final = 900.0
ASK_AGAIN_SECONDS: Final = 0.5


@click.group()
def search() -> None:
    """The index that searching asks."""


@search.command()
@json_option
@talks
def reindex(as_json: bool) -> None:
    """Enter the text of every document again, as after an upgrade that reads or finds more. May be broken off: the system goes on with it.

    Exit code 4: it did not get on for a quarter of an hour.
    """
    asked = client()
    found = asked.post("/api/v1/search/rebuilds", {})
    heard, moved = found["done"], time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Submissions entered", total=found["total"], completed=heard)
        while found["state"] == "running":
            if time.monotonic() - moved > LONGEST_SILENCE_SECONDS:
                click.echo(f"It has not got on for {LONGEST_SILENCE_SECONDS / 60:.0f} minutes. See {found['links']['self']}.", err=True)
                sys.exit(COULD_NOT_CHECK)
            time.sleep(ASK_AGAIN_SECONDS)
            try:
                found = asked.get(found["links"]["self"])
            except Refused as refused:
                if refused.status < 500:
                    raise
            if found["done"] != heard:
                heard, moved = found["done"], time.monotonic()
                progress.update(task, completed=heard, total=max(found["total"], heard))
    show(found, as_json=as_json, lines=_lines)


def _lines(found: dict[str, Any]) -> list[str]:
    return [f"{found['done']} submissions entered, {found['left_out']} of them left as they were."]
