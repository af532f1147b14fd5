"""What the secretariat sees on the board, and what it does from there."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, update

from samples.sample import Sample
from services.command.up import Running
from services.shared import timestamps
from services.shared.models import jobs, submissions
from tests.broker_server import until
from tests.intake.pages.browsing import Page, Person
from tests.intake.pages.test_sending_and_following import files_of, send, unfinished_form

Made = dict[str, Sample]


def waiting(system: Running, made: Made, number: str, state: str) -> tuple[Person, Page]:
    """A sample sent by its sender and seen by the secretariat in a state."""
    sample = made[number]
    sender = Person(system.settings, "forslagsstiller" if "-forslag-" in sample.name else "leverandor")
    sent = sender.wait_for(send(sender, files_of(sample)), state)
    secretariat = Person(system.settings, "sekretariat")
    return secretariat, secretariat.get(sent.url.removeprefix(sender.base))


def reference_of(page: Page) -> str:
    return page.title.removeprefix("Feil: ").split(":")[0]


def act(person: Person, page: Page, path: str, **values: str) -> Page:
    return person.send(page.form(f"{page.url.removeprefix(person.base)}/{path}"), **values)


def test_the_board_counts_lists_and_filters_by_its_address(system: Running, made: Made) -> None:
    person, page = waiting(system, made, "41", "Venter på sekretariatet")
    reference = reference_of(page)
    board = person.get("/tavle")
    assert [link for link in board.links() if link == "/tavle?status=held"]
    found = person.get(f"/tavle?status=held&form_type=forslag&q={reference}")
    assert reference in found.text
    assert found.form("/tavle").fields["status"] == "held"
    assert found.form("/tavle").fields["q"] == reference
    assert reference not in person.get(f"/tavle?status=routed&q={reference}").text.replace(f"value={reference}", "")


@pytest.mark.parametrize("query", ["status=unheard-of", "received_from=yesterday", "cursor=%00"])
def test_a_filter_that_can_match_nothing_is_told(system: Running, query: str) -> None:
    assert Person(system.settings, "sekretariat").get(f"/tavle?{query}").status == 400


def test_a_submission_with_errors_is_accepted_with_a_reason_that_everybody_sees(system: Running, made: Made) -> None:
    person, page = waiting(system, made, "21", "Må rettes")
    page = person.wait_for(act(person, page, "godta", reason="Mangler er avklart på telefon"), "Sendt videre")
    assert "Mangler er avklart på telefon" in page.text
    assert "Godtatt av sekretariatet" in page.text
    assert not page.tree.xpath("//*[@id='feil']")


def test_a_held_submission_says_why_and_is_rejected_with_a_reason(system: Running, made: Made) -> None:
    person, page = waiting(system, made, "41", "Venter på sekretariatet")
    assert ":" in page.tree.xpath("//*[contains(@class, 'm-state')]")[0].text_content()
    page = act(person, page, "avvis", reason="Hører ikke hjemme her")
    assert page.title.startswith(reference_of(page) + ": Avvist")
    assert "Hører ikke hjemme her" in page.tree.xpath("//*[contains(@class, 'm-state')]")[0].text_content()


def test_a_held_submission_is_sent_on_by_hand(system: Running, made: Made) -> None:
    person, page = waiting(system, made, "41", "Venter på sekretariatet")
    page = person.wait_for(act(person, page, "send-videre", agency="fhi", role="primary", reason="Passer best der"), "Sendt videre")
    assert "Folkehelseinstituttet" in page.text


def test_what_only_looked_like_an_identity_number_is_released_and_checked_again(system: Running, made: Made) -> None:
    person, page = waiting(system, made, "28", "Sperret")
    form = page.form(f"{page.url.removeprefix(person.base)}/slipp-fri")
    assert form.fields["document"]
    page = person.wait_for(person.send(form, reason="Det er et artikkelnummer"), "Sendt videre")
    assert "Det er et artikkelnummer" in page.text


def test_nothing_is_done_without_a_reason(system: Running, made: Made) -> None:
    person, page = waiting(system, made, "41", "Venter på sekretariatet")
    refused = act(person, page, "avvis", reason="   ")
    assert refused.status == 422
    assert "Du må skrive en begrunnelse" in refused.tree.xpath("//*[@id='feil']")[0].text_content()
    assert refused.tree.xpath("//details[@open]//*[@id='reject-reason']")
    assert "Venter på sekretariatet" in person.get(page.url.removeprefix(person.base)).title


def test_what_was_written_is_kept_when_another_was_first(system: Running, made: Made) -> None:
    person, page = waiting(system, made, "41", "Venter på sekretariatet")
    refused = act(person, page, "avvis", reason="Min begrunnelse", version="7")
    assert refused.status == 409
    assert "Min begrunnelse" in refused.tree.xpath("//*[@id='reject-reason']")[0].text


def test_a_sender_cannot_do_what_the_secretariat_can(system: Running) -> None:
    sender = Person(system.settings, "leverandor")
    page = sender.wait_for(send(sender, unfinished_form()), "Må rettes")
    path = page.url.removeprefix(sender.base)
    assert not [form for form in page.tree.forms if form.get("action") == f"{path}/godta"]
    form = page.form(f"{path}/trekk")
    form.set("action", f"{path}/godta")
    assert sender.send(form, reason="Jeg vil").status == 403


def test_work_that_gave_up_stands_on_the_board_and_is_started_again(system: Running) -> None:
    sender = Person(system.settings, "leverandor")
    sent = sender.wait_for(send(sender, unfinished_form()), "Må rettes")
    submission = sent.url.rpartition("/")[2]
    now = timestamps.now()
    with system.context.database.write() as tx:
        work = {
            "submission": submission,
            "handler": "archive.fixity",
            "key": f"archive:{submission}",
            "state": "parked",
            "attempts": 8,
            "due_at": now,
        }
        tx.execute(insert(jobs).values(**work, created_at=now, last_error="The store was away", data={}))
        tx.execute(update(submissions).where(submissions.c.id == submission).values(attention="archive.fixity: parked"))
    person = Person(system.settings, "sekretariat")
    board = person.get("/tavle")
    assert "The store was away" in board.text
    assert "/tavle?attention=true" in board.links()
    assert reference_of(sent) in person.get("/tavle?attention=true").text
    page = person.get(f"/innsendinger/{submission}")
    act(person, page, "start-igjen", reason="Lageret er tilbake")
    with system.context.database.read() as tx:
        assert tx.execute(select(submissions.c.attention).where(submissions.c.id == submission)).scalar_one() is None
    assert "The store was away" not in person.get("/tavle").text


WHY = {
    "nb": ("Kvitteringen kan ikke brukes", "Programmet til etaten avviste meldingen"),
    "nn": ("Kvitteringa kan ikkje brukast", "Programmet til etaten avviste meldinga"),
    "en": ("The receipt cannot be used", "The agency's program rejected the message"),
}


def test_what_an_agency_sent_or_would_not_take_is_told_with_its_cause_in_the_readers_language(system: Running) -> None:
    faults = {"routing.receipt": "fhi: receipt_invalid: /data/outcome: feil", "routing.dead_letter": "fhi: dead_letter_rejected: 0192"}
    with system.context.database.write() as tx:
        for handler, error in faults.items():
            now = timestamps.now()
            work = {"handler": handler, "key": f"routing:{handler}", "state": "parked", "attempts": 1, "due_at": now, "created_at": now}
            tx.execute(insert(jobs).values(**work, last_error=error, data={"agency": "fhi"}))
    person = Person(system.settings, "sekretariat")
    try:
        for language, causes in WHY.items():
            board = person.get(f"/tavle?lang={language}")
            for cause in (*causes, *faults.values(), "/data/outcome"):
                assert cause in board.text, (language, cause)
        assert "Norwegian Institute of Public Health" in board.text
    finally:
        with system.context.database.write() as tx:
            tx.execute(delete(jobs).where(jobs.c.handler.in_(faults)))


def test_work_of_no_submission_is_started_again_or_taken_off_the_board(system: Running) -> None:
    now = timestamps.now()
    work = {"handler": "routing.receipt", "key": "routing:receipt:fhi:x", "state": "parked", "attempts": 1, "due_at": now, "created_at": now}
    with system.context.database.write() as tx:
        job = tx.execute(insert(jobs).values(**work, last_error="fhi: json_expected: x", data={"agency": "fhi", "body": "x"})).inserted_primary_key[0]

    def state() -> str:
        with system.context.database.read() as tx:
            return str(tx.execute(select(jobs.c.state).where(jobs.c.id == job)).scalar_one())

    person = Person(system.settings, "sekretariat")
    form = person.get("/tavle").form(f"/tavle/arbeid/{job}/start-igjen")
    assert person.send(form).status == 200
    until(lambda: state() == "parked", "it was read again, and is still no receipt")
    form.set("action", f"/tavle/arbeid/{job}/fjern")
    assert f"/tavle/arbeid/{job}/" not in str(person.send(form).text)
    assert state() == "done"
    assert person.send(form).status == 404
    form.set("action", f"/tavle/arbeid/{10**30}/fjern")
    assert person.send(form).status == 404


def test_the_secretariat_sends_for_another_and_that_one_sees_it(system: Running) -> None:
    person = Person(system.settings, "sekretariat")
    organisation = system.issuer.people["leverandor"]["organisation"]
    page = person.upload(person.get("/send-inn"), unfinished_form(), on_behalf_of=organisation, received_at="2026-10-01")
    assert "1. oktober 2026" in page.text
    assert Person(system.settings, "leverandor").get(page.url.removeprefix(person.base)).status == 200
    assert Person(system.settings, "forslagsstiller").get(page.url.removeprefix(person.base)).status == 404
