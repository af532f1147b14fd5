"""Every reader against files that were valid and are so no longer: each ends with an answer that validates, and nothing is left behind."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from services.shared.sandbox import Box, Policy
from tests.corpora.accept import ACCEPT
from tests.corpora.case import Case
from tests.corpora.covered import HIDDEN
from tests.corpora.mutations import mutated
from tests.shared.sandbox.conftest import incoming

ROUNDS = 25
LONGEST_SECONDS = 30.0
MOST_GROWTH = 64 << 20
LARGEST = 2 << 20  # bytes: larger ones are slow to change and no more revealing


@pytest.mark.timeout(3000)
def test_no_changed_file_gets_more_than_an_answer(tmp_path: Path, policy: Policy, pytestconfig: pytest.Config) -> None:
    given = pytestconfig.getoption("--prove-seed")
    seed = random.SystemRandom().randrange(10**6) if given is None else given
    rounds = max(1, round(ROUNDS * pytestconfig.getoption("--prove-scale")))
    covered = [Case(f"covered-{what}", "a.pdf", build) for what, build in HIDDEN.items()]
    files = [(case, data) for case in (*ACCEPT, *covered) if 0 < len(data := case.build()) <= LARGEST]
    kinds = {Path(case.file_name).suffix for case, _ in files}
    others = [data for _, data in files]
    ended, reasons, slowest = Counter[str](), Counter[str](), (0.0, "")
    print(f"\nseed {seed}, {len(files)} files of {len(kinds)} kinds, {rounds} rounds")
    with Box(policy, tmp_path / "scratch") as box, capture_logs() as logs:
        memory = 0
        for number in range(rounds):
            for place, (case, data) in enumerate(files):
                changed = mutated(data, others, random.Random(f"{seed} {number} {place}")) or b" "
                role = "form" if case.role == "form" or (number % 2 and case.file_name.endswith((".pdf", ".docx"))) else "attachment"
                began = time.process_time() + _processor_seconds(box)
                with ExitStack() as stack:
                    opened = stack.enter_context(box.open_submission([incoming(stack, "d", role, case.file_name, changed)]))
                    ended.update({finding.code for finding in opened.findings} or {"nothing found"})
                    assert opened.documents
                took = time.process_time() + _processor_seconds(box) - began
                slowest = max(slowest, (took, f"{case.what}, round {number}"))
            memory = memory or psutil.Process().memory_info().rss
        reasons.update(
            str(entry.get("reason") or entry["event"]) for entry in logs if entry["event"] in ("box_child_ended", "box_child_fault", "box_bad_answer")
        )
        growth = psutil.Process().memory_info().rss - memory
        assert box.zygote_pid
        children = [child for child in psutil.Process(box.zygote_pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    print(f"{sum(ended.values())} answers: {dict(ended.most_common())}")
    print(
        f"children that ended early: {dict(reasons)}; slowest {slowest[0]:.1f} s of processor time ({slowest[1]}); memory grew by {growth >> 20} MiB"
    )
    assert not [entry for entry in logs if entry["event"] in ("box_child_fault", "box_bad_answer", "box_zygote_died")], logs
    assert slowest[0] < LONGEST_SECONDS
    assert growth < MOST_GROWTH
    assert not children
    assert not list((tmp_path / "scratch").iterdir())


def _processor_seconds(box: Box) -> float:
    """What the zygote's ended children have used: reaped as soon as they end."""
    assert box.zygote_pid
    times = psutil.Process(box.zygote_pid).cpu_times()
    return float(times.children_user + times.children_system)


@pytest.fixture
def policy() -> Policy:
    return Policy.load()
