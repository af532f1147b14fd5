"""All settings: one frozen, typed object, made once at start and handed in. Nothing else reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parent.parent.parent / "schemas"


@dataclass(frozen=True)
class Settings:
    """What differs between one running system and another.

    ``public_url`` is how the outside reaches us (no trailing slash). ``issuer`` and ``audience`` are compared exactly with a token's claims; ``jwks_url`` is None when
    the local issuer's own keys are used. ``broker_url`` is the agencies' RabbitMQ as our own user, without a virtual host (``amqp://user:password@host:5672``), or None
    when the books alone are the queues. ``objects_url`` and ``archive_url`` name a bucket as ``http(s)://host:port/bucket[/prefix]`` (empty: a folder of ``data``), the keys
    hold for both. ``scanner`` is ``none``, ``clamd:host:port`` or ``clamd:/path/of/its/socket``. ``metrics_port`` serves this process's own metrics (0: nowhere) on
    ``metrics_host``. ``trace_endpoint`` is the address of an OTLP/HTTP collector for traces (``http://collector:4318/v1/traces``; empty: none are kept),
    ``trace_share`` which share of them is kept (0 to 1). Times are seconds.
    """

    data: Path
    database_url: str
    public_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    issuer: str = ""
    audience: str = "nyemetoder-mottak"
    jwks_url: str | None = None
    scanner: str = "none"
    objects_url: str = ""
    archive_url: str = ""
    objects_access_key: str = ""
    objects_secret_key: str = field(default="", repr=False)
    objects_region: str = "us-east-1"
    broker_url: str | None = field(default=None, repr=False)
    schemas: Path = field(default=SCHEMAS)
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    trace_endpoint: str = ""
    trace_share: float = 1.0
    workers: int = 2  # that open files, on all hosts together: one sender has half of them at most
    web_threads: int = 24
    lease_seconds: float = 60.0
    body_idle_seconds: float = 15.0
    body_grace_seconds: float = 15.0
    body_bytes_per_second: int = 2048
    allow_unconfined_parsing: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach us: demo log-ins and running without a scanner are allowed only then."""
        return self.host in ("127.0.0.1", "::1", "localhost")

    @staticmethod
    def embedded(data: Path, *, port: int = 8000, environment: Mapping[str, str] | None = None) -> Settings:
        """Everything in one process under one folder, reachable from this machine only."""
        environment = os.environ if environment is None else environment
        url = environment.get("MOTTAK_PUBLIC_URL", f"http://127.0.0.1:{port}")
        return Settings(
            data=data,
            database_url=f"sqlite:///{data / 'mottak.sqlite3'}",
            public_url=url,
            port=port,
            issuer=f"{url}/issuer",
            schemas=Path(environment.get("MOTTAK_SCHEMAS", SCHEMAS)).absolute(),
            allow_unconfined_parsing=environment.get("MOTTAK_ALLOW_UNCONFINED_PARSING") == "yes",
            workers=4,
            body_idle_seconds=float(environment.get("MOTTAK_BODY_IDLE_SECONDS", "15")),
            trace_endpoint=environment.get("MOTTAK_TRACE_ENDPOINT", ""),
            lease_seconds=float(environment.get("MOTTAK_LEASE_SECONDS", "60")),
        )

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> Settings:
        """The settings of one process: ``MOTTAK_<NAME>`` for each field, ``PORT`` for the port. Raises ValueError for one that is missing or malformed."""
        values: dict[str, Any] = {}
        for each in fields(Settings):
            text = environment.get(_variable(each.name))
            if text is not None:
                values[each.name] = _CONVERTERS[str(each.type)](text)
            elif each.default is MISSING:
                raise ValueError(f"{_variable(each.name)} is not set")
        return Settings(**values)

    def as_environment(self) -> dict[str, str]:
        """The settings as ``from_environment`` reads them, for a process of ours on this machine."""
        told = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None:
                told[_variable(each.name)] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        return told


def _variable(name: str) -> str:
    return "PORT" if name == "port" else f"MOTTAK_{name.upper()}"


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "str | None": str,
    "int": int,
    "float": float,
    "Path": lambda text: Path(text).absolute(),
    "bool": lambda text: {"yes": True, "no": False}[text],
}
