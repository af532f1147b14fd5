"""Files made to burn memory, processor time, disk or descriptors, of every kind that may be sent, as form and as attachment."""

from __future__ import annotations

import bz2
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from samples.builders import bombs, hostile_archives
from samples.builders.attachments import pdf_report
from samples.builders.bombs import Member, raw_zip
from samples.builders.compound import compound_file
from samples.builders.repack import zip_bytes
from tests.corpora import tnef
from tests.corpora.parts import embedded, pdf, word
from tests.end_to_end.material import good_json
from tests.prove.burning_office import BURNING_OFFICE
from tests.prove.burning_pdf import BURNING_PDF, page_of, zeros

_CONTROL = "<w:sdt><w:sdtPr><w:tag w:val='a'/></w:sdtPr><w:sdtContent><w:r><w:t>x</w:t></w:r></w:sdtContent></w:sdt>"
_NEARLY_A_MAIL = b"a:\r\n" * 1000 + b"!"
_BOLD = "<w:r><w:rPr><w:b/></w:rPr><w:t>x</w:t></w:r><w:r><w:t>y</w:t></w:r>"
_HEAD = b"From: a@example.no\r\nSubject: post\r\nMIME-Version: 1.0\r\n"


@dataclass(frozen=True)
class BurningFile:
    """A file with the name it is sent under. ``as_form``: it may be sent as the form, too."""

    name: str
    build: Callable[[], bytes]
    as_form: bool = False


def zips_in_zips(width: int = 12, depth: int = 4) -> bytes:
    """A few kilobytes with twelve in each of twelve in each of twelve: more files than may be."""
    data = zip_bytes({f"{number}.txt": b"x" for number in range(200)})
    for _ in range(depth - 1):
        data = zip_bytes({f"{number}.zip": data for number in range(width)})
    return data


def packed_by_bzip2() -> bytes:
    """A gigabyte of zeros in a kilobyte."""
    data = bz2.compress(bytes(1 << 30), 9)
    return raw_zip([Member(b"a.csv", data, 1 << 30, bombs.crc_of_zeros(1 << 30), zipfile.ZIP_BZIP2)])


def packed_by_lzma_with_huge_memory() -> bytes:
    """Whoever unpacks it is asked for four gigabytes of memory first."""
    head = struct.pack("<BBH", 9, 4, 5) + bytes([0x5D]) + struct.pack("<I", 0xFFFFFFFF)
    return raw_zip([Member(b"a.csv", head + bytes(100), 1000, 0, zipfile.ZIP_LZMA)])


def told_in_extras(members: int = 1900) -> bytes:
    """Every name stands again in hundreds of small extra fields."""
    name = "æ.txt".encode("cp850")
    body, directory = bytearray(), bytearray()
    extra = struct.pack("<HH", 1, 0) * 250
    for _ in range(members):
        offset = len(body)
        body += struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
        directory += struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), len(extra), 0, 0, 0, 0, offset) + name + extra
    return bytes(body + directory) + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, members, members, len(directory), len(body), 0)


def slow_files_in_zip(count: int = 60) -> bytes:
    """Dozens of files of which each takes the seconds that searching may take."""
    text = b"12345678901 " * 1_600_000
    return zip_bytes({f"{number}.txt": text for number in range(count)})


