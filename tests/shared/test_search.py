"""Full-text search finds the same on both databases: a table of texts and queries, through the functions the doors use."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select

from services.shared import search, timestamps
from services.shared.database import Database
from services.shared.models import documents, search_passages, submissions
from services.shared.search.tokens import clean, fold

CODES = search.Codes()
ALL = search.Readable(unscanned=False, internal=True)
TEXTS = {
    "bokmål": "Behandlingen av pasienter med ulcerøs kolitt. Legemidlene ble gitt ved sykehusene, og kostnadene er høye.",
    "nynorsk": "Behandlingar av pasientar i sjukehusa. Kostnadene er høge, og verknaden er ikkje sikker.",
    "engelsk": "Treatments of patients were studied in randomised trials; the therapies differed.",
    "koder": "Metoden ID2023_012 gjelder L01FF02, EMEA/H/C/003820 og NM-2026-7QK4ZD. Varenummer 083456. Søker 974 761 122. Se EU/1/15/1024/001.",
    "navn": "Levert av Søderstrøm og Bjørn Åsmund José. CAR-T celleterapi; ﬁnansiering ved hefte 4.",
    "annen": "Metoden ID2023_013 gjelder 012 andre ting, og 974 761 123.",
}
QUERIES = {
    "behandling": {"bokmål", "nynorsk"},
    "BEHANDLINGENE": {"bokmål", "nynorsk"},
    "behandlinga pasientane": {"bokmål", "nynorsk"},
    "pasient kostnad": {"bokmål", "nynorsk"},
    "legemidlet": {"bokmål"},
    "verknad": {"nynorsk"},
    "treatment patient": {"engelsk"},
    "therapy": {"engelsk"},
    "study trial": {"engelsk"},
    '"randomised trials"': {"engelsk"},
    '"trials randomised"': set(),
    '"ulcerøs kolitt"': {"bokmål"},
    '"pasienter med"': {"bokmål"},
    "pasient -kolitt": {"nynorsk"},
    'pasient -"ulcerøs kolitt"': {"nynorsk"},
    "behandlin*": {"bokmål", "nynorsk"},
    "rando*": {"engelsk"},
    "ID2023_012": {"koder"},
    "ID2023 012": {"koder"},
    "id2023012": {"koder"},
    "ID2023_013": {"annen"},
    "ID2023*": {"koder", "annen"},
    "L01FF02": {"koder"},
    "l01ff*": {"koder"},
    "L01FF": set(),
    "EMEA/H/C/003820": {"koder"},
    "003820": {"koder"},
    "EU/1/15/1024/001": {"koder"},
    "NM-2026-7QK4ZD": {"koder"},
    "083456": {"koder"},
    "974761122": {"koder"},
    "974 761 122": {"koder"},
    "Söderström": {"navn"},
    "åsmund": {"navn"},
    "a\u030asmund": {"navn"},
    "jose": {"navn"},
    "car-t": {"navn"},
    "finansiering": {"navn"},
    "bjorn": set(),
    "%": set(),
    "' OR 1=1 --": set(),
    'NEAR("behandling" kolitt)': set(),
    "words:kolitt": set(),
    "kolitt AND behandling": set(),
}


def submission_row(identifier: str, **changes: Any) -> dict[str, Any]:
    now = timestamps.now()
    row = {
        "id": identifier, "root": identifier, "reference": f"NM-{identifier}", "version": 1, "status": "accepted", "owner": "organisation:1", "submitter": {},
        "received_at": now, "access": "restricted", "errors": [], "head_seq": 0, "head_hash": "",
    }  # fmt: skip
    return row | changes


def document_row(identifier: str, submission: str, **changes: Any) -> dict[str, Any]:
    row = {
        "id": identifier, "submission": submission, "position": 0, "role": "form", "path": "a", "name": "a", "raw_name": "a", "media_type": "text/plain", "size": 1,
        "sha256": "", "sha512": "", "scan": "clean", "access": "restricted", "object_key": "k", "created_at": timestamps.now(),
    }  # fmt: skip
    return row | changes


def enter(database: Database, submission: str, text: str, **changes: Any) -> None:
    with database.write() as tx:
        tx.execute(insert(submissions), submission_row(submission))
        tx.execute(insert(documents), document_row(f"d-{submission}", submission, **changes))
        search.put(tx, search.passage_rows(submission, f"d-{submission}", text, CODES, sqlite=database.is_sqlite))


def found(database: Database, query: str, readable: search.Readable = ALL) -> set[str]:
    terms = search.parse(query, CODES)
    if not terms:
        return set()
    with database.read() as tx:
        wanted = select(submissions.c.id).where(search.condition(submissions.c.id, terms, readable, tx.dialect.name))
        return set(tx.execute(wanted).scalars())


@pytest.fixture
def filled(database: Database) -> Database:
    for name, text in TEXTS.items():
        enter(database, name, text)
    return database


def test_every_query_finds_what_it_should_and_nothing_else(filled: Database) -> None:
    wrong = {query: (answer, wanted) for query, wanted in QUERIES.items() if (answer := found(filled, query)) != wanted}
    assert wrong == {}


def test_every_hit_is_shown_with_its_words_marked(filled: Database) -> None:
    for query, wanted in QUERIES.items():
        terms = search.parse(query, CODES)
        with filled.read() as tx:
            hits = search.hits_in(tx, sorted(wanted), terms, ALL, CODES)
        assert set(hits) == wanted, query
        for of_submission in hits.values():
            assert any(part["hit"] for hit in of_submission for part in hit["snippet"]), query


def test_words_far_apart_in_a_long_document_are_found_together_and_a_phrase_across_passages_is_found(database: Database) -> None:
    filler = [f"ord{number}" for number in range(1000)]
    filler[0], filler[999], filler[249], filler[250] = "først", "sist", "delt", "frase"
    enter(database, "lang", " ".join(filler))
    assert found(database, "først sist") == {"lang"}
    assert found(database, '"delt frase"') == {"lang"}
    assert found(database, '"først sist"') == set()
    with database.read() as tx:
        assert len(tx.execute(select(search_passages.c.id)).all()) == 5


def test_a_word_that_is_repeated_without_end_is_still_found_as_a_phrase(database: Database) -> None:
    enter(database, "lang", "og " * 20_000 + "slutten")
    assert found(database, '"og slutten"') == {"lang"}


@pytest.mark.parametrize("scan", ["infected", "pending", "not_scanned"])
def test_what_was_not_found_clean_is_not_found_by_searching(database: Database, scan: str) -> None:
    enter(database, "en", "hemmelig innhold", scan=scan)
    assert found(database, "hemmelig") == set()
    assert found(database, "-hemmelig") == {"en"}
    unscanned = search.Readable(unscanned=True, internal=True)
    assert found(database, "hemmelig", unscanned) == ({"en"} if scan == "not_scanned" else set())


def test_an_internal_answer_is_only_found_by_those_it_is_for(database: Database) -> None:
    enter(database, "en", "hemmelig innhold", role="answer", access="internal")
    assert found(database, "hemmelig") == {"en"}
    assert found(database, "hemmelig", search.Readable(unscanned=False, internal=False)) == set()


def test_passages_go_with_their_document(filled: Database) -> None:
    with filled.write() as tx:
        tx.execute(documents.delete().where(documents.c.submission == "navn"))
    assert found(filled, "finansiering") == set()
    with filled.read() as tx:
        assert tx.execute(select(search_passages.c.id).where(search_passages.c.submission == "navn")).all() == []
    assert found(filled, "behandling") == {"bokmål", "nynorsk"}


def test_a_national_identity_number_is_not_kept(database: Database) -> None:
    enter(database, "en", "Pasienten 01017012342 fikk 13097248022 i dag")
    with database.read() as tx:
        text = tx.execute(select(search_passages.c.text)).scalar_one()
    assert "13097248022" not in text
    assert found(database, "13097248022") == set()


def test_what_no_store_takes_is_left_out(database: Database) -> None:
    enter(database, "en", "be\u00adhandling med\0 nul og be\x02\nhandling \ud800 slutt")
    assert found(database, "behandling nul slutt") == {"en"}


def test_text_that_looks_like_markup_stays_text(database: Database) -> None:
    enter(database, "en", "før <script>alert('x')</script> etter")
    with database.read() as tx:
        hit = search.hits_in(tx, ["en"], search.parse("alert", CODES), ALL, CODES)["en"][0]
    assert {"text": "alert", "hit": True} in hit["snippet"]
    assert "".join(part["text"] for part in hit["snippet"]) == "før <script>alert('x')</script> etter"


def test_folding_keeps_the_norwegian_letters_apart() -> None:
    assert [fold(word) for word in ("ÆØÅ", "ÄÖÜ", "Café", "ﬁ", "A\u030a")] == ["æøå", "æøu", "cafe", "fi", "å"]
    assert clean("a\u030a\u200b\0") == "å "
