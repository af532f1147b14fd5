"""The sentences about files: each calls what it is about by its name."""

from __future__ import annotations

import pytest

from samples.builders import hostile_archives
from samples.content.people import identity_number
from tests.corpora import rare
from tests.validation.conftest import Examine


@pytest.mark.parametrize(
    ("data", "code", "name"),
    [
        (rare.zip_deflate64(), "type_not_allowed", "«a.zip/a.txt» er pakket"),
        (hostile_archives.zip_named(b"../b.txt"), "name_not_allowed", "«a.zip/b.txt»"),
        (hostile_archives.zip_of({"oppsett.exe": hostile_archives.PROGRAM}), "type_not_allowed", "«a.zip/oppsett.exe»"),
    ],
)
def test_a_member_that_is_refused_is_called_by_its_name(examined: Examine, data: bytes, code: str, name: str) -> None:
    (finding,) = [finding for finding in examined("a.zip", data, "restricted").findings if finding.severity == "error"]

    assert finding.code == code
    assert name in finding.message["nb"]


def test_a_number_in_the_name_of_what_is_refused_is_not_told(examined: Examine) -> None:
    number = identity_number()
    found = examined("a.zip", hostile_archives.zip_named(f"../{number}.txt".encode()), "restricted").findings

    assert not [finding for finding in found if number in finding.message["nb"]]
