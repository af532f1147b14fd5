"""``mottak check``: a form checked without a system, alone or many in one call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.command.main import main
from services.shared.forms import load_forms
from services.shared.forms.templates import make_template
from services.shared.sandbox import Box, BoxUnavailable
from services.shared.settings import SCHEMAS


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A form that nobody filled in, as Word and as PDF, and a file that is none."""
    definition = load_forms(SCHEMAS / "forms").newest("innspill")
    assert definition is not None
    made = {kind: tmp_path / f"skjema.{kind}" for kind in ("docx", "pdf")}
    for kind, path in made.items():
        path.write_bytes(make_template(definition, kind, "nb").data)
    made["broken"] = tmp_path / "avkuttet.docx"
    made["broken"].write_bytes(made["docx"].read_bytes()[:2000])
    return made


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def test_each_of_many_forms_is_told_of_as_if_it_were_checked_alone(files: dict[str, Path]) -> None:
    together = run("--json", "--each", *files.values())
    assert together.exit_code == 1
    alone = [{"file": str(file), **json.loads(run("--json", file).stdout)} for file in files.values()]
    assert json.loads(together.stdout) == alone
    assert [told["form_type"] for told in alone] == ["innspill", "innspill", None]


def test_without_each_the_other_files_are_attachments(files: dict[str, Path]) -> None:
    told = json.loads(run("--json", files["docx"], files["broken"]).stdout)
    assert told["form_type"] == "innspill"
    assert [error["code"] for error in told["errors"] if error["document"]] == ["file_corrupt"]


def test_for_people_every_form_ends_with_its_name_and_what_became_of_it(files: dict[str, Path]) -> None:
    lines = run("--each", "--language", "en", files["docx"], files["broken"]).stdout.splitlines()
    assert f"{files['docx']}: innspill: needs_correction" in lines
    assert lines[-1] == f"{files['broken']}: avkuttet.docx: needs_correction"


def test_where_no_box_can_be_had_it_could_not_check(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(box: Box) -> None:
        raise BoxUnavailable("this machine has no Landlock")

    monkeypatch.setattr(Box, "start", refuse)
    result = run(files["docx"])
    assert (result.exit_code, result.stderr) == (4, "Could not check: this machine has no Landlock\n")
