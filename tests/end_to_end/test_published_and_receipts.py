"""What is given out of a submission: the document as it is published, and the receipt, which proves by itself what was sent."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from pypdf import PdfReader

from samples.content.people import identity_number
from services.shared.settings import Settings
from tests.end_to_end.agency import send, settled
from tests.end_to_end.material import good_docx, good_forslag, good_json
from tests.end_to_end.system import System, attachment_part, problem_of
from tests.intake.pages.browsing import Person

pytestmark = pytest.mark.timeout(300)


def get(system: System, actor: str, path: str, **headers: str) -> requests.Response:
    sent = {"Authorization": f"Bearer {system.token(actor)}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.get(system.url + path, headers=sent, timeout=60)


def paper_text(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).replace("\u200b", "").split())


def test_the_owner_and_the_secretariat_see_it_as_it_is_published(system: System) -> None:
    view = settled(system, good_docx("published", other_info="Effekt: ΔFVC ≥ 5 %."), name="skjema.docx")
    address = view["links"]["rendering"]
    paper = get(system, "leverandor", address)
    assert (paper.status_code, paper.headers["Content-Type"]) == (200, "application/pdf")
    assert paper.headers["Content-Disposition"] == f'inline; filename="{view["reference"]}-nb.pdf"'
    page = get(system, "sekretariat", f"{address}?format=html&language=en")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Language"] == "en"
    assert "script-src" not in page.headers["Content-Security-Policy"]
    for text in (paper_text(paper.content), page.text):
        assert "Effekt: ΔFVC ≥ 5 %." in text
        assert view["answers"]["trade_name"] in text
        assert view["answers"]["contact_email"] not in text
        assert view["answers"]["contact_phone"] not in text
    assert "Trade name" in page.text
    assert get(system, "sekretariat", address).content == paper.content


def test_nobody_else_sees_it(system: System) -> None:
    view = settled(system, good_json("not-yours"))
    address = view["links"]["rendering"]
    problem_of(get(system, "forslagsstiller", address), 404, "not_found")
    problem_of(get(system, "dmp", address), 403, "not_allowed")
    problem_of(requests.get(system.url + address, timeout=30), 401, "not_authenticated")


def test_what_is_not_complete_or_in_quarantine_has_no_such_document(system: System) -> None:
    unfinished = settled(system, good_json("unfinished", trade_name=None))
    assert unfinished["status"] == "needs_correction"
    problem_of(get(system, "leverandor", unfinished["links"]["rendering"]), 409, "rendering_not_ready")
    hidden = settled(system, good_forslag("hidden", safety=f"Pasient {identity_number()}."), actor="forslagsstiller")
    assert hidden["status"] == "quarantined"
    problem_of(get(system, "forslagsstiller", hidden["links"]["rendering"]), 409, "rendering_not_ready")
    for query in ("format=docx", "language=sv"):
        problem_of(get(system, "leverandor", f"{unfinished['links']['rendering']}?{query}"), 400, "value_not_allowed")


def test_the_page_leads_to_it_in_the_page_s_language(system: System) -> None:
    view = settled(system, good_json("page"))
    person = Person(Settings(data=system.data, database_url="", public_url=system.url), "leverandor")
    links = person.get(f"/innsendinger/{view['id']}?lang=nn").links()
    for wanted in [link for link in links if "/publisert" in link]:
        answer = person.get(wanted).response
        assert answer.status_code == 200
        text = paper_text(answer.content) if answer.headers["Content-Type"] == "application/pdf" else answer.text
        assert "Handelsnamn" in text
    assert len([link for link in links if "/publisert" in link]) == 2


# Receipts ------------------------------------------------------------------------------------------------------------------------------------------

FILES = {"skjema.json": good_json("receipt"), "Vedlegg – måling.txt": b"Ett.\n", "Enda et.txt": b"To.\n"}


@pytest.fixture(scope="module")
def kept(system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a careful sender keeps: the files, the receipt as PDF in nynorsk and as JSON, and our public keys."""
    folder = tmp_path_factory.mktemp("kept")
    view = send(system, FILES["skjema.json"], *(attachment_part(data, name) for name, data in list(FILES.items())[1:]))
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    address = f"/api/v1/submissions/{view['id']}/receipt"
    (folder / "kvittering.pdf").write_bytes(get(system, "leverandor", address, Accept="application/pdf", Accept_Language="nn").content)
    (folder / "kvittering.json").write_bytes(get(system, "leverandor", address).content)
    (folder / "keys.json").write_bytes(requests.get(f"{system.url}/api/v1/submissions/receipt-keys", timeout=30).content)
    return folder


