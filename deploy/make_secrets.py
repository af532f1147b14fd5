"""Makes the passwords, keys and the files that hold them for a new installation: ``python -m deploy.make_secrets FOLDER``.

Run again it keeps every secret that is there and makes what is missing (an agency that is new in the actor table, a file that was removed), so that
removing one and running again is how it is rotated. ``environment`` is for Docker Compose (``--env-file``); what else the installation must
say (PUBLIC_URL, ISSUER, ...) is written by hand beside it, after ``environment.example``.

The folder is its owner's alone (0700). The files in it that containers read are readable to all: each server runs as a user of its own,
which the host does not know, and nobody gets past the folder.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any, Final

from services.command.real import ARCHIVE_BUCKET, OBJECTS_BUCKET
from services.routing.broker import definitions as broker
from services.shared.actors import Actors
from services.shared.context import open_actors
from services.shared.secrets_files import write_secret
from services.shared.settings import SCHEMAS, Settings

BUCKETS: Final = (OBJECTS_BUCKET, ARCHIVE_BUCKET)
KEPT: Final = "secrets.json"


def make(folder: Path, actors: Actors) -> list[str]:
    """Write all files. Returns the names of the secrets that were made anew."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    kept = folder / KEPT
    known: dict[str, str] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    names = ("database_superuser", "database_mottak", "database_filer", "objects_access_key", "objects_secret_key")
    made = [name for name in names if name not in known]
    known |= {name: secrets.token_urlsafe(32) for name in made}
    write_secret(kept, json.dumps(known, indent=1))
    agencies = broker.agencies_of(actors)
    passwords = broker.passwords(folder / "broker-passwords.json", agencies)
    _write(folder / "database-superuser", known["database_superuser"])
    _write(folder / "database-roles.sql", roles(known))
    _write(folder / "filer.toml", filer(known))
    _write(folder / "object-identities.json", json.dumps(identities(known), indent=1))
    hashes = {user: broker.password_hash(password) for user, password in passwords.items()}
    _write(folder / "broker-definitions.json", json.dumps(broker.definitions(agencies, hashes), indent=1))
    write_secret(folder / "environment", environment(folder, known, passwords[broker.OUR_USER]))
    return made


def roles(known: dict[str, str]) -> str:
    """What PostgreSQL runs when its cluster is made: a role and a database each for us and for the names of the objects. Runs again without harm (rotation)."""
    text = []
    for role, secret in (("mottak", "database_mottak"), ("filer", "database_filer")):
        text += [
            f"SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec",  # noqa: S608 - names of our own
            f"ALTER ROLE {role} PASSWORD '{known[secret]}';",
            f"SELECT 'CREATE DATABASE {role} OWNER {role}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{role}') \\gexec",  # noqa: S608 - the names are ours
            f"REVOKE CONNECT ON DATABASE {role} FROM PUBLIC;",
        ]
    return "\n".join(text) + "\n"


def filer(known: dict[str, str]) -> str:
    """The names of the objects in PostgreSQL: SeaweedFS's embedded store is written but not synced, and would lose the last names with the power."""
    return f"""[postgres2]
enabled = true
createTable = \"\"\"
  CREATE TABLE IF NOT EXISTS "%s" (
    dirhash BIGINT, name VARCHAR(65535), directory VARCHAR(65535), meta bytea, PRIMARY KEY (dirhash, name)
  );
\"\"\"
hostname = "database"
port = 5432
username = "filer"
password = "{known["database_filer"]}"
database = "filer"
schema = ""
sslmode = "disable"
connection_max_idle = 10
connection_max_open = 50
connection_max_lifetime_seconds = 300
enableUpsert = true
upsertQuery = \"\"\"
  INSERT INTO "%[1]s" (dirhash, name, directory, meta) VALUES ($1, $2, $3, $4)
  ON CONFLICT (dirhash, name) DO UPDATE SET directory = EXCLUDED.directory, meta = EXCLUDED.meta
\"\"\"
"""  # noqa: S608 - SeaweedFS fills in its own table's name


def identities(known: dict[str, str]) -> dict[str, Any]:
    """Who may do what over S3: our processes read, write and list in our buckets; nobody makes or removes buckets over the network."""
    actions = [f"{action}:{bucket}" for bucket in BUCKETS for action in ("Read", "Write", "List", "Tagging")]
    keys = {"accessKey": known["objects_access_key"], "secretKey": known["objects_secret_key"]}
    return {"identities": [{"name": "mottak", "credentials": [keys], "actions": actions}]}


def environment(folder: Path, known: dict[str, str], broker_password: str) -> str:
    """What docker-compose.yml takes from here."""
    values = {
        "SECRETS": str(folder.absolute()),
        "DATABASE_PASSWORD": known["database_mottak"],
        "OBJECTS_ACCESS_KEY": known["objects_access_key"],
        "OBJECTS_SECRET_KEY": known["objects_secret_key"],
        "BROKER_PASSWORD": broker_password,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _write(path: Path, text: str) -> None:
    write_secret(path, text)
    path.chmod(0o644)


def main(arguments: list[str]) -> int:
    """Make them and say which are new."""
    if len(arguments) != 1:
        sys.stderr.write("python -m deploy.make_secrets FOLDER\n")
        return 2
    settings = Settings(data=Path(arguments[0]), database_url="", public_url="", schemas=SCHEMAS)
    made = make(Path(arguments[0]), open_actors(settings))
    sys.stdout.write(f"Made: {', '.join(made)}\n" if made else "Everything was there.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
