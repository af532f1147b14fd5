"""Reads the body of ``POST /submissions`` and ``POST /checks``: fields and files, each file streamed to where the caller says.

What can be known without opening a file is refused here, at once (contract, section 3 "What is refused when").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.shared import identifiers
from services.shared.objects.port import Readable, Stored
from services.shared.problems import Problem
from services.shared.sandbox import Policy
from services.shared.sandbox.identity import HEAD_BYTES, identify
from services.shared.sandbox.names import clean_name
from services.shared.web.multipart import Part, read_parts

FORM: Final = "form"
ATTACHMENT: Final = "attachment"
FILE_PARTS: Final = {"form": FORM, "attachments": ATTACHMENT}
# What multipart itself adds around the files, generously.
ENVELOPE_BYTES: Final = 1024 * 1024
_STATUS: Final = {"file_empty": 422, "name_not_allowed": 422}

Store = Callable[[str, Readable], Stored]


@dataclass(frozen=True)
class ReceivedFile:
    """A file that was stored. ``id`` will be its document's id; ``media_type`` is what its first bytes and name say, not what the sender declared."""

    id: str
    part: str
    role: str
    raw_name: str
    name: str
    media_type: str
    format: str | None
    stored: Stored


@dataclass
class ReceivedBody:
    """All fields (in order, a field may come more than once) and files of a body."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[ReceivedFile] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """A field's value without surrounding blanks, or None when it is absent or empty. Raises Problem when it came twice."""
        values = [value.strip() for key, value in self.fields if key == name]
        if len(values) > 1:
            raise Problem("field_twice", 400, name=name)
        return values[0] or None if values else None

    def values(self, name: str) -> list[str]:
        """All non-empty values of a field."""
        return [value.strip() for key, value in self.fields if key == name and value.strip()]

    def role_files(self, role: str) -> list[ReceivedFile]:
        """The files of one role, in order."""
        return [file for file in self.files if file.role == role]


def check_length(content_length: int | None, policy: Policy) -> None:
    """Tell the limit before the body is read. Raises Problem."""
    if content_length is None:
        raise Problem("length_required", 411)
    if content_length > policy.sizes.submission_bytes + ENVELOPE_BYTES:
        raise Problem("submission_too_large", 413, limit=policy.sizes.submission_bytes)


def read_body(
    stream: Readable, content_type: str | None, policy: Policy, store: Store, *, field_names: frozenset[str], may_carry_form: bool = False
) -> ReceivedBody:
    """Read all parts in order.

    ``store(id, stream)`` takes each file's bytes. ``may_carry_form``: the form may come inside an e-mail (the secretariat's way in). Raises Problem; what was stored
    until then is the caller's to remove.
    """
    body = ReceivedBody()
    total = 0
    for part in read_parts(stream, content_type):
        if part.name in FILE_PARTS:
            received = _receive(part, policy, store, may_carry_form)
            if received is None:
                continue
            total += received.stored.size
            if total > policy.sizes.submission_bytes:
                raise Problem("submission_too_large", 413, limit=policy.sizes.submission_bytes)
            body.files.append(received)
            if len(body.files) > policy.sizes.attachments + 1:
                raise Problem("too_many_files", 413, limit=policy.sizes.attachments)
        elif part.name in field_names and part.filename is None:
            body.fields.append((part.name, part.text()))
        else:
            raise Problem("field_unknown", 400, name=clean_name(part.name, "?")[:60])
    return body


def _receive(part: Part, policy: Policy, store: Store, may_carry_form: bool) -> ReceivedFile | None:
    """One file, stored; None for a file field that a browser's user left empty: it comes without name and bytes (HTML, "constructing the entry list")."""
    role = FILE_PARTS[part.name]
    head = _Head(part)
    if part.filename == "" and not head.bytes:
        return None
    raw_name = part.filename if part.filename is not None else _name_of_field(part)
    name = clean_name(raw_name, "")
    if not name:
        raise Problem("name_not_allowed", 422, name="?")
    refusal = policy.refusal("attachment" if may_carry_form and _is_mail(name) else role, name, head.bytes)
    # A name that disagrees with honest content is found again when the file is opened, and told field by field then.
    if refusal is not None and refusal != "type_mismatch":
        raise Problem(refusal, _STATUS.get(refusal, 415), name=name)
    limit = policy.sizes.form_bytes if role == FORM else policy.sizes.multipart_file_bytes
    identifier = identifiers.new_id()
    stored = store(identifier, _Limited(head, limit, name))
    found = identify(head.bytes, name, policy)
    return ReceivedFile(
        identifier, part.name, role, raw_name, name, found.media_type if found else "application/octet-stream", found.format if found else None, stored
    )


def _is_mail(name: str) -> bool:
    return name.lower().endswith((".eml", ".msg"))


def _name_of_field(part: Part) -> str:
    """A JSON form may come as a plain field: it has no file name, so it gets one."""
    return f"{part.name}.json" if part.name == FORM else ""


class _Head:
    """A part whose first bytes were looked at already and come again when it is read."""

    def __init__(self, part: Part) -> None:
        self._part = part
        pieces = b""
        while len(pieces) < HEAD_BYTES and (piece := part.read()):
            pieces += piece
        self.bytes = pieces[:HEAD_BYTES]
        self._waiting = pieces

    def read(self, size: int = -1, /) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting or self._part.read(size)


class _Limited:
    """Stops a file at its limit, while it comes."""

    def __init__(self, source: Readable, limit: int, name: str) -> None:
        self._source, self._left, self._limit, self._name = source, limit, limit, name

    def read(self, size: int = -1, /) -> bytes:
        piece = self._source.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise Problem("file_too_large", 413, name=self._name, limit=self._limit)
        return piece
