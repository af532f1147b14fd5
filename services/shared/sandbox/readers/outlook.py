"""Outlook messages (.msg, [MS-OXMSG]): the text, the attached files, attached messages."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from services.shared.sandbox.readers.codepages import code_page
from services.shared.sandbox.readers.markup import without_markup
from services.shared.sandbox.readers.ole import OleFile, extract_stored, open_ole
from services.shared.sandbox.readers.refused import OutOfBudget, Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_ATTACHMENT = "__attach_version1.0_#"
_DATA, _LONG_NAME, _SHORT_NAME, _DISPLAY_NAME = 0x3701, 0x3707, 0x3704, 0x3001
_SUBJECT, _BODY, _BODY_HTML = 0x0037, 0x1000, 0x1013
_BODY_RICH = "__substg1.0_10090102"
_EMBEDDED = "__substg1.0_3701000D"
_PROPERTIES = "__properties_version1.0"


def read(opening: FileOpening, document: Document) -> None:
    """Search the text, hand over the attachments; an attached message is read in place, its files under its own folder."""
    ole = document.compound or open_ole(document.stream)
    if not ole.exists(_PROPERTIES):
        raise Refused("file_corrupt", reason="msg")
    _read_message(opening, document, ole, [], [], 0)


def _read_message(opening: FileOpening, document: Document, ole: OleFile, place: list[str], folders: list[str], depth: int) -> None:
    if document.depth + depth > opening.policy.opening.depth:
        raise Refused("archive_too_deep", limit=opening.policy.opening.depth)
    encoding = _encoding(ole, place)
    plain = False
    for tag in (_SUBJECT, _BODY, _BODY_HTML):
        text = _text(ole, place, tag, encoding)
        document.search(text, part="/".join([*folders, "message"]))
        document.read(without_markup(text) if tag == _BODY_HTML else text, part="/".join([*folders, "message"]))
        plain = plain or (tag != _SUBJECT and bool(text))
    if not plain and ole.exists([*place, _BODY_RICH]):
        document.text_searched = False
        document.note("text_unreadable")  # only as compressed RTF
    attachments = sorted(
        {
            path[len(place)]
            for path in ole.listdir(storages=True)
            if path[: len(place)] == place and len(path) > len(place) and path[len(place)].startswith(_ATTACHMENT)
        }
    )
    if len(attachments) > opening.policy.opening.message_parts:
        raise Refused("archive_too_many", limit=opening.policy.opening.message_parts)
    for number, attachment in enumerate(attachments, 1):
        try:
            _read_attachment(opening, document, ole, [*place, attachment], folders, depth, f"vedlegg {number}", encoding)
        except OutOfBudget:
            raise
        except Refused as refused:
            opening.finding(document, refused.code, **{**refused.detail, "part": f"vedlegg {number}"})


def _read_attachment(
    opening: FileOpening, document: Document, ole: OleFile, place: list[str], folders: list[str], depth: int, fallback: str, encoding: str
) -> None:
    name = next((name for tag in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME) if (name := _text(ole, place, tag, encoding).strip("\0 "))), "")
    if ole.exists([*place, _EMBEDDED]):
        inner = [*place, _EMBEDDED]
        if ole.exists([*inner, _PROPERTIES]):
            _read_message(opening, document, ole, inner, [*folders, name or fallback], depth + 1)
        elif not extract_stored(opening, document, ole, inner, "/".join([*folders, name or fallback])):
            document.note("embedded_object_without_file")
        return
    data = _stream(ole, [*place, f"__substg1.0_{_DATA:04X}0102"])
    if data is None:
        document.note("attachment_without_content")  # a link to a file, or an OLE object
        return
    # Folder parts of an attachment's own name are of the sender's disk and mean nothing here.
    plain_name = (name or fallback).replace("\\", "/").rpartition("/")[2]
    opening.extract(document, "/".join([*folders, plain_name]), [data])


def _text(ole: OleFile, place: list[str], tag: int, encoding: str) -> str:
    wide = _stream(ole, [*place, f"__substg1.0_{tag:04X}001F"])
    if wide is not None:
        return wide.decode("utf-16-le", "replace")
    for kind in ("001E", "0102"):
        narrow = _stream(ole, [*place, f"__substg1.0_{tag:04X}{kind}"])
        if narrow is not None:
            return narrow.decode(encoding, "replace")
    return ""


def _stream(ole: OleFile, path: list[str]) -> bytes | None:
    if not ole.exists(path):
        return None
    try:
        content: bytes = ole.openstream(path).read()
    except Exception as error:  # olefile lets struct, index and type errors of broken files through
        raise Refused("file_corrupt", reason="ole stream") from error
    return content


def _encoding(ole: OleFile, place: list[str]) -> str:
    """The code page of 8-bit texts (property 0x3FFD), Windows' own western one when it is not said or unknown."""
    properties = _stream(ole, [*place, _PROPERTIES]) or b""
    start = 24 if place else 32
    for position in range(start, len(properties) - 15, 16):
        kind, tag = struct.unpack_from("<HH", properties, position)
        if (tag, kind) == (0x3FFD, 0x0003):
            return code_page(struct.unpack_from("<I", properties, position + 8)[0])
    return "cp1252"
