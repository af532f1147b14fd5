"""Every process of the real ends exports its own metrics, each thing counted once among them, and one trace leads through them all."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
import requests

from services.command.real import commands
from services.shared import identifiers, timestamps
from tests.broker_server import until
from tests.end_to_end.agency import settled
from tests.end_to_end.material import good_json
from tests.end_to_end.system import attachment_part, form_part
from tests.prove.real_system import RealSystem
from tests.telemetry.collector import Collector, Seen
from tests.telemetry.scraping import Scrape

pytestmark = pytest.mark.timeout(300)
NOT_STARTED = 3
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    running = Collector()
    yield running
    running.close()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[RealSystem]:
    system = RealSystem(tmp_path_factory.mktemp("real") / "data", environment={"MOTTAK_TRACE_ENDPOINT": collector.url})
    try:
        system.start()
    except AssertionError:
        if system.process is not None and system.process.poll() == NOT_STARTED:
            pytest.skip(system.log.read_text()[-300:])
        raise
    # It takes submissions before the last of its processes listens.
    until(lambda: answer_all(system), "every process exports", seconds=60)
    yield system
    assert system.stop() == 0


def answer_all(real: RealSystem) -> bool:
    try:
        return len(scrapes(real)) > 0
    except (OSError, requests.RequestException):
        return False


def scrapes(real: RealSystem) -> dict[str, Scrape]:
    told: dict[str, Any] = json.loads((real.data / "servers.json").read_text(encoding="utf-8"))
    assert set(told["metrics"]) == set(commands()) <= set(told["processes"])
    return {name: Scrape.of(address) for name, address in told["metrics"].items()}


def total(found: dict[str, Scrape], sample: str, **labels: str) -> dict[str, float]:
    """Which processes counted how much."""
    return {name: value for name, scrape in found.items() if (value := scrape.value(sample, **labels))}


def test_each_thing_is_counted_by_one_process_however_many_there_are(real: RealSystem) -> None:
    before = scrapes(real)
    for _ in range(4):
        assert settled(real, good_json())["status"] == "routed"
    assert settled(real, good_json(contact_email="ingen adresse"))["status"] == "needs_correction"
    after = until(lambda: (now := scrapes(real)) and total(now, "mottak_published_total") and now, "published is counted")

    def grew(sample: str, **labels: str) -> dict[str, float]:
        earlier = total(before, sample, **labels)
        return {name: value - earlier.get(name, 0) for name, value in total(after, sample, **labels).items() if value != earlier.get(name, 0)}

    assert grew("mottak_submissions_received_total", channel="api") == {"intake": 5}
    # The pool has two processes; what is read is their sum.
    assert grew("mottak_checks_total", status="accepted") == {"worker-validation": 4}
    assert grew("mottak_needs_correction_total") == {"worker-validation": 1}
    assert grew("mottak_scans_total", verdict="clean") == {"worker-validation": 5}
    assert grew("mottak_step_seconds_count", step="archive.store") == {"worker-archive": 4}
    assert grew("mottak_step_seconds_count", step="routing.route") == {"worker-routing": 4}
    assert set(grew("mottak_published_total")) == set(grew("mottak_step_seconds_count", step="routing.publish")) == {"relay"}


def named(*files: Path) -> set[str]:
    """The metrics of ours that files name; a histogram's parts as the histogram."""
    found = {name for file in files for name in re.findall(r"\bmottak_[a-z_]+", file.read_text(encoding="utf-8"))}
    return {re.sub(r"(_seconds)_(bucket|count|sum)$", r"\1", name) for name in found}


def test_what_dashboards_alerts_and_the_book_name_is_what_running_processes_export(real: RealSystem) -> None:
    exported = {name for scrape in scrapes(real).values() for name in scrape.own()}
    assert named(ROOT / "deploy/monitoring/alerts.yml", *(ROOT / "deploy/generated").glob("dashboard-*.json")) <= exported
    assert named(ROOT / "docs/operations.md") == exported


