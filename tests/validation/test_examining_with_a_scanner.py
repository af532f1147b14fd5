"""Examining on the real ends: files on an S3 server, a real clamd. What is not clean is never accepted, and each file is fetched once."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from samples.builders import bombs
from samples.builders.attachments import pdf_report
from samples.builders.hostile_archives import password_zip, zip_of
from services.command.servers.clamd import Clamd, eicar, marker
from services.shared import lifecycle
from services.shared.checking import Checking
from services.shared.looking import REFUSED
from services.shared.objects.s3 import S3Objects
from services.shared.sandbox import Box
from services.shared.scanner import CLEAN, INFECTED, NOT_SCANNED, ScannerUnavailable, Verdict
from services.shared.settings import SCHEMAS
from services.validation.examine import Examination, File, Request, examine
from tests.end_to_end.material import good_json

Examine = Callable[..., Examination]


@pytest.fixture
def checking(clamd: Clamd, tmp_path: Path) -> Iterator[Checking]:
    ready = Checking(SCHEMAS, clamd.scanner())
    with Box(ready.policy, tmp_path / "box") as box:
        ready.box = box
        yield ready


@pytest.fixture
def examined(checking: Checking, bucket: S3Objects) -> Iterator[Examine]:
    """A good form with attachments by name, put on the server and examined."""
    made: list[Examination] = []

    def run(**attachments: bytes) -> Examination:
        sent = {"skjema.json": good_json(), **{name.replace("_", "."): data for name, data in attachments.items()}}
        files = []
        for name, data in sent.items():
            bucket.put(f"incoming/{name}", io.BytesIO(data))
            role = "form" if name == "skjema.json" else "attachment"
            files.append(File(name, role, name, len(data), partial(bucket.file, f"incoming/{name}")))
        day = date(2026, 11, 22)
        made.append(examine(checking, Request(files, None, None, day, day, "drug_vendor")))
        return made[-1]

    yield run
    for result in made:
        result.discard()


def test_clean_files_are_accepted_and_fetched_once_each(examined: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Counter[str] = Counter()
    send = HTTPConnection.putrequest

    def counting(connection: HTTPConnection, method: str, *arguments: Any, **options: Any) -> None:
        counted[method] += 1
        send(connection, method, *arguments, **options)

    monkeypatch.setattr(HTTPConnection, "putrequest", counting)
    result = examined(rapport_pdf=pdf_report("Rapport", 1), pakke_zip=zip_of({"inni.txt": b"en vanlig tekst"}))
    assert result.status == lifecycle.ACCEPTED, result.findings
    assert {verdict.scan for verdict in result.verdicts.values()} == {CLEAN}
    assert counted == {"PUT": 3, "GET": 3}


@pytest.mark.parametrize("malware", [eicar(), b"text with " + marker()], ids=["eicar", "marker"])
def test_malware_in_an_attachment_quarantines_and_nothing_of_it_is_kept(examined: Examine, malware: bytes) -> None:
    result = examined(notat_txt=malware)
    assert result.status == lifecycle.QUARANTINED
    assert result.verdicts["notat.txt"].scan == INFECTED
    assert "notat.txt" not in [document.id for document in result.documents]


def test_malware_deep_inside_an_attachment_quarantines(examined: Examine) -> None:
    result = examined(pakke_zip=zip_of({"dypere.zip": zip_of({"notat.txt": marker()})}))
    assert result.status == lifecycle.QUARANTINED
    assert result.verdicts["pakke.zip"].scan == INFECTED


def test_what_cannot_be_scanned_is_never_accepted(examined: Examine) -> None:
    result = examined(laast_zip=password_zip())
    assert result.verdicts["laast.zip"].scan == NOT_SCANNED
    assert result.status != lifecycle.ACCEPTED


BURNING: dict[str, Callable[[], bytes]] = {
    "more than may be unpacked": lambda: bombs.zero_bomb(2 << 30),
    "more than it says": lambda: bombs.zero_bomb(1 << 30, declared=1 << 20),
    "more files than may be": bombs.many_entries,
    "deeper than may be": lambda: bombs.quine_like_chain(8),
}


@pytest.mark.parametrize("what", BURNING)
def test_what_unpacks_without_end_is_refused_and_never_given_to_the_scanner(
    what: str, examined: Examine, checking: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    scan = checking.scanner.scan
    monkeypatch.setattr(checking.scanner, "scan", lambda stream: given.append(stream) or scan(stream))
    result = examined(pakke_zip=BURNING[what](), notat_txt=b"en vanlig tekst")
    assert result.status in (lifecycle.QUARANTINED, lifecycle.NEEDS_CORRECTION)
    assert {finding.code for finding in result.findings} <= checking.policy.unscanned_after
    verdicts = {document.name: result.verdicts[document.id] for document in result.documents if document.role != "extracted"}
    assert verdicts == {"skjema.json": Verdict(CLEAN), "pakke.zip": REFUSED, "notat.txt": Verdict(CLEAN)}
    assert len(given) == 2


def test_nothing_of_an_infected_file_is_told_but_that_it_is(examined: Examine) -> None:
    result = examined(pakke_zip=zip_of({"notat.txt": marker(), "laast.zip": password_zip()}))
    assert [(finding.code, finding.document) for finding in result.findings if finding.severity == "error"] == [("file_infected", "pakke.zip")]
    assert {document.id for document in result.documents} == {"skjema.json"}


def test_without_its_scanner_nothing_is_examined(examined: Examine, checking: Checking, clamd: Clamd) -> None:
    clamd.process.kill()
    try:
        with pytest.raises(ScannerUnavailable):
            examined(rapport_pdf=pdf_report("Rapport", 1))
    finally:
        clamd.start()
    assert examined(rapport_pdf=pdf_report("Rapport", 1)).status == lifecycle.ACCEPTED
