"""The secretariat's page of the registers: import a workbook, see what is in force and which rows could not be used."""

from __future__ import annotations

import time
from datetime import date

import pytest

from samples.builders.spreadsheet import workbook
from samples.register import HEADINGS, register
from services.command.up import Running
from tests.intake.pages.browsing import Page, Person


def import_(person: Person, data: bytes, name: str = "metoder.xlsx", *, token: str | None = None) -> Page:
    form = person.get("/register").form("/register/")
    sent = {"csrf_token": (None, token if token is not None else dict(form.form_values())["csrf_token"]), "file": (name, data)}
    return Page(person.session.post(person.base + form.get("action"), files=sent, headers={"Origin": person.base}, timeout=60))


def fact(page: Page, name: str) -> str:
    """What the list of facts says under a name."""
    return str(page.tree.xpath(f"//dt[.='{name}']/following-sibling::dd[1]")[0].text_content())


def until_read(person: Person) -> Page:
    deadline = time.monotonic() + 60
    while "leses nå" in (page := person.get("/register")).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return page


def test_the_secretariat_imports_a_register_and_sees_what_became_of_it(system: Running) -> None:
    person = Person(system.settings, "sekretariat")
    assert "/register" in person.get("/tavle").links()
    assert "Ingenting er importert" in person.get("/register").text
    assert import_(person, register(date(2026, 11, 22))).status == 200
    assert fact(until_read(person), "Rader i bruk") == "11"
    import_(
        person, workbook("Ark", [HEADINGS, ("2022_041", "", "", "", "", "", 45_000, "Innført", ""), ("x", "", "", "", "", "", 0, "", "")]), "ny.xlsx"
    )
    page = until_read(person)
    assert "ny.xlsx" in page.text
    assert page.tree.xpath("//tbody//th/text()") == ["3"]
    assert "«ID-nr» kan ikke leses" in page.text
    import_(person, b"ingen arbeidsbok", "feil.xlsx")
    page = until_read(person)
    assert "«feil.xlsx» kunne ikke brukes" in page.text
    assert fact(page, "Rader i bruk") == "1"
    assert "Rows in use" in person.get("/register?lang=en").text


@pytest.mark.parametrize(("name", "data", "status"), [("", b"", 422), ("metoder.docx", b"PK", 415), ("metoder.xlsx", b"", 422)])
def test_a_file_that_is_none_is_told_beside_the_field(system: Running, name: str, data: bytes, status: int) -> None:
    page = import_(Person(system.settings, "sekretariat"), data, name)
    assert page.status == status
    assert page.tree.get_element_by_id("feil").findtext(".//a")
    assert page.tree.get_element_by_id("file-methods").get("aria-invalid") == "true"


def test_only_the_secretariat_sees_it_and_only_its_own_form_is_taken(system: Running) -> None:
    assert Person(system.settings, "leverandor").get("/register").status == 403
    assert import_(Person(system.settings, "sekretariat"), b"PK", token="feil").status == 403
