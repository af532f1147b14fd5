"""``mottak``: the commands (contract, section 1).

Exit codes: 0 fine, 1 the data is wrong, 2 the call is wrong, 3 the system is not reachable, 4 could not check.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

from services.shared import telemetry

COMMANDS: Final = {
    "local": ("up", "demo"),
    "check": ("check",),
    "template": ("template",),
    "verify": ("verify",),
    "remote": ("submit", "status", "redrive", "token", "routing"),
    "archive": ("archive",),
    "register": ("register",),
    "search": ("search",),
    "broker": ("broker",),
    "consume": ("consume",),
    "serving": ("serve", "intake", "worker", "relay", "receipts", "scheduler", "migrate"),
}
"""Module of this package -> the commands in it."""


class OneModuleEach(click.Group):
    """Loads no more than the command that was asked for: all of them together take seconds."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The names, in the order of the alphabet."""
        return sorted(name for names in COMMANDS.values() for name in names)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command, or None when there is none of that name."""
        module = next((module for module, names in COMMANDS.items() if name in names), None)
        if module is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"services.command.{module}"), name)
        return command


@click.group(cls=OneModuleEach, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Intake, checking, routing and archive of submissions to Nye metoder."""
    telemetry.configure_logging(level=os.environ.get("MOTTAK_LOG_LEVEL", "WARNING"), as_json=not sys.stderr.isatty())


if __name__ == "__main__":
    main()
