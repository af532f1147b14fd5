"""``python -m bench.search``: how long a page of a full-text search takes with many documents, and what entering one costs, on SQLite."""

from __future__ import annotations

import random
import statistics
import tempfile
import time

from sqlalchemy import insert, select

from services.command.assemble import migrate
from services.shared import search, timestamps
from services.shared.database import Database
from services.shared.models import documents, submissions

DOCUMENTS, WORDS, BATCH, ROUNDS = 10_000, 150, 1000, 60
ENDINGS = ("", "en", "er", "ene")
QUERIES = ("ord17", "behandlingene pasient", '"behandling av pasienter"', "behandlin*", "pasient -ord12", "ID2023 0{:02}")


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="mottak-bench-search-") as folder:
        _measure("SQLite", f"sqlite:///{folder}/search.sqlite3")


def _measure(name: str, url: str) -> None:
    migrate(url)
    database, codes, chance = Database(url), search.Codes(), random.Random(1)
    spent, began = 0.0, time.perf_counter()
    for start in range(0, DOCUMENTS, BATCH):
        numbers = range(start, start + BATCH)
        texts = {f"{number:036}": _text(chance, number) for number in numbers}
        before = time.process_time()
        rows = [row for key, text in texts.items() for row in search.passage_rows(key, key, text, codes, sqlite=database.is_sqlite)]
        spent += time.process_time() - before
        with database.write() as tx:
            tx.execute(insert(submissions), [_submission(key) for key in texts])
            tx.execute(insert(documents), [_document(key) for key in texts])
            search.put(tx, rows)
    entered = time.perf_counter() - began
    readable, times = search.Readable(unscanned=False, internal=True), []
    for number in range(ROUNDS):
        terms = search.parse(QUERIES[number % len(QUERIES)].format(number), codes)
        before = time.perf_counter()
        with database.read() as tx:
            page = select(submissions.c.id).where(search.condition(submissions.c.id, terms, readable, tx.dialect.name))
            found = tx.execute(page.order_by(submissions.c.received_at.desc(), submissions.c.id.desc()).limit(26)).scalars().all()
            search.hits_in(tx, found, terms, readable, codes)
        times.append((time.perf_counter() - before) * 1000)
    database.close()
    p95 = statistics.quantiles(times, n=20)[-1]
    cost = f"{spent / DOCUMENTS * 1000:.2f} ms CPU to make the words of {WORDS}, {entered / DOCUMENTS * 1000:.2f} ms to enter them"
    print(f"search, {name}, {DOCUMENTS:,} documents: p50 {statistics.median(times):.1f} ms, p95 {p95:.1f} ms; {cost}")


def _text(chance: random.Random, number: int) -> str:
    words = [f"ord{int(chance.expovariate(0.002))}{chance.choice(ENDINGS)}" for _ in range(WORDS)]
    if number % 3 == 0:
        words[10:13] = ["behandling", "av", "pasienter"]
    return f"ID2023_{number % 1000:03} " + " ".join(words)


def _submission(key: str) -> dict[str, object]:
    fixed = {"version": 1, "status": "accepted", "owner": "organisation:1", "submitter": {}, "access": "restricted", "errors": [], "head_seq": 0}
    return {"id": key, "root": key, "reference": key[-20:], "received_at": timestamps.now(), "head_hash": "", **fixed}


def _document(key: str) -> dict[str, object]:
    fixed = {"position": 0, "role": "form", "path": "a", "name": "a", "raw_name": "a", "media_type": "text/plain", "size": 1, "scan": "clean"}
    return {
        "id": key,
        "submission": key,
        "sha256": "",
        "sha512": "",
        "access": "restricted",
        "object_key": "k",
        "created_at": timestamps.now(),
        **fixed,
    }


if __name__ == "__main__":
    main()
