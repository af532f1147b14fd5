"""The bad files are bad in the way their names say, and only in that way."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from datetime import date
from functools import cache

import olefile
import pytest
from lxml import etree
from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError

from samples.builders import bombs, hostile_archives, hostile_office
from samples.builders.attachments import pdf_report
from samples.builders.hostile import HOSTILE, carrier
from samples.builders.sealed import encrypted_office, encrypted_pdf
from samples.content.people import identity_number
from services.shared import lifecycle
from services.shared.identity_numbers import find_identity_numbers
from services.shared.sandbox import HEAD_BYTES, Policy
from tests.samples.reading import word_tags

TODAY = date(2026, 11, 22)


@cache
def built(name: str) -> bytes:
    """The bytes of a bad file, built once."""
    return HOSTILE[name].build()


every_file = pytest.mark.parametrize("name", HOSTILE)


@every_file
def test_a_bad_file_is_the_same_each_time_and_has_a_possible_end(name: str) -> None:
    hostile = HOSTILE[name]
    assert hostile.build() == built(name)
    codes = hostile.expect - set(lifecycle.STATES)
    assert hostile.expect
    assert all(re.fullmatch(r"[a-z_]{3,40}", code) for code in codes)


@every_file
def test_the_door_lets_in_only_what_opening_must_show(name: str) -> None:
    hostile = HOSTILE[name]
    refused = Policy.load().refusal("form" if hostile.as_form else "attachment", hostile.file_name, built(name)[:HEAD_BYTES])
    if refused in (None, "type_mismatch"):  # a name that disagrees with its content is told after receipt
        assert hostile.expect & set(lifecycle.STATES), "it comes in, so it must be allowed to end in some state"
    else:
        assert refused in hostile.expect


def test_there_are_at_least_forty_kinds_and_their_bytes_differ() -> None:
    kinds = {(built(name), hostile.file_name) for name, hostile in HOSTILE.items()}
    assert len(kinds) >= 40


def test_the_carrier_is_a_good_form_about_something_new_each_time() -> None:
    first, second = (word_tags(carrier(TODAY, number)) for number in (1, 2))
    assert first["indication"] != second["indication"]
    assert {**first, "indication": ""} == {**second, "indication": ""}


@pytest.mark.parametrize("size", [0, 1, 1000, (1 << 20) + 1, 5 << 20])
def test_the_checksum_of_zeros_is_right_without_reading_them(size: int) -> None:
    assert bombs.crc_of_zeros(size) == zlib.crc32(bytes(size))


def test_a_bomb_unpacks_to_what_it_declares() -> None:
    size = (3 << 20) + 7
    with zipfile.ZipFile(io.BytesIO(bombs.zero_bomb(size))) as archive:
        assert archive.read("malinger.csv") == bytes(size)


def test_a_large_bomb_is_a_thousandth_of_what_it_unpacks_to() -> None:
    bomb = bombs.zero_bomb(2 << 30)
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        assert archive.infolist()[0].file_size == 2 << 30
    assert len(bomb) < (2 << 30) / 900


def test_a_lying_bomb_declares_little_and_holds_much() -> None:
    bomb = bombs.zero_bomb(5 << 20, declared=1000)
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        entry = archive.infolist()[0]
        assert entry.file_size == 1000
    start = bomb.index(b"malinger.csv") + len(b"malinger.csv")
    assert len(zlib.decompressobj(-15).decompress(bomb[start : start + entry.compress_size])) == 5 << 20


def test_an_overlapping_bomb_sends_once_what_it_lists_many_times() -> None:
    bomb = bombs.overlapping_bomb(100, 1 << 20)
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        assert {entry.header_offset for entry in archive.infolist()} == {0}
        assert sum(entry.file_size for entry in archive.infolist()) == 100 << 20
    assert len(bomb) < 20_000


def test_a_hundred_thousand_entries_are_all_listed() -> None:
    with zipfile.ZipFile(io.BytesIO(built("hundred_thousand_entries"))) as archive:
        assert len(archive.namelist()) == 100_000


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("traversal", "../../../etc/cron.d/x.txt"),
        ("absolute_path", "/etc/x.txt"),
        ("backslash_traversal", "..\\..\\x.txt"),
        ("drive_letter", "C:/Windows/x.txt"),
        ("line_break_in_name", "notat\r\nX-A: b.txt"),
    ],
)
def test_an_archive_has_the_name_that_is_bad_about_it(name: str, member: str) -> None:
    with zipfile.ZipFile(io.BytesIO(built(name))) as archive:
        assert archive.namelist() == [member]


def test_a_link_in_an_archive_is_a_link() -> None:
    with zipfile.ZipFile(io.BytesIO(hostile_archives.symbolic_link())) as archive:
        assert archive.infolist()[0].external_attr >> 16 == 0o120777


def test_a_deep_chain_is_as_deep_as_it_says() -> None:
    data, depth = bombs.quine_like_chain(8), 0
    while data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data, depth = archive.read(archive.namelist()[0]), depth + 1
    assert depth == 8


def test_an_encrypted_office_file_is_a_compound_file_with_the_two_streams() -> None:
    sealed = encrypted_office(hostile_office.letter())
    with olefile.OleFileIO(io.BytesIO(sealed), raise_defects=olefile.DEFECT_POTENTIAL) as ole:
        assert sorted(ole.listdir()) == [["EncryptedPackage"], ["EncryptionInfo"]]
    assert b"word/document.xml" not in sealed


def test_an_encrypted_pdf_opens_only_with_its_password() -> None:
    reader = PdfReader(io.BytesIO(encrypted_pdf(pdf_report("Pristilbud", 1))))
    assert reader.is_encrypted
    with pytest.raises(FileNotDecryptedError):
        reader.pages[0].extract_text()
    assert reader.decrypt("hemmelig")
    assert "Pristilbud" in reader.pages[0].extract_text()


@pytest.mark.parametrize("name", ["external_entity_form", "remote_schema_form", "external_entity_docx"])
def test_a_tampered_document_is_well_formed_and_has_a_doctype(name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(built(name))) as package:
        document = package.read("word/document.xml")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True)
    assert etree.fromstring(document, parser).getroottree().docinfo.internalDTD is not None
    assert b"<!DOCTYPE x" in document


def test_a_billion_laughs_are_ten_lines_each_ten_of_the_one_before() -> None:
    with zipfile.ZipFile(io.BytesIO(built("billion_laughs_form"))) as package:
        document = package.read("word/document.xml")
    assert document.count(b"<!ENTITY") == 10
    assert [document.count(b"&l%d;" % level) for level in range(10)] == [10] * 9 + [1]


def test_a_macro_project_is_a_part_of_the_package_that_the_document_points_to() -> None:
    with zipfile.ZipFile(io.BytesIO(built("macro_in_docx"))) as package:
        assert package.testzip() is None
        assert b"vbaProject.bin" in package.read("word/_rels/document.xml.rels")
        assert olefile.isOleFile(io.BytesIO(package.read("word/vbaProject.bin")))


def test_the_identity_number_is_one_to_the_finder_and_is_marked_as_a_test_person() -> None:
    number = identity_number()
    assert 81 <= int(number[2:4]) <= 92
    assert len(find_identity_numbers(f"fnr. {number}.")) == 1
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert find_identity_numbers(f"fnr. {wrong}.") == []


def test_identity_numbers_of_many_days_are_all_found() -> None:
    numbers = [identity_number(day, month, year) for day in (1, 28) for month in (1, 12) for year in (50, 99)]
    assert len(find_identity_numbers(" ".join(numbers))) == len(numbers) == len(set(numbers))