def parts_in_parts(depth: int) -> bytes:
    """A multipart in a multipart, very deep."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth))
    return _HEAD + opened + b"Content-Type: text/plain\r\n\r\nhei\r\n" + b"".join(b"--b%d--\r\n" % level for level in reversed(range(depth)))


def mail_with_header(name: bytes, value: bytes) -> bytes:
    """A mail with one header of megabytes."""
    return name + b": " + value + b"\r\n" + _HEAD + b"\r\nhei\r\n"


def mail_of_text(text: bytes, kind: bytes = b"text/plain") -> bytes:
    """A mail whose body is that text."""
    return _HEAD + b"Content-Type: " + kind + b"; charset=utf-8\r\n\r\n" + text


def mail_with_parameters(count: int = 50_000) -> bytes:
    """An attachment whose name comes in tens of thousands of pieces."""
    pieces = b"".join(b";\r\n filename*%d*=%%41%%42" % number for number in range(count))
    return _HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Disposition: attachment" + pieces + b"\r\n\r\nhei\r\n--x--\r\n"


def message_of_many_streams(count: int = 25_000) -> bytes:
    """An Outlook message with a thousand attachments among tens of thousands of other streams."""
    tree: dict[str, bytes | dict[str, bytes]] = {f"__x{number}": b"" for number in range(count)}
    tree |= {f"__attach_version1.0_#{number:08X}": {"__substg1.0_37010102": b"hei"} for number in range(1000)}
    return compound_file({**tree, "__properties_version1.0": bytes(32)})


def directory_as_one_branch(count: int = 20_000) -> bytes:
    """A compound file whose directory is no tree but one long branch."""
    whole = bytearray(compound_file({f"s{number:05d}": b"" for number in range(count)} | {"__properties_version1.0": bytes(32)}))
    start = 512 * (1 + struct.unpack_from("<I", whole, 48)[0])
    entries = count + 2
    for number in range(1, entries):
        struct.pack_into("<III", whole, start + 128 * number + 68, 0xFFFFFFFF, number + 1 if number + 1 < entries else 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<I", whole, start + 76, 1)
    return bytes(whole)


def message_of_false_sizes() -> bytes:
    """An Outlook message whose streams say that they are gigabytes."""
    whole = bytearray(hostile_archives.message_with("a.txt", b"x" * 9000))
    place = whole.find("__substg1.0_37010102".encode("utf-16-le"))
    struct.pack_into("<Q", whole, place + 120, 0x7FFFFFFF)
    return bytes(whole)


def winmail_of_properties(count: int = 0xFFFFFFFF) -> bytes:
    """A winmail.dat whose properties say that there are billions of them, of billions of values."""
    properties = struct.pack("<I", count) + struct.pack("<HHI", 0x1003, 0x6001, 0xFFFFFFFF) + bytes(40_000_000)
    return tnef.mail_with_winmail(tnef.winmail(tnef._attribute(1, 0x00069003, properties)))


def mail_with_name(parameter: bytes) -> bytes:
    """A mail with a file whose name is said so."""
    head = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; "
    return _HEAD + head + parameter + b"\r\n\r\nhei\r\n--x--\r\n"


def _form(*fields: bytes) -> bytes:
    return pdf(b"/AcroForm << /Fields [<< /T (form_type) /FT /Tx /V (anmodning) >> " + b" ".join(fields) + b"] >>")


def _half_characters() -> bytes:
    """Names and values of fields, and names of files, that end within a character."""
    form = b"/AcroForm << /Fields [<< /T <FEFFD800> /FT /Tx /V <FEFFD800D800> >> << /T (trade_name) /FT /Tx /V <FEFFD800> >> << /T (form_type) /FT /Tx /V <FEFFDC00> >>] >> "
    file = b"<< /Type /Filespec /F <FEFFD800DC> /UF <FEFFD800002E0065007800650000> /EF << /F 4 0 R >> >>"
    return pdf(form + b"/Names << /EmbeddedFiles << /Names [<FEFFD800> " + file + b"] >> >>", objects=[embedded(hostile_archives.PROGRAM)])


def json_of(**changes: object) -> bytes:
    """A good form but for some answers."""
    form = json.loads(good_json())
    return json.dumps({**form, "answers": {**form["answers"], **changes}}).encode()


def _answers(key: str, value: object) -> BurningFile:
    return BurningFile("skjema.json", partial(json_of, **{key: value}), as_form=True)


def _text(key: str, value: bytes) -> BurningFile:
    return BurningFile(
        "skjema.json", lambda: b'{"form_type": "anmodning", "form_version": "1.0", "answers": {"%s": %s}}' % (key.encode(), value), as_form=True
    )


_ARCHIVES: dict[str, Callable[[], bytes]] = {
    "zips in zips": zips_in_zips,
    "chain of zips": partial(bombs.quine_like_chain, 400),
    "overlapping": bombs.overlapping_bomb,
    "packed by bzip2": packed_by_bzip2,
    "packed by LZMA": packed_by_lzma_with_huge_memory,
    "told in extras": told_in_extras,
    "slow files": slow_files_in_zip,
    "names of 64 kB": lambda: raw_zip([hostile_archives.stored(b"%d/" % number + b"a" * 60_000 + b".txt", b"x") for number in range(30)]),
    "folders of 64 kB": lambda: raw_zip([hostile_archives.stored(b"%d/" % number + b"a/" * 30_000 + b"b.txt", b"x") for number in range(30)]),
    "thousand reports": lambda: zip_bytes(dict.fromkeys((f"{number}.pdf" for number in range(1000)), pdf_report("x", 2))),
    "forms of zips": lambda: zip_bytes({f"{number}.pdf": page_of(zeros(400 << 20)) for number in range(100)}),
    "nearly mails": lambda: zip_bytes({f"{number}": _NEARLY_A_MAIL for number in range(900)}),
}

_MAILS: dict[str, Callable[[], bytes]] = {
    "parts in parts": partial(parts_in_parts, 5000),
    "mails in mails": lambda: b"From: a@example.no\r\nContent-Type: message/rfc822\r\n\r\n" * 3000 + b"hei",
    "ten thousand parts": partial(hostile_archives.many_parts, 10_000),
    "header of megabytes": partial(mail_with_header, b"X-A", b"a" * (20 << 20)),
    "subject of parentheses": partial(mail_with_header, b"Subject", b"(" * 1_000_000),
    "subject of encoded words": partial(mail_with_header, b"Subject", b" ".join([b"=?utf-8?q?=C3=A6?="] * 200_000)),
    "sender of parentheses": partial(mail_with_header, b"From", b"(" * 100_000),
    "hundred thousand recipients": partial(mail_with_header, b"To", b", ".join([b"a@example.no"] * 100_000)),
    "recipients of commas": partial(mail_with_header, b"Cc", b"," * 2_000_000),
    "recipients of quotes": partial(mail_with_header, b"To", b'"\\' * 500_000),
    "type of semicolons": partial(mail_with_header, b"Content-Type", b"a/b" + b";" * 1_000_000),
    "parameters in pieces": mail_with_parameters,
    "text of beginnings": partial(mail_of_text, b"begin 644 a.txt\n" * 300_000),
    "text of open tags": partial(mail_of_text, b"<" * 10_000_000, b"text/html"),
    "text of styles": partial(mail_of_text, b"<style" * 2_000_000, b"text/html"),
    "text of entities": partial(mail_of_text, b"&amp" * 4_000_000, b"text/html"),
    "text of numbers": partial(mail_of_text, b"12345678901 " * 1_500_000),
    "winmail of properties": winmail_of_properties,
    "lines without end": partial(mail_of_text, b"\r" * 8_000_000),
}

_MESSAGES: dict[str, Callable[[], bytes]] = {
    "message of many streams": message_of_many_streams,
    "directory as one branch": directory_as_one_branch,
    "message of false sizes": message_of_false_sizes,
    "sector loop": hostile_archives.sector_loop,
}

_TEXTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "text that is nearly a mail": ("a.pdf", lambda: _NEARLY_A_MAIL),
    "text that is nearly numbers": ("a.txt", lambda: b"12345678901 " * 1_600_000),
    "text of marks": ("a.txt", lambda: b"a" + "\u0301".encode() * 9_000_000),
    "text of halves": ("a.csv", lambda: b"\xff\xfe" + b"\x00\xd8" * 9_000_000),
    "lines of commas": ("a.csv", lambda: b",\n" * 9_000_000),
    "one word": ("a.txt", lambda: b"a" * 19_000_000),
    "many words": ("a.txt", lambda: b" ".join(b"ord%d" % number for number in range(2_000_000))),
    "huge PNG": (
        "a.png",
        lambda: (
            b"\x89PNG\r\n\x1a\n"
            + _chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0))
            + _chunk(b"IDAT", b"\x78\x9c" + bombs.deflated_zeros(1 << 30))
            + _chunk(b"IEND", b"")
        ),
    ),
}

_JSON = {
    "deep": BurningFile("skjema.json", lambda: b'{"answers":' * 400_000 + b"1" + b"}" * 400_000, as_form=True),
    "deep lists": BurningFile("skjema.json", lambda: b'{"a":' + b"[" * 2_400_000 + b"]" * 2_400_000 + b"}", as_form=True),
    "never closed": BurningFile("skjema.json", lambda: b"[" * 4_900_000, as_form=True),
    "million unknown answers": BurningFile(
        "skjema.json",
        lambda: json.dumps({"form_type": "anmodning", "form_version": "1.0", "answers": {f"u{n}": 1 for n in range(300_000)}}).encode(),
        as_form=True,
    ),
    "unknown answer of a megabyte": _answers("u" * 1_000_000, "x"),
    "number of megabytes": _text("patients_per_year", b"1" * 4_800_000),
    "fraction of megabytes": _text("patients_per_year", b"0." + b"1" * 4_800_000),
    "exponent": _text("patients_per_year", b"1e999999999"),
    "minus nothing": _text("patients_per_year", b"-0"),
    "large fraction": _text("budget_peak_year", b"1e308"),
    "not a number": _text("patients_per_year", b"NaN"),
    "key twice": _text("trade_name", b'"a", "trade_name": "b"'),
    "half a character": _text("trade_name", b'"\\ud800"'),
    "half a character in a key": _text("\\udc00", b'"a"'),
    "endless text": _answers("indication", "lang tekst " * 440_000),
    "endless word": _answers("trade_name", "a" * 4_800_000),
    "endless lines": _answers("indication", "\n" * 2_000_000),
    "endless marks": _answers("indication", "a" + "\u0301" * 700_000),
    "endless address": _answers("contact_email", "a@" * 1_000_000),
    "endless dots": _answers("contact_email", "a@" + "a." * 1_000_000),
    "endless date": _answers("dossier_expected", "2" * 4_000_000),
    "endless list": _answers("studies", [{"id": "x" * 20}] * 100_000),
    "endless codes": _answers("icd10_codes", ["C50"] * 500_000),
    "lists of lists": _answers("studies", [[[]]] * 800_000),
    "numbers in text": _answers("indication", "12345678901 " * 390_000),
}


_ODD = {
    "mail with a name of no character set": BurningFile("a.eml", partial(mail_with_name, b'filename="\xe6\xf8 \xff\xed\xa0\x80.txt"')),
    "mail with a name of half a character": BurningFile("a.eml", partial(mail_with_name, b"filename*=utf-8''%ED%A0%80%FF.txt")),
    "mail with a program of no character set": BurningFile("a.eml", partial(mail_with_name, b'filename="\xff\xed\xa0\x80.exe"')),
    "mail about half a character": BurningFile(
        "a.eml", lambda: b"From: \xe6@\xff\r\nSubject: \xe6\xff\r\nContent-Type: message/rfc822\r\n\r\nSubject: \xff\xfe\xed\xa0\x80\r\n\r\nhei"
    ),
    "fields and files named by half a character": BurningFile("a.pdf", _half_characters, as_form=True),
    "zip with names of half a character": BurningFile("a.zip", partial(hostile_archives.zip_named, b"\xed\xa0\x80.txt", b"\xff\xfe.txt")),
    "thousands of choices": BurningFile("a.pdf", lambda: _form(b"<< /T (icd10_codes) /FT /Ch /V [" + b"(C50)" * 3000 + b"] >>"), as_form=True),
    "endless answer": BurningFile("a.pdf", lambda: _form(b"<< /T (indication) /FT /Tx /V (" + b"lang tekst " * 200_000 + b") >>"), as_form=True),
    "thousands of controls": BurningFile("a.docx", lambda: word(f"<w:p>{_CONTROL * 4900}</w:p>"), as_form=True),
    "thousands of changes of type": BurningFile("a.docx", lambda: word(f"<w:p>{_BOLD * 9000}</w:p>"), as_form=True),
}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


BURNING: dict[str, BurningFile] = {
    **{f"pdf: {what}": BurningFile("a.pdf", build, as_form=True) for what, build in BURNING_PDF.items()},
    **{f"{kind}: {what}": BurningFile(f"a.{kind}", build, as_form=kind == "docx") for what, (kind, build) in BURNING_OFFICE.items()},
    **{f"zip: {what}": BurningFile("a.zip", build) for what, build in _ARCHIVES.items()},
    **{f"eml: {what}": BurningFile("a.eml", build) for what, build in _MAILS.items()},
    **{f"msg: {what}": BurningFile("a.msg", build) for what, build in _MESSAGES.items()},
    **{f"other: {what}": BurningFile(name, build) for what, (name, build) in _TEXTS.items()},
    **{f"odd: {what}": file for what, file in _ODD.items()},
    **{f"json: {what}": file for what, file in _JSON.items()},
}
"""Every file by its kind and by what is burning in it."""
