"""``mottak archive``: search, get, export and fixity through the API; rebuild on the data itself."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from services.archive.fixity import EXIT_CODES, INTACT, worst
from services.archive.handlers import check_all
from services.archive.rebuild import StorageRootMissing, rebuild
from services.command import assemble
from services.command.calls import CALL_IS_WRONG, COULD_NOT_CHECK, DATA_IS_WRONG, data_folder, json_option, show
from services.command.remote import client, talks
from services.shared.context import Context
from services.shared.settings import Settings


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


@click.group()
def archive() -> None:
    """Search, retrieve, export and check the archive."""


@archive.command()
@click.argument("words", nargs=-1)
@json_option
@talks
def search(words: tuple[str, ...], as_json: bool) -> None:
    """List objects in which every one of WORDS is found, newest first."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = client().get("/api/v1/archive/objects", q=" ".join(words), limit=100, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    show(items, as_json=as_json, lines=lambda found: [line for item in found for line in _found_lines(item)])


def _found_lines(item: dict[str, Any]) -> list[str]:
    """One object for people, with where the words stand in its documents."""
    hits = [f"    {hit['name']}: {''.join(part['text'] for part in hit['snippet'])}" for hit in item.get("hits", [])]
    return [f"{item['reference']}  {item['id']}  {item.get('title') or ''}", *hits]


@archive.command()
@click.argument("name")
@json_option
@talks
def get(name: str, as_json: bool) -> None:
    """Show one object (id or reference) with versions, files and digests."""
    show(client().get(f"/api/v1/archive/objects/{name}"), as_json=as_json, lines=_object_lines)


def _object_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['reference']}  {found['id']}  {found['title'] or ''}"]
    for version in found["versions"]:
        lines.append(f"  {version['version']} {version['created']} {version['why']} {version['digest']}")
        lines += [f"    {file['path']}  {file['size']} bytes  sha256 {file['sha256']}" for file in version["files"]]
    return lines


@archive.command()
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@talks
def export(name: str, target: Path) -> None:
    """Write an object as a BagIt zip to TARGET."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            for piece in client().stream(f"/api/v1/archive/objects/{name}/bag"):
                file.write(piece)
        unfinished.replace(target)
    except OSError as fault:
        click.echo(f"Could not write {target}: {fault.strerror}", err=True)
        sys.exit(CALL_IS_WRONG)
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{target}: {target.stat().st_size} bytes")


@archive.command()
@click.argument("name", required=False)
@json_option
@talks
def fixity(name: str | None, as_json: bool) -> None:
    """Have one object, or all, re-read and compared. Exit code 1: damaged, 4: could not check."""
    asked = client()
    check = asked.post("/api/v1/archive/fixity-checks", {"object": name} if name else {})
    while (result := asked.get(check["links"]["self"]))["state"] == "running":
        time.sleep(0.5)
    show(result, as_json=as_json, lines=lambda shown: [f"{outcome}: {count}" for outcome, count in shown["counts"].items()] or ["nothing to check"])
    sys.exit(EXIT_CODES[worst(result["counts"])])


@archive.command(name="rebuild")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), default=data_folder)
@json_option
def rebuild_catalogue(data: Path, as_json: bool) -> None:
    """Make the catalogue anew from the store alone: on the servers that the environment names, else in a data folder. The system must be stopped."""
    on_servers = "MOTTAK_DATABASE_URL" in os.environ
    try:
        lock = None if on_servers else assemble.lock_data(data.absolute())
    except assemble.DataInUse:
        click.echo(f"Something runs on {data}: stop it first.", err=True)
        sys.exit(CALL_IS_WRONG)
    context, _ = (
        assemble.make_context(Settings.from_environment(os.environ)) if on_servers else assemble.embedded_context(Settings.embedded(data.absolute()))
    )
    try:
        result = rebuild(context.database, context.archive_objects)
    except StorageRootMissing:
        click.echo(f"There is no archive {'in the store' if on_servers else f'under {data}'}.", err=True)
        sys.exit(COULD_NOT_CHECK)
    finally:
        if lock is not None:
            os.close(lock)
    show(asdict(result), as_json=as_json, lines=_rebuilt_lines)
    for object_id, why in result.unreadable.items():
        click.echo(f"could not be read: {object_id}: {why}", err=True)
    sys.exit(DATA_IS_WRONG if result.unreadable else 0)


def _rebuilt_lines(told: dict[str, Any]) -> list[str]:
    return [f"{told['objects']} objects, {told['versions']} versions", *(f"no longer in the store: {object_id}" for object_id in told["gone"])]
