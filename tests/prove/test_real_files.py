"""Collections of real files through the box, held against tools that have nothing to do with us, and a sample of them through the whole system."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from services.shared.sandbox import Box, Policy
from tests.end_to_end.material import good_json
from tests.end_to_end.system import System, attachment_part, form_part
from tests.prove.real_files import TOOLS, VARIABLE, Looked, collected, look

SHARE = 0.98
SECONDS = 30.0
SAMPLE = 60
ENDED = {"routed", "needs_correction", "quarantined", "held", "rejected", "accepted"}
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no folder of real files"),
    pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {', '.join(MISSING)}"),
]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> list[Looked]:
    policy = Policy.load()
    with Box(policy, tmp_path_factory.mktemp("scratch")) as box:
        found = [look(path, box, policy) for path in collected()]
        assert box.zygote_pid is not None
        assert psutil.Process(box.zygote_pid).children() == [], "a child of the box was left behind"
    codes = Counter(code for each in found for code in each.codes)
    print(f"\n{len(found)} files, slowest {max(each.seconds for each in found):.1f} s of processor time; {dict(codes)}")
    return found


def test_what_other_tools_find_inside_is_found(looked: list[Looked]) -> None:
    missed = {str(each.path): (each.missed, each.reasons) for each in looked if each.missed}
    expected = sum(len(each.others.inside) for each in looked if each.at_the_door is None)
    lost = sum(len(names) for names, _ in missed.values())
    objects = sum(len(each.others.objects) for each in looked)
    print(
        f"\n{expected - lost} of {expected} files inside found; {objects} objects, {sum(each.without_file for each in looked)} of them without a file",
        missed,
    )

    assert expected - lost >= SHARE * expected


def test_each_refusal_is_right_in_kind(looked: list[Looked]) -> None:
    locked = [str(each.path) for each in looked if each.others.locked and not each.codes & {"file_encrypted", "inside:file_encrypted"}]
    wrong = {str(each.path): each.reasons for each in looked if each.wrongly_refused}
    print(f"\n{len(wrong)} refused that open elsewhere", wrong)

    assert locked == []
    assert len(wrong) <= 0.01 * len(looked)


def test_no_file_takes_longer_than_it_may(looked: list[Looked]) -> None:
    assert {str(each.path): each.seconds for each in looked if each.seconds > SECONDS} == {}


def test_a_sample_goes_through_the_whole_system(looked: list[Looked], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seed = request.config.getoption("--prove-seed") or random.SystemRandom().randrange(1 << 32)
    print(f"\nseed {seed}")
    chosen = random.Random(seed).sample(looked, min(SAMPLE, len(looked)))
    system = System(tmp_path / "data")
    system.start()
    try:
        sent: dict[str, Path] = {}
        for each in chosen:
            parts = [form_part(good_json(each.path.name)), attachment_part(each.path.read_bytes(), each.path.name)]
            answer = system.post("leverandor", parts)
            assert answer.status_code < 500, (each.path, answer.text)
            assert (answer.status_code == 202) == (each.at_the_door in (None, "type_mismatch")), (each.path, answer.text)
            if answer.status_code == 202:
                sent[answer.json()["reference"]] = each.path
        _wait_until_ended(system, sent)
        assert system.tracebacks() == []
    finally:
        system.stop()
    assert system.wait_until_gone() == []


def _wait_until_ended(system: System, sent: dict[str, Path]) -> None:
    client, waiting, deadline = system.client("leverandor"), dict(sent), time.monotonic() + 600
    while waiting:
        assert time.monotonic() < deadline, f"stuck: {waiting}"
        waiting = {reference: path for reference, path in waiting.items() if client.get(f"/api/v1/submissions/{reference}")["status"] not in ENDED}
        time.sleep(0.5)
