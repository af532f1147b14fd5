"""Zip files, looked at before they are believed.

The central directory is counted before the library reads it (100,000 entries cost seconds and memory), then every entry is
checked: overlapping, declared sizes, links; whether it is locked when it is read. Sizes are absolute: honest documents compress 600:1, bombs may not.
"""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from services.shared.sandbox.readers.refused import Refused

_END, _END64, _LOCATOR64, _CENTRAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02"
_LETTERS = frozenset("æøåÆØÅäöüÄÖÜéèêëÉàáâçñß§€–—’“”«»½°")
_CHUNK, _PIECE = 1 << 16, 1 << 12
_CHUNKS = {zipfile.ZIP_STORED: _CHUNK, zipfile.ZIP_DEFLATED: _CHUNK, zipfile.ZIP_BZIP2: _PIECE, zipfile.ZIP_LZMA: _PIECE}
"""How many bytes are asked for at a time: the last two unpack all that they are fed at once."""
_UNICODE_PATH = 0x7075


def open_zip(stream: BinaryIO, *, entries: int, member_bytes: int, total_bytes: int) -> zipfile.ZipFile:
    """The zip, if it is one that may be opened. Raises Refused with what is wrong.

    `member_bytes`, `total_bytes`: by how much one member, and all together, may grow when unpacked. A film that lies uncompressed in a
    presentation was sent byte for byte and is no bomb.
    """
    _count_entries(stream, entries)
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, OSError) as error:
        raise Refused("file_corrupt", reason="zip") from error
    infos = archive.infolist()
    inflated = 0
    for info in infos:
        inflation = max(0, info.file_size - info.compress_size)
        inflated += inflation
        if inflation > member_bytes or inflated > total_bytes:
            raise Refused("archive_too_large", limit=min(member_bytes, total_bytes))
    _refuse_overlaps(infos, archive.start_dir)
    return archive


def refuse_locked(info: zipfile.ZipInfo) -> None:
    """Raises Refused for a member with a password, and for one that is packed in a way that few programs unpack (Deflate64 and the like)."""
    if info.flag_bits & 0x1:
        raise Refused("file_encrypted")
    if info.compress_type not in _CHUNKS:
        raise Refused("type_not_allowed", reason="compression", method=info.compress_type)


def member_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a member. Raises Refused when it is locked, or when they are not what the directory says."""
    refuse_locked(info)
    with _as_refused(archive, info), archive.open(info) as member:
        while chunk := member.read(_CHUNKS[info.compress_type]):
            yield chunk


def _holds_more(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Whether a member that cannot be right unpacks to more than the directory says. The library stops where the directory does, and others do not."""
    stream, left, unpacked = archive.fp, info.compress_size, 0
    if stream is None or info.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        return False
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if info.compress_type == zipfile.ZIP_DEFLATED else bz2.BZ2Decompressor()
    try:
        stream.seek(info.header_offset)
        stream.seek(sum(struct.unpack_from("<HH", stream.read(30), 26)), io.SEEK_CUR)
        while left > 0 and unpacked <= info.file_size and (packed := stream.read(min(_PIECE, left))):
            left -= len(packed)
            unpacked += len(unpacker.decompress(packed))
    except (OSError, struct.error, zlib.error, EOFError, ValueError):
        return False
    return unpacked > info.file_size


def member_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """A whole member that is not larger than `most` bytes. Raises Refused."""
    if info.file_size > most:
        raise Refused("file_too_complex", reason="size", limit=most)
    if _CHUNKS.get(info.compress_type) != _CHUNK:
        return b"".join(member_chunks(archive, info))
    refuse_locked(info)
    with _as_refused(archive, info), archive.open(info) as member:
        return member.read(max(1, info.file_size))  # at once: these two unpack no more than they are asked for


@contextlib.contextmanager
def _as_refused(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, EOFError, ValueError, struct.error, zlib.error, lzma.LZMAError, NotImplementedError, OSError) as error:
        if _holds_more(archive, info):
            raise Refused("archive_too_large", reason="size") from error
        raise Refused("file_corrupt", reason="member") from error


