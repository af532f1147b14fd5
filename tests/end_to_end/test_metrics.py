"""What is counted, on both ends: by the one process that there is, read with the secretariat's token, or by each of many on a port of its own."""

from __future__ import annotations

import json

import pytest
import requests

from tests.broker_server import until
from tests.end_to_end.agency import settled
from tests.end_to_end.material import good_docx, good_json
from tests.end_to_end.system import System, attachment_part
from tests.prove.real_system import RealSystem
from tests.telemetry.scraping import Scrape

pytestmark = pytest.mark.timeout(300)


def scrape(system: System) -> Scrape:
    """All that is counted, whoever counts it."""
    if not isinstance(system, RealSystem):
        return Scrape.of(f"{system.url}/metrics", system.token("sekretariat"))
    # It takes submissions before the last of its processes listens.
    return until(lambda: scrape_all(system), "every process answers", seconds=60)


def scrape_all(system: RealSystem) -> Scrape | None:
    try:
        addresses = json.loads((system.data / "servers.json").read_text(encoding="utf-8"))["metrics"]
        return Scrape.together(Scrape.of(address) for address in addresses.values())
    except (OSError, requests.RequestException):
        return None


def test_what_came_and_what_became_of_it_is_counted_once(system: System) -> None:
    before = scrape(system)
    view = settled(system, good_docx(), name="skjema.docx")
    assert view["status"] == "routed"
    assert settled(system, good_json(contact_email="ingen adresse"))["status"] == "needs_correction"
    after = scrape(system)

    def grew(sample: str, **labels: str) -> float:
        return after.value(sample, **labels) - before.value(sample, **labels)

    assert grew("mottak_submissions_received_total", channel="api") == 2
    assert grew("mottak_checks_total", form_type="anmodning", status="accepted") == 1
    assert grew("mottak_needs_correction_total", form_type="anmodning") == 1
    assert grew("mottak_scans_total", verdict="clean" if isinstance(system, RealSystem) else "not_scanned") == 2
    for step in ("validation.check", "archive.store", "routing.route"):
        assert grew("mottak_step_seconds_count", step=step) >= 1
    assert grew("mottak_request_seconds_count", method="POST", route="/api/v1/submissions", status="202") == 2
    until(lambda: scrape(system).value("mottak_agency_queue_depth", agency="dmp") >= 1, "the agency's queue is seen")


def test_a_refusal_is_counted_by_its_code_and_no_address_that_was_made_up_becomes_a_label(system: System) -> None:
    code = system.post("leverandor", [attachment_part(b"x", "a.txt")]).json()["code"]
    before = scrape(system)
    system.post("leverandor", [attachment_part(b"x", "a.txt")])
    requests.get(f"{system.url}/made-up-by-somebody", timeout=30)
    after = scrape(system)
    assert after.value("mottak_refused_total", code=code) == before.value("mottak_refused_total", code=code) + 1
    assert not [route for route in after.labels("mottak_request_seconds_count", "route") if "made-up" in route]


def test_only_the_secretariat_reads_them_and_through_the_gateway_nobody(system: System) -> None:
    if isinstance(system, RealSystem):
        for actor in ("leverandor", "sekretariat"):
            assert requests.get(f"{system.url}/metrics", headers={"Authorization": f"Bearer {system.token(actor)}"}, timeout=30).status_code == 404
        return
    assert requests.get(f"{system.url}/metrics", timeout=30).status_code == 401
    assert requests.get(f"{system.url}/metrics", headers={"Authorization": f"Bearer {system.token('leverandor')}"}, timeout=30).status_code == 403
