"""The scanner: what a real clamd says of real bytes, and what we make of every answer that a server could give."""

from __future__ import annotations

import io
import json
import random
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from samples.builders.attachments import pdf_report
from samples.builders.bombs import many_entries
from samples.builders.hostile_archives import password_zip
from samples.builders.hostile_office import letter, with_macros
from samples.builders.repack import with_members
from samples.builders.sealed import encrypted_office, encrypted_pdf
from services.command.servers.clamd import Clamd, configuration, eicar, marker
from services.shared.clamd import ClamdScanner, longest_stream
from services.shared.ends import open_scanner
from services.shared.sandbox import Policy
from services.shared.scanner import CLEAN, INFECTED, NOT_SCANNED, ScannerUnavailable, Verdict
from services.shared.settings import Settings
from services.shared.words import has
from tests.shared.vba import vba_project


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


# A real clamd


def scan(server: Clamd, data: bytes) -> Verdict:
    return server.scanner().scan(io.BytesIO(data))


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"an ordinary text", random.Random(1).randbytes(5_000_000), zipped(("a.txt", b"text"))],
    ids=["empty", "x", "text", "5MB", "zip"],
)
def test_an_ordinary_file_is_clean(clamd: Clamd, data: bytes) -> None:
    assert scan(clamd, data) == Verdict(CLEAN)


@pytest.mark.parametrize(
    "data",
    [
        eicar(),
        b"text before " + marker() + b" and after",
        zipped(("inside.txt", eicar())),
        zipped(("inside.zip", zipped(("deeper.txt", marker())))),
        random.Random(2).randbytes(3_000_000) + marker(),
    ],
    ids=["eicar", "marker", "zip", "zip in zip", "at the end of 3 MB"],
)
def test_malware_is_found_and_named(clamd: Clamd, data: bytes) -> None:
    verdict = scan(clamd, data)
    assert verdict.scan == INFECTED
    assert verdict.note is not None
    assert "Mottak." in verdict.note


@pytest.mark.parametrize(
    "sealed", [password_zip, lambda: encrypted_pdf(pdf_report("Rapport", 1)), lambda: encrypted_office(letter())], ids=["zip", "pdf", "word"]
)
def test_an_encrypted_file_is_not_scanned_and_not_clean(clamd: Clamd, sealed: Callable[[], bytes]) -> None:
    assert scan(clamd, sealed()) == Verdict(NOT_SCANNED, "scan.encrypted")


def test_a_document_with_macros_is_not_clean(clamd: Clamd) -> None:
    with_project = with_members(with_macros(letter()), {"word/vbaProject.bin": vba_project()})
    assert scan(clamd, with_project) == Verdict(NOT_SCANNED, "scan.macros")


def test_what_exceeds_the_limits_inside_an_archive_is_not_scanned(tmp_path: Path) -> None:
    with small(tmp_path) as server:
        assert scan(server, zipped(("large.bin", bytes(2_000_000)))) == Verdict(NOT_SCANNED, "scan.limits")


def test_a_file_longer_than_clamd_takes_is_not_scanned_whoever_notices_first(tmp_path: Path) -> None:
    with small(tmp_path) as server:
        data = random.Random(3).randbytes(1_500_000)
        assert scan(server, data) == Verdict(NOT_SCANNED, "scan.too_large")
        # A client that believes the limit to be higher is told by clamd, as an answer or by a broken connection: the first tells why, the second waits.
        verdicts = set()
        for _ in range(10):
            try:
                verdicts.add(ClamdScanner(server.address, longest_stream=10**9).scan(io.BytesIO(data)))
            except ScannerUnavailable:
                verdicts.add(Verdict("waits"))
        assert verdicts <= {Verdict(NOT_SCANNED, "scan.too_large"), Verdict("waits")}


def test_a_bomb_holds_the_scanner_no_longer_than_the_policy_says_and_is_not_scanned(tmp_path: Path) -> None:
    # Fifty thousand entries cost clamd minutes, though they are a few megabytes and hold nothing.
    with small(tmp_path, largest=30_000_000, scan_seconds=1) as server:
        assert scan(server, many_entries(50_000)) == Verdict(NOT_SCANNED, "scan.limits")
        assert scan(server, marker()).scan == INFECTED


