"""What a sender does on the pages: send, read what must be corrected, correct, follow, withdraw."""

from __future__ import annotations

import hashlib
import json

import pytest

from samples.sample import Sample
from services.command.up import Running
from tests.intake.pages.browsing import FormFiles, Page, Person

Made = dict[str, Sample]


def files_of(sample: Sample) -> FormFiles:
    return [("form", (sample.name, sample.form)), *(("attachments", item) for item in sample.attachments.items())]


def unfinished_form(**answers: object) -> FormFiles:
    content = {"form_type": "anmodning", "form_version": "1.0", "language": "nb", "answers": answers}
    return [("form", ("skjema.json", json.dumps(content).encode()))]


def send(person: Person, files: FormFiles, **values: str) -> Page:
    return person.upload(person.get("/send-inn"), files, **values)


def test_what_must_be_corrected_is_told_field_by_field(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    page = person.wait_for(send(person, unfinished_form(supplier_name="Eksempel", contact_email="ikke-en-adresse")), "Må rettes")
    summary = page.tree.xpath("//*[@id='feil']")[0]
    targets = [link.get("href").removeprefix("#") for link in summary.iterfind(".//a")]
    assert len(targets) > 10
    assert all(page.tree.xpath("//*[@id=$anchor and @tabindex='-1']", anchor=anchor) for anchor in targets)
    at_field = page.tree.xpath("//*[@id='felt-contact_email']")[0]
    assert "ikke-en-adresse" in at_field.text_content()
    assert "E-post" in at_field.text_content()
    assert "m-wrong" in at_field.get("class")
    assert not page.tree.xpath("//*[@id='felt-supplier_name' and @class]")


def test_a_good_form_is_followed_to_its_agencies_and_into_the_archive(system: Running, made: Made) -> None:
    person = Person(system.settings, "leverandor")
    sample = made["03"]
    page = person.wait_for(send(person, files_of(sample), note="Haster litt"), "Sendt videre")
    assert "Direktoratet for medisinske produkter" in page.text
    assert "Sykehusinnkjøp HF" in page.text
    assert "urn:uuid:" in page.text
    assert "Haster litt" in page.text
    for content in (sample.form, *sample.attachments.values()):
        assert hashlib.sha256(content).hexdigest() in page.text
    fetched = [person.get(link).response for link in page.links() if "/dokumenter/" in link]
    assert hashlib.sha256(sample.form).hexdigest() in {hashlib.sha256(one.content).hexdigest() for one in fetched}
    assert {one.headers["Content-Disposition"].partition(";")[0] for one in fetched} == {"attachment"}


def test_the_receipt_is_a_pdf_with_the_reference_in_its_name(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    page = send(person, unfinished_form())
    reference = page.title.split(":")[0]
    receipt = person.session.get(f"{page.url}/kvittering", timeout=30)
    assert receipt.content.startswith(b"%PDF-")
    assert reference in receipt.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ([("form", ("skjema.exe", b"MZ\x90\x00"))], 415, "skjema.exe"),
        ([("form", ("skjema.docx", b""))], 422, "Filen er tom"),
        ([], 422, "Skjemafilen mangler"),
        ([("form", ("a.json", b"{}")), ("form", ("b.json", b"{}"))], 422, "Mer enn ett skjema"),
    ],
)
def test_a_refused_upload_shows_the_form_again_with_what_was_filled_in(system: Running, files: FormFiles, status: int, said: str) -> None:
    person = Person(system.settings, "leverandor")
    page = send(person, files, note="Ta vare på «dette»", form_type="revurdering")
    assert page.status == status
    assert page.title.startswith("Feil:")
    assert said in page.tree.xpath("//*[@id='feil']")[0].text_content()
    form = page.form("/send-inn")
    assert form.fields["note"] == "Ta vare på «dette»"
    assert form.fields["form_type"] == "revurdering"
    assert page.tree.xpath("//*[@id='form' and @aria-invalid='true']")


def test_nothing_of_a_refused_upload_is_kept(system: Running) -> None:
    person = Person(system.settings, "forslagsstiller")
    before = person.get("/innsendinger").text
    assert send(person, [("form", ("skjema.docx", b""))]).status == 422
    assert person.get("/innsendinger").text == before