def member_name(info: zipfile.ZipInfo) -> str:
    """The name of a member as its maker meant it: UTF-8 if it says so or can be, else the code page that gives the most letters.

    `orig_filename` is used: the library cuts names at a NUL.
    """
    name = info.orig_filename
    if info.flag_bits & 0x800 or name.isascii():
        return name
    raw = name.encode("cp437")
    if told := _told_in_unicode(info.extra, raw):
        return told
    readings = []
    for code_page in ("utf-8", "cp850", "cp437", "cp1252"):
        try:
            reading = raw.decode(code_page)
        except UnicodeDecodeError:
            continue
        if code_page == "utf-8":
            return reading
        readings.append(reading)
    best = max(readings, key=_likely_letters)
    if all(character.isascii() or character in _LETTERS for character in best):
        return best
    with contextlib.suppress(UnicodeDecodeError):
        chinese = raw.decode("gbk")
        if all(character.isascii() or "\u4e00" <= character <= "\u9fff" for character in chinese):
            return chinese
    return best


def _likely_letters(reading: str) -> int:
    """How much it looks like a name: a letter counts more than a sign, since the byte of ø in one code page is that of ° in another."""
    return sum(2 if character.isalpha() else 1 for character in reading if character in _LETTERS)


def _told_in_unicode(extra: bytes, raw: bytes) -> str | None:
    """The name in the extra field of Info-ZIP (4.6.9 of the zip specification), if it is of this name and not of an earlier one."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        field = extra[position + 4 : position + 4 + length]
        if kind == _UNICODE_PATH and len(field) > 5 and field[0] == 1 and struct.unpack_from("<I", field, 1)[0] == zlib.crc32(raw):
            with contextlib.suppress(UnicodeDecodeError):
                return field[5:].decode("utf-8")
        position += 4 + length
    return None


def special(info: zipfile.ZipInfo) -> str | None:
    """`symlink` or `special` when the entry is no ordinary file or folder on a UNIX system."""
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "symlink"
    ordinary = (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFIFO)  # a pipe: what was packed came from another program's output
    return "special" if stat.S_IFMT(mode) not in ordinary else None


def _count_entries(stream: BinaryIO, most: int) -> None:
    size = stream.seek(0, 2)
    tail_start = max(0, size - 65557 - 20)
    stream.seek(tail_start)
    tail = stream.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < 22:
        raise Refused("file_corrupt", reason="truncated")
    count, directory_size, directory_start = struct.unpack_from("<HII", tail, end + 10)
    directory_start = tail_start + end - directory_size  # where it lies, also behind something put before the zip
    if end >= 20 and tail[end - 20 : end - 16] == _LOCATOR64:
        (end64,) = struct.unpack_from("<Q", tail, end - 20 + 8)
        stream.seek(min(end64, size))
        record = stream.read(56)
        if len(record) < 56 or record[:4] != _END64:
            raise Refused("file_corrupt", reason="zip64")
        count, directory_size, directory_start = struct.unpack_from("<QQQ", record, 32)
    if count > most or directory_size > most * 1024 + _CHUNK:
        raise Refused("archive_too_many", limit=most)
    if directory_size // 46 > most:
        stream.seek(max(0, directory_start))
        _walk_directory(stream.read(directory_size), most)


def _walk_directory(directory: bytes, most: int) -> None:
    """Count what stands there; the number in the end record may lie."""
    position = count = 0
    while directory[position : position + 4] == _CENTRAL and position + 46 <= len(directory):
        position += 46 + sum(struct.unpack_from("<HHH", directory, position + 28))
        count += 1
        if count > most:
            raise Refused("archive_too_many", limit=most)


def _refuse_overlaps(infos: list[zipfile.ZipInfo], directory_start: int) -> None:
    ordered = sorted(infos, key=lambda info: info.header_offset)
    for info, following in zip(ordered, [*(info.header_offset for info in ordered[1:]), directory_start], strict=False):
        if info.header_offset + 30 + info.compress_size > following:
            raise Refused("archive_too_large", reason="overlap")
