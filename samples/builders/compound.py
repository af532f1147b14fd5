"""A small writer of compound files (Microsoft [MS-CFB], version 3): what .msg, old Office files and encrypted Office files are made of."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Union

Tree = Mapping[str, Union[bytes, "Tree"]]
"""Name to a stream's bytes, or to the storage (folder) of that name."""

SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR: Final = 512
_MINI: Final = 64
_CUTOFF: Final = 4096
_FREE, _END, _FAT_SECTOR, _NO_STREAM = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5


@dataclass
class _Entry:
    name: str
    kind: int
    data: bytes = b""
    left: int = _NO_STREAM
    right: int = _NO_STREAM
    child: int = _NO_STREAM
    red: bool = False
    start: int = _END
    size: int = 0


@dataclass
class _Chains:
    """Sectors and their table: each chain of sectors holds one stream."""

    sector: int
    table: list[int] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)

    def add(self, data: bytes) -> int:
        """Appends a chain that holds ``data``; returns its first sector (``_END`` for nothing)."""
        if not data:
            return _END
        first = len(self.table)
        count = -(-len(data) // self.sector)
        self.table += [*range(first + 1, first + count), _END]
        self.content.append(data.ljust(count * self.sector, b"\0"))
        return first


def compound_file(tree: Tree) -> bytes:
    """A compound file with the given streams and storages. ValueError over about 6.8 MB (more would need a longer sector index)."""
    entries = [_Entry("Root Entry", _ROOT)]
    entries[0].child = _add_children(entries, tree)
    big, mini = _Chains(_SECTOR), _Chains(_MINI)
    for entry in entries[1:]:
        if entry.kind == _STREAM:
            entry.size = len(entry.data)
            entry.start = (mini if entry.size < _CUTOFF else big).add(entry.data)
    mini_stream = b"".join(mini.content)
    entries[0].start, entries[0].size = big.add(mini_stream), len(mini_stream)
    mini_table = big.add(_table_bytes(mini.table))
    directory = big.add(_directory_bytes(entries))
    return _assemble(big, mini_table, -(-len(mini.table) * 4 // _SECTOR), directory)


def _add_children(entries: list[_Entry], tree: Tree) -> int:
    """Appends a storage's members as a balanced search tree; returns the tree's top."""
    names = sorted(tree, key=lambda name: (len(name.encode("utf-16-le")), name.upper()))
    numbers = {}
    for name in names:
        member = tree[name]
        numbers[name] = len(entries)
        entries.append(_Entry(name, _STREAM, member) if isinstance(member, bytes) else _Entry(name, _STORAGE))
    for name in names:
        member = tree[name]
        if not isinstance(member, bytes):
            entries[numbers[name]].child = _add_children(entries, member)
    return _balance(entries, [numbers[name] for name in names], 1, len(names).bit_length())


def _balance(entries: list[_Entry], numbers: list[int], level: int, depth: int) -> int:
    """Middle first; only the deepest level is red, so that every way down passes equally many black nodes."""
    if not numbers:
        return _NO_STREAM
    middle = len(numbers) // 2
    top = entries[numbers[middle]]
    top.red = level == depth and level > 1
    top.left = _balance(entries, numbers[:middle], level + 1, depth)
    top.right = _balance(entries, numbers[middle + 1 :], level + 1, depth)
    return numbers[middle]


def _directory_bytes(entries: list[_Entry]) -> bytes:
    out = b""
    for entry in entries:
        name = entry.name.encode("utf-16-le") + b"\0\0"
        if len(name) > 64:
            raise ValueError(f"name too long for a compound file: {entry.name!r}")
        out += struct.pack("<64sHBB3I", name, len(name), entry.kind, 0 if entry.red else 1, entry.left, entry.right, entry.child)
        out += struct.pack("<16sIQQIQ", b"", 0, 0, 0, 0 if entry.kind == _STORAGE else entry.start, entry.size)
    unused = struct.pack("<64sHBB3I52s", b"", 0, 0, 0, _NO_STREAM, _NO_STREAM, _NO_STREAM, b"")
    return out + unused * (-len(entries) % (_SECTOR // 128))


def _table_bytes(table: list[int]) -> bytes:
    padded = table + [_FREE] * (-len(table) % (_SECTOR // 4))
    return struct.pack(f"<{len(padded)}I", *padded)


def _assemble(big: _Chains, mini_table: int, mini_table_sectors: int, directory: int) -> bytes:
    used = len(big.table)
    fat_sectors = 1
    while fat_sectors * (_SECTOR // 4) < used + fat_sectors:
        fat_sectors += 1
    if fat_sectors > 109:
        raise ValueError("too large for this writer")
    fat = big.table + [_FAT_SECTOR] * fat_sectors
    header = SIGNATURE + struct.pack("<16s5H6s", b"", 0x3E, 3, 0xFFFE, 9, 6, b"")
    header += struct.pack("<4I", 0, fat_sectors, directory, 0)
    header += struct.pack("<5I", _CUTOFF, mini_table, mini_table_sectors, _END, 0)
    index = list(range(used, used + fat_sectors)) + [_FREE] * (109 - fat_sectors)
    return header + struct.pack("<109I", *index) + b"".join(big.content) + _table_bytes(fat)
