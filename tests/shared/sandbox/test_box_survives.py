"""What happens when a file, a child, the zygote or the worker goes wrong."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.shared.sandbox import Box, BoxCrashed, Opened, Policy
from services.shared.sandbox.confine import QUICK_SECONDS
from tests.corpora.parts import paragraph, word
from tests.shared.sandbox.conftest import OpenBytes, codes, incoming

SLOW = b"12345678901 " * 1_600_000
"""Text that takes seconds to search: every word looks like a fødselsnummer until its control digits are reckoned."""


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def children_of(box: Box) -> list[psutil.Process]:
    assert box.zygote_pid
    return [child for child in psutil.Process(box.zygote_pid).children() if is_alive(child)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def processor_seconds(process: psutil.Process) -> float:
    try:
        return float(process.cpu_times().user)
    except psutil.NoSuchProcess:
        return 0.0


def open_files(box: Box, *files: tuple[str, bytes], **options: object) -> Opened:
    with ExitStack() as stack:
        return box.open_submission([incoming(stack, f"d{number}", "attachment", name, data) for number, (name, data) in enumerate(files)], **options)


@pytest.fixture
def slow_in_background(own_box: Box) -> Iterator[Callable[[], BaseException | Opened]]:
    """A slow file is being opened in another thread; call to wait for what came of it."""
    found: list[BaseException | Opened] = []

    def work() -> None:
        try:
            found.append(open_files(own_box, ("slow.txt", SLOW)))
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: any(processor_seconds(child) > 0.1 for child in children_of(own_box)))  # only the file takes a child that long

    def result() -> BaseException | Opened:
        thread.join(60)
        return found[0]

    yield result
    thread.join(60)


def test_a_file_that_takes_too_long_is_named_and_the_others_are_opened(shared_box: Box, policy: Policy) -> None:
    limits = replace(policy.limits, wall_seconds_per_file=0.8)
    with open_files(shared_box, ("first.txt", b"en"), ("slow.txt", SLOW), ("last.txt", b"to"), limits=limits) as opened:
        assert [(finding.code, finding.document) for finding in opened.findings] == [("too_slow_to_open", "d1")]
        assert [document.media_type for document in opened.documents] == ["text/plain"] * 3
        assert [document.text_searched for document in opened.documents] == [True, False, True]
    assert not children_of(shared_box)


def test_a_file_that_burns_the_processor_is_stopped_by_the_kernel(shared_box: Box, policy: Policy) -> None:
    limits = replace(policy.limits, cpu_seconds_per_file=1, cpu_seconds=1)
    with open_files(shared_box, ("slow.txt", SLOW), ("last.txt", b"x"), limits=limits) as opened:
        assert [(finding.code, finding.document, finding.detail) for finding in opened.findings] == [("too_slow_to_open", "d0", {"reason": "time"})]
        assert opened.documents[-1].text_searched
    assert not children_of(shared_box)


def test_a_submission_that_takes_too_long_ends_with_every_file_answered(shared_box: Box, policy: Policy) -> None:
    limits = replace(policy.limits, wall_seconds=0.5)
    with open_files(shared_box, ("a.txt", SLOW), ("b.txt", SLOW), ("c.txt", SLOW), limits=limits) as opened:
        assert codes(opened) == ["too_slow_to_open"]
        assert {document.id for document in opened.documents} == {"d0", "d1", "d2"}


def test_a_file_that_eats_memory_is_named_and_the_others_are_opened(shared_box: Box, policy: Policy) -> None:
    big = word("".join(paragraph(f"linje {number}") for number in range(200_000)))
    limits = replace(policy.limits, memory_bytes=24 << 20)
    with open_files(shared_box, ("big.docx", big), ("small.txt", b"x"), limits=limits) as opened:
        assert [(finding.code, finding.document) for finding in opened.findings] == [("file_too_complex", "d0")]
        assert opened.documents[1].text_searched
    with open_files(shared_box, ("big.docx", big)) as opened:
        assert not opened.findings


def test_a_killed_child_is_blamed_on_its_file_and_the_box_goes_on(own_box: Box, slow_in_background: Callable[[], BaseException | Opened]) -> None:
    for child in children_of(own_box):
        child.kill()
    result = slow_in_background()
    assert isinstance(result, Opened)
    assert codes(result) == ["file_too_complex"]
    assert not open_files(own_box, ("a.txt", b"x")).findings


def test_a_killed_zygote_raises_a_crash_that_can_be_retried_and_the_next_call_works(
    own_box: Box, slow_in_background: Callable[[], BaseException | Opened]
) -> None:
    assert own_box.zygote_pid
    children = children_of(own_box)
    os.kill(own_box.zygote_pid, signal.SIGKILL)
    assert isinstance(slow_in_background(), BoxCrashed)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert not open_files(own_box, ("a.txt", b"x")).findings


def test_when_the_worker_dies_zygote_and_children_die_too(tmp_path: Path) -> None:
    (tmp_path / "slow.txt").write_bytes(SLOW)
    script = f"""