def verify(folder: Path, receipt: str, *files: str, keys: str = "keys.json") -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-c", "from services.command.main import main; main()", "verify", "--json", "--keys", keys, receipt, *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def test_the_receipt_on_paper_says_what_was_received_and_what_happens_next_in_the_reader_s_language(kept: Path) -> None:
    text = paper_text((kept / "kvittering.pdf").read_bytes())
    content = json.loads((kept / "kvittering.json").read_text())
    for wanted in (f"Kvittering for {content['reference']}", "Kva skjer no?", "Filene vi fekk", "Eksempel Legemidler AS", *FILES):
        assert wanted in text
    for file in content["documents"]:
        assert file["sha256"] in text


@pytest.mark.parametrize("receipt", ["kvittering.pdf", "kvittering.json"])
def test_the_receipt_proves_what_was_sent_as_pdf_and_as_json(kept: Path, receipt: str) -> None:
    code, told = verify(kept, receipt, *FILES)
    assert (code, told["signature"], told["files"]) == (0, True, dict.fromkeys(FILES, "received"))
    assert {document["state"] for document in told["documents"]} == {"received"}


@pytest.mark.parametrize("receipt", ["kvittering.pdf", "kvittering.json"])
def test_it_tells_file_by_file_what_does_not_match(kept: Path, receipt: str) -> None:
    (kept / "Endret.txt").write_bytes(b"Ett!\n")
    code, told = verify(kept, receipt, "skjema.json", "Endret.txt")
    assert (code, told["signature"]) == (1, True)
    assert told["files"] == {"skjema.json": "received", "Endret.txt": "not_in_receipt"}
    states = {document["name"]: document["state"] for document in told["documents"]}
    assert states == {"skjema.json": "received", "Vedlegg – måling.txt": "not_given", "Enda et.txt": "not_given"}


def test_a_receipt_that_was_changed_or_signed_by_another_is_not_good(kept: Path) -> None:
    content = json.loads((kept / "kvittering.json").read_text())
    (kept / "forged.json").write_text(json.dumps({**content, "received_at": "2020-01-01T00:00:00Z"}))
    code, told = verify(kept, "forged.json", "skjema.json")
    assert (code, told["signature"]) == (1, False)
    from services.shared.signing import ReceiptSigner

    (kept / "others.json").write_text(json.dumps(ReceiptSigner(kept / "others" / "key.json").jwks()))
    code, told = verify(kept, "kvittering.pdf", keys="others.json")
    assert (code, told["signature"]) == (1, False)


def test_what_is_no_receipt_or_has_no_key_is_said(kept: Path) -> None:
    (kept / "other.pdf").write_bytes(b"%PDF-1.7\nnei")
    assert verify(kept, "other.pdf")[0] == 1
    assert verify(kept, "skjema.json")[0] == 1
    whole = (kept / "kvittering.pdf").read_bytes()
    (kept / "cut.pdf").write_bytes(whole[: len(whole) // 2])
    assert verify(kept, "cut.pdf")[0] == 1
    assert verify(kept, "kvittering.pdf", keys="nowhere.json")[0] == 4
    assert verify(kept, "kvittering.pdf", keys="other.pdf")[0] == 4
