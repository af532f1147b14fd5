"""What a document carries without showing it: an error where it may be published and is only covered, else a warning or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest

from services.shared import lifecycle
from services.shared.checking import Checking
from services.shared.sandbox import Box
from services.shared.scanner import NoScanner
from services.shared.settings import SCHEMAS
from services.validation.examine import Examination, File, Request, examine
from tests.corpora.covered import HIDDEN
from tests.corpora.parts import word, zipped
from tests.end_to_end.material import good_json

COVERED = HIDDEN["black box over text"]()
COMMENTED = word('<w:p><w:del w:id="1" w:author="A"><w:r><w:delText>Pris</w:delText></w:r></w:del></w:p>')
Examine = Callable[[str, bytes, str], Examination]


def opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


@pytest.fixture
def examined(tmp_path: Path) -> Iterator[Examine]:
    checking = Checking(SCHEMAS, NoScanner())
    made: list[Examination] = []

    def run(name: str, data: bytes, access: str) -> Examination:
        files = []
        for number, (each, content) in enumerate({"skjema.json": good_json(), name: data}.items()):
            path = tmp_path / str(number)
            path.write_bytes(content)
            role = "attachment" if number else "form"
            files.append(File(each, role, each, len(content), opener(path), access))
        day = date(2026, 11, 22)
        made.append(examine(checking, Request(files, None, None, day, day, "drug_vendor")))
        return made[-1]

    with Box(checking.policy, tmp_path / "box") as box:
        checking.box = box
        yield run
    for result in made:
        result.discard()


def told(result: Examination) -> list[tuple[str, str, str | None]]:
    return [(finding.code, finding.severity, finding.document) for finding in result.findings]


@pytest.mark.parametrize(
    ("name", "access", "severity", "status"),
    [
        ("rapport.pdf", "restricted", "warning", lifecycle.ACCEPTED),
        ("rapport.pdf", "internal", "warning", lifecycle.ACCEPTED),
        ("rapport.pdf", "public", "error", lifecycle.NEEDS_CORRECTION),
        ("Rapport SLADDET.pdf", "restricted", "error", lifecycle.NEEDS_CORRECTION),
        ("rapport_redacted.pdf", "restricted", "error", lifecycle.NEEDS_CORRECTION),
    ],
)
def test_covered_text_stops_what_may_be_published_and_warns_elsewhere(name: str, access: str, severity: str, status: str, examined: Examine) -> None:
    result = examined(name, COVERED, access)
    assert told(result) == [("redaction_not_real", severity, name)]
    assert result.status == status
    for language in ("nb", "nn", "en"):
        assert name in result.findings[0].message[language]
        assert "1" in result.findings[0].message[language]


def test_it_is_found_inside_a_zip_too_by_the_name_it_has_there(examined: Examine) -> None:
    result = examined("vedlegg.zip", zipped({"rapport.pdf": COVERED, "rapport sladdet.pdf": COVERED}), "restricted")
    assert [(finding.code, finding.severity) for finding in result.findings] == [("redaction_not_real", "warning"), ("redaction_not_real", "error")]


def test_what_word_does_not_show_is_a_warning_in_a_public_document_and_nothing_elsewhere(examined: Examine) -> None:
    assert told(examined("notat.docx", COMMENTED, "restricted")) == []
    public = examined("notat.docx", COMMENTED, "public")
    assert told(public) == [("hidden_content", "warning", "notat.docx")]
    assert public.status == lifecycle.ACCEPTED
    assert "slettet tekst" in public.findings[0].message["nb"]
    assert "sletta tekst" in public.findings[0].message["nn"]
    assert "deleted text" in public.findings[0].message["en"]
