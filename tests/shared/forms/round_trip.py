"""Answers into a form, and out of it again the way a submission is read: in the box, recognised by its tags."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from services.shared.checking import Checking
from services.shared.forms import FormDefinition
from services.shared.sandbox import Box
from services.shared.scanner import NoScanner
from services.shared.settings import SCHEMAS
from services.validation.examine import Examination, File, Request, examine
from tests.shared.forms.small_forms import TODAY
from tests.shared.forms.strategies import answers_to


class Reader:
    """Reads forms in one box; `folder` takes the file that is read."""

    def __init__(self, checking: Checking, folder: Path) -> None:
        self._checking, self._path = checking, folder / "form"

    def read(self, data: bytes, kind: str) -> Examination:
        """What was found in a form."""
        self._path.write_bytes(data)
        result = examine(self._checking, Request([File("d", "form", f"skjema.{kind}", len(data), self._open)], None, None, TODAY, TODAY, None))
        result.discard()
        return result

    def answers(self, data: bytes, kind: str) -> dict[str, Any]:
        """Its answers; fails when the form could not be read."""
        result = self.read(data, kind)
        assert result.answers is not None, [finding.code for finding in result.findings]
        return result.answers

    def _open(self) -> BinaryIO:
        return self._path.open("rb")


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """A reader with a box of its own."""
    checking = Checking(SCHEMAS, NoScanner())
    checking.box = Box(checking.policy, folder / "scratch")
    with checking.box:
        yield Reader(checking, folder)


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is not the same, one line for each field."""
    return [f"{key}: {wanted.get(key)!r} became {found.get(key)!r}" for key in dict.fromkeys([*wanted, *found]) if wanted.get(key) != found.get(key)]


def random_answers(definition: FormDefinition, count: int, seed: int) -> list[dict[str, Any]]:
    """So many random answers to a form, the same for the same seed."""
    made: list[dict[str, Any]] = []

    @hypothesis.seed(seed)
    @settings(max_examples=count, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(answers_to(definition))
    def collect(answers: dict[str, Any]) -> None:
        made.append(answers)

    collect()
    return made


def for_paper(definition: FormDefinition, answers: dict[str, Any]) -> dict[str, Any]:
    """The answers as far as other programs can fill them into a PDF: as many rows as it has room for, and the basic plane of Unicode."""
    rows = {key: field.paper_rows for key, field in definition.fields.items() if field.type.shape == "rows"}
    fitting = {key: value[: rows[key]] if key in rows else value for key, value in answers.items()}
    plain: dict[str, Any] = json.loads(re.sub("[\U00010000-\U0010ffff]", "Ø", json.dumps(fitting, ensure_ascii=False)))
    return plain


def saved_by_libreoffice(documents: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
    """Word documents as LibreOffice writes them when it has opened and saved them, all in one call. Skips the test where there is none."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("no LibreOffice here (Debian package libreoffice-writer)")
    before, after = folder / "before", folder / "after"
    before.mkdir()
    for name, data in documents.items():
        (before / f"{name}.docx").write_bytes(data)
    command = [
        program,
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        "docx:MS Word 2007 XML",
        "--outdir",
        str(after),
    ]
    subprocess.run([*command, *map(str, sorted(before.iterdir()))], check=True, capture_output=True, timeout=60 + 10 * len(documents))
    return {name: (after / f"{name}.docx").read_bytes() for name in documents}
