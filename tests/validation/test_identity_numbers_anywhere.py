"""A national identity number stops a submission wherever it stands, and is told to nobody: not in an answer of the API, not in a message, not in a log."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
import requests
from docx import Document
from openpyxl.comments import Comment
from pypdf.annotations import Text

from samples.builders.attachments import pdf_report
from samples.builders.hostile_archives import zip_of
from samples.content.people import identity_number
from services.command.up import Running, running
from tests.end_to_end.material import good_docx, good_json
from tests.end_to_end.system import free_port

NUMBER = identity_number()
SPACED = f"{NUMBER[:6]} {NUMBER[6:]}"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("numbers") / "data", port=free_port()) as started:
        yield started


def ask(system: Running, method: str, path: str, *, who: str = "leverandor", **sent: Any) -> requests.Response:
    return requests.request(
        method, system.settings.public_url + path, headers={"Authorization": f"Bearer {system.issuer.token(who)}"}, timeout=60, **sent
    )


def word(change: Callable[[Any], object]) -> bytes:
    document = Document(io.BytesIO(good_docx()))
    change(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def part_added(name: str, xml: str, package: bytes | None = None) -> bytes:
    """A Word document with one more part."""
    out = io.BytesIO(package or good_docx())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, xml)
    return out.getvalue()


def hidden(document: Any) -> None:
    document.add_paragraph("").add_run(f"Pasient {SPACED}").font.hidden = True


def split_in_runs(document: Any) -> None:
    paragraph = document.add_paragraph("Pasient ")
    for digits in (NUMBER[:3], NUMBER[3:8], NUMBER[8:]):
        paragraph.add_run(digits).bold = digits == NUMBER[:3]


def in_header(document: Any) -> None:
    document.sections[0].header.paragraphs[0].text = NUMBER


def alternative_text(document: Any) -> None:
    picture = document.add_paragraph("Figur").add_run()._r
    from lxml import etree

    drawing = etree.fromstring(
        '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        f'<wp:inline><wp:docPr id="1" name="Bilde 1" descr="Journal {NUMBER}"/></wp:inline></w:drawing>'
    )
    picture.append(drawing)


def book(change: Callable[[openpyxl.Workbook], object]) -> bytes:
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active["A1"] = "Budsjett"
    change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def commented(made: openpyxl.Workbook) -> None:
    assert made.active is not None
    made.active["A1"].comment = Comment(f"gjelder {NUMBER}", "Kari")


def hidden_sheet(made: openpyxl.Workbook) -> None:
    sheet = made.create_sheet("Skjult")
    sheet.sheet_state = "hidden"
    sheet["C7"] = int(NUMBER)


def pdf(change: Callable[[pypdf.PdfWriter], object]) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_report("Rapport")))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def noted(writer: pypdf.PdfWriter) -> None:
    writer.add_annotation(page_number=0, annotation=Text(rect=(10, 10, 20, 20), text=f"Se {NUMBER}"))


COMMENTS = (
    '<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    f'<w:comment w:id="0" w:author="Kari"><w:p><w:r><w:t>{SPACED}</w:t></w:r></w:p></w:comment></w:comments>'
)
CUSTOM = f'<Properties xmlns="urn:x"><property name="Pasient"><v>{NUMBER}</v></property></Properties>'

ATTACHMENTS: dict[str, tuple[str, bytes]] = {
    "docx, hidden text": ("a.docx", word(hidden)),
    "docx, split in runs": ("a.docx", word(split_in_runs)),
    "docx, header": ("a.docx", word(in_header)),
    "docx, title of the file": ("a.docx", word(lambda document: setattr(document.core_properties, "title", SPACED))),
    "docx, keywords": ("a.docx", word(lambda document: setattr(document.core_properties, "keywords", NUMBER))),
    "docx, last changed by": ("a.docx", word(lambda document: setattr(document.core_properties, "last_modified_by", NUMBER))),
    "docx, own properties": ("a.docx", part_added("docProps/custom.xml", CUSTOM)),
    "docx, comments": ("a.docx", part_added("word/comments.xml", COMMENTS)),
    "docx, bound data": ("a.docx", part_added("customXml/item9.xml", f"<a><b>{NUMBER}</b></a>")),
    "docx, alternative text": ("a.docx", word(alternative_text)),
    "xlsx, cell": ("a.xlsx", book(lambda made: made.active.append([SPACED]))),  # type: ignore[union-attr]  # it has a sheet
    "xlsx, number in a hidden sheet": ("a.xlsx", book(hidden_sheet)),
    "xlsx, comment": ("a.xlsx", book(commented)),
    "xlsx, name of a sheet": ("a.xlsx", book(lambda made: made.create_sheet(NUMBER))),
    "xlsx, title of the file": ("a.xlsx", book(lambda made: setattr(made.properties, "title", NUMBER))),
    "pdf, page": ("a.pdf", pdf_report(f"Rapport om pasient {SPACED}")),
    "pdf, title of the file": ("a.pdf", pdf(lambda writer: writer.add_metadata({"/Title": NUMBER}))),
    "pdf, bookmark": ("a.pdf", pdf(lambda writer: writer.add_outline_item(title=f"Pasient {NUMBER}", page_number=0))),
    "pdf, comment": ("a.pdf", pdf(noted)),
    "name of a file": (f"pasient {NUMBER}.txt", b"Tekst."),
    "name in a zip": ("a.zip", zip_of({f"{NUMBER}.txt": b"Tekst."})),
    "text in a zip": ("a.zip", zip_of({"a.txt": SPACED.encode()})),
    "mail, subject": ("a.eml", f"From: a@b.example\r\nSubject: Pasient {NUMBER}\r\n\r\nTekst\r\n".encode()),
    "mail, text": ("a.eml", f"From: a@b.example\r\nSubject: Hei\r\n\r\n{SPACED}\r\n".encode()),
}


@pytest.mark.parametrize("where", ATTACHMENTS)
def test_a_number_in_an_attachment_quarantines_and_is_not_told(system: Running, where: str) -> None:
    name, data = ATTACHMENTS[where]
    answer = ask(system, "post", "/api/v1/checks", files=[("form", ("skjema.json", good_json())), ("attachments", (name, data))])
    told = answer.json()
    assert told["status"] == "quarantined", told["errors"]
    assert "national_identity_number" in {error["code"] for error in told["errors"]}
    assert NUMBER not in answer.text
    assert SPACED not in answer.text


@pytest.mark.parametrize(
    ("what", "form"),
    [
        ("an answer", good_json(comparable_which=f"Pasient {SPACED}")),
        ("an unknown field", json.dumps({**json.loads(good_json()), "answers": {NUMBER: "x", **json.loads(good_json())["answers"]}}).encode()),
        ("an answer of an unknown field", json.dumps({**json.loads(good_json()), "answers": {"ukjent": NUMBER}}).encode()),
        ("beside the answers", json.dumps({**json.loads(good_json()), "kommentar": NUMBER}).encode()),
    ],
)
def test_a_number_in_the_form_quarantines_and_no_answer_is_told(system: Running, what: str, form: bytes) -> None:
    answer = ask(system, "post", "/api/v1/checks", files=[("form", ("skjema.json", form))])
    assert (answer.json()["status"], answer.json()["answers"]) == ("quarantined", None)
    assert NUMBER not in answer.text
    assert SPACED not in answer.text


def test_a_number_in_the_note_quarantines_and_the_number_is_not_kept(system: Running) -> None:
    note = f"Gjelder pasienten {SPACED}, haster."
    checked = ask(system, "post", "/api/v1/checks", files=[("form", ("skjema.json", good_json()))], data={"note": note})
    assert checked.json()["status"] == "quarantined"
    sent = ask(system, "post", "/api/v1/submissions", files=[("form", ("skjema.json", good_json()))], data={"note": note}).json()
    deadline = time.monotonic() + 60
    while (view := ask(system, "get", sent["links"]["self"])).json()["status"] in ("received", "checking"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert view.json()["status"] == "quarantined"
    assert [error["field"] for error in view.json()["errors"] if error["code"] == "national_identity_number"] == ["Merknad"]
    assert view.json()["note"] == "Gjelder pasienten ############, haster."
    assert NUMBER[6:] not in view.text
    form = view.json()["documents"][0]["id"]
    body = {"version": 1, "reason": "Merknaden er lest.", "document": form}
    assert ask(system, "post", f"{sent['links']['self']}/release", who="sekretariat", json=body).status_code == 200
    while (view := ask(system, "get", sent["links"]["self"])).json()["status"] in ("quarantined", "checking", "accepted"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert view.json()["status"] == "routed"


@pytest.mark.parametrize(
    ("who", "path", "body"),
    [
        ("leverandor", "messages", {"text": f"Pasienten er {SPACED}."}),
        ("sekretariat", "messages", {"text": f"Pasienten er {NUMBER}."}),
        ("sekretariat", "accept", {"version": 1, "reason": f"Pasienten er {NUMBER}."}),
        ("leverandor", "withdraw", {"reason": NUMBER}),
    ],
)
def test_a_number_in_what_people_write_is_refused_and_not_kept(system: Running, who: str, path: str, body: dict[str, Any]) -> None:
    sent = ask(system, "post", "/api/v1/submissions", files=[("form", ("skjema.json", good_json()))]).json()
    refused = ask(system, "post", f"{sent['links']['self']}/{path}", who=who, json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "identity_number_in_text")
    for answer in (refused, ask(system, "get", sent["links"]["self"], who="sekretariat")):
        assert NUMBER not in answer.text
        assert SPACED not in answer.text


def test_a_file_refused_at_the_door_is_not_named_by_a_number(system: Running) -> None:
    refused = ask(system, "post", "/api/v1/submissions", files=[("form", (f"{NUMBER}.exe", b"MZ"))])
    assert refused.status_code == 415
    assert NUMBER not in refused.text


def test_nothing_of_it_stands_in_a_log(system: Running, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    name, data = ATTACHMENTS["name of a file"]
    ask(system, "post", "/api/v1/checks", files=[("form", ("skjema.json", good_json())), ("attachments", (name, data))])
    ask(system, "post", "/api/v1/submissions", files=[("form", (f"{NUMBER}.exe", b"MZ"))])
    said = capfd.readouterr()
    assert NUMBER not in said.out + said.err