def test_facts_of_the_whole_system_are_told_by_the_scheduler_alone(real: RealSystem) -> None:
    settled(real, good_json())
    found = scrapes(real)
    for fact in ("mottak_jobs", "mottak_agency_queue_depth", "mottak_outbox_rows", "mottak_submissions", "mottak_end_up"):
        assert [name for name, scrape in found.items() if fact in scrape.own()] == ["scheduler"]
    assert {end: found["scheduler"].value("mottak_end_up", end=end) for end in ("database", "objects", "archive", "scanner")} == dict.fromkeys(
        ("database", "objects", "archive", "scanner"), 1
    )
    assert found["scheduler"].value("mottak_agency_queue_depth", agency="dmp") >= 1
    assert all("mottak_free_bytes" in scrape.own() for scrape in found.values())


def test_the_gateway_leads_to_nobodys_metrics(real: RealSystem) -> None:
    answer = requests.get(f"{real.url}/metrics", headers={"Authorization": f"Bearer {real.token('sekretariat')}"}, timeout=30)
    assert answer.status_code == 404


def taken(real: RealSystem, agency: str, submission: str) -> tuple[pika.BasicProperties, dict[str, Any]]:
    """Work as the agency gets it over AMQP, acknowledged."""
    place = json.loads((real.data / "brokers.json").read_text(encoding="utf-8"))[agency]
    connection = pika.BlockingConnection(pika.URLParameters(place["url"]))
    channel = connection.channel()
    try:
        for method, properties, body in channel.consume(place["queue"], inactivity_timeout=10):
            assert method is not None, "the work did not come"
            channel.basic_ack(method.delivery_tag)
            message = json.loads(body)
            if message["data"]["submission"]["id"] == submission:
                receipt = {"specversion": "1.0", "id": identifiers.new_id(), "source": "/dmp", "type": "no.nyemetoder.mottak.receipt.v1"}
                receipt |= {"time": timestamps.now(), "data": {"delivery": message["id"], "outcome": "confirmed"}}
                channel.basic_publish(place["receipts"], "", json.dumps(receipt).encode())
                return properties, message
    finally:
        connection.close()
    raise AssertionError("the consumer was cancelled")


def test_one_trace_leads_from_the_request_to_each_services_work_to_the_agency_and_back(real: RealSystem, collector: Collector) -> None:
    trace, sender = secrets.token_hex(16), secrets.token_hex(8)
    answer = real.post("leverandor", [form_part(good_json(contact_name="Kari Hemmelig"))], traceparent=f"00-{trace}-{sender}-01")
    assert answer.status_code == 202, answer.text
    assert answer.headers["traceparent"].split("-")[1] == trace
    submission = answer.json()["id"]
    assert real.client("leverandor").wait_until_settled(submission)["status"] == "routed"
    properties, message = taken(real, "dmp", submission)
    assert properties.headers["traceparent"] == message["traceparent"]
    wanted = {
        "POST /api/v1/submissions": "mottak-intake",
        "job validation.check": "mottak-worker-validation",
        "job archive.store": "mottak-worker-archive",
        "job routing.route": "mottak-worker-routing",
        "create work": "mottak-worker-routing",
        "publish mottak.work": "mottak-relay",
        "receive mottak.inbox": "mottak-receipts",
    }
    spans: list[Seen] = until(
        lambda: (found := collector.of(trace)) and set(wanted) <= {span.name for span in found} and found, "every span has come"
    )
    assert {span.name: span.process for span in spans if span.name in wanted} == wanted
    # One tree: each span's parent is another of them, and the first one's is the sender's.
    ids = {span.id for span in spans}
    assert [span.name for span in spans if span.parent not in ids] == ["POST /api/v1/submissions"]
    assert next(span for span in spans if span.name == "POST /api/v1/submissions").parent == sender
    assert message["traceparent"].split("-")[2] in {span.id for span in spans if span.name == "create work"}
    assert not [span for span in spans if span.has_failed]
    told = json.dumps([span.attributes for span in spans])
    for secret in ("Hemmelig", "eyJ", "310000019", "password", "@"):
        assert secret not in told


def test_a_problems_trace_id_is_that_of_its_span(real: RealSystem, collector: Collector) -> None:
    refused = real.post("leverandor", [attachment_part(b"x", "a.txt")])
    trace = refused.json()["trace_id"]
    [span] = until(lambda: collector.of(trace), "the span of the refusal")
    assert span.attributes["http.response.status_code"] == refused.status_code
    assert span.attributes["http.route"] == "/api/v1/submissions"
    assert refused.headers["traceparent"] == f"00-{trace}-{span.id}-01"