import os, sys, threading, time
from pathlib import Path
from services.shared.sandbox import Box, Incoming, Policy
box = Box(Policy.load(), Path({str(tmp_path / "scratch")!r}))
box.start()
print(box.zygote_pid, flush=True)
path = Path({str(tmp_path / "slow.txt")!r})
while True:
    with path.open("rb") as stream:
        box.open_submission([Incoming("a", "attachment", "slow.txt", stream, path.stat().st_size)]).discard()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        assert worker.stdout
        lines = (line for line in worker.stdout if line.strip().isdigit())
        zygote = psutil.Process(int(next(lines)))
        wait_until(lambda: bool(zygote.children()))
        family = [zygote, *zygote.children()]
        worker.kill()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive


def test_several_threads_open_at_once_but_not_more_than_the_policy_says(own_box: Box, policy: Policy) -> None:
    most = 0
    with ThreadPoolExecutor(8) as threads:
        results = [threads.submit(open_files, own_box, (f"slow{number}.txt", SLOW[:1_500_000]), (f"{number}.txt", b"x")) for number in range(8)]
        while not all(result.done() for result in results):
            most = max(most, len(children_of(own_box)))
            time.sleep(0.01)
    for number, result in enumerate(results):
        assert [document.name for document in result.result().documents] == [f"slow{number}.txt", f"{number}.txt"]
    assert 1 < most <= policy.limits.children
    assert not children_of(own_box)


def test_discarding_leaves_nothing_on_disk_and_the_workers_stream_where_it_was(shared_box: Box, open_bytes: OpenBytes) -> None:
    with ExitStack() as stack:
        file = incoming(stack, "a", "attachment", "a.txt", b"0123456789")
        file.stream.seek(3)
        with shared_box.open_submission([file]) as opened:
            assert opened.scratch.is_dir()
        assert file.stream.tell() == 3
    assert not opened.scratch.exists()


def test_two_hundred_attachments_are_opened_in_one_child(shared_box: Box) -> None:
    with open_files(shared_box, *((f"{number}.txt", b"x") for number in range(200))) as opened:
        assert [document.name for document in opened.documents] == [f"{number}.txt" for number in range(200)]
        assert not opened.findings


def test_a_large_part_that_was_sent_unpacked_is_no_bomb(policy: Policy, tmp_path: Path) -> None:
    raw = json.loads(policy.source)
    raw["opening"].update(package_part_bytes=100_000, package_bytes=200_000)
    small_limits = Policy.parse(json.dumps(raw))
    film = io.BytesIO(word(paragraph("x")))
    with zipfile.ZipFile(film, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("word/media/film.mp4", bytes(1_000_000))
    with Box(small_limits, tmp_path) as box:
        assert not open_files(box, ("a.docx", film.getvalue())).findings
        assert codes(open_files(box, ("a.docx", word(paragraph("x" * 300_000))))) == ["archive_too_large"]


def test_one_sender_has_half_of_the_places_and_another_goes_past_those_who_wait(own_box: Box, policy: Policy) -> None:
    half = policy.limits.children // 2
    with ThreadPoolExecutor(half + 1) as pool:
        slow = [pool.submit(open_files, own_box, ("slow.txt", SLOW), owner="organisation:1") for _ in range(half + 1)]
        wait_until(lambda: len(children_of(own_box)) == half)
        with open_files(own_box, ("note.txt", b"en tekst"), owner="organisation:2") as opened:
            assert codes(opened) == []
        assert sum(one.done() for one in slow) == 0
        assert len(children_of(own_box)) == half
        for one in slow:
            one.result().discard()


def test_a_child_that_takes_long_goes_behind_the_others_and_a_quick_one_does_not(own_box: Box) -> None:
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(open_files, own_box, ("slow.txt", SLOW))
        wait_until(lambda: len(children_of(own_box)) == 1)
        (child,) = children_of(own_box)
        priorities = {child.nice()}
        wait_until(lambda: priorities.add(child.nice()) or 15 in priorities)
        assert processor_seconds(child) >= QUICK_SECONDS / 2  # the rest was spent in the kernel
        assert priorities <= {0, 5, 15}
        slow.result().discard()
