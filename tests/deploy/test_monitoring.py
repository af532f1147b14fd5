"""The alert rules by promtool on series made up for each, and what Prometheus and Grafana are given against what runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import generate
from services.command.real import commands
from tests.deploy.composed import MAIN, ROOT, composed

FOLDER = ROOT / "deploy" / "monitoring"
RULES = FOLDER / "alerts.yml"
PROGRAM = shutil.which("promtool") or shutil.which("promtool", path=str(Path(sys.executable).parent))
needs_promtool = pytest.mark.skipif(
    PROGRAM is None, reason="promtool is not installed (Debian package prometheus; make setup-dev brings it with the servers)"
)
PROCESSES = [*commands(), "broker"]
CONTAINERS = composed([MAIN, ROOT / "deploy" / "compose.monitoring.yml"])["services"]


@dataclass(frozen=True)
class Case:
    """``wrong`` are series (a value each minute) on which the alert is there after ``minutes`` for ``labels``; on ``well`` it never is."""

    wrong: dict[str, str]
    well: dict[str, str]
    minutes: int
    labels: dict[str, str]


def up(*, gone: str = "", down: str = "") -> dict[str, str]:
    """Of two instances of each one is always away; ``gone`` is no longer known at all, ``down`` does not answer."""
    other = {f'up{{job="{job}", instance="2"}}': "0x60" for job in PROCESSES if job != gone}
    return other | {f'up{{job="{job}", instance="1"}}': "0x60" if job == down else "1x60" for job in PROCESSES if job != gone}


CASES = {
    "ProcessDown": Case(up(gone="relay"), up(), 5, {"job": "relay"}),
    "StoreAway": Case({'mottak_end_up{end="objects"}': "0x60"}, {'mottak_end_up{end="objects"}': "1 0 1x60"}, 5, {"end": "objects"}),
    "ScannerAway": Case({'mottak_end_up{end="scanner"}': "0x60"}, {'mottak_end_up{end="scanner"}': "0x8 1x50"}, 15, {"end": "scanner"}),
    "DiskNearlyFull": Case(
        {'mottak_free_bytes{job="intake"}': "4000000000x60"}, {'mottak_free_bytes{job="intake"}': "6000000000x60"}, 15, {"job": "intake"}
    ),
    "ServerFaults": Case(
        {'mottak_request_seconds_count{job="intake", status="500"}': "0+60x60"},
        {'mottak_request_seconds_count{job="intake", status="404"}': "0+60x60"},
        30,
        {"job": "intake"},
    ),
    "WorkWaits": Case(
        {'mottak_oldest_job_seconds{service="archive", handler="archive.store"}': "0+60x60"},
        {'mottak_oldest_job_seconds{service="archive", handler="archive.store"}': "0+5x60"},
        30,
        {"service": "archive", "handler": "archive.store"},
    ),
    "WorkParked": Case(
        {f'mottak_parked_jobs{{service="routing", handler="routing.receipt", instance="{number}"}}': "1x60" for number in range(2)},
        {'mottak_parked_jobs{service="routing", handler="routing.receipt"}': "0x60"},
        5,
        {"service": "routing", "handler": "routing.receipt"},
    ),
    "SubmissionsStuck": Case(
        {'mottak_stuck_submissions{status="checking"}': "2x60"},
        {'mottak_stuck_submissions{status="needs_correction"}': "2x60"},
        30,
        {"status": "checking"},
    ),
    "OutboxWaits": Case(
        {'mottak_outbox_oldest_seconds{agency="dmp"}': "0+60x60"}, {'mottak_outbox_oldest_seconds{agency="dmp"}': "4x60"}, 30, {"agency": "dmp"}
    ),
    # Of two relays one is enough.
    "RelayNotConnected": Case(
        {'mottak_relay_connected{agency="dmp", instance="1"}': "0x60", 'mottak_relay_connected{agency="dmp", instance="2"}': "0x60"},
        {'mottak_relay_connected{agency="dmp", instance="1"}': "0x60", 'mottak_relay_connected{agency="dmp", instance="2"}': "1x60"},
        10,
        {"agency": "dmp"},
    ),
    "PublishingFails": Case(
        {'mottak_publish_failures_total{agency="dmp", cause="connection"}': "0+1x60"},
        {'mottak_publish_failures_total{agency="dmp", cause="connection"}': "0x5 1x55"},
        30,
        {"agency": "dmp"},
    ),
    "AgencyQueueOld": Case(
        {'mottak_agency_queue_oldest_seconds{agency="fhi"}': "300000+60x200"},
        {'mottak_agency_queue_oldest_seconds{agency="fhi"}': "0+60x200"},
        120,
        {"agency": "fhi"},
    ),
    "ArchiveDamaged": Case(
        {'mottak_fixity_outcomes_total{outcome="damaged"}': "_x10 1x50"},
        {'mottak_fixity_outcomes_total{outcome="intact"}': "0+9x60"},
        20,
        {"outcome": "damaged"},
    ),
    "ArchiveNotChecked": Case(
        {'mottak_fixity_outcomes_total{outcome="could_not_check"}': "0x10 3x50"},
        {'mottak_fixity_outcomes_total{outcome="damaged"}': "0+9x60"},
        20,
        {"outcome": "could_not_check"},
    ),
    "ArchiveUnread": Case({"mottak_archive_overdue_objects": "1x120"}, {"mottak_archive_overdue_objects": "0x120"}, 70, {}),
}


def rules() -> dict[str, dict[str, Any]]:
    [group] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def tried(folder: Path, alert: str, series: dict[str, str], minutes: int, expected: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    test = {
        "rule_files": [str(RULES)],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": [{"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": expected}],
            }
        ],
    }
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump(test))
    return subprocess.run([str(PROGRAM), "test", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False)


def test_every_alert_has_a_case() -> None:
    assert set(rules()) == set(CASES)


@needs_promtool
@pytest.mark.parametrize("alert", CASES)
def test_an_alert_is_there_when_it_must_be_and_not_before_and_not_when_all_is_well(alert: str, tmp_path: Path) -> None:
    case, rule = CASES[alert], rules()[alert]
    summary = rule["annotations"]["summary"]
    for label, value in case.labels.items():
        summary = summary.replace(f"{{{{ $labels.{label} }}}}", value)
    there = [{"exp_labels": {**case.labels, **rule["labels"]}, "exp_annotations": {"summary": summary}}]
    told = tried(tmp_path, alert, case.wrong, case.minutes, there)
    assert told.returncode == 0, told.stdout + told.stderr
    for series, minutes in ((case.wrong, 0), (case.well, case.minutes)):
        told = tried(tmp_path, alert, series, minutes, [])
        assert told.returncode == 0, told.stdout + told.stderr


@needs_promtool
def test_a_process_that_is_there_and_does_not_answer_is_down_too(tmp_path: Path) -> None:
    expected = {"exp_labels": {"job": "scheduler", "severity": "critical"}, "exp_annotations": {"summary": "No scheduler answers"}}
    told = tried(tmp_path, "ProcessDown", up(down="scheduler"), 5, [expected])
    assert told.returncode == 0, told.stdout


@needs_promtool
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    told = subprocess.run(
        [str(PROGRAM), "check", "config", "--syntax-only", str(FOLDER / "prometheus.yml")], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


@needs_promtool
def test_every_query_of_the_dashboards_is_one_that_prometheus_takes(tmp_path: Path) -> None:
    queries = [target["expr"] for name in ("secretariat", "operators") for panel in dashboard(name)["panels"] for target in panel["targets"]]
    assert len(queries) > 30
    file = tmp_path / "queries.yml"
    file.write_text(
        yaml.safe_dump({"groups": [{"name": "q", "rules": [{"record": f"q{number}", "expr": query} for number, query in enumerate(queries)]}]})
    )
    told = subprocess.run([str(PROGRAM), "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def dashboard(name: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((generate.FOLDER / f"dashboard-{name}.json").read_text(encoding="utf-8"))
    return whole


def test_every_process_is_asked_at_the_port_it_listens_on_and_missed_when_it_is_gone() -> None:
    asked = {each["job_name"]: each for each in yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]}
    assert set(asked) == set(PROCESSES)
    for name in commands():
        [found] = asked[name]["dns_sd_configs"]
        environment = CONTAINERS[name]["environment"]
        assert (found["names"], str(found["port"])) == ([name], environment["MOTTAK_METRICS_PORT"])
        assert environment["MOTTAK_METRICS_HOST"] == "0.0.0.0"  # noqa: S104 - in its container
        assert set(CONTAINERS[name]["networks"]) & set(CONTAINERS["prometheus"]["networks"])
        assert f'absent(up{{job="{name}"}})' in rules()["ProcessDown"]["expr"]


def test_the_gateway_knows_nothing_of_metrics() -> None:
    environment = CONTAINERS["intake"]["environment"]
    configuration = (generate.FOLDER / "haproxy.cfg").read_text(encoding="utf-8")
    assert environment["MOTTAK_METRICS_PORT"] != environment["PORT"]
    assert environment["MOTTAK_METRICS_PORT"] not in configuration
    assert not set(CONTAINERS["gateway"]["networks"]) & set(CONTAINERS["prometheus"]["networks"])


def test_grafana_finds_its_source_and_its_dashboards_where_they_are_mounted() -> None:
    [source] = yaml.safe_load((FOLDER / "grafana-datasource.yml").read_text(encoding="utf-8"))["datasources"]
    [provider] = yaml.safe_load((FOLDER / "grafana-dashboards.yml").read_text(encoding="utf-8"))["providers"]
    mounted = [volume["target"] for volume in CONTAINERS["grafana"]["volumes"]]
    assert len([target for target in mounted if target.startswith(provider["options"]["path"])]) == 2
    for name in ("secretariat", "operators"):
        whole = dashboard(name)
        assert {panel["datasource"]["uid"] for panel in whole["panels"]} == {source["uid"]}
        assert len({panel["title"] for panel in whole["panels"]}) == len(whole["panels"])
