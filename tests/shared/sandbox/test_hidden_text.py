"""Text under boxes in a PDF, and what Word keeps out of sight, is found; what can be seen is no false alarm."""

from __future__ import annotations

import pytest

from samples.builders.attachments import pdf_report
from services.shared.sandbox import Opened
from tests.corpora.covered import HIDDEN, HONEST
from tests.corpora.parts import paragraph, word, word_part
from tests.shared.sandbox.conftest import OpenBytes


def told(opened: Opened) -> list[tuple[str, str]]:
    return [(finding.code, str(finding.detail.get("pages") or finding.detail.get("what"))) for finding in opened.findings]


@pytest.mark.parametrize("what", HIDDEN)
def test_text_that_is_only_covered_is_found_with_its_page(what: str, open_bytes: OpenBytes) -> None:
    assert told(open_bytes(HIDDEN[what](), "a.pdf")) == [("redaction_not_real", "1")]


@pytest.mark.parametrize("what", HONEST)
def test_text_that_can_be_seen_is_not_hidden(what: str, open_bytes: OpenBytes) -> None:
    assert told(open_bytes(HONEST[what](), "a.pdf")) == []


def test_covered_text_does_not_come_back_in_what_is_told(open_bytes: OpenBytes) -> None:
    opened = open_bytes(HIDDEN["black box over text"](), "a.pdf")
    assert "48 000" not in repr((opened.findings, opened.documents))


def test_a_report_is_opened_without_a_word_about_covers(open_bytes: OpenBytes) -> None:
    assert told(open_bytes(pdf_report("Rapport", 5), "a.pdf")) == []


_RUN = "<w:p>%s<w:r><w:rPr>%s</w:rPr><w:t>Pris 48 000</w:t></w:r></w:p>"


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ('<w:p><w:del w:id="1" w:author="A"><w:r><w:delText>Pris</w:delText></w:r></w:del></w:p>', "deleted"),
        (_RUN % ("", "<w:vanish/>"), "hidden"),
        (_RUN % ("", '<w:color w:val="FFFFFF"/>'), "white"),
        (_RUN % ("", '<w:vanish w:val="0"/>'), None),
        (_RUN % ("", '<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="1F3864"/>'), None),
        (_RUN % ('<w:pPr><w:shd w:val="clear" w:fill="1F3864"/></w:pPr>', '<w:color w:val="FFFFFF"/>'), None),
        (f"<w:tbl><w:tr><w:tc>{_RUN % ('', chr(60) + 'w:color w:val=' + chr(34) + 'FFFFFF' + chr(34) + '/>')}</w:tc></w:tr></w:tbl>", None),
        ("<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr></w:p>", None),
        (paragraph("Pris"), None),
    ],
)
def test_what_word_does_not_show_is_told_by_kind(body: str, kinds: str | None, open_bytes: OpenBytes) -> None:
    assert told(open_bytes(word(body), "a.docx")) == ([("hidden_content", kinds)] if kinds else [])


def test_comments_and_the_rest_are_one_finding(open_bytes: OpenBytes) -> None:
    comments = word_part("comments", '<w:comment w:id="0">' + paragraph("Kan dette ut?") + "</w:comment>")
    body = _RUN % ("", "<w:vanish/>")
    assert told(open_bytes(word(body, {"word/comments.xml": comments}), "a.docx")) == [("hidden_content", "comments hidden")]
