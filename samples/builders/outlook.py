"""Outlook messages (.msg, [MS-OXMSG]) with recipients, attachments and messages inside."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from samples.builders.compound import Tree, compound_file

_INTEGER, _BOOLEAN, _TIME, _TEXT, _BINARY, _OBJECT = 0x0003, 0x000B, 0x0040, 0x001F, 0x0102, 0x000D
_READABLE_WRITABLE: Final = 6
_UNICODE_STORE: Final = 0x00040000


@dataclass(frozen=True)
class OutlookMessage:
    """A message. ``attachments`` are (file name, media type, bytes); ``messages`` are messages attached as messages."""

    subject: str
    body: str
    sender: tuple[str, str]
    recipients: Sequence[tuple[str, str]]
    sent: datetime
    attachments: Sequence[tuple[str, str, bytes]] = ()
    messages: Sequence[OutlookMessage] = field(default=())


def outlook_message(message: OutlookMessage) -> bytes:
    """The bytes of a .msg file."""
    tree = _message_tree(message, top=True)
    names = {"__substg1.0_00020102": b"", "__substg1.0_00030102": b"", "__substg1.0_00040102": b""}
    return compound_file({**tree, "__nameid_version1.0": names})


class _Properties:
    """Collects properties: small ones stand in the property stream, long ones in streams of their own."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []
        self.streams: dict[str, bytes | Tree] = {}

    def integer(self, number: int, value: int) -> None:
        self._row(number, _INTEGER, struct.pack("<Ii", value, 0))

    def boolean(self, number: int, value: bool) -> None:
        self._row(number, _BOOLEAN, struct.pack("<?7x", value))

    def time(self, number: int, value: datetime) -> None:
        since = value.astimezone(UTC) - datetime(1601, 1, 1, tzinfo=UTC)
        self._row(number, _TIME, struct.pack("<Q", (since.days * 86400 + since.seconds) * 10_000_000))

    def text(self, number: int, value: str) -> None:
        data = value.encode("utf-16-le")
        self._long(number, _TEXT, data, len(data) + 2)

    def binary(self, number: int, value: bytes) -> None:
        self._long(number, _BINARY, value, len(value))

    def storage(self, number: int, value: Tree) -> None:
        """An object kept as a storage, such as a message inside a message."""
        self._row(number, _OBJECT, struct.pack("<II", 0xFFFFFFFF, 1))
        self.streams[f"__substg1.0_{number:04X}{_OBJECT:04X}"] = value

    def tree(self, header: bytes) -> dict[str, bytes | Tree]:
        return {"__properties_version1.0": header + b"".join(self._rows), **self.streams}

    def _long(self, number: int, kind: int, data: bytes, size: int) -> None:
        self._row(number, kind, struct.pack("<II", size, 0))
        self.streams[f"__substg1.0_{number:04X}{kind:04X}"] = data

    def _row(self, number: int, kind: int, value: bytes) -> None:
        self._rows.append(struct.pack("<HHI", kind, number, _READABLE_WRITABLE) + value)


def _message_tree(message: OutlookMessage, top: bool) -> Tree:
    attachments = len(message.attachments) + len(message.messages)
    header = struct.pack("<8x4I", len(message.recipients), attachments, len(message.recipients), attachments) + (b"\0" * 8 if top else b"")
    properties = _Properties()
    properties.integer(0x340D, _UNICODE_STORE)
    properties.integer(0x0E07, 1)
    properties.boolean(0x0E1B, attachments > 0)
    properties.time(0x0039, message.sent)
    properties.time(0x0E06, message.sent)
    properties.text(0x001A, "IPM.Note")
    properties.text(0x0037, message.subject)
    properties.text(0x1000, message.body)
    properties.text(0x0C1A, message.sender[0])
    properties.text(0x0C1E, "SMTP")
    properties.text(0x0C1F, message.sender[1])
    properties.text(0x0E04, "; ".join(name for name, _ in message.recipients))
    tree = properties.tree(header)
    for index, (name, address) in enumerate(message.recipients):
        tree[f"__recip_version1.0_#{index:08X}"] = _recipient(index, name, address)
    for index, (name, media_type, data) in enumerate(message.attachments):
        tree[f"__attach_version1.0_#{index:08X}"] = _attached_file(index, name, media_type, data)
    for index, inner in enumerate(message.messages, len(message.attachments)):
        tree[f"__attach_version1.0_#{index:08X}"] = _attached_message(index, inner)
    return tree


def _recipient(index: int, name: str, address: str) -> Tree:
    properties = _Properties()
    properties.integer(0x3000, index)
    properties.integer(0x0C15, 1)
    properties.text(0x3001, name)
    properties.text(0x3002, "SMTP")
    properties.text(0x3003, address)
    return properties.tree(b"\0" * 8)


def _attached_file(index: int, name: str, media_type: str, data: bytes) -> Tree:
    properties = _Properties()
    properties.integer(0x340D, _UNICODE_STORE)
    properties.integer(0x0E21, index)
    properties.integer(0x0E20, len(data))
    properties.integer(0x3705, 1)
    properties.text(0x3001, name)
    properties.text(0x3707, name)
    properties.text(0x370E, media_type)
    properties.binary(0x3701, data)
    return properties.tree(b"\0" * 8)


def _attached_message(index: int, message: OutlookMessage) -> Tree:
    properties = _Properties()
    properties.integer(0x340D, _UNICODE_STORE)
    properties.integer(0x0E21, index)
    properties.integer(0x3705, 5)
    properties.text(0x3001, message.subject)
    properties.storage(0x3701, _message_tree(message, top=False))
    return properties.tree(b"\0" * 8)
