"""Secrets: made once, kept, known to nobody else; and what is made of them is what the real servers take."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from deploy import make_secrets
from services.routing.broker import definitions as broker
from services.shared.context import open_actors
from services.shared.settings import SCHEMAS, Settings
from tests.deploy.composed import MADE_SECRETS

ACTORS = open_actors(Settings(data=Path("/nowhere"), database_url="", public_url="", schemas=SCHEMAS))


def variables(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / "environment").read_text().splitlines())


def test_every_secret_file_of_compose_is_made_and_only_its_owner_gets_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets.make(folder, ACTORS)
    assert folder.stat().st_mode & 0o777 == 0o700
    made = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    read_by_containers = {Path(secret).name for secret in MADE_SECRETS}
    assert read_by_containers <= set(made)
    assert {name for name, mode in made.items() if mode != 0o600} == read_by_containers


def test_running_again_keeps_every_secret_and_makes_the_missing_ones(tmp_path: Path) -> None:
    make_secrets.make(tmp_path, ACTORS)
    before = variables(tmp_path)
    assert make_secrets.make(tmp_path, ACTORS) == []
    assert variables(tmp_path) == before
    kept = json.loads((tmp_path / make_secrets.KEPT).read_text())
    del kept["objects_secret_key"]
    (tmp_path / make_secrets.KEPT).write_text(json.dumps(kept))
    assert make_secrets.make(tmp_path, ACTORS) == ["objects_secret_key"]
    after = variables(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"OBJECTS_SECRET_KEY"}


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_secrets.make(tmp_path / name, ACTORS)
    one, two = variables(tmp_path / "one"), variables(tmp_path / "two")
    assert not set(one.values()) & set(two.values())


def test_the_broker_knows_every_agency_and_the_password_in_the_environment(tmp_path: Path) -> None:
    make_secrets.make(tmp_path, ACTORS)
    users = {user["name"]: user for user in json.loads((tmp_path / "broker-definitions.json").read_text())["users"]}
    assert set(users) == {broker.OUR_USER, *map(broker.vhost_of, broker.agencies_of(ACTORS))}
    stored = base64.b64decode(users[broker.OUR_USER]["password_hash"])
    assert hashlib.sha256(stored[:4] + variables(tmp_path)["BROKER_PASSWORD"].encode()).digest() == stored[4:]
    passwords = json.loads((tmp_path / "broker-passwords.json").read_text())
    assert not any(password in (tmp_path / "broker-definitions.json").read_text() for password in passwords.values())


def test_our_identity_at_the_object_store_may_make_no_bucket(tmp_path: Path) -> None:
    make_secrets.make(tmp_path, ACTORS)
    [ours] = json.loads((tmp_path / "object-identities.json").read_text())["identities"]
    assert ours["credentials"] == [{"accessKey": variables(tmp_path)["OBJECTS_ACCESS_KEY"], "secretKey": variables(tmp_path)["OBJECTS_SECRET_KEY"]}]
    assert "Admin" not in " ".join(ours["actions"])
    assert {action.partition(":")[2] for action in ours["actions"]} == set(make_secrets.BUCKETS)
