"""Valid files made a little wrong: bits, cuts and splices; inside zips with their checksums made right again; words of XML, PDF and JSON."""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

_TOKEN = re.compile(rb"-?\d+|[A-Za-z_:]{2,}|[<>\[\]{}()\"'/=]")
_WORDS = (
    *(
        b"0",
        b"-1",
        b"65536",
        b"2147483648",
        b"99999999999999999999",
        b"1e308",
        b"NaN",
        b"null",
        b"\xff\xfe",
        b"\x00",
        b"<",
        b">>",
        b"<<",
        b"]",
        b"[" * 200,
    ),
    *(
        b"endobj",
        b"stream",
        b"/Kids",
        b"/Parent",
        b"/Filter",
        b"/FlateDecode",
        b"1 0 R",
        b"w:p",
        b"w:sdt",
        b"&#0;",
        b"&a;",
        b"<!--",
        b"</w:p>",
        b"{",
        b'"',
    ),
)


def mutated(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The file with one to four faults; ``others`` give what is spliced in."""
    for _ in range(chance.randint(1, 4)):
        if data[:4] == b"PK\x03\x04" and chance.random() < 0.7:
            data = _in_a_member(data, others, chance)
        else:
            data = chance.choice(_WAYS)(data, others, chance)
    return data


def _in_a_member(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The zip packed anew with one member changed, taken out, named otherwise or there twice; its checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist() if info.file_size < 1 << 20]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError, zlib.error):
        return _flipped(data, others, chance)
    if not members:
        return data
    place = chance.randrange(len(members))
    name, content = members[place]
    deed = chance.random()
    if deed < 0.7:
        members[place] = (name, chance.choice(_WAYS)(content, [each for _, each in members], chance))
    elif deed < 0.8:
        del members[place]
    elif deed < 0.9:
        members[place] = (chance.choice((name.upper(), f"../{name}", name * 20, members[0][0])), content)
    else:
        members.append((f"word/embeddings/{place}.bin", chance.choice(others)[: 1 << 20]))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, (new_name, new_content) in enumerate(members):
            archive.writestr(zipfile.ZipInfo(new_name if new_name not in archive.namelist() else f"{at}{new_name}"), new_content)
    return out.getvalue()


def _flipped(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 16)):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _taken_out(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randint(1, 400) :]


def _spliced(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others) if others else data
    start, here = chance.randrange(len(other) + 1), chance.randrange(len(data) + 1)
    return data[:here] + other[start : start + chance.randint(1, 2000)] + data[here + chance.choice((0, 100)) :]


def _repeated(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    piece = data[start : start + chance.randint(1, 200)]
    return data[:start] + piece * chance.choice((2, 50, 500)) + data[start:]


def _word_changed(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    found = _TOKEN.search(data, start) or _TOKEN.search(data)
    return data if found is None else data[: found.start()] + chance.choice(_WORDS) + data[found.end() :]


_WAYS: Sequence[Callable[[bytes, Sequence[bytes], random.Random], bytes]] = (
    *(_flipped, _cut, _taken_out, _spliced, _repeated),
    *(_word_changed, _word_changed, _word_changed),
)
