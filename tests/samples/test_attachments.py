"""Attachments are what they say, to libraries that did not write them."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import olefile
import openpyxl
import oxmsg
import pytest
from pypdf import PdfReader

from samples.builders.attachments import mail, ole_package, pdf_report, pdf_with_files, survival_curve, word_with_objects
from samples.builders.compound import compound_file
from samples.builders.outlook import OutlookMessage, outlook_message
from samples.builders.pdf_form import pdf_form
from samples.builders.repack import zip_bytes
from samples.builders.spreadsheet import workbook
from samples.sample import definition

SENT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CSV = "måned;verdi\n1;2\n".encode()


@pytest.mark.parametrize("pages", [1, 3, 12])
def test_a_report_has_the_pages_asked_for_and_norwegian_text(pages: int) -> None:
    reader = PdfReader(io.BytesIO(pdf_report("Rapport om ærlige målinger", pages)))
    assert len(reader.pages) == pages
    text = reader.pages[0].extract_text()
    assert "Rapport om ærlige målinger" in text
    assert "leverandøren legger til grunn" in text


def test_a_pdf_carries_its_files_under_their_names() -> None:
    reader = PdfReader(io.BytesIO(pdf_with_files("Rapport", {"Målinger.csv": CSV, "b.txt": b"b"})))
    assert {file.name: file.content for file in reader.attachment_list} == {"Målinger.csv": CSV, "b.txt": b"b"}


def test_a_pdf_form_can_carry_files_too() -> None:
    reader = PdfReader(io.BytesIO(pdf_form(definition("forslag"), {}, embedded={"Tall.csv": CSV})))
    assert [(file.name, file.content) for file in reader.attachment_list] == [("Tall.csv", CSV)]


def test_a_workbook_holds_its_rows() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook("Budsjett", [["År", "Kr"], [2026, 1.5]])))
    assert [list(row) for row in book["Budsjett"].iter_rows(values_only=True)] == [["År", "Kr"], [2026, 1.5]]


def test_a_picture_has_its_size() -> None:
    picture = survival_curve(120, 80)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (120, 80)


def test_a_word_file_holds_an_embedded_workbook_and_an_embedded_file() -> None:
    book = workbook("x", [[1]])
    with zipfile.ZipFile(io.BytesIO(word_with_objects("Dokumentasjon", book, "Målinger – år.csv", CSV))) as package:
        assert package.read("word/embeddings/Microsoft_Excel_Sheet1.xlsx") == book
        native = package.read("word/embeddings/oleObject1.bin")
    assert native == ole_package("Målinger – år.csv", CSV)
    with olefile.OleFileIO(io.BytesIO(native)) as ole:
        stream = ole.openstream("\x01Ole10Native").read()
    assert struct.unpack("<I", stream[:4])[0] == len(stream) - 4
    assert CSV in stream
    assert "Målinger – år.csv".encode("cp1252") in stream
    assert "Målinger – år.csv".encode("utf-16-le") in stream


def test_a_mail_has_a_named_picture_inline_an_attachment_and_a_message_inside() -> None:
    inner = mail("Indre", "Hei", SENT, [("indre.csv", "text/csv", CSV)])
    outer = mail(
        "VS: Indre",
        "Se vedlegg",
        SENT,
        [("Bekreftelse – ærlig.pdf", "application/pdf", b"%PDF-")],
        inline_picture=("forløp.png", survival_curve(20, 20)),
        forwarded=inner,
    )
    message = message_from_bytes(outer, policy=policy.default)
    assert isinstance(message, EmailMessage)
    named = {part.get_filename(): part.get_content_disposition() for part in message.walk() if part.get_filename()}
    assert named == {"forløp.png": "inline", "Bekreftelse – ærlig.pdf": "attachment", "indre.csv": "attachment"}
    nested = next(part for part in message.walk() if part.get_content_type() == "message/rfc822")
    assert nested.get_content()["Subject"] == "Indre"


def test_an_outlook_message_is_read_with_its_people_files_and_time() -> None:
    inner = OutlookMessage("Inni", "Hei", ("C", "c@example.no"), [], SENT, [("inni.csv", "text/csv", CSV)])
    files = [("Fullmakt – åre.pdf", "application/pdf", b"%PDF-" + b"y" * 9000), ("liten.txt", "text/plain", b"z")]
    data = outlook_message(
        OutlookMessage(
            "Om fullmakt æøå",
            "Hei\r\nder",
            ("Åse Lie", "ase@example.no"),
            [("Nye metoder", "nm@example.no"), ("D", "d@example.no")],
            SENT,
            files,
            [inner],
        )
    )
    message = oxmsg.Message.load(data)
    assert (message.subject, message.body, message.sender) == ("Om fullmakt æøå", "Hei\r\nder", '"Åse Lie" <ase@example.no>')
    assert message.sent_date == SENT
    assert [recipient.email_address for recipient in message.recipients] == ["nm@example.no", "d@example.no"]
    assert [(each.file_name, each.mime_type, each.file_bytes) for each in message.attachments[:2]] == files
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        nested = "__attach_version1.0_#00000002/__substg1.0_3701000D/"
        assert ole.openstream(nested + "__substg1.0_0037001F").read().decode("utf-16-le") == "Inni"
        assert ole.openstream(nested + "__attach_version1.0_#00000000/__substg1.0_37010102").read() == CSV


@pytest.mark.parametrize("count", [1, 2, 3, 7, 40])
def test_a_compound_file_gives_back_every_stream_and_has_no_defect(count: int) -> None:
    streams = {f"strøm {number}": bytes([number]) * (number * number * 40) for number in range(count)}
    data = compound_file({**streams, "mappe": {"inni": b"x" * 5000, "under": {"dypt": b"y"}}})
    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_POTENTIAL) as ole:
        found = {"/".join(path): ole.openstream(path).read() for path in ole.listdir()}
    assert found == {**streams, "mappe/inni": b"x" * 5000, "mappe/under/dypt": b"y"}


def test_a_compound_file_over_the_writers_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        compound_file({"stor": bytes(8_000_000)})


def test_a_zip_keeps_folders_and_norwegian_names() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_bytes({"mappe/": b"", "mappe/Åse – ærlig.csv": CSV}))) as archive:
        assert archive.namelist() == ["mappe/", "mappe/Åse – ærlig.csv"]
        assert archive.getinfo("mappe/").is_dir()
        assert archive.read("mappe/Åse – ærlig.csv") == CSV
        assert archive.testzip() is None
