"""Puts the system together on the embedded ends: SQLite, a directory, the local issuer, worker threads, one web server."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, inspect, text

import services.archive.handlers
import services.routing.handlers
import services.validation.handlers
from services.archive.app import create_app as create_archive
from services.archive.handlers import settle_unfinished
from services.intake.app import create_app as create_intake
from services.intake.receive import sweep
from services.routing.app import create_app as create_routing
from services.routing.explain import preview
from services.routing.table import RoutingTable, load_table
from services.shared import jobs
from services.shared.context import Context, RoutingPreview, open_actors
from services.shared.database import Database
from services.shared.identity.issuer import LocalIssuer
from services.shared.identity.tokens import TokenVerifier
from services.shared.objects import DirectoryObjects
from services.shared.paths import service_of
from services.shared.scanner import NoScanner
from services.shared.settings import Settings
from services.shared.worker import Worker
from services.validation.app import create_app as create_validation

# Importing a service's handlers registers them; a test compares what is registered with names.HANDLERS.
HANDLER_MODULES = (services.archive.handlers, services.routing.handlers, services.validation.handlers)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
THREADS = {"validation": 2, "archive": 1, "routing": 1}
MIGRATIONS = Path(__file__).resolve().parent / "migrations"
# The newest revision: migrations are named by it, in order (a test compares it with what Alembic finds).
HEAD = max(file.stem.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


class DataInUse(Exception):
    """Another process runs on the same data folder."""


def lock_data(data: Path) -> int:
    """Keep the data folder to ourselves for as long as this process lives. Returns the descriptor that holds the lock. Raises DataInUse."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        os.close(descriptor)
        raise DataInUse(str(data)) from taken
    return descriptor


def migrate(database_url: str) -> None:
    """Bring the database's tables up to date. Where they are, which is nearly every start, Alembic is not even loaded: that is most of a second."""
    if _revision(database_url) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    command.upgrade(config, "head")


def _revision(database_url: str) -> str | None:
    """What the database says it is at, or None for a new one."""
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def embedded_context(settings: Settings) -> tuple[Context, LocalIssuer]:
    """The ports on the embedded ends. The tables are up to date when it returns. Refuses to run without a scanner where others can reach it."""
    if settings.scanner == "none" and not settings.is_loopback:
        raise ValueError("running without a scanner is allowed on loopback only")
    migrate(settings.database_url)
    actors = open_actors(settings)
    people = {row["demo"]: {"organisation": row["organisation"], "name": row["name"]} for row in actors.demo.values()}
    issuer = LocalIssuer(settings.data / "issuer", issuer=settings.issuer, audience=settings.audience, people=_people(people, settings))
    context = Context(
        settings=settings,
        database=Database(settings.database_url),
        objects=DirectoryObjects(settings.data / "objects"),
        archive_objects=DirectoryObjects(settings.data / "archive"),
        tokens=TokenVerifier(issuer=settings.issuer, audience=settings.audience, fetch_keys=issuer.jwks, actors=actors),
        actors=actors,
        scanner=NoScanner(),
        routing_preview=routing_preview(settings),
    )
    return context, issuer


def _people(demo: dict[str, dict[str, str]], settings: Settings) -> dict[str, dict[str, str]]:
    """The demo actors: the made-up submitters, and the real bodies by their place in the actor table."""
    actors = open_actors(settings)
    for actor_id in ("dmp", "fhi", "sykehusinnkjop", "sekretariat"):
        actor = actors.get(actor_id)
        if actor is not None:
            demo[actor_id] = {"organisation": actor.organisations[0], "name": actor.name}
    demo["arkivar"] = {**demo["sekretariat"], "name": f"Arkivar, {demo['sekretariat']['name']}"}
    return demo


def routing_preview(settings: Settings) -> RoutingPreview:
    """Routing's rules as ``POST /checks`` asks them."""

    @cache
    def table() -> RoutingTable:
        return load_table(settings.schemas / "routing")

    def ask(form_type: str, answers: Mapping[str, Any], on: date, submitter_kind: str | None, language: str) -> dict[str, Any]:
        return preview(table(), form_type, answers, on, submitter_kind=submitter_kind, language=language)

    return ask


def dispatcher(context: Context, issuer: LocalIssuer) -> Application:
    """One WSGI application that hands each path to the service it belongs to."""
    applications: dict[str, Any] = {
        "intake": create_intake(context, issuer),
        "validation": create_validation(context),
        "routing": create_routing(context),
        "archive": create_archive(context),
    }

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer: Iterable[bytes] = applications[service_of(environ["PATH_INFO"] or "/")](environ, start_response)
        return answer

    return dispatch


def recover(context: Context) -> None:
    """What the only process on this data does before it begins: give back leases, remove what killed uploads and openings left."""
    for store in (context.objects, context.archive_objects):
        if isinstance(store, DirectoryObjects):
            store.remove_unfinished()
    shutil.rmtree(context.settings.data / "scratch", ignore_errors=True)
    with context.database.write() as tx:
        jobs.release_all_leases(tx)
    while sweep(context, all_running=True):
        pass
    settle_unfinished(context)


def make_worker(context: Context) -> Worker:
    """The worker threads of all services."""
    return Worker(context, THREADS)
