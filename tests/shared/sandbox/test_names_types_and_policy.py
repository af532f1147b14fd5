"""What is told from name and first bytes alone, and the policy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from samples.builders.attachments import pdf_report
from samples.builders.spreadsheet import workbook
from services.shared.sandbox import HEAD_BYTES, Policy, identify
from services.shared.sandbox.names import clean_name, clean_path, hostile_path, unique_path

ZIP, OLE = b"PK\x03\x04" + bytes(26), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


@pytest.mark.parametrize(
    ("first_bytes", "name", "key"),
    [
        (ZIP, "a.docx", "docx"),
        (ZIP, "a.XLSX", "xlsx"),
        (ZIP, "a.zip", "zip"),
        (ZIP, "a.pdf", "zip"),
        (ZIP, "a.enlx", "enlx"),
        (OLE, "a.msg", "msg"),
        (OLE, "a.docx", "docx"),
        (OLE, "a.doc", "ole"),
        (b"%PDF-1.7\n", "a.pdf", "pdf"),
        (b"\r\njunk %PDF-1.4\n", "a.pdf", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "a.png", "png"),
        (b"\xff\xd8\xff\xe0", "a.jpeg", "jpg"),
        (b'{"a": 1}', "a.json", "json"),
        (b"From: a@example.org\r\nTo: b@example.org\r\n\r\nHei", "a", "eml"),
        ("æøå".encode(), "a.txt", "txt"),
        ("æøå".encode("utf-16"), "a.csv", "csv"),
        (b"MZ\x90\x00\x03", "a.pdf", None),
        (b"", "a.pdf", None),
    ],
)
def test_a_type_is_told_from_the_first_bytes_and_the_name(first_bytes: bytes, name: str, key: str | None) -> None:
    found = identify(first_bytes, name)
    assert (found.key if found else None) == key


@pytest.mark.parametrize("line", [b"a:\r\n", b"a:\r\n \r\n", b"X-A\r\n", b"From 1:11 "])
def test_lines_that_are_nearly_headers_of_a_mail_hold_up_nobody(line: bytes) -> None:
    found = identify((line * 2000)[:HEAD_BYTES], "rapport.pdf")  # in the process that receives: it would stand still for ever

    assert found
    assert found.key == "txt"


@pytest.mark.parametrize(("version", "pronom"), [(b"1.4", "fmt/18"), (b"1.7", "fmt/276"), (b"2.0", "fmt/1129")])
def test_the_version_of_a_pdf_gives_its_pronom_id(version: bytes, pronom: str) -> None:
    found = identify(b"%PDF-" + version + b"\n", "a.pdf")
    assert found
    assert found.format == pronom


@pytest.mark.parametrize(
    ("role", "name", "data", "code"),
    [
        ("form", "a.docx", ZIP, None),
        ("form", "a.json", b"{}", None),
        ("form", "a.eml", b"From: a@example.org\n\n", None),
        ("form", "a.xlsx", ZIP, "type_not_allowed"),
        ("form", "a.zip", ZIP, "type_not_allowed"),
        ("attachment", "a.xlsx", ZIP, None),
        ("attachment", "a.json", b"{}", "type_not_allowed"),
        ("attachment", "a.docm", ZIP, "macro_not_allowed"),
        ("attachment", "a.docm", b"MZ\x00", "macro_not_allowed"),
        ("attachment", "a.pdf", ZIP, "type_mismatch"),
        ("attachment", "a.html", b"<html>", "type_not_allowed"),
        ("attachment", "a", b"hei", "type_not_allowed"),
        ("attachment", "a.doc", OLE, "type_not_allowed"),
        ("attachment", "a.pdf", b"", "file_empty"),
    ],
)
def test_the_door_refuses_by_name_and_first_bytes(policy: Policy, role: str, name: str, data: bytes, code: str | None) -> None:
    assert policy.refusal(role, name, data) == code


def test_whole_files_of_our_builders_pass_the_door(policy: Policy) -> None:
    assert policy.refusal("attachment", "a.pdf", pdf_report("x", 1)[:4096]) is None
    assert policy.refusal("attachment", "a.xlsx", workbook("x", [[1]])[:4096]) is None


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("So\u0308knad.pdf", "Söknad.pdf"),
        ("Rapport\u202efdp.exe", "Rapportfdp.exe"),
        ("a\r\nb\0c.txt", "abc.txt"),
        ("C:\\Users\\kari\\Søknad.docx", "Søknad.docx"),
        ("../../etc/passwd", "passwd"),
        ("  .skjult.  ", "skjult"),
        ("CON.txt", "_CON.txt"),
        ("<b>?.txt", "_b__.txt"),
        ("\u200b\ufeff", "fil"),
        ("en\tto  tre.txt", "ento tre.txt"),
    ],
)
def test_a_name_is_cleaned_for_people(raw: str, clean: str) -> None:
    assert clean_name(raw) == clean


def test_a_long_name_is_cut_to_255_bytes_and_keeps_its_extension() -> None:
    name = clean_name("æ" * 400 + ".docx")
    assert len(name.encode()) <= 255
    assert name.endswith("æ.docx")


def test_folders_are_kept_in_a_path_and_lead_nowhere() -> None:
    assert clean_path("Mappe\\Under/./../a.txt") == "Mappe/Under/a.txt"
    assert clean_path("../..") == "fil"


def test_of_very_many_folders_the_innermost_are_kept() -> None:
    assert clean_path("a/" * 30_000 + "b.txt") == "a/" * 15 + "b.txt"
    assert clean_path(f"{'å' * 127}/" * 5 + "b.txt") == f"{'å' * 127}/" * 3 + "b.txt"
    assert len(clean_path("a" * 60_000 + ".txt")) == 255


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("/a", "absolute"),
        ("a/../b", "traversal"),
        ("a\\b", None),
        ("\\a", "absolute"),
        ("a\\..\\b", "traversal"),
        ("x\\nul", "device"),
        ("C:a", "drive"),
        ("x/lpt1.txt", "device"),
        ("a\nb", "control"),
        ("Mappe/a..b/.c.txt", None),
        ("Konto.txt", None),
    ],
)
def test_hostile_names_in_archives_are_told_with_their_reason(raw: str, reason: str | None) -> None:
    assert hostile_path(raw) == reason


def test_names_that_differ_only_in_case_are_told_apart() -> None:
    taken: set[str] = set()
    assert [unique_path(path, taken) for path in ("m/A.txt", "m/a.TXT", "n/a.txt", "m/a.txt", "LES")] == [
        "m/A.txt", "m/a (2).TXT", "n/a.txt", "m/a (3).txt", "LES",
    ]  # fmt: skip


def test_an_unknown_code_is_quarantined(policy: Policy) -> None:
    assert policy.outcome("never_heard_of") == "quarantined"
    assert policy.outcome("file_encrypted") == "needs_correction"
    assert policy.outcome("archive_too_large") == "quarantined"


def test_what_is_shown_of_the_policy_is_plain_json_with_the_contracts_limits(policy: Policy) -> None:
    shown = json.loads(json.dumps(policy.public()))
    assert shown["sizes"]["form_bytes"] == 25_000_000
    assert shown["sizes"]["multipart_file_bytes"] == 2**30 + 2**20
    assert shown["sizes"]["submission_bytes"] == 4 * 2**30
    assert {entry["name"] for entry in shown["types"] if "form" in entry["roles"]} == {"docx", "pdf", "json", "eml", "msg"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("sizes", "form_bytes", -1), "form_bytes"),
        (("sizes", "form_bytes", "25"), "form_bytes"),
        (("opening", "dept", 4), "dept"),
        (("outcomes", "file_empty", "ok"), "file_empty"),
    ],
)
def test_a_policy_with_a_fault_is_refused_by_name(policy: Policy, tmp_path: Path, change: tuple[str, str, object], message: str) -> None:
    raw = json.loads(policy.source)
    section, key, value = change
    raw[section][key] = value
    (tmp_path / "policy.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        Policy.load(tmp_path)


def test_the_workers_side_and_the_web_process_import_no_parser() -> None:
    script = (
        "import sys; from services.shared.sandbox import Box, Policy, identify; import services.shared.sandbox.conversation\n"
        "Policy.load(); identify(b'%PDF-1.7', 'a.pdf')\n"
        "print(sorted({'lxml', 'pypdf', 'pypdfium2', 'olefile', 'zipfile', 'email.parser', 'pyseccomp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
