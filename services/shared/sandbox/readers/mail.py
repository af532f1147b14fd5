"""E-mail messages (.eml, RFC 5322 and MIME): the text, attached files, inline files that have a name, attached messages."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage, Message
from typing import TYPE_CHECKING

from services.shared.sandbox.readers.refused import OutOfBudget, Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_POLICY = email.policy.default.clone(raise_on_defect=False)
_MOST_NESTING = 50


def read(opening: FileOpening, document: Document) -> None:
    """Search headers and text, hand over the files. Raises Refused for what is no message."""
    limits = opening.policy.opening
    if document.size > limits.message_bytes:
        raise Refused("file_too_complex", limit=limits.message_bytes)
    message = email.message_from_binary_file(document.stream, policy=_POLICY)
    if not message.keys():
        raise Refused("file_corrupt", reason="no headers")
    document.search("\n".join(_header(message, name) for name in ("Subject", "From", "To", "Cc")), part="headers")
    parts = _leaves(message)
    if len(parts) > limits.message_parts:
        raise Refused("archive_too_many", limit=limits.message_parts)
    for part, number in parts:
        try:
            _read_part(opening, document, part, number)
        except OutOfBudget:
            raise
        except Refused as refused:
            opening.finding(document, refused.code, **{**refused.detail, "part": str(number)})


def _leaves(message: Message) -> list[tuple[Message, int]]:
    """Every part that is no multipart, numbered; attached messages are not entered, they are opened as files of their own."""
    found: list[tuple[Message, int]] = []
    waiting: list[tuple[Message, int]] = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > _MOST_NESTING:
            raise Refused("archive_too_deep", limit=_MOST_NESTING)
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting.extend((inner, depth + 1) for inner in reversed(payload) if isinstance(inner, Message))
        else:
            found.append((part, len(found) + 1))
    return found


def _read_part(opening: FileOpening, document: Document, part: Message, number: int) -> None:
    name = _file_name(part)
    if name.casefold() in opening.policy.ignored_names or _is_decoration(part):
        document.note(f"left_out:{name}"[:200])
    elif part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        if isinstance(inner, list) and inner and isinstance(inner[0], Message):
            name = name or f"{_header(inner[0], 'Subject').strip() or f'melding {number}'}.eml"
            opening.extract(document, _plain(name if name.lower().endswith(".eml") else f"{name}.eml"), [inner[0].as_bytes()])
    elif name or part.get_content_disposition() == "attachment":
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            opening.extract(document, _plain(name or f"vedlegg {number}{_extension(part)}"), [data])
    elif part.get_content_maintype() == "text":
        _search_text(opening, document, part, number)


def _is_decoration(part: Message) -> bool:
    """A picture in the text of a kind nobody sends as a document: logos and lines of mail programs."""
    kind = part.get_content_type()
    inline = part.get_content_disposition() != "attachment" and part.get("Content-ID") is not None
    return inline and kind.startswith("image/") and kind not in ("image/png", "image/jpeg")


def _search_text(opening: FileOpening, document: Document, part: Message, number: int) -> None:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return
    if len(data) > opening.policy.opening.searched_bytes:
        document.text_searched = False
        return
    try:
        text = data.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = data.decode("cp1252", "replace")
    document.search(text, part=f"text {number}")


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


def _extension(part: Message) -> str:
    return {"application/pdf": ".pdf", "text/plain": ".txt", "text/csv": ".csv", "image/png": ".png", "image/jpeg": ".jpg"}.get(
        part.get_content_type(), ""
    )


def warm() -> None:
    """Let the library import what it imports late."""
    message = EmailMessage()
    message["Subject"] = "=?utf-8?b?w6Y=?="
    message.set_content("æ")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="æ.pdf")
    parsed = email.message_from_bytes(message.as_bytes(), policy=_POLICY)
    for part, _ in _leaves(parsed):
        _file_name(part)
        part.get_payload(decode=True)
