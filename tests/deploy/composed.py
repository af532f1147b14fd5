"""docker-compose.yml as the real Compose reads it, with values for what an installation must say."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import compose

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "docker-compose.yml"
EXTRA = sorted((ROOT / "deploy").glob("compose.*.yml"))
# The program itself: the console script of its package ends with 0 whatever happens.
PROGRAM = Path(str(compose.__file__)).parent / "docker-compose"
VALUES = {
    "MOTTAK_VERSION": "1.2.3",
    "PUBLIC_URL": "https://mottak.example",
    "GATEWAY_CERTIFICATE": "/etc/mottak/gateway.pem",
    "ISSUER": "https://issuer.example/",
    "JWKS_URL": "https://issuer.example/jwks",
    "AUDIENCE": "https://mottak.example",
    "SECRETS": "/etc/mottak/secrets",
    "DATABASE_PASSWORD": "d",
    "BROKER_PASSWORD": "b",
    "OBJECTS_ACCESS_KEY": "k",
    "OBJECTS_SECRET_KEY": "s",
}
EXTRA_VALUES = {
    "BROKER_CERTIFICATE": "/etc/mottak/cert.pem",
    "BROKER_KEY": "/etc/mottak/key.pem",
    "IDENTITY_ADMIN_PASSWORD": "i",
    "GRAFANA_ADMIN_PASSWORD": "g",
}


def run_compose(*arguments: str, values: dict[str, str], files: list[Path] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Compose in an environment that has nothing but the values."""
    chosen = [argument for file in files or [MAIN] for argument in ("-f", str(file))]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **values}
    command = [str(PROGRAM), "--project-directory", str(ROOT), "--env-file", os.devnull, *chosen, "--profile", "*", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def composed(files: list[Path] | None = None) -> dict[str, Any]:
    """The whole, merged and filled in."""
    told = run_compose("config", "--format", "json", values={**VALUES, **EXTRA_VALUES}, files=files)
    assert told.returncode == 0, told.stderr
    whole: dict[str, Any] = json.loads(told.stdout)
    return whole


MADE_SECRETS = [file for secret in composed()["secrets"].values() if (file := secret["file"]).startswith(VALUES["SECRETS"])]
