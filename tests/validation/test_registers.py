"""The register of methods and decisions: the secretariat imports a workbook, and forms are checked against the one in force, when handed in and in a check."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
from sqlalchemy import update

from samples.builders.hostile_archives import zip_of
from samples.builders.json_form import json_form
from samples.builders.spreadsheet import workbook
from samples.content import medicines
from samples.content.requests import anmodning, revurdering
from samples.register import HEADINGS, register
from samples.sample import definition
from services.command.up import Running, running
from services.shared import timestamps
from services.shared.events import story_of
from services.shared.models import register_imports
from tests.end_to_end.material import TODAY
from tests.end_to_end.system import free_port

REGISTER_CHECKS = {"original-method-exists", "earlier-decision-exists", "decision-date-matches-register"}
PATH = "/api/v1/registers/methods"


class Secretariat:
    """Imports and looks, and sends forms as the demo supplier."""

    def __init__(self, system: Running) -> None:
        self.system = system
        self._indications = iter(range(1000))

    def call(self, who: str, method: str, path: str, **sent: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.system.issuer.token(who)}", "Accept-Language": "nb"}
        return requests.request(method, self.system.settings.public_url + path, headers=headers, timeout=60, **sent)

    def post(self, data: bytes, name: str = "metoder.xlsx", *, who: str = "sekretariat") -> requests.Response:
        return self.call(who, "post", f"{PATH}/imports", files={"file": (name, data)})

    def import_(self, data: bytes, name: str = "metoder.xlsx") -> dict[str, Any]:
        """An import, when it has been read."""
        answer = self.post(data, name)
        assert answer.status_code == 202, answer.text
        deadline = time.monotonic() + 60
        while (found := self.call("sekretariat", "get", answer.json()["links"]["self"]).json())["state"] == "pending":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return dict(found)

    def in_force(self) -> Any:
        return self.call("sekretariat", "get", PATH).json()["in_force"]

    def check(self, form: bytes) -> dict[str, Any]:
        return dict(self.call("leverandor", "post", "/api/v1/checks", files={"form": ("skjema.json", form)}).json())

    def submit(self, form: bytes) -> dict[str, Any]:
        answer = self.call("leverandor", "post", "/api/v1/submissions", files={"form": ("skjema.json", form)}).json()
        deadline = time.monotonic() + 60
        while (view := self.call("leverandor", "get", answer["links"]["self"]).json())["status"] in ("received", "checking"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return dict(view)

    def form(self, method_id: str, **changes: Any) -> bytes:
        """A revurdering that nobody else has sent."""
        indication = f"{medicines.MYASTEROL.indication} Register {next(self._indications)}."
        return json_form(definition("revurdering"), revurdering(medicines.MYASTEROL, TODAY, method_id, indication=indication, **changes))

    def age(self, days: int) -> None:
        """Let everything that was imported have been so many days ago."""
        with self.system.context.database.write() as tx:
            tx.execute(update(register_imports).values(confirmed_at=timestamps.later(timestamps.now(), -days * 86400.0)))

    def mottak(self, *arguments: str, token: str | None = None, url: str | None = None) -> subprocess.CompletedProcess[str]:
        """The command, in a process of its own."""
        environment = {"MOTTAK_URL": url or self.system.settings.public_url, "MOTTAK_TOKEN": token or self.system.issuer.token("sekretariat")}
        command = [sys.executable, "-c", "from services.command.main import main; main()", *arguments]
        return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def nothing_imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secretariat]:
    with running(tmp_path_factory.mktemp("without") / "data", port=free_port()) as system:
        yield Secretariat(system)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secretariat]:
    with running(tmp_path_factory.mktemp("registers") / "data", port=free_port()) as system:
        yield Secretariat(system)


@pytest.fixture
def imported(desk: Secretariat) -> Secretariat:
    """With the sample register in force, new."""
    assert desk.import_(register(TODAY))["state"] == "in_force"
    return desk


def codes(view: dict[str, Any], severity: str = "error") -> set[str]:
    return {error["code"] for error in view["errors"] if error["severity"] == severity}


def test_without_a_register_its_checks_are_skipped_and_listed(nothing_imported: Secretariat) -> None:
    form = nothing_imported.form("ID2013_999")
    assert set(nothing_imported.check(form)["skipped"]) >= REGISTER_CHECKS
    assert nothing_imported.submit(form)["status"] in ("accepted", "routed")
    shown = nothing_imported.call("sekretariat", "get", PATH).json()
    assert (shown["in_force"], shown["latest"], shown["is_fresh"]) == (None, None, False)
    assert nothing_imported.mottak("register", "show").returncode == 1


def test_a_form_that_agrees_with_the_register_goes_through_and_nothing_of_the_register_is_skipped(imported: Secretariat) -> None:
    form = imported.form("ID2022_041")
    checked = imported.check(form)
    assert codes(checked) == set()
    assert set(checked["skipped"]).isdisjoint(REGISTER_CHECKS)
    assert imported.submit(form)["status"] in ("accepted", "routed")


@pytest.mark.parametrize(
    ("method_id", "changes", "found"),
    [
        ("ID2013_999", {}, {"original-method-exists", "earlier-decision-exists"}),
        ("ID2024_150", {}, {"earlier-decision-exists"}),  # a method that waits for its decision: gate G3
        ("ID2021_077", {"previous_decision_date": (TODAY - timedelta(days=699)).isoformat()}, {"decision-date-matches-register"}),
        ("ID2022_041", {"previous_decision_date": (TODAY - timedelta(days=699)).isoformat()}, set()),  # it has a row whose day is not known
    ],
)
def test_each_check_of_the_register_fires_when_handed_in_and_in_a_check(
    imported: Secretariat, method_id: str, changes: dict[str, Any], found: set[str]
) -> None:
    form = imported.form(method_id, **changes)
    checked, view = imported.check(form), imported.submit(form)
    assert codes(checked) == codes(view) == found
    assert checked["status"] == ("needs_correction" if found else "accepted")
    assert view["status"] == "needs_correction" if found else view["status"] in ("accepted", "routed")
    assert view["complete_at"] is None if found else view["complete_at"]


def test_gate_g3_is_named_in_the_story_when_there_is_no_earlier_decision(imported: Secretariat) -> None:
    view = imported.submit(imported.form("ID2024_150"))
    with imported.system.context.database.read() as tx:
        told = [event for event in story_of(tx, view["id"]) if event.type == "submission.needs_correction"]
    assert told[0].data["gates"] == ["G3"]


def test_a_new_price_alone_needs_no_earlier_decision(imported: Secretariat) -> None:
    form = imported.form(
        "ID2024_150", price_only=True, new_clinical_data=None, new_clinical_data_details=None, new_data_type=None, new_data_since=None
    )
    assert codes(imported.check(form)) == set()


def test_related_methods_that_are_not_in_the_register_are_a_warning(imported: Secretariat) -> None:
    answers = anmodning(medicines.ZELOPSA, TODAY, substance_previously_assessed=True, related_method_ids=["ID2016_014A", "ID2013_999"])
    checked = imported.check(json_form(definition("anmodning"), answers))
    assert [(error["pointer"], error["severity"]) for error in checked["errors"] if error["code"] == "related-methods-exist"] == [
        ("/related_method_ids/1", "warning")
    ]


def test_a_register_imported_more_than_60_days_ago_only_warns_until_it_is_confirmed(imported: Secretariat) -> None:
    form = imported.form("ID2024_150")
    imported.age(60)
    assert codes(imported.check(form)) == {"earlier-decision-exists"}
    imported.age(61)
    checked = imported.check(form)
    assert (codes(checked), checked["status"]) == (set(), "accepted")
    assert "earlier-decision-exists" in codes(checked, "warning")
    assert imported.call("sekretariat", "get", PATH).json()["is_fresh"] is False
    imported.import_(register(TODAY))
    assert codes(imported.check(form)) == {"earlier-decision-exists"}


def test_the_workbook_in_force_is_not_imported_twice(imported: Secretariat) -> None:
    before = imported.in_force()
    again = imported.import_(register(TODAY), "lastet ned på nytt.xlsx")
    assert again["id"] == before["id"]
    assert again["confirmed_at"] > before["confirmed_at"]
    assert again["imported_at"] == before["imported_at"]


def test_the_newest_import_is_in_force_and_an_older_workbook_can_come_back(imported: Secretariat) -> None:
    first = imported.in_force()
    other = imported.import_(workbook("Ark", [HEADINGS, ("2022_041", "", "", "", "", "", 0, "Innført", "")]))
    assert (other["state"], other["rows"]) == ("in_force", 1)
    assert imported.call("sekretariat", "get", first["links"]["self"]).json()["state"] == "replaced"
    assert codes(imported.check(imported.form("ID2021_077"))) == {"original-method-exists", "earlier-decision-exists"}
    back = imported.import_(register(TODAY))
    assert back["state"] == "in_force"
    assert back["id"] not in (first["id"], other["id"])


def test_rows_that_cannot_be_used_are_told_and_the_rest_is_in_force(desk: Secretariat) -> None:
    rows = [
        ("Oversikt",),
        HEADINGS,
        ("2022_041", "", "", "", "", "", 45_000, "Innført", ""),
        ("22-41", "", "", "", "", "", 0, "", ""),
        ("", "x", "", "", "", "", 0, "", ""),
    ]
    found = desk.import_(workbook("Ark", rows))
    assert (found["state"], found["rows"], found["refused_rows"]) == ("in_force", 1, 2)
    assert [(row["row"], row["code"]) for row in found["refused"]] == [(4, "malformed"), (5, "missing")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbook("Ark", [("Noe", "helt", "annet"), ("1", "2", "3")]), "register_heading_missing"),
        (workbook("Ark", [HEADINGS[:6], ("2022_041", "", "", "", "", "")]), "register_columns_missing"),
        (workbook("Ark", [HEADINGS]), "register_without_rows"),
        (register(TODAY)[:-400], "file_corrupt"),
        (zip_of({"metoder.txt": b"2022_041"}), "register_not_a_workbook"),
    ],
)
def test_a_workbook_of_which_nothing_can_be_used_changes_nothing(imported: Secretariat, data: bytes, code: str) -> None:
    before = imported.in_force()
    found = imported.import_(data)
    assert (found["state"], found["refusal"]["code"]) == ("refused", code)
    assert found["refusal"]["message"]
    assert imported.in_force() == before
    assert imported.call("sekretariat", "get", PATH).json()["latest"]["id"] == found["id"]


def test_what_people_save_in_excel_is_read(desk: Secretariat) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Beslutninger"])
    sheet = book.create_sheet("Alle metoder")
    for row in [
        ("Hentet i dag",),
        (),
        HEADINGS,
        ("ID2022_041", "stoff", None, "æøå «»", None, None, TODAY - timedelta(days=700), "Innført", "Lang\ntekst"),
    ]:
        sheet.append(row)
    sheet.append(["ID2021_077", None, None, None, None, None, 0, "Innført"])
    sheet.cell(sheet.max_row, 7).number_format = "dd.mm.yyyy"
    sheet.merge_cells("A1:I1")
    buffer = io.BytesIO()
    book.save(buffer)
    found = desk.import_(buffer.getvalue())
    assert (found["state"], found["rows"], found["refused"], found["absent"]) == ("in_force", 2, [], [])
    assert codes(desk.check(desk.form("ID2022_041"))) == set()
    assert codes(desk.check(desk.form("ID2021_077"))) == set()


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"", "metoder.xlsx", 422, "file_empty"),
        (b"PK\x03\x04", "metoder.xls", 415, "register_not_a_workbook"),
        (b"a;b", "metoder.csv", 415, "register_not_a_workbook"),
        (b"ren tekst", "metoder.xlsx", 202, None),
    ],
)
def test_what_is_no_workbook_is_refused_at_the_door_or_when_it_is_opened(
    imported: Secretariat, data: bytes, name: str, status: int, code: str | None
) -> None:
    answer = imported.post(data, name)
    assert answer.status_code == status, answer.text
    if code is None:
        assert imported.import_(data, name)["state"] == "refused"
    else:
        assert answer.json()["code"] == code


def test_a_body_without_a_file_or_with_two_is_refused(desk: Secretariat) -> None:
    assert desk.call("sekretariat", "post", f"{PATH}/imports", files={"annet": ("a.xlsx", b"x")}).json()["code"] == "field_unknown"
    two = [("file", ("a.xlsx", register(TODAY))), ("file", ("b.xlsx", register(TODAY)))]
    assert desk.call("sekretariat", "post", f"{PATH}/imports", files=two).json()["code"] == "too_many_files"
    assert desk.call("sekretariat", "get", "/api/v1/registers/annet").status_code == 404
    assert desk.call("sekretariat", "get", f"{PATH}/imports/annet").status_code == 404


@pytest.mark.parametrize("who", ["leverandor", "dmp", "arkivar"])
def test_only_the_secretariat_imports_and_looks(desk: Secretariat, who: str) -> None:
    assert desk.post(register(TODAY), who=who).status_code == 403
    assert desk.call(who, "get", PATH).status_code == 403


def test_the_command_imports_tells_and_ends_as_it_went(imported: Secretariat, tmp_path: Path) -> None:
    good, bad = tmp_path / "metoder.xlsx", tmp_path / "annet.xlsx"
    good.write_bytes(workbook("Ark", [HEADINGS, ("2022_041", "", "", "", "", "", 0, "Innført", ""), ("x", "", "", "", "", "", 0, "", "")]))
    bad.write_bytes(workbook("Ark", [("Noe", "annet")]))
    told = imported.mottak("register", "import", str(good))
    assert (told.returncode, "1 rows, in force" in told.stdout, "row 3 refused" in told.stdout) == (0, True, True), told.stdout
    assert imported.mottak("register", "show").returncode == 0
    refused = imported.mottak("register", "import", str(bad), "--json")
    assert refused.returncode == 1
    assert '"state": "refused"' in refused.stdout
    assert imported.mottak("register", "import", str(tmp_path / "borte.xlsx")).returncode == 2
    assert imported.mottak("register", "import", str(good), url="http://127.0.0.1:1").returncode == 3
    assert imported.mottak("register", "import", str(good), token=imported.system.issuer.token("leverandor")).returncode == 1
