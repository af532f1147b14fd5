"""A VBA project that a scanner recognises as one ([MS-OVBA] 2.3.4): the least of it, stored without packing."""

from __future__ import annotations

import struct
from typing import Final

from samples.builders.compound import compound_file

_CODE: Final = b'Attribute VB_Name = "ThisDocument"\r\nSub AutoOpen()\r\nMsgBox "hei"\r\nEnd Sub\r\n'
_NAME: Final = b"ThisDocument"


def vba_project() -> bytes:
    """``vbaProject.bin`` with one module that runs when the document is opened."""
    modules = {"dir": _stored(_directory()), "ThisDocument": _stored(_CODE), "_VBA_PROJECT": struct.pack("<HHBH", 0x61CC, 0xFFFF, 0, 0)}
    return compound_file({"VBA": modules, "PROJECT": b'ID="{0}"\r\nDocument=ThisDocument/&H00000000\r\n'})


def _directory() -> bytes:
    wide = _NAME.decode().encode("utf-16-le")
    information = [
        (1, struct.pack("<I", 1)),
        (2, struct.pack("<I", 0x414)),
        (0x14, struct.pack("<I", 0x414)),
        (3, struct.pack("<H", 1252)),
        (4, b"Project"),
    ]
    information += [(5, b""), (0x40, b""), (6, b""), (0x3D, b""), (7, bytes(4)), (8, bytes(4))]
    module = [(0x19, _NAME), (0x47, wide), (0x1A, _NAME), (0x32, wide), (0x1C, b""), (0x48, b""), (0x31, bytes(4)), (0x1E, bytes(4))]
    module += [(0x2C, b"\xff\xff"), (0x22, b""), (0x2B, b"")]
    version = struct.pack("<HIIH", 9, 4, 1, 1)
    rest = [(0x0C, b""), (0x3C, b""), (0x0F, struct.pack("<H", 1)), (0x13, b"\xff\xff"), *module, (0x10, b"")]
    return _records(information) + version + _records(rest)


def _records(records: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack("<HI", number, len(data)) + data for number, data in records)


def _stored(data: bytes) -> bytes:
    """One chunk of literal tokens ([MS-OVBA] 2.4.1)."""
    tokens = b"".join(b"\0" + data[start : start + 8] for start in range(0, len(data), 8))
    return b"\x01" + struct.pack("<H", 0xB000 | (len(tokens) - 1)) + tokens
