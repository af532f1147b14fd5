"""Puts the system together on the ends that the settings name."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import NullPool, create_engine, inspect, text

import services.archive.handlers
import services.routing.handlers
import services.validation.handlers
import services.validation.registers
import services.validation.search
from services.archive.app import create_app as create_archive
from services.archive.handlers import settle_unfinished
from services.archive.measures import measure as archive_measure
from services.intake.app import create_app as create_intake
from services.intake.receive import sweep
from services.routing.app import create_app as create_routing
from services.routing.explain import preview
from services.routing.measures import measures as routing_measures
from services.routing.table import RoutingTable, load_table
from services.shared import jobs
from services.shared.actors import Actors
from services.shared.context import Context, RoutingPreview, open_actors
from services.shared.database import Database
from services.shared.ends import open_objects, open_scanner
from services.shared.identity.issuer import LocalIssuer
from services.shared.identity.tokens import TokenVerifier
from services.shared.objects import DirectoryObjects
from services.shared.paths import PATHS, service_of
from services.shared.sandbox import Policy
from services.shared.settings import Settings
from services.shared.worker import Worker
from services.validation.app import create_app as create_validation

# Importing a service's handlers registers them; a test compares what is registered with names.HANDLERS.
HANDLER_MODULES = (
    services.archive.handlers,
    services.routing.handlers,
    services.validation.handlers,
    services.validation.registers,
    services.validation.search,
)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
# Those of validation are the `workers` of `Settings.embedded`.
THREADS = {"validation": 4, "archive": 2, "routing": 1}
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
    """As ``make_context``, with the tables brought up to date first; there is always a local issuer."""
    migrate(settings.database_url)
    context, issuer = make_context(settings)
    if issuer is None:
        raise ValueError("the embedded ends have an issuer of their own")
    return context, issuer


def make_context(settings: Settings) -> tuple[Context, LocalIssuer | None]:
    """The ports on the ends that the settings name, and the local issuer where no other is named.

    Refuses to run without a scanner, or with the local issuer, where others than this machine can reach it.
    """
    if not settings.is_loopback and (settings.scanner == "none" or settings.jwks_url is None):
        raise ValueError("a scanner and an issuer must be set up where others can reach us")
    actors = open_actors(settings)
    issuer = _local_issuer(settings, actors) if settings.jwks_url is None else None
    context = Context(
        settings,
        Database(settings.database_url),
        open_objects(settings, "objects"),
        open_objects(settings, "archive"),
        TokenVerifier(issuer=settings.issuer, audience=settings.audience, fetch_keys=issuer.jwks if issuer else _fetcher(settings), actors=actors),
        actors,
        scanner=open_scanner(settings, Policy.load(settings.schemas / "policy")),
        routing_preview=routing_preview(settings),
        measures=[routing_measures(actors), archive_measure],
    )
    return context, issuer


def _fetcher(settings: Settings) -> Callable[[], dict[str, Any]]:
    def fetch() -> dict[str, Any]:
        response = requests.get(str(settings.jwks_url), timeout=(5, 10))
        response.raise_for_status()
        keys: dict[str, Any] = response.json()
        return keys

    return fetch


def _local_issuer(settings: Settings, actors: Actors) -> LocalIssuer:
    """The issuer of the demo actors: the made-up submitters, and the real bodies by their place in the actor table."""
    people = {row["demo"]: {"organisation": row["organisation"], "name": row["name"]} for row in actors.demo.values()}
    for actor_id in ("dmp", "fhi", "sykehusinnkjop", "sekretariat"):
        actor = actors.get(actor_id)
        if actor is not None:
            people[actor_id] = {"organisation": actor.organisations[0], "name": actor.name}
    people["arkivar"] = {**people["sekretariat"], "name": f"Arkivar, {people['sekretariat']['name']}"}
    return LocalIssuer(settings.data / "issuer", issuer=settings.issuer, audience=settings.audience, people=people)


def routing_preview(settings: Settings) -> RoutingPreview:
    """Routing's rules as ``POST /checks`` asks them."""

    @cache
    def table() -> RoutingTable:
        return load_table(settings.schemas / "routing")

    def ask(form_type: str, answers: Mapping[str, Any], on: date, submitter_kind: str | None, language: str) -> dict[str, Any]:
        return preview(table(), form_type, answers, on, submitter_kind=submitter_kind, language=language)

    return ask


def application(service: str, context: Context, issuer: LocalIssuer | None) -> Application:
    """The WSGI application of one service."""
    if service == "intake":
        return create_intake(context, issuer)
    makers = {"validation": create_validation, "routing": create_routing, "archive": create_archive}
    return makers[service](context)


def dispatcher(context: Context, issuer: LocalIssuer) -> Application:
    """One WSGI application that hands each path to the service it belongs to."""
    applications = {service: application(service, context, issuer) for service, _ in PATHS}

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return applications[service_of(environ["PATH_INFO"] or "/")](environ, start_response)

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


def answers(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