@contextmanager
def small(folder: Path, *, largest: int = 1_000_000, scan_seconds: int = 60) -> Iterator[Clamd]:
    """A clamd of its own whose policy lets in so many bytes, and looks for so long."""
    limits = json.loads(Policy.load().source)
    for section in ("sizes", "opening"):
        limits[section] |= {name: largest for name in limits[section] if name.endswith("_bytes")}
    limits["limits"]["scan_seconds"] = scan_seconds
    server = Clamd(folder / "clamd", Policy.parse(json.dumps(limits)))
    server.start()
    try:
        yield server
    finally:
        server.process.kill()


def test_a_scanner_that_is_down_delays_and_comes_back(tmp_path: Path) -> None:
    with small(tmp_path) as server:
        scanner = server.scanner()
        assert scanner.scan(io.BytesIO(b"fine")) == Verdict(CLEAN)
        server.process.kill()
        with pytest.raises(ScannerUnavailable):
            scanner.scan(io.BytesIO(b"fine"))
        with pytest.raises(ScannerUnavailable):
            scanner.answers()
        server.start()
        assert scanner.scan(io.BytesIO(eicar())).scan == INFECTED


def test_many_files_at_a_time_each_get_their_own_verdict(clamd: Clamd) -> None:
    scanner = clamd.scanner()
    wrong: list[int] = []

    def ask(number: int) -> None:
        bad = number % 3 == 0
        data = random.Random(number).randbytes(50_000) + (marker() if bad else b"")
        if (scanner.scan(io.BytesIO(data)).scan == INFECTED) != bad:
            wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_clamd_takes_every_file_that_the_policy_lets_in(tmp_path: Path) -> None:
    policy = Policy.load()
    told = dict(line.split(" ", 1) for line in configuration(policy, tmp_path, 1).splitlines())
    for largest in (policy.sizes.multipart_file_bytes, policy.sizes.upload_file_bytes, policy.sizes.form_bytes, policy.opening.member_bytes):
        assert largest <= longest_stream(policy) == int(told["StreamMaxLength"]) == int(told["MaxFileSize"]) <= int(told["MaxScanSize"])
    assert int(told["MaxScanTime"]) == policy.limits.scan_seconds * 1000
    assert longest_stream(policy) < 2**31, "clamd cannot look into larger files"
    assert {told[name] for name in ("AlertExceedsMax", "AlertEncrypted", "AlertEncryptedArchive", "AlertEncryptedDoc", "AlertOLE2Macros")} == {"yes"}


def test_no_file_of_the_project_holds_what_scanners_look_for() -> None:
    root = Path(__file__).resolve().parents[2]  # compiled files too: the compiler must not have put the parts together
    for folder in ("services", "tests", "samples", "schemas", "docs"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and path.stat().st_size < 5_000_000:
                data = path.read_bytes()
                assert eicar() not in data, path
                assert marker() not in data, path


# A server that says what we tell it to


class Scripted:
    """Listens where clamd would. ``act`` is what it does with one connection."""

    def __init__(self, act: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._act = act
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        link, _ = self._listener.accept()
        with link, suppress(OSError):
            self._act(link)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


def take_all(link: socket.socket) -> bytes:
    """The whole stream, as clamd reads it."""
    reader = link.makefile("rb")
    assert reader.read(10) == b"zINSTREAM\0"
    data = b""
    while length := int.from_bytes(reader.read(4), "big"):
        data += reader.read(length)
    return data


def says(answer: bytes) -> Callable[[socket.socket], None]:
    def act(link: socket.socket) -> None:
        take_all(link)
        link.sendall(answer)

    return act


def ask(act: Callable[[socket.socket], None], data: bytes = b"some bytes", *, seconds: float = 5.0) -> Verdict:
    server = Scripted(act)
    try:
        return ClamdScanner(server.address, longest_stream=10_000_000, scan_seconds=seconds).scan(io.BytesIO(data))
    finally:
        server.close()


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("stream: OK", Verdict(CLEAN)),
        ("stream: Win.Test.EICAR_HDB-1 FOUND", Verdict(INFECTED, "Win.Test.EICAR_HDB-1")),
        ("stream: PUA.Win.Packer-1(hash:5) FOUND", Verdict(INFECTED, "PUA.Win.Packer-1(hash:5)")),
        ("stream: Heuristics.Phishing.Email FOUND", Verdict(INFECTED, "Heuristics.Phishing.Email")),
        ("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", Verdict(NOT_SCANNED, "scan.limits")),
        ("stream: Heuristics.Limits.Exceeded.MaxScanTime FOUND", Verdict(NOT_SCANNED, "scan.limits")),
        ("stream: Heuristics.Encrypted.PDF FOUND", Verdict(NOT_SCANNED, "scan.encrypted")),
        ("stream: Heuristics.OLE2.ContainsMacros.VBA FOUND", Verdict(NOT_SCANNED, "scan.macros")),
        ("INSTREAM size limit exceeded. ERROR", Verdict(NOT_SCANNED, "scan.too_large")),
    ],
)
def test_each_answer_of_clamd_has_one_meaning(answer: str, verdict: Verdict) -> None:
    assert ask(says(answer.encode() + b"\0")) == verdict
    if verdict.scan == NOT_SCANNED:
        assert verdict.note is not None
        assert has(verdict.note)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"stream: OK",  # cut off before its end: what follows could have been anything
        b"stream: OK\n\0",
        b"stream: ok\0",
        b" stream: OK\0",
        b"stream: OK \0",
        b"OK\0",
        b"stream: OK\0stream: OK\0",
        b"stream: OK\0stream: Evil FOUND\0",
        b"stream: Evil FOUND\0stream: OK\0",
        b"stream: \0",
        b"stream:  FOUND\0",
        b"stream: Evil\0",
        b"stream: Evil ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"stream: Time limit reached ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"PONG\0",
        b"\xff\xfe\x00stream: OK\0",
        b"stream: OK" + b"K" * 10_000 + b"\0",
        b"HTTP/1.1 200 OK\r\n\r\n\0",
    ],
)
def test_any_other_answer_is_no_verdict(answer: bytes) -> None:
    with pytest.raises(ScannerUnavailable):
        ask(says(answer))


