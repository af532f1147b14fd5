"""OLE compound files: old Office formats, Outlook messages, encrypted packages, and objects embedded in Word, Excel and PowerPoint."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import olefile

from services.shared.sandbox.policy import FileType, Policy
from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

OleFile: TypeAlias = "olefile.OleFileIO"

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NATIVE = "\x01Ole10Native"
_OLD_FORMATS = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt"}
_WRAPPED = ("Package", "CONTENTS", "EmbeddedOdf")


def open_ole(source: BinaryIO | bytes) -> OleFile:
    """The compound file. Raises Refused (`file_corrupt`)."""
    try:
        ole = olefile.OleFileIO(io.BytesIO(source) if isinstance(source, bytes) else source)
    except Exception as error:  # olefile lets struct, index and type errors of broken files through
        raise Refused("file_corrupt", reason="ole") from error
    if _sectors_shared(ole):
        raise Refused("file_corrupt", reason="ole sectors")
    return ole


def recognise(document: Document, policy: Policy) -> FileType:
    """Which OLE file it is. Raises Refused for an encrypted package and for macros."""
    ole = open_ole(document.stream)
    if ole.exists("EncryptedPackage"):
        raise Refused("file_encrypted")
    if ole.exists("__properties_version1.0"):
        document.compound = ole
        return policy.type("msg")
    if _has_macros(ole):
        raise Refused("macro_not_allowed")
    return policy.type("ole")


def extract_object(opening: FileOpening, document: Document, data: bytes, name: str) -> None:
    """Hand over the file inside an embedded OLE object; `name` is the object's own, used when the file brings none."""
    ole = open_ole(data)
    stem = name.rpartition(".")[0] or name
    if ole.exists("EncryptedPackage"):
        opening.finding(document, "file_encrypted", part=name)
    elif extract_stored(opening, document, ole, [], stem):
        return
    elif old := next((extension for stream, extension in _OLD_FORMATS.items() if ole.exists(stream)), None):
        opening.extract(document, f"{stem}.{old}", [data])
    else:
        document.note("embedded_object_without_file")  # equations, drawings


def extract_stored(opening: FileOpening, document: Document, ole: OleFile, place: list[str], stem: str) -> bool:
    """Hand over the file that the object in a storage was made from; False when it was made from none. `place`: the path of the storage."""
    if ole.exists([*place, _NATIVE]):
        native_name, content = unwrap_native(_stream(ole, [*place, _NATIVE]))
        opening.extract(document, native_name or stem, [content])
        return True
    if wrapped := next((stream for stream in _WRAPPED if ole.exists([*place, stream])), None):
        content = _stream(ole, [*place, wrapped])
        extension = _extension_for(content, opening.policy)
        if extension is None:
            document.note("embedded_object_without_file")  # what only its own program understands
        else:
            opening.extract(document, f"{stem}{extension}", [content])
        return True
    return False


def unwrap_native(native: bytes) -> tuple[str, bytes]:
    """Name and content of an `Ole10Native` stream.

    Layout: size, flags, label, original path, four bytes, length and path of the temporary copy, length and content, and (since Windows
    2000) the three names again in UTF-16. The first ones are in the sender's code page, so the last ones are believed. Raises Refused.
    """
    try:
        position = 6
        label, position = _until_zero(native, position)
        original, position = _until_zero(native, position)
        position += 4
        (length,) = struct.unpack_from("<I", native, position)
        position += 4 + length
        (size,) = struct.unpack_from("<I", native, position)
        position += 4
        content = native[position : position + size]
        if len(content) != size:
            raise Refused("file_corrupt", reason="Ole10Native")
    except (struct.error, ValueError) as error:
        raise Refused("file_corrupt", reason="Ole10Native") from error
    names = _wide_names(native, position + size)
    return (names[1] or names[2] or (label or original).decode("cp1252", "replace")), content


def _wide_names(native: bytes, position: int) -> list[str]:
    """The UTF-16 tail: temporary path, label, original path. Empty strings where there is none."""
    names = []
    for _ in range(3):
        if position + 4 > len(native):
            break
        (length,) = struct.unpack_from("<I", native, position)
        raw = native[position + 4 : position + 4 + 2 * length]
        names.append(raw.decode("utf-16-le", "replace").rstrip("\0"))
        position += 4 + 2 * length
    return names + [""] * (3 - len(names))


def _sectors_shared(ole: Any) -> bool:
    """True when a sector belongs to two chains, or to one chain twice: the library would read round in circles without a word."""
    last = 0xFFFFFFFA  # what is above are marks, not sectors
    starts = [
        entry.isectStart
        for entry in ole.direntries
        if entry is not None and entry.size >= ole.minisectorcutoff and entry.entry_type in (olefile.STGTY_STREAM, olefile.STGTY_ROOT)
    ]
    starts += [ole.first_dir_sector, ole.first_mini_fat_sector]
    following = [int(sector) for sector in ole.fat if sector < last] + [start for start in starts if start < last]
    return len(set(following)) != len(following)


def _until_zero(data: bytes, position: int) -> tuple[bytes, int]:
    end = data.index(b"\0", position)
    return data[position:end], end + 1


def _stream(ole: OleFile, name: list[str]) -> bytes:
    try:
        content: bytes = ole.openstream(name).read()
    except Exception as error:  # as in open_ole
        raise Refused("file_corrupt", reason="ole stream") from error
    return content


def _extension_for(content: bytes, policy: Policy) -> str | None:
    from services.shared.sandbox.identity import identify

    found = identify(content[:4096], "", policy)
    if found is None:
        return None
    if found.family == "zip":
        for marker, extension in ((b"word/", ".docx"), (b"xl/", ".xlsx"), (b"ppt/", ".pptx")):
            if marker in content:
                return extension
    return f".{found.extensions[0]}"


def _has_macros(ole: OleFile) -> bool:
    return any(part.upper() in ("_VBA_PROJECT", "VBA", "_VBA_PROJECT_CUR", "MACROS") for path in ole.listdir(storages=True) for part in path)
