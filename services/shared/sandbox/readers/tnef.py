"""`winmail.dat` ([MS-OXTNEF]): how Outlook and Exchange send a message's files to programs that are not theirs. The text, the attached files, attached messages.

Own code, since no library for it is maintained (docs/decisions/0048): it is a flat list of attributes, each with its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.shared.sandbox.readers import ole
from services.shared.sandbox.readers.codepages import code_page
from services.shared.sandbox.readers.markup import without_markup
from services.shared.sandbox.readers.refused import OutOfBudget, Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

SIGNATURE = b"\x78\x9f\x3e\x22"
_HEAD_BYTES = 6
# Attributes of the message, and of the attachment that the last "render data" began ([MS-OXTNEF] 2.1.3).
_SUBJECT, _BODY, _CODE_PAGE, _MESSAGE_PROPERTIES = 0x00018004, 0x0002800C, 0x00069007, 0x00069003
_RENDER_DATA, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
# Properties ([MS-OXPROPS]), as in a .msg file.
_P_SUBJECT, _P_BODY, _P_RICH, _P_HTML = 0x0037, 0x1000, 0x1009, 0x1013
_P_DATA, _P_LONG_NAME, _P_SHORT_NAME, _P_DISPLAY_NAME = 0x3701, 0x3707, 0x3704, 0x3001
_OBJECT, _NARROW, _WIDE, _BINARY = 0x000D, 0x001E, 0x001F, 0x0102
_FIXED_BYTES = {0x0002: 2, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 2, 0x0014: 8, 0x0040: 8, 0x0048: 16}
_MANY = 0x1000
_NAMED_FROM = 0x8000


@dataclass
class _Attachment:
    title: bytes = b""
    data: bytes | None = None
    properties: dict[int, tuple[int, bytes]] = field(default_factory=dict)


def read(opening: FileOpening, document: Document) -> None:
    """Search the text, hand over the attachments; an attached message is read in place, its files under its own folder."""
    limit = opening.policy.opening.message_bytes
    if document.size > limit:
        raise Refused("file_too_complex", limit=limit)
    _read_message(opening, document, document.stream.read(), [], 0)


@dataclass
class _Message:
    encoding: str = "cp1252"
    texts: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    attachments: list[_Attachment] = field(default_factory=list)
    cut_off: bool = False


def _read_message(opening: FileOpening, document: Document, data: bytes, folders: list[str], depth: int) -> None:
    limits = opening.policy.opening
    if document.depth + depth > limits.depth:
        raise Refused("archive_too_deep", limit=limits.depth)
    message = _message(data, limits.message_parts)
    _search(document, message, "/".join([*folders, "message"]))
    for number, attachment in enumerate(message.attachments, 1):
        try:
            _hand_over(opening, document, attachment, folders, depth, message.encoding, f"vedlegg {number}")
        except OutOfBudget:
            raise
        except Refused as refused:
            opening.finding(document, refused.code, **{**refused.detail, "part": f"vedlegg {number}"})
    if message.cut_off:
        raise Refused("file_corrupt", reason="tnef")


def _message(data: bytes, most: int) -> _Message:
    """What stands in it, as far as it can be read. Raises Refused for more than ``most`` attachments."""
    message = _Message()
    try:
        for attribute, value in _attributes(data):
            if attribute == _RENDER_DATA:
                if len(message.attachments) >= most:
                    raise Refused("archive_too_many", limit=most)
                message.attachments.append(_Attachment())
            elif attribute == _CODE_PAGE and len(value) >= 4:
                message.encoding = code_page(struct.unpack_from("<I", value)[0])
            elif attribute == _MESSAGE_PROPERTIES:
                message.texts |= dict(_properties(value))
            elif attribute in (_SUBJECT, _BODY):
                message.texts.setdefault(_P_SUBJECT if attribute == _SUBJECT else _P_BODY, (_NARROW, value))
            elif message.attachments:
                _take(message.attachments[-1], attribute, value)
    except (struct.error, ValueError):
        message.cut_off = True  # what stands before is handed over all the same
    return message


def _take(attachment: _Attachment, attribute: int, value: bytes) -> None:
    if attribute == _TITLE:
        attachment.title = value
    elif attribute == _DATA:
        attachment.data = value
    elif attribute == _PROPERTIES:
        attachment.properties |= dict(_properties(value))


def _search(document: Document, message: _Message, part: str) -> None:
    for tag in (_P_SUBJECT, _P_BODY, _P_HTML):
        text = _text(message.texts.get(tag), message.encoding)
        document.search(text, part=part)
        document.read(without_markup(text) if tag == _P_HTML else text, part=part)
    if _P_RICH in message.texts and not (_P_BODY in message.texts or _P_HTML in message.texts):
        document.text_searched = False
        document.note("text_unreadable")  # only as compressed RTF


def _hand_over(
    opening: FileOpening, document: Document, attachment: _Attachment, folders: list[str], depth: int, encoding: str, fallback: str
) -> None:
    candidates = [_text(attachment.properties.get(tag), encoding) for tag in (_P_LONG_NAME, _P_SHORT_NAME, _P_DISPLAY_NAME)]
    candidates.append(attachment.title.rstrip(b"\0").decode(encoding, "replace"))
    # Folder parts of an attachment's own name are of the sender's disk and mean nothing here.
    name = next((name for name in candidates if name), fallback).replace("\\", "/").rpartition("/")[2] or fallback
    kind, value = attachment.properties.get(_P_DATA, (_BINARY, None))
    inner = value[16:] if kind == _OBJECT and value else b""  # behind the identifier of the object's interface
    if inner.startswith(SIGNATURE):
        _read_message(opening, document, inner, [*folders, name], depth + 1)
    elif inner.startswith(ole.MAGIC):
        ole.extract_object(opening, document, inner, "/".join([*folders, name]))
    elif (data := attachment.data if attachment.data is not None else value) is not None:
        opening.extract(document, "/".join([*folders, name]), [data])
    else:
        document.note("attachment_without_content")  # a link to a file


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each attribute's number and value. Raises struct.error or ValueError where one is cut off or has a wrong length.

    What lies behind the last one is left alone, as other programs do: its checksum says that it was the last. Those of others are not held against: many write wrong ones.
    """
    if not data.startswith(SIGNATURE):
        raise Refused("file_corrupt", reason="tnef")
    position, value = _HEAD_BYTES, b""
    while position < len(data):
        if data[position] not in (1, 2):
            if sum(value) & 0xFFFF != struct.unpack_from("<H", data, position - 2)[0]:
                raise ValueError("no attribute")
            return
        attribute, length = struct.unpack_from("<II", data, position + 1)
        value = _exactly(data, position + 9, length)
        yield attribute, value
        position += 9 + length + 2


