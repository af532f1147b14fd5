"""E-mail messages (.eml, RFC 5322 and MIME): the text, attached files, inline files, attached messages."""

from __future__ import annotations

import binascii
import codecs
import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import InvalidBase64LengthDefect
from email.message import EmailMessage, Message
from typing import TYPE_CHECKING

from services.shared.sandbox.readers.markup import without_markup
from services.shared.sandbox.readers.refused import OutOfBudget, Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_POLICY = email.policy.default.clone(raise_on_defect=False)
_MOST_NESTING = 50
_NO_FOLDERS = str.maketrans("/\\", "__")
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_ENCODING = "Content-Transfer-Encoding"
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_UUENCODED = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)


def read(opening: FileOpening, document: Document) -> None:
    """Search headers and text, hand over the files. Raises Refused for what is no message."""
    limits = opening.policy.opening
    if document.size > limits.message_bytes:
        raise Refused("file_too_complex", limit=limits.message_bytes)
    if document.stream.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:  # an editor's mark before the first header
        document.stream.seek(0)
    message = email.message_from_binary_file(document.stream, policy=_POLICY)
    if not message.keys():
        raise Refused("file_corrupt", reason="no headers")
    document.read("\n".join(_header(message, name) for name in ("Subject", "From", "To", "Cc")), part="headers")
    parts = _leaves(message)
    if len(parts) > limits.message_parts:
        raise Refused("archive_too_many", limit=limits.message_parts)
    for number, part in enumerate(parts, 1):
        try:
            _read_part(opening, document, part, number)
        except OutOfBudget:
            raise
        except Refused as refused:
            opening.finding(document, refused.code, **{**refused.detail, "part": str(number)})


@dataclass(frozen=True)
class _Part:
    """A part that is no multipart. `in_body`: one of several renderings of the same text."""

    message: Message
    in_body: bool

    @property
    def is_file(self) -> bool:
        """It has a name, is said to be attached, or is of a kind that is neither text nor about mail."""
        kind = self.message.get_content_maintype()
        unnamed = kind not in ("text", "multipart", "message") and not self.in_body
        return bool(_file_name(self.message)) or self.message.get_content_disposition() == "attachment" or unnamed


def _leaves(message: Message) -> list[_Part]:
    """Every part that is no multipart; attached messages are not entered, they are opened as files of their own. Raises Refused for a locked one."""
    found: list[_Part] = []
    waiting: list[tuple[Message, int, bool]] = [(message, 0, False)]
    while waiting:
        part, depth, in_body = waiting.pop()
        if depth > _MOST_NESTING:
            raise Refused("archive_too_deep", limit=_MOST_NESTING)
        kind = part.get_content_type()
        if kind == "multipart/encrypted" or (kind in _SEALED and _parameter(part, "smime-type") == "enveloped-data"):
            raise Refused("file_encrypted")
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            alternative = kind == "multipart/alternative"
            waiting.extend((inner, depth + 1, alternative) for inner in reversed(payload) if isinstance(inner, Message))
        else:
            found.append(_Part(part, in_body))
    return found


def _read_part(opening: FileOpening, document: Document, leaf: _Part, number: int) -> None:
    part, name = leaf.message, _file_name(leaf.message)
    if name.casefold() in opening.policy.ignored_names:
        document.note(f"left_out:{name}"[:200])
    elif part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            # A subject is no path: its slashes part no folders.
            name = _plain(name) if name else _header(inner[0], "Subject").translate(_NO_FOLDERS).strip() or f"melding {number}"
            opening.extract(document, name if name.lower().endswith(".eml") else f"{name}.eml", [inner[0].as_bytes()])
    elif leaf.is_file:
        data = _content(part)
        if data is not None:
            opening.extract(document, _plain(name or f"vedlegg {number}{_extension(opening, part)}"), [data])
    elif part.get_content_maintype() == "text":
        _search_text(opening, document, part, number)
    else:
        document.note(f"left_out:{part.get_content_type()}"[:200])


def _search_text(opening: FileOpening, document: Document, part: Message, number: int) -> None:
    data = _content(part)
    if data is None:
        return
    for name, content in _uuencoded(data):
        opening.extract(document, _plain(name), [content])
    if len(data) > opening.policy.opening.searched_bytes:
        document.text_searched = False
        return
    try:
        text = data.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = data.decode("cp1252", "replace")
    if part.get_content_subtype() == "html":
        document.search(text, part=f"text {number}")
        document.read(without_markup(text), part=f"text {number}")
    else:
        document.read(text, part=f"text {number}")


def _content(part: Message) -> bytes | None:
    """The bytes of a part. The library leaves them encoded where more than one word says how, and where base64 was cut off behind the first letter of four."""
    told = _header(part, _ENCODING)
    if (words := told.split(";")[0].split()) and words[0] != told:
        part.replace_header(_ENCODING, words[0])
    data = part.get_payload(decode=True)
    if isinstance(data, bytes) and any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):
        letters = _NO_BASE64.sub(b"", data)
        return binascii.a2b_base64(letters[: len(letters) // 4 * 4])
    return data if isinstance(data, bytes) else None


def _parameter(part: Message, name: str) -> str:
    try:
        return str(part.get_param(name, "")).lower()
    except Exception:  # noqa: BLE001 - the library's header parser fails in many ways on broken headers
        return ""


def _file_name(part: Message) -> str:
    try:
        return part.get_filename("") or ""
    except Exception:  # noqa: BLE001 - the library's header parser fails in many ways on broken headers
        return ""


def _header(message: Message, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except Exception:  # noqa: BLE001 - as above
        return ""


def _plain(name: str) -> str:
    """Folder parts of an attachment's name are of the sender's disk and mean nothing here."""
    return name.replace("\\", "/").rpartition("/")[2] or "vedlegg"


def _extension(opening: FileOpening, part: Message) -> str:
    """The extension for a part without a name, from what the mail says it is."""
    kind = part.get_content_type()
    found = next((file_type for file_type in opening.policy.types if file_type.media_type == kind), None)
    return f".{found.extensions[0]}" if found else ""


def _uuencoded(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that stand in the text itself, as mail programs put them before there was MIME: name and content. A broken one is left as text."""
    for begin in _UUENCODED.finditer(text):
        content = bytearray()
        for line in text[begin.end() :].splitlines():
            if line.strip() in (b"", b"`"):
                continue
            if line.strip() == b"end":
                yield begin[1].decode("utf-8", "replace").strip(), bytes(content)
                break
            try:
                content += binascii.a2b_uu(line)
            except binascii.Error:
                break


def warm() -> None:
    """Let the library import what it imports late."""
    message = EmailMessage()
    message["Subject"] = "=?utf-8?b?w6Y=?="
    message.set_content("æ")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="æ.pdf")
    parsed = email.message_from_bytes(message.as_bytes(), policy=_POLICY)
    for part in _leaves(parsed):
        _file_name(part.message)
        part.message.get_payload(decode=True)
        _parameter(part.message, "smime-type")
