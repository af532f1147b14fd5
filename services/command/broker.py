"""``mottak broker``: puts the agencies' virtual hosts, queues and users into RabbitMQ, and sends work again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import click
import requests

from services.command.calls import CALL_IS_WRONG, DATA_IS_WRONG, NOT_REACHABLE
from services.routing import outbox
from services.routing.broker.definitions import agencies_of, definitions, password_hash, passwords, vhost_of, without_password
from services.shared.actors import load_actors
from services.shared.database import Database
from services.shared.secrets_files import write_secret
from services.shared.settings import SCHEMAS

TIMEOUT: Final = (5.0, 60.0)
folder_option = click.option(
    "--passwords",
    "password_file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    envvar="MOTTAK_BROKER_PASSWORDS",
    help="File with the users' passwords (0600); what is missing in it is made up.",
)


@click.group()
def broker() -> None:
    """The agencies' queues on RabbitMQ, made from the actor table."""


@broker.command()
@folder_option
@click.option(
    "--management",
    envvar="MOTTAK_BROKER_MANAGEMENT",
    help="Address of RabbitMQ's management API with an administrator: http://user:password@host:15672",
)
@click.option(
    "--write",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write definitions.json, for load_definitions or rabbitmqctl import_definitions.",
)
@click.option(
    "--schemas",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=SCHEMAS,
    show_default=False,
    help="Folder with the actor table.",
)
def apply(password_file: Path, management: str | None, target: Path | None, schemas: Path) -> None:
    """Make every agency's virtual host, queues and user. Done again, it changes nothing; new agencies are added."""
    if management is None and target is None:
        click.echo("Say where to: --management for a broker that runs, --write for a file that it loads at start.", err=True)
        sys.exit(CALL_IS_WRONG)
    agencies = agencies_of(load_actors(schemas / "routing"))
    known = passwords(password_file, agencies)
    wanted = definitions(agencies, {user: password_hash(known[user]) for user in known})
    if target is not None:
        write_secret(target, json.dumps(wanted, indent=1))
        click.echo(f"Written: {target}")
    if management is not None:
        _import(management, wanted)
        click.echo(f"{len(agencies)} agencies: {', '.join(vhost_of(agency) for agency in agencies)}")


def _import(management: str, wanted: dict[str, Any]) -> None:
    try:
        answer = requests.post(f"{management.rstrip('/')}/api/definitions", json=wanted, timeout=TIMEOUT)
    except requests.RequestException:
        click.echo(f"Nobody answers at {without_password(management)}.", err=True)
        sys.exit(NOT_REACHABLE)
    if not answer.ok:
        click.echo(f"The broker refused ({answer.status_code}): {answer.text[:500]}", err=True)
        sys.exit(NOT_REACHABLE if answer.status_code >= 500 else DATA_IS_WRONG)


@broker.command("send-again")
@click.argument("agency")
@click.option("--database", "database_url", required=True, envvar="MOTTAK_DATABASE_URL", help="The database's SQLAlchemy URL.")
def send_again(agency: str, database_url: str) -> None:
    """Send AGENCY all work that it has not done once more, after its queue was purged or lost."""
    database = Database(database_url)
    with database.write() as tx:
        count = outbox.send_again(tx, agency)
    database.close()
    click.echo(f"{count} messages will be sent to {agency} again.")
