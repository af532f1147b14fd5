"""A submission examined in a real box, without a system around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest

from services.shared.checking import Checking
from services.shared.sandbox import Box
from services.shared.scanner import NoScanner
from services.shared.settings import SCHEMAS
from services.validation.examine import Examination, File, Request, examine
from tests.end_to_end.material import good_json

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
