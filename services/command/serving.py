"""One command for each process of the real ends. Celery and the clients are loaded by the process that uses them."""

from __future__ import annotations

import os
import sys

import click

from services.command.calls import CALL_IS_WRONG
from services.shared.settings import Settings


def _settings() -> Settings:
    """The settings of a process of the real ends, from its environment."""
    try:
        return Settings.from_environment(os.environ)
    except (ValueError, KeyError) as fault:
        click.echo(f"The settings are not complete: {fault}", err=True)
        sys.exit(CALL_IS_WRONG)


@click.command()
@click.argument("service", type=click.Choice(["intake", "validation", "routing", "archive"]))
def serve(service: str) -> None:
    """Answer the paths of one service (real ends)."""
    from services.command import processes

    processes.serve(service, _settings())


@click.command()
@click.pass_context
def intake(context: click.Context) -> None:
    """The same as "serve intake"."""
    context.invoke(serve, service="intake")


@click.command()
@click.argument("service", type=click.Choice(["validation", "routing", "archive"]))
@click.option("--concurrency", type=click.IntRange(1, 64), default=2, help="Processes in the pool.")
def worker(service: str, concurrency: int) -> None:
    """Run the jobs of one service, woken through Celery (real ends)."""
    from services.command import processes

    processes.work(service, _settings(), concurrency=concurrency)


@click.command()
def relay() -> None:
    """Publish work to the agencies' queues in RabbitMQ (real ends)."""
    from services.command import processes

    processes.relay(_settings())


@click.command()
def receipts() -> None:
    """Take in the agencies' receipts from RabbitMQ (real ends)."""
    from services.command import processes

    processes.take_receipts(_settings())


@click.command()
def scheduler() -> None:
    """Send wake-ups for what is due, remove what killed uploads left (real ends)."""
    from services.command import processes

    processes.schedule(_settings())


@click.command()
def migrate() -> None:
    """Bring the tables up to date."""
    from services.command.assemble import migrate as bring_up_to_date

    bring_up_to_date(_settings().database_url)
