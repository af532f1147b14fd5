"""Every file of the corpora through the real box."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from services.shared.sandbox import Box, Policy
from services.shared.sandbox.identity import HEAD_BYTES
from tests.corpora.accept import ACCEPT
from tests.corpora.case import Case
from tests.corpora.make import make
from tests.corpora.reject import REJECT
from tests.shared.sandbox.conftest import OpenBytes, codes, incoming


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    make(folder)
    return folder


@pytest.mark.parametrize("case", ACCEPT, ids=lambda case: case.what)
def test_an_honest_file_is_opened_without_a_finding_and_with_all_that_is_in_it(
    case: Case, corpora: Path, policy: Policy, open_bytes: OpenBytes
) -> None:
    data = case.path(corpora).read_bytes()

    assert policy.refusal(case.role, case.file_name, data[:HEAD_BYTES]) is None
    opened = open_bytes(data, case.file_name, case.role)

    assert list(opened.findings) == []
    assert {document.path for document in opened.documents if document.parent} == set(case.inside)
    for document in opened.documents:
        assert (document.scratch_file is None) == (document.parent is None)
        if document.scratch_file:
            assert document.scratch_file.stat().st_size == document.size


@pytest.mark.parametrize("case", REJECT, ids=lambda case: case.what)
def test_a_bad_file_gets_its_code(case: Case, corpora: Path, open_bytes: OpenBytes) -> None:
    opened = open_bytes(case.path(corpora).read_bytes(), case.file_name, case.role)

    assert codes(opened) == [case.code]
    known = {document.id for document in opened.documents}
    assert all(finding.document in known for finding in opened.findings)


def test_one_bad_file_does_not_hide_the_others(corpora: Path, shared_box: Box) -> None:
    with ExitStack() as stack:
        cases = [*REJECT[:8], *ACCEPT[:4]]
        files = [incoming(stack, f"d{number}", case.role, case.file_name, case.path(corpora).read_bytes()) for number, case in enumerate(cases)]
        opened = stack.enter_context(shared_box.open_submission(files))

    for number, case in enumerate(cases):
        found = {finding.code for finding in opened.findings if finding.document.split("/")[0] == f"d{number}"}
        assert found == ({case.code} if case.code else set()), case.what


def test_there_are_enough_hostile_files_and_every_code_of_a_reader_is_tried() -> None:
    from services.shared.sandbox import Policy

    found_elsewhere = {
        "file_infected",
        "file_too_large",
        "form_not_recognised",
        "hidden_content",
        "redaction_not_real",
        "national_identity_number",
        "too_slow_to_open",
    }
    assert len(REJECT) >= 25
    assert {case.code for case in REJECT} == Policy.load().outcomes.keys() - found_elsewhere
