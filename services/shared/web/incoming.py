"""Reads the body of ``POST /submissions`` and ``POST /checks``: fields and files, each file streamed to where the caller says.

What can be known without opening a file is refused here, at once (contract, section 3 "What is refused when").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from services.shared import identifiers
from services.shared.objects.port import Readable, Stored
from services.shared.problems import Problem
from services.shared.sandbox import Policy
from services.shared.sandbox.identity import HEAD_BYTES, identify
from services.shared.sandbox.names import clean_name, extension_of
from services.shared.sandbox.policy import MAILS
from services.shared.web.multipart import Part, read_parts

JSON: Final = "application/json"
FORM: Final = "form"
ATTACHMENT: Final = "attachment"
FILE_PARTS: Final = {"form": FORM, "attachments": ATTACHMENT}
# Fields that name a file which was uploaded before, instead of carrying one.
UPLOAD_PARTS: Final = {"form_upload": FORM, "upload": ATTACHMENT}
# What multipart itself adds around the files, generously.
ENVELOPE_BYTES: Final = 1024 * 1024
_STATUS: Final = {"file_empty": 422, "name_not_allowed": 422}

Store = Callable[[str, Readable], Stored]


@dataclass(frozen=True)
class Uploaded:
    """A file that was uploaded before. ``source`` gives its bytes; it is None when they were used already by the request that this one repeats."""

    id: str
    raw_name: str
    size: int
    source: Readable | None
    sha256: str | None = None


FindUpload = Callable[[str], Uploaded]


@dataclass(frozen=True)
class ReceivedFile:
    """A file that was stored. ``id`` will be its document's id; ``media_type`` is what its first bytes and name say, not what the sender declared.

    ``upload`` is the upload it came by, if it did.
    """

    id: str
    part: str
    role: str
    raw_name: str
    name: str
    media_type: str
    format: str | None
    stored: Stored
    upload: str | None = None


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

    def uploads(self) -> list[str]:
        """The ids of the uploads among the files."""
        return [file.upload for file in self.files if file.upload is not None]

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
    stream: Readable,
    content_type: str | None,
    policy: Policy,
    store: Store,
    *,
    field_names: frozenset[str],
    may_carry_form: bool = False,
    find_upload: FindUpload | None = None,
) -> ReceivedBody:
    """Read all parts in order.

    ``store(id, stream)`` takes each file's bytes. ``may_carry_form``: the form may come inside an e-mail (the secretariat's way in). ``find_upload``: files may also be
    named that were uploaded before. Raises Problem; what was stored until then is the caller's to remove.
    """
    body = ReceivedBody()
    door = Door(policy, store, may_carry_form)
    total = 0
    for part in read_parts(stream, content_type):
        if part.name in FILE_PARTS or (part.name in UPLOAD_PARTS and find_upload is not None and part.filename is None):
            if part.name in FILE_PARTS:
                received = _receive(part, door)
            else:
                received = _receive_upload(part, door, find_upload, policy.sizes.submission_bytes - total)
            if received is None:
                continue
            total += received.stored.size
            if total > policy.sizes.submission_bytes:
                raise Problem("submission_too_large", 413, limit=policy.sizes.submission_bytes)
            body.files.append(received)
            if len(body.files) > policy.sizes.attachments + 1:
                raise Problem("too_many_files", 413, limit=policy.sizes.attachments)
        elif part.name in field_names and part.filename is None:
            body.fields.append((part.name, _without_nul(part)))
        else:
            raise Problem("field_unknown", 400, name=clean_name(part.name, "?")[:60])
    return body


@dataclass(frozen=True)
class Door:
    """Where every file comes in: what its name, size and first bytes show is refused here. ``store`` and ``may_carry_form`` as in ``read_body``."""

    policy: Policy
    store: Store
    may_carry_form: bool = False

    def take_in(self, source: Readable, part: str, role: str, raw_name: str, limit: int) -> ReceivedFile:
        """Store one file of at most ``limit`` bytes. Raises Problem."""
        head = source if isinstance(source, _Head) else _Head(source)
        name = clean_name(raw_name, "")
        if not name:
            raise Problem("name_not_allowed", 422, name="?")
        if role == FORM and _is_mail(name) and not self.may_carry_form:
            raise Problem("type_not_allowed", 415, name=name, allowed=self.policy.welcome(role))
        refusal = self.policy.refusal(role, name, head.bytes)
        # A name that disagrees with honest content is found again when the file is opened, and told field by field then.
        if refusal is not None and refusal != "type_mismatch":
            raise Problem(refusal, _STATUS.get(refusal, 415), name=name, allowed=self.policy.welcome(role))
        identifier = identifiers.new_id()
        stored = self.store(identifier, _Limited(head, limit, name))
        found = identify(head.bytes, name, self.policy)
        media_type, pronom = (found.media_type, found.format) if found else ("application/octet-stream", None)
        return ReceivedFile(identifier, part, role, raw_name, name, media_type, pronom, stored)


def _receive(part: Part, door: Door) -> ReceivedFile | None:
    """One file, stored; None for a file field that a browser's user left empty: it comes without name and bytes (HTML, "constructing the entry list")."""
    role, sizes = FILE_PARTS[part.name], door.policy.sizes
    head = _Head(part)
    if part.filename == "" and not head.bytes:
        return None
    raw_name = _with_extension(part, part.filename or "")
    return door.take_in(head, part.name, role, raw_name, sizes.form_bytes if role == FORM else sizes.multipart_file_bytes)


def _receive_upload(part: Part, door: Door, find_upload: FindUpload | None, left: int) -> ReceivedFile | None:
    """One file that was uploaded before; None when the field is empty. ``left``: bytes the submission may still have."""
    wanted, role, sizes = part.text().strip(), UPLOAD_PARTS[part.name], door.policy.sizes
    if not wanted or find_upload is None:
        return None
    uploaded = find_upload(wanted)
    if uploaded.size > left:
        raise Problem("submission_too_large", 413, limit=sizes.submission_bytes)
    if uploaded.source is None:
        stored = Stored(uploaded.size, str(uploaded.sha256), "")
        return ReceivedFile(identifiers.new_id(), part.name, role, uploaded.raw_name, uploaded.raw_name, "", None, stored, uploaded.id)
    limit = sizes.form_bytes if role == FORM else sizes.upload_file_bytes
    if uploaded.size > limit:
        raise Problem("file_too_large", 413, name=clean_name(uploaded.raw_name, "?"), limit=limit)
    return replace(door.take_in(uploaded.source, part.name, role, uploaded.raw_name, limit), upload=uploaded.id)


def _without_nul(part: Part) -> str:
    """A field's value. Raises Problem for one that no store can keep."""
    text = part.text()
    if "\0" in text:
        raise Problem("value_not_allowed", 422, name=part.name)
    return text


def _is_mail(name: str) -> bool:
    return name.lower().endswith(MAILS)


def _with_extension(part: Part, name: str) -> str:
    """The name of a file; a JSON form that a program makes up may come as a plain field, or be declared as what it is and have a name that says nothing (``blob``)."""
    if part.name == FORM and (part.filename is None or (part.media_type == JSON and not extension_of(name))):
        return f"{name or part.name}.json"
    return name


class _Head:
    """A part or upload whose first bytes were looked at already and come again when it is read."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        pieces = b""
        while len(pieces) < HEAD_BYTES and (piece := source.read(HEAD_BYTES)):
            pieces += piece
        self.bytes = pieces[:HEAD_BYTES]
        self._waiting = pieces

    def read(self, size: int = -1, /) -> bytes:
        waiting, self._waiting = self._waiting, b""
        return waiting or self._source.read(size)


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
