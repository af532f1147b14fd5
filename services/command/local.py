"""Commands that run everything on this machine: ``mottak up``, ``mottak demo``."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from services.command.archive import check_everything
from services.command.assemble import DataInUse
from services.command.calls import CALL_IS_WRONG, DATA_IS_WRONG, NOT_REACHABLE, data_folder
from services.command.client import Client
from services.command.samples import Outcome, print_table, submit_samples
from services.command.servers.process import NotStarted, ServerMissing, free_port
from services.command.up import PortInUse, System, running, say_where, stop_on_sigterm, wait_for_signal


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=data_folder, help="Folder for all data.")
@click.option("--port", type=int, default=lambda: int(os.environ.get("PORT", "8000")))
@click.option("--samples", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Submit these on the first start.")
@click.option(
    "--ends", type=click.Choice(["embedded", "real"]), default="embedded", help="real: on servers and processes of its own, as in production."
)
@click.option("--workers/--no-workers", default=True, help="With --ends real: leave out the workers, when other hosts run them.")
def up(data: Path, port: int, samples: Path | None, ends: str, *, workers: bool) -> None:
    """Run everything: in one process on embedded stores, or on real servers."""
    stop_on_sigterm()
    with _started(data.absolute(), port, ends, workers=workers) as system:
        if samples is not None and not (data / "samples-submitted").exists():
            print_table(submit_samples(samples, client_of(system)))
            (data / "samples-submitted").touch()
        say_where(system)
        wait_for_signal()
        click.echo("Stopping.", err=True)


@contextmanager
def _started(data: Path, port: int, ends: str, *, workers: bool) -> Iterator[System]:
    """A running system, or a sentence that says why there is none."""
    try:
        if ends == "real":
            from services.command.real import running_real  # the servers' clients are not loaded for the embedded ends

            with running_real(data, port=port, workers=workers) as real:
                yield real
            return
        with running(data, port=port) as system:
            yield system
    except (ServerMissing, NotStarted) as fault:
        click.echo(str(fault), err=True)
        sys.exit(NOT_REACHABLE)
    except DataInUse:
        click.echo(f"Another process runs on {data} already.", err=True)
        sys.exit(CALL_IS_WRONG)
    except PortInUse:
        click.echo(f"Port {port} is in use. Choose another with PORT= or --port.", err=True)
        sys.exit(CALL_IS_WRONG)


@click.command()
@click.option("--samples", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as JSON.")
def demo(samples: Path, as_json: bool) -> None:
    """Submit the samples to a system of their own, print what became of each, verify the archive, leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="mottak-demo-") as folder, running(Path(folder) / "data", port=free_port()) as system:
        outcomes = submit_samples(samples, client_of(system), told=lambda outcome: click.echo(f"{outcome.became:50} {outcome.file.name}", err=True))
        if as_json:
            click.echo(json.dumps([as_data(outcome) for outcome in outcomes], ensure_ascii=False, indent=1))
        else:
            print_table(outcomes)
        damaged = check_everything(system.context)
    wrong = [outcome for outcome in outcomes if not outcome.as_named]
    click.echo(f"{len(outcomes) - len(wrong)} of {len(outcomes)} samples ended as their names say.")
    sys.exit(DATA_IS_WRONG if wrong or damaged else 0)


def as_data(outcome: Outcome) -> dict[str, Any]:
    """One outcome for machines."""
    return {
        "file": outcome.file.name,
        "wanted": outcome.wanted,
        "became": outcome.became,
        "errors": outcome.errors,
        "routing": outcome.routing,
        "archive": outcome.archive,
    }


def client_of(system: System) -> Any:
    """Clients for the demo actors of a running system."""
    tokens = json.loads((system.settings.data / "tokens.json").read_text(encoding="utf-8"))
    return lambda actor: Client(system.settings.public_url, tokens[actor])
