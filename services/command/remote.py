"""Commands that act on a running system through its API (``MOTTAK_URL``, ``MOTTAK_TOKEN``)."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from services.command.calls import CALL_IS_WRONG, COULD_NOT_CHECK, DATA_IS_WRONG, NOT_REACHABLE, data_folder, file_argument, json_option, show
from services.command.client import Client, NotReachable, Refused

Arguments = ParamSpec("Arguments")


def client() -> Client:
    """A client for the system that the environment names."""
    token = os.environ.get("MOTTAK_TOKEN")
    if not token:
        click.echo("MOTTAK_TOKEN is not set: it holds the token to act with.", err=True)
        sys.exit(CALL_IS_WRONG)
    url = os.environ.get("MOTTAK_URL", "http://127.0.0.1:8000")
    if not re.match(r"https?://[^/]", url):
        click.echo(f"MOTTAK_URL is no address: {url}", err=True)
        sys.exit(CALL_IS_WRONG)
    return Client(url, token)


def talks(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Turn what can go wrong between us and the system into a sentence and an exit code."""

    @wraps(command)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            command(*arguments, **options)
        except Refused as refused:
            click.echo(f"{refused.code}: {refused.body.get('detail')}", err=True)
            # What lies in the archive is wrong, however well the system that says so is.
            sys.exit(NOT_REACHABLE if refused.status >= 500 and refused.code != "archive_damaged" else DATA_IS_WRONG)
        except NotReachable as nobody:
            click.echo(f"Nobody answers at {nobody}.", err=True)
            sys.exit(NOT_REACHABLE)

    return run


@click.command()
@click.argument("form", type=file_argument)
@click.argument("attachments", type=file_argument, nargs=-1)
@click.option("--key", help="Idempotency-Key: sending again with the same key does nothing twice.")
@click.option("--form-type", help="When the file cannot say which form it is.")
@click.option("--replaces", help="Id or reference of what this corrects.")
@click.option("--wait", is_flag=True, help="Wait until it is checked and sent on.")
@json_option
@talks
def submit(
    form: Path, attachments: tuple[Path, ...], key: str | None, form_type: str | None, replaces: str | None, wait: bool, as_json: bool
) -> None:
    """Send FORM with its ATTACHMENTS. Exit code 1: refused, or it needs correction; 4: with --wait, it was not done in time."""
    given = {"form_type": form_type, "replaces": replaces}
    answer = client().submit(form, attachments, key=key, **{name: value for name, value in given.items() if value})
    if wait:
        try:
            answer = client().wait_until_settled(answer["id"])
        except TimeoutError as late:
            click.echo(f"Received, but {late}.", err=True)
            sys.exit(COULD_NOT_CHECK)
    show(answer, as_json=as_json, lines=submission_lines)
    if answer["status"] in ("needs_correction", "quarantined", "rejected"):
        sys.exit(DATA_IS_WRONG)


@click.command()
@click.argument("reference")
@json_option
@talks
def status(reference: str, as_json: bool) -> None:
    """Show where a submission is and what is wrong with it."""
    show(client().get(f"/api/v1/submissions/{reference}"), as_json=as_json, lines=submission_lines)


@click.command()
@click.argument("reference")
@click.option("--reason", required=True)
@json_option
@talks
def redrive(reference: str, reason: str, as_json: bool) -> None:
    """Send parked work of a submission again."""
    asked = client()
    version = asked.get(f"/api/v1/submissions/{reference}")["version"]
    answer = asked.post(f"/api/v1/submissions/{reference}/redrive", {"version": version, "reason": reason})
    show(answer, as_json=as_json, lines=submission_lines)


@click.command()
@click.argument("actor")
@click.option("--data", type=click.Path(path_type=Path), default=data_folder)
def token(actor: str, data: Path) -> None:
    """Print the token of a demo ACTOR of the local issuer."""
    try:
        tokens = json.loads((data / "tokens.json").read_text(encoding="utf-8"))
        click.echo(tokens[actor])
    except OSError:
        click.echo(f"There are no tokens under {data}: is the system running?", err=True)
        sys.exit(NOT_REACHABLE)
    except KeyError:
        click.echo(f"There is no actor {actor}; there are {', '.join(tokens)}.", err=True)
        sys.exit(CALL_IS_WRONG)


@click.group()
def routing() -> None:
    """Why a submission went where it went."""


@routing.command()
@click.argument("reference")
@json_option
@talks
def explain(reference: str, as_json: bool) -> None:
    """Show the agencies a submission was sent to, with the rules and their reasons, or why it was sent to none."""
    view = client().get(f"/api/v1/submissions/{reference}")
    data = {"reference": view["reference"], "status": view["status"], "why": why_it_stands(view), "routing": view["routing"]}
    show(
        data,
        as_json=as_json,
        lines=lambda shown: [f"{shown['reference']}: {shown['status']}", *(f"  {text}" for text in shown["why"]), *routing_lines(shown["routing"])],
    )


def submission_lines(view: dict[str, Any]) -> list[str]:
    """A submission for people: status, what is wrong, where it went, where it is archived."""
    lines = [f"{view['reference']} version {view['version']}: {view['status']}"]
    lines += [f"  {text}" for text in why_it_stands(view)]
    lines += [f"  {error['severity']}: {error['field'] or error['pointer'] or 'document'}: {error['message']}" for error in view.get("errors", [])]
    lines += routing_lines(view.get("routing", []))
    archive = view.get("archive", {})
    if archive.get("state") == "stored":
        lines.append(f"  archived: {archive['object']} {archive['version']} {archive['digest']}")
    return lines


def why_it_stands(view: dict[str, Any]) -> list[str]:
    """What the timeline says about a submission that was held or rejected; else nothing."""
    told = [entry["text"] for entry in view.get("timeline", []) if entry["type"] == f"submission.{view['status']}"]
    return told[-1:] if view["status"] in ("held", "rejected") else []


def routing_lines(deliveries: list[dict[str, Any]]) -> list[str]:
    """Deliveries for people, with the reasons."""
    lines = []
    for delivery in deliveries:
        lines.append(f"  {delivery['agency']} ({delivery['role']}, {delivery['task']}): {delivery['state']}")
        lines += [f"    {rule['id']}: {rule['reason']}" for rule in delivery["rules"]]
    return lines
