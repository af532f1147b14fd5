"""Archives and mails with tricks in their names, structure or contents. What is large or deep stands in ``bombs``."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime

from samples.builders.attachments import mail
from samples.builders.bombs import Member, raw_zip
from samples.builders.compound import compound_file
from samples.builders.outlook import OutlookMessage, outlook_message
from samples.builders.repack import zip_bytes

PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + bytes(200) + b"PE\x00\x00" + bytes(300)
"""The beginning of a Windows program; it does nothing."""

_SENT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_TEXT = b"Et helt vanlig notat."


def stored(name: bytes, data: bytes = _TEXT, **oddities: int | bytes | None) -> Member:
    """A member that is stored as it is; ``oddities`` set other fields of its headers."""
    return Member(name, data, **{"size": len(data), "crc": zlib.crc32(data), "method": zipfile.ZIP_STORED, **oddities})  # type: ignore[arg-type]  # one mapping for keywords of several types


def zip_named(*names: bytes) -> bytes:
    """A zip whose members have exactly these names."""
    return raw_zip([stored(name, flags=0x800) for name in names])


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip of files with ordinary names and whatever contents."""
    return zip_bytes(files)


def symbolic_link() -> bytes:
    """A member that is a link to a file outside the archive."""
    entry = zip_bytes({"notat.txt": b"/etc/passwd"})
    mode = struct.pack("<I", (stat.S_IFLNK | 0o777) << 16)
    place = entry.index(b"PK\1\2") + 38
    return entry[:place] + mode + entry[place + 4 :]


def password_zip() -> bytes:
    """The member's flag says that it is encrypted."""
    return raw_zip([stored(b"hemmelig.txt", b"\x11" * 40, flags=1)])


def unknown_method() -> bytes:
    """Packed with a method that nobody knows."""
    return raw_zip([stored(b"notat.txt", method=97)])


def two_names() -> bytes:
    """One name in the directory and another in front of the bytes: two readers see two files."""
    return raw_zip([stored(b"notat.txt", local_name=b"oppsett.exe")])


def same_name_twice() -> bytes:
    """Two members of one name; the second hides the first, or the other way round."""
    return raw_zip([stored(b"notat.txt", b"Den ene."), stored(b"notat.txt", b"Den andre.")])


def wrong_checksum() -> bytes:
    """The bytes are not those the checksum was made of."""
    return raw_zip([stored(b"notat.txt", crc=0xDEADBEEF)])


def directory_beyond_end() -> bytes:
    """The closing record points far outside the file."""
    whole = zip_bytes({"notat.txt": _TEXT})
    place = whole.rindex(b"PK\5\6") + 16
    return whole[:place] + struct.pack("<I", 0x7FFFFFFF) + whole[place + 4 :]


def mail_in_mail(depth: int) -> bytes:
    """A message in a message in a message, each forwarded by the next."""
    message = mail("Innerst", "Her er det.", _SENT)
    for level in range(depth):
        message = mail(f"VS: nivå {level}", "Videresendt.", _SENT, forwarded=message)
    return message


def mail_with(name: str, data: bytes) -> bytes:
    """An .eml with one attached file."""
    return mail("Dokumentasjon", "Vedlagt.", _SENT, [(name, "application/octet-stream", data)])


def many_parts(count: int = 5000) -> bytes:
    """An .eml of thousands of parts."""
    part = b'--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\nhei\r\n'
    return (
        b"From: a@example.no\r\nSubject: deler\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        + part * count
        + b"--x--\r\n"
    )


def endless_boundary() -> bytes:
    """An .eml whose multipart never ends and whose file is broken base64 in a character set that does not exist."""
    head = b"From: a@example.no\r\nSubject: =?ukjent-tegnsett?B?!!!?=\r\nMIME-Version: 1.0\r\n"
    head += b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    return head + b"--x\r\nContent-Type: text/plain; charset=finnes-ikke\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%=== ikke base64"


def message_with(name: str, data: bytes) -> bytes:
    """A .msg with one attached file."""
    return outlook_message(
        OutlookMessage("Dokumentasjon", "Vedlagt.", ("A", "a@example.no"), [("B", "b@example.no")], _SENT, [(name, "application/octet-stream", data)])
    )


def sector_loop() -> bytes:
    """A .msg whose directory goes in a circle: its second sector says that the first comes next."""
    whole = bytearray(message_with("a.txt", b"x" * 9000))
    first_directory_sector = struct.unpack_from("<I", whole, 48)[0]
    table = 512 * (1 + struct.unpack_from("<I", whole, 76)[0])
    struct.pack_into("<I", whole, table + 4 * (first_directory_sector + 1), first_directory_sector)
    return bytes(whole)


def storage_without_message() -> bytes:
    """A compound file called .msg that holds no message."""
    return compound_file({"Noe annet": b"x" * 100})
