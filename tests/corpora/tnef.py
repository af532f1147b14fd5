"""A `winmail.dat` as Outlook writes it ([MS-OXTNEF]), as small as the case allows."""

from __future__ import annotations

import struct

from samples.builders.hostile_archives import mail_with

_SIGNATURE = 0x223E9F78
_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")
"""IMessage, before an attached message."""


def winmail(*attachments: bytes, text: str = "Vedlagt er rapporten.") -> bytes:
    """A message with these attachments, each made by `attached` or `attached_message`."""
    body = _attribute(1, 0x0002800C, text.encode("cp1252") + b"\0")
    return struct.pack("<IH", _SIGNATURE, 7) + _attribute(1, 0x00069007, struct.pack("<II", 1252, 0)) + body + b"".join(attachments)


def attached(name: str, data: bytes) -> bytes:
    """A file; its whole name stands in the properties, the old one is what fits into eight letters."""
    properties = _properties((0x3707, 0x001F, name.encode("utf-16-le") + b"\0\0"))
    return _attachment(_attribute(2, 0x00018010, b"VEDLEG~1.BIN\0"), _attribute(2, 0x0006800F, data), _attribute(2, 0x00069005, properties))


def attached_message(name: str, message: bytes) -> bytes:
    """A message in the message."""
    properties = _properties((0x3001, 0x001E, name.encode("cp1252") + b"\0"), (0x3701, 0x000D, _INTERFACE + message))
    return _attachment(_attribute(2, 0x00069005, properties))


def mail_with_winmail(data: bytes) -> bytes:
    """The mail it comes in."""
    return mail_with("winmail.dat", data)


def nested(depth: int) -> bytes:
    """Messages in messages, nothing but deep."""
    data = winmail()
    for _ in range(depth):
        data = winmail(attached_message("Videresendt", data))
    return data


def _attachment(*attributes: bytes) -> bytes:
    return _attribute(2, 0x00069002, bytes(14)) + b"".join(attributes)


def _attribute(level: int, number: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def _properties(*properties: tuple[int, int, bytes]) -> bytes:
    named = struct.pack("<HH16sII", 0x0003, 0x8005, bytes(16), 0, 0x8554) + struct.pack("<I", 1)
    return struct.pack("<I", len(properties) + 1) + named + b"".join(_property(*each) for each in properties)


def _property(tag: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, tag, 1, len(value)) + value + bytes(-len(value) % 4)
