"""``mottak archive``: search, get, export, fixity, rebuild."""

from __future__ import annotations

import click

from services.archive.fixity import INTACT
from services.archive.handlers import check_all
from services.shared.context import Context


def check_everything(context: Context) -> int:
    """Re-read every byte of the archive against inventory and database; tells what is not intact. Returns how many objects are not."""
    looked_at = 0
    bad = 0
    for outcome in check_all(context):
        looked_at += 1
        if outcome.state != INTACT:
            bad += 1
            click.echo(f"{outcome.state}: {outcome.as_json()}", err=True)
    click.echo(f"Archive: {looked_at - bad} of {looked_at} objects intact, every digest re-read.")
    return bad
