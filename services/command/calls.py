"""What the commands have in common: exit codes (contract, section 1), arguments, printing. Loads nothing of the system."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

DATA_IS_WRONG: Final = 1
CALL_IS_WRONG: Final = 2
NOT_REACHABLE: Final = 3
COULD_NOT_CHECK: Final = 4

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
file_argument = click.Path(path_type=Path, exists=True, dir_okay=False)


def data_folder() -> Path:
    """The folder of the system on this machine (``MOTTAK_DATA``)."""
    return Path(os.environ.get("MOTTAK_DATA", "var"))


def show(data: Any, *, as_json: bool, lines: Callable[[Any], list[str]]) -> None:
    """Print for a machine or for a person."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=1) if as_json else "\n".join(lines(data)))
