"""What a document carries without showing it: an error where it may be published and is only covered, else a warning or nothing."""

from __future__ import annotations

import pytest

from services.shared import lifecycle
from services.validation.examine import Examination
from tests.corpora.covered import HIDDEN
from tests.corpora.parts import word, zipped
from tests.validation.conftest import Examine

COVERED = HIDDEN["black box over text"]()
COMMENTED = word('<w:p><w:del w:id="1" w:author="A"><w:r><w:delText>Pris</w:delText></w:r></w:del></w:p>')


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
