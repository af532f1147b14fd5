"""Files made to burn memory, processor time, disk or descriptors: each ends within its limits with an answer, in the box and through the whole system."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, Literal

import psutil
import pytest
from structlog.testing import capture_logs

from services.shared.sandbox import Box, Policy
from tests.broker_server import until
from tests.end_to_end.material import good_json
from tests.end_to_end.strict import assert_goes_through
from tests.end_to_end.system import Part, System, attachment_part, form_part, whole_problem
from tests.prove.burning_files import BURNING, BurningFile
from tests.shared.sandbox.conftest import incoming

LONGEST_SECONDS = 30.0
SENDERS = 2
ENDED = {"routed", "needs_correction", "quarantined", "rejected", "held"}
Role = Literal["form", "attachment"]

pytestmark = pytest.mark.timeout(3600)


def _roles(file: BurningFile) -> list[Role]:
    if file.name.endswith(".json"):
        return ["form"]
    return ["form", "attachment"] if file.as_form else ["attachment"]


def test_every_burning_file_is_answered_within_its_limits(tmp_path: Path) -> None:
    slowest = (0.0, "")
    with Box(Policy.load(), tmp_path / "scratch") as box, capture_logs() as logs:
        for what, file in BURNING.items():
            data = file.build()
            for role in _roles(file):
                began = _processor_seconds(box)
                with ExitStack() as stack:
                    opened = stack.enter_context(box.open_submission([incoming(stack, "d", role, file.name, data)]))
                    found = sorted({finding.code for finding in opened.findings})
                    assert opened.documents
                took = _processor_seconds(box) - began
                slowest = max(slowest, (took, what))
                print(f"{took:5.1f} s  {what}, {role}: {', '.join(found) or 'nothing found'}", flush=True)
                assert took < LONGEST_SECONDS, what
        assert box.zygote_pid
        assert [child for child in psutil.Process(box.zygote_pid).children() if child.status() != psutil.STATUS_ZOMBIE] == []
    print(f"slowest {slowest[0]:.1f} s of processor time ({slowest[1]})")
    assert not [entry for entry in logs if entry["event"] in ("box_child_fault", "box_bad_answer", "box_zygote_died")], logs
    assert not list((tmp_path / "scratch").iterdir())


def test_every_burning_file_ends_in_the_whole_system(tmp_path: Path) -> None:
    system = System(tmp_path / "data")
    system.start()
    try:
        sent = [(what, file, role) for what, file in BURNING.items() for role in _roles(file)]
        with ThreadPoolExecutor(SENDERS) as pool:
            for line in pool.map(partial(_goes_through, system), sent):
                print(line, flush=True)
        assert_goes_through(system)
        with closing(system.stores()) as stores:
            until(lambda: not stores.rows("SELECT id FROM jobs WHERE state <> 'done'"), "all work is done")
            assert stores.rows("SELECT id, attention FROM submissions WHERE attention IS NOT NULL") == []
        assert system.tracebacks() == []
    finally:
        system.stop()
    assert system.wait_until_gone() == []


def _goes_through(system: System, sent: tuple[str, BurningFile, Role]) -> str:
    """Send a file and wait until it has ended; what became of it."""
    what, file, role = sent
    data, began = file.build(), time.monotonic()
    parts: list[Part] = [form_part(data, file.name)] if role == "form" else [form_part(good_json(what)), attachment_part(data, file.name)]
    answer = system.post("leverandor", parts)
    if answer.status_code != 202:
        return f"{what}, {role}: {whole_problem(answer)['code']}"
    view: dict[str, Any] = system.client("leverandor").wait_until_settled(answer.json()["id"], seconds=600)
    assert view["status"] in ENDED, (what, role, view["status"])
    found = sorted({error["code"] for error in view["errors"] if error["severity"] == "error"})
    return f"{what}, {role}: {view['status']} ({', '.join(found[:5])}) after {time.monotonic() - began:.1f} s"


def _processor_seconds(box: Box) -> float:
    """What the box and all its children have used."""
    assert box.zygote_pid
    times = psutil.Process(box.zygote_pid).cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
