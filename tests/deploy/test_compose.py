"""docker-compose.yml against the code: what is started, with which settings, on which servers, and how little it may."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from services.command import real
from services.command.main import main
from services.command.servers.process import ServerProcess
from services.command.servers.seaweedfs import REGION
from services.routing.broker import definitions as broker
from services.shared.paths import PATHS
from services.shared.sandbox import Policy
from services.shared.settings import Settings
from services.shared.wakeups import SERVICES, SOFT_SHUTDOWN_SECONDS
from tests.deploy.composed import EXTRA, EXTRA_VALUES, MAIN, ROOT, VALUES, composed, run_compose

WHOLE = composed()
CONTAINERS: dict[str, dict[str, Any]] = WHOLE["services"]
OURS = {name: container for name, container in CONTAINERS.items() if container["image"].startswith("mottak:")}
ALL = {**CONTAINERS, **composed([MAIN, *EXTRA])["services"]}
ONE_SHOT = {"migrate", "objects-setup", "objects-volume"}
# Read where no settings are made yet: how much is logged.
NOT_SETTINGS = {"MOTTAK_LOG_LEVEL"}
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


def environment_of(name: str) -> dict[str, str]:
    return {key: str(value) for key, value in OURS[name]["environment"].items()}


def resolve(command: list[str]) -> click.Context:
    """What click makes of a command line of ``mottak``; raises click's errors for one it does not know."""
    context = main.make_context("mottak", list(command), resilient_parsing=False)
    name, found, arguments = main.resolve_command(context, [*context._protected_args, *context.args])
    assert found is not None
    return found.make_context(name, arguments, parent=context)


def test_the_whole_file_is_what_compose_and_its_schema_expect() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(MAIN), *map(str, EXTRA)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("missing", [*VALUES, *EXTRA_VALUES])
def test_nothing_is_started_without(missing: str) -> None:
    values = {name: value for name, value in {**VALUES, **EXTRA_VALUES}.items() if name != missing}
    told = run_compose("config", "-q", values=values, files=[MAIN, *EXTRA])
    assert told.returncode != 0
    assert missing in told.stderr


def test_no_variable_of_an_installation_has_a_default_but_the_log_level_and_no_traces() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in (MAIN, *EXTRA))
    assert set(re.findall(r"\$\{(\w+):\?\}", text)) == {*VALUES, *EXTRA_VALUES}
    assert set(re.findall(r"\$\{(?!\w+:\?\})([^}]*)\}", text)) == {"LOG_LEVEL:-INFO", "TRACE_ENDPOINT:-"}