def test_the_same_upload_form_sent_twice_is_one_submission(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    form = person.get("/send-inn")
    files = unfinished_form(supplier_name="To ganger")
    assert person.upload(form, files).url == person.upload(form, files).url


def test_a_correction_takes_over_and_the_old_version_leads_to_it(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    first = person.wait_for(send(person, unfinished_form()), "Må rettes")
    link = next(link for link in first.links() if link.startswith("/send-inn?retter="))
    second = person.upload(person.get(link), unfinished_form(supplier_name="Rettet"))
    assert second.url != first.url
    old = person.wait_for(person.get(first.url.removeprefix(person.base)), "Erstattet")
    assert second.url.removeprefix(person.base) in old.links()
    assert not [link for link in old.links() if link.startswith("/send-inn?retter=")]


def test_a_correction_of_what_is_no_longer_the_newest_is_refused_on_the_page(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    first = person.wait_for(send(person, unfinished_form()), "Må rettes")
    form = person.get(f"/send-inn?retter={first.url.rpartition('/')[2]}")
    again = person.get(f"/send-inn?retter={first.url.rpartition('/')[2]}")
    assert person.upload(form, unfinished_form(supplier_name="A")).status == 200
    page = person.upload(again, unfinished_form(supplier_name="B"))
    assert page.status == 409
    assert "nyere versjon" in page.text


def test_a_withdrawn_submission_says_so_and_offers_nothing_more(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    page = person.wait_for(send(person, unfinished_form()), "Må rettes")
    page = person.send(page.form(page.url.removeprefix(person.base) + "/trekk"), reason="Sendt ved en feil")
    assert page.title.startswith(page.title.split(":")[0] + ": Trukket")
    assert "Sendt ved en feil" in page.text
    assert not [form for form in page.tree.forms if "/innsendinger/" in form.get("action")]


def test_what_belongs_to_another_does_not_exist(system: Running) -> None:
    page = send(Person(system.settings, "leverandor"), unfinished_form())
    other = Person(system.settings, "forslagsstiller")
    path = page.url.removeprefix(other.base)
    assert other.get(path).status == 404
    assert other.get(f"{path}/kvittering").status == 404
    assert other.get(f"/send-inn?retter={path.rpartition('/')[2]}").status == 404
    assert page.title.split(":")[0] not in other.get("/innsendinger").text


def test_the_list_is_paged_by_what_was_last_on_the_page(system: Running) -> None:
    person = Person(system.settings, "leverandor")
    for number in range(26):
        assert send(person, unfinished_form(supplier_name=f"Nummer {number}")).status == 200
    first = person.get("/innsendinger")
    older = next(link for link in first.links() if "cursor=" in link)
    second = person.get(older)

    def rows(page: Page) -> list[str]:
        return [str(link.get("href")) for link in page.tree.xpath("//tbody//th/a")]

    assert len(rows(first)) == 25
    assert rows(second)
    assert not set(rows(first)) & set(rows(second))


def test_a_page_speaks_the_language_that_was_chosen_and_remembers_it(system: Running) -> None:
    person = Person(system.settings)
    assert person.get("/", **{"Accept-Language": "en-GB,en;q=0.9"}).language == "en"
    assert person.get("/?lang=nn").language == "nn"
    page = person.get("/hjelp", **{"Accept-Language": "en"})
    assert page.language == "nn"
    assert "Kva statusane tyder" in page.text


def test_what_is_not_there_is_told_as_a_page_in_the_readers_language(system: Running) -> None:
    page = Person(system.settings, "leverandor").get("/innsendinger/NM-2026-XXXXXX?lang=nn")
    assert page.status == 404
    assert "Fann ikkje det du leitar etter" in page.text
    assert page.response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/", "/hjelp", "/hjelp/problemer", "/login", "/finnes-ikke"])
def test_every_page_says_that_no_scanner_is_set_up(system: Running, path: str) -> None:
    assert "uten viruskontroll" in Person(system.settings).get(path).text


def test_a_problems_type_leads_to_its_explanation(system: Running) -> None:
    problem = Person(system.settings).session.get(f"{system.settings.public_url}/api/v1/submissions", timeout=30).json()
    page = Person(system.settings).get(problem["type"].removeprefix(system.settings.public_url))
    assert page.tree.xpath("//*[@id=$code]", code=problem["code"])