def _properties(data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Each property's number, and the kind and bytes of its first value ([MS-OXTNEF] 2.1.3.4). Raises struct.error or ValueError."""
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(count):
        kind, tag = struct.unpack_from("<HH", data, position)
        position += 4
        if tag >= _NAMED_FROM:
            position = _behind_name(data, position)
        base = kind & ~_MANY
        values = 1
        if kind & _MANY or base not in _FIXED_BYTES:
            (values,) = struct.unpack_from("<I", data, position)
            position += 4
        first = b""
        for number in range(values):
            length = _FIXED_BYTES.get(base)
            if length is None:
                (length,) = struct.unpack_from("<I", data, position)
                position += 4
            value = _exactly(data, position, length)
            position += -(-length // 4) * 4
            first = first if number else value
        yield tag, (base, first)


def _behind_name(data: bytes, position: int) -> int:
    """Where a named property's value begins: behind a set's identifier, and a number or a name."""
    (is_text,) = struct.unpack_from("<I", data, position + 16)
    if not is_text:
        return position + 24
    length = int.from_bytes(_exactly(data, position + 20, 4), "little")
    return position + 24 + -(-length // 4) * 4


def _exactly(data: bytes, position: int, length: int) -> bytes:
    if position + length > len(data):
        raise ValueError("cut off")
    return data[position : position + length]


def _text(value: tuple[int, bytes] | None, encoding: str) -> str:
    if value is None:
        return ""
    kind, raw = value
    return (raw.decode("utf-16-le", "replace") if kind == _WIDE else raw.decode(encoding, "replace")).strip("\0 ")