def test_the_example_environment_names_what_the_made_one_does_not() -> None:
    named = set(re.findall(r"^(\w+)=$", (ROOT / "deploy" / "environment.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == set(VALUES) - {"SECRETS", "DATABASE_PASSWORD", "BROKER_PASSWORD", "OBJECTS_ACCESS_KEY", "OBJECTS_SECRET_KEY"}


def test_every_process_of_the_real_ends_runs_with_the_same_command() -> None:
    settings = Settings.from_environment(environment_of("intake"))
    started = real.processes(settings, {service: 1 for service, _ in PATHS}, dict.fromkeys(real.commands(), 2), Path("/nowhere"))
    commands = {name: process.command[3:] for name, process in started.items() if isinstance(process, ServerProcess)}
    ours = {name: container["command"] for name, container in OURS.items() if name != "migrate"}
    assert ours == commands


def test_one_sender_never_has_all_the_processes_that_open_files(tmp_path: Path) -> None:
    base = Settings.embedded(tmp_path)
    processes = {int(command[-1]) for command in (real.commands()["worker-validation"], OURS["worker-validation"]["command"])}
    settings = {real.Servers(tmp_path, base).settings_on(base).workers, Settings.from_environment(environment_of("worker-validation")).workers}
    assert settings == processes
    assert all(max(1, workers // 2) < workers for workers in settings)


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_mottak(name: str) -> None:
    resolve(OURS[name]["command"])


def test_a_command_that_is_none_of_mottak_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        resolve(["worker", "intake"])
    with pytest.raises(click.UsageError):
        resolve(["workers", "validation"])


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_of_the_settings_and_those_without_default_are_there(name: str) -> None:
    environment = environment_of(name)
    variables = {field.name: "PORT" if field.name == "port" else f"MOTTAK_{field.name.upper()}" for field in fields(Settings)}
    assert set(environment) <= set(variables.values()) | NOT_SETTINGS
    assert {variables[field.name] for field in fields(Settings) if field.default is MISSING} <= set(environment)
    settings = Settings.from_environment(environment)
    assert not settings.is_loopback
    assert settings.jwks_url is not None
    assert not settings.allow_unconfined_parsing


def test_what_is_no_setting_is_read_somewhere() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "services").rglob("*.py"))
    assert all(f'"{name}"' in text for name in NOT_SETTINGS)


def test_all_of_ours_have_the_same_settings() -> None:
    assert all(container["environment"] == OURS["intake"]["environment"] for container in OURS.values())


def test_the_settings_name_containers_that_stand_here_and_ports_they_listen_on() -> None:
    settings = Settings.from_environment(environment_of("intake"))
    assert "@database:5432/mottak" in settings.database_url
    assert settings.database_url.startswith("postgresql+psycopg://mottak:")
    assert settings.broker_url == f"amqp://{broker.OUR_USER}:b@broker:5672"
    objects = [shlex.split(str(word))[0] for word in CONTAINERS["objects"]["command"]]
    port = next(word.partition("=")[2] for word in objects if word.startswith("-s3.port="))
    assert settings.objects_url == f"http://objects:{port}/{real.OBJECTS_BUCKET}"
    assert settings.archive_url == f"http://objects:{port}/{real.ARCHIVE_BUCKET}"
    assert CONTAINERS["objects-setup"]["command"] == [real.OBJECTS_BUCKET, real.ARCHIVE_BUCKET]
    assert settings.objects_region == REGION
    clamd = dict(line.split(" ", 1) for line in (ROOT / "deploy/generated/clamd.conf").read_text().splitlines() if not line.startswith("#"))
    assert settings.scanner == f"clamd:scanner:{clamd['TCPSocket']}"


def test_there_is_a_worker_for_every_service_that_jobs_are_made_for() -> None:
    assert {f"worker-{service}" for service in SERVICES} == {name for name in OURS if name.startswith("worker-")}


def test_workers_have_time_to_stop_and_room_to_open() -> None:
    limits = Policy.load(ROOT / "schemas" / "policy").limits
    room = {"worker-validation": int(OURS["worker-validation"]["command"][-1]), "validation": limits.children}
    for name, container in OURS.items():
        assert seconds(container["stop_grace_period"]) > SOFT_SHUTDOWN_SECONDS
        assert int(container["mem_limit"]) >= room.get(name, 0) * limits.memory_bytes + 256 * 2**20, name


def test_only_the_gateway_and_what_was_asked_for_can_be_reached_from_outside() -> None:
    assert [name for name, container in CONTAINERS.items() if container.get("ports")] == ["gateway"]
    published = {name: container["ports"] for name, container in ALL.items() if container.get("ports")}
    assert set(published) == {"gateway", "broker", "identity", "grafana"}
    assert [port["target"] for port in published["broker"]] == [5671]
    assert all(port["host_ip"] == "127.0.0.1" for port in [*published["identity"], *published["grafana"]])


def test_workers_and_stores_reach_nothing_outside() -> None:
    inner = {name for name, network in WHOLE["networks"].items() if network.get("internal")}
    assert inner == {"front", "stores"}
    outside = {name for name, container in CONTAINERS.items() if set(container.get("networks", {})) - inner}
    assert outside == {"gateway", "scanner", *(service for service, _ in PATHS)}
    assert "stores" not in CONTAINERS["gateway"]["networks"]


@pytest.mark.parametrize("name", ALL)
def test_every_container_is_held_short(name: str) -> None:
    container = ALL[name]
    assert container["cap_drop"] == ["ALL"]
    assert container.get("cap_add", []) == (["CHOWN"] if name == "objects-volume" else [])
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container.get("read_only", False) or name == "identity"
    assert not container.get("privileged", False)
    assert int(container["mem_limit"]) > 0
    assert float(container["cpus"]) > 0
    assert container["pids_limit"] > 0
    assert container["logging"]["options"]["max-size"]
    assert container["restart"] == "unless-stopped" or name in ONE_SHOT
    assert name in ONE_SHOT or container["healthcheck"]["test"]
    tag = container["image"].rpartition(":")[2]
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?(-bookworm)?", tag), "an image without a version"


@pytest.mark.parametrize("name", OURS)
def test_what_is_opened_lies_on_disk_in_a_volume_of_the_container_alone(name: str) -> None:
    volumes = {volume["target"]: volume for volume in OURS[name]["volumes"]}
    assert volumes["/data/scratch"]["type"] == "volume"
    assert "source" not in volumes["/data/scratch"]
    assert (name == "intake") == ({"/data/keys", "/data/issuer"} <= set(volumes))


def test_nothing_of_ours_starts_before_tables_buckets_and_queues_are_there() -> None:
    for name in OURS.keys() - {"migrate"}:
        conditions = {other: need["condition"] for other, need in OURS[name]["depends_on"].items()}
        assert conditions["migrate"] == conditions["objects-setup"] == "service_completed_successfully"
        assert conditions["broker"] == "service_healthy"


def test_every_file_that_is_mounted_is_there() -> None:
    for container in ALL.values():
        for volume in container.get("volumes", []):
            assert volume["type"] != "bind" or Path(volume["source"]).is_file(), volume["source"]


def test_the_object_store_tells_nobody_of_itself_asks_for_keys_and_syncs() -> None:
    command = CONTAINERS["objects"]["command"]
    assert {"-master.telemetry=false", "-s3.config=/run/secrets/object-identities", "-s3.autoCreateBucket=false", "-ip.bind=127.0.0.1"} <= set(
        command
    )
    assert "-fsync" in (ROOT / "deploy" / "objects-setup.sh").read_text(encoding="utf-8")


def test_the_broker_loads_definitions_that_are_a_secret_of_its_own() -> None:
    configuration = dict(re.findall(r"^([\w.]+) = (.+)$", (ROOT / "deploy" / "rabbitmq.conf").read_text(encoding="utf-8"), re.MULTILINE))
    secret = Path(configuration["load_definitions"]).name
    assert configuration["load_definitions"] == f"/run/secrets/{secret}"
    assert [each["source"] for each in CONTAINERS["broker"]["secrets"]] == [secret]
    assert WHOLE["secrets"][secret]["file"].endswith("broker-definitions.json")


def test_no_image_hides_behind_a_variable_but_our_own() -> None:
    raw = yaml.safe_load(MAIN.read_text(encoding="utf-8"))
    assert {container["image"] for container in raw["services"].values() if "$" in container["image"]} == {"mottak:${MOTTAK_VERSION:?}"}


def seconds(duration: str) -> float:
    """``1m15s`` in seconds."""
    return sum(float(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in re.findall(r"([\d.]+)([hms])", duration))