def test_a_server_that_closes_at_once_or_in_the_middle_gives_no_verdict() -> None:
    def in_the_middle(link: socket.socket) -> None:
        link.recv(100_000)

    for act in (lambda link: None, in_the_middle):
        with pytest.raises(ScannerUnavailable):
            ask(act, bytes(5_000_000))


def test_an_answer_that_came_before_the_whole_file_says_nothing_of_it() -> None:
    answered, asked = threading.Event(), threading.Event()

    def early(link: socket.socket) -> None:
        link.sendall(b"stream: OK\0")
        answered.set()
        asked.wait(5)
        take_all(link)

    class Waits(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            answered.wait(5)
            return super().read(size)

    server = Scripted(early)
    try:
        with pytest.raises(ScannerUnavailable):
            ClamdScanner(server.address, longest_stream=1000, connect_seconds=0.3).scan(Waits(b"a file"))
    finally:
        asked.set()
        server.close()


def test_a_server_that_hangs_is_given_up() -> None:
    done = threading.Event()

    def hangs_before(link: socket.socket) -> None:
        done.wait(10)

    def hangs_after(link: socket.socket) -> None:
        take_all(link)
        link.sendall(b"stream: ")
        done.wait(10)

    def drips(link: socket.socket) -> None:
        take_all(link)
        while not done.wait(0.05):
            link.sendall(b"x")

    for act, data in ((hangs_before, bytes(9_000_000)), (hangs_after, b"small"), (drips, b"small")):
        done.clear()
        server = Scripted(act)
        try:
            with pytest.raises(ScannerUnavailable):
                ClamdScanner(server.address, longest_stream=10_000_000, scan_seconds=0.4).scan(io.BytesIO(data))
        finally:
            done.set()
            server.close()


def test_nobody_there_is_no_verdict() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    for nobody in (address, "/nowhere/clamd.sock"):
        with pytest.raises(ScannerUnavailable):
            ClamdScanner(nobody, longest_stream=10).scan(io.BytesIO(b"x"))


def test_the_settings_name_the_scanner(tmp_path: Path, clamd: Clamd) -> None:
    policy = Policy.load()

    def named(scanner: str) -> Settings:
        return Settings(data=tmp_path, database_url="", public_url="", scanner=scanner)

    assert open_scanner(named("none"), policy).passes_unscanned
    chosen = open_scanner(named(f"clamd:{clamd.address}"), policy)
    assert chosen.scan(io.BytesIO(eicar())).scan == INFECTED
    assert not chosen.passes_unscanned
    with pytest.raises(ValueError, match="no such scanner"):
        open_scanner(named("clamd"), policy)
