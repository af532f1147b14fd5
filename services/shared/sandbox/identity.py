"""What kind of file this is, by its first bytes and its name, without opening it.

No parser is imported here, so the web process may call it while the bytes arrive. What a container holds is only known
in the box: there `services.shared.sandbox.readers` looks inside and may find another type than the one named here.
Types, magic numbers and PRONOM ids stand in `schemas/policy/policy.json`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from services.shared.sandbox.formats import closer_format
from services.shared.sandbox.names import extension_of

if TYPE_CHECKING:
    from services.shared.sandbox.policy import FileType, Policy

HEAD_BYTES = 4096
"""How many of the first bytes `identify` wants to see; fewer are fine for a smaller file."""

_MAIL_HEADER = re.compile(
    rb"\A(?:From [^\n]* \d\d:\d\d[^\n]*\n|(?:[\x21-\x39\x3b-\x7e]++:[^\n]*+\n(?:[ \t][^\n]*+\n)*+)*?"
    rb"(?:From|To|Subject|Date|Received|Return-Path|MIME-Version|Message-ID|Delivered-To|X-[\w-]+):)",
    re.IGNORECASE,
)
"""Nothing in it can match in two ways: whoever sends lines that are nearly headers must not hold the process that receives."""
_PDF_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)])
_PDF_JUNK_BYTES = 1024
"""Readers accept the header anywhere in the first 1024 bytes (ISO 32000-1, annex H, implementation note 13)."""


def identify(first_bytes: bytes, name: str, policy: Policy | None = None) -> FileType | None:
    """The type of a file, or None when neither bytes nor name belong to a type the policy knows.

    `first_bytes`: the first `HEAD_BYTES` bytes (or all of a smaller file). Bytes win over the name: the name only decides
    between types whose first bytes are the same (zip packages, OLE files, text). Whether bytes and name agree, and whether
    the type is welcome, is `Policy.refusal`'s to say.
    """
    policy = policy or packaged_policy()
    found = _type_of(first_bytes, name, policy)
    if found is None:
        return None
    closer = closer_format(found.key, first_bytes, found.format)
    return found if closer == found.format else replace(found, format=closer)


def _type_of(first_bytes: bytes, name: str, policy: Policy) -> FileType | None:
    extension = extension_of(name)
    family = _family(first_bytes, policy)
    if family is None:
        return None
    if family == "ole" and (encrypted := policy.type_of_extension(extension)) and encrypted.family == "zip":
        # An encrypted Word, Excel or PowerPoint file is an OLE file that keeps its name; the box tells which it is.
        return encrypted
    candidates = [file_type for file_type in policy.types if file_type.family == family]
    named = next((file_type for file_type in candidates if extension in file_type.extensions), None)
    if family == "text":
        return named or _unnamed_text(first_bytes, policy)
    if family == "pdf":
        return candidates[0]
    if named:
        return named
    return policy.type("ole" if family == "ole" else "zip" if family == "zip" else candidates[0].key)


@cache
def packaged_policy() -> Policy:
    """The policy that lies in this project's `schemas/policy/`."""
    from services.shared.sandbox.policy import Policy

    return Policy.load()


def is_text(first_bytes: bytes) -> bool:
    """True when the bytes can be read as text: no control characters other than white space, in UTF-8, UTF-16 or an 8-bit code page."""
    if first_bytes.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = first_bytes[: len(first_bytes) & ~1].decode("utf-16", "ignore")
        return not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text)
    return len(first_bytes.translate(None, _CONTROLS)) == len(first_bytes)


def _family(first_bytes: bytes, policy: Policy) -> str | None:
    for family, magics in policy.magic.items():
        if first_bytes.startswith(magics):
            return family
    if _PDF_HEADER.search(first_bytes, 0, _PDF_JUNK_BYTES + 8):
        return "pdf"
    return "text" if first_bytes and is_text(first_bytes) else None


def _unnamed_text(first_bytes: bytes, policy: Policy) -> FileType | None:
    if _MAIL_HEADER.match(first_bytes):
        return policy.type("eml")
    return policy.type("txt")
