"""What goes into the box and what may come out of it.

A child has opened hostile files, so what it says is checked here like any other input: kinds, sizes, counts, names and
codes; a path of a scratch file is never taken from it, only a number. On the wire: 4 bytes big-endian length, then JSON.
"""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Literal, NoReturn

from services.shared.form_lines import Cell, Line
from services.shared.sandbox.policy import Policy

IncomingRole = Literal["form", "attachment", "table"]
DocumentRole = Literal["form", "attachment", "table", "extracted"]
FormKind = Literal["docx", "pdf", "json", "none"]
TagValue = str | bool | list[str]

EXIT_OUT_OF_MEMORY, EXIT_NO_ROOM = 77, 78
"""How a child says with its exit code that its memory, or the scratch disk, was not enough."""

MOST_CHOSEN, MOST_SPANS, MOST_NOTES_OF_LINE = 1000, 5000, 1000
"""Chosen values of one field; controls, or pieces set apart, in one line; notes that one line refers to."""
_FORMAT = re.compile(r"(?:x-)?fmt/\d{1,5}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CODE = re.compile(r"[a-z_]{3,40}")
_NUMBERS_OF_LINE = frozenset({"flow", "outside", "level", "strong", "faded"})
_MARKS_OF_LINE = frozenset({"faint", "item", "struck", "aside"})
_MAX_NAME = 2000
_MAX_NOTES = 50


class BoxUnavailable(RuntimeError):
    """The box cannot be started here (no Landlock or seccomp, or the zygote does not answer)."""


class BoxCrashed(RuntimeError):
    """The box died while it worked, through no fault of the files. Try again: the next call starts a new one."""


class BadAnswer(ValueError):
    """A child said something it may not say."""


@dataclass(frozen=True)
class Incoming:
    """One file that was sent. `id` is the document's id; `stream` is open for reading (its position is left alone); `size` in bytes."""

    id: str
    role: IncomingRole
    name: str
    stream: BinaryIO
    size: int


@dataclass(frozen=True)
class Problem:
    """A finding. `code` is a key of the policy's `outcomes`; `document` the id of the file it is about; `detail` says more (no file content)."""

    code: str
    document: str
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenedDocument:
    """One file that was sent or found inside another.

    `id`: as in `Incoming`, or `<id>/<number>` for an extracted one. `path`: names from the outermost file to this one.
    `name`: for people; `raw_name`: as it stood. `format`: PRONOM id. `scratch_file`: where an extracted file lies until `discard()`.
    `identity_numbers`: where fødselsnummer stand, never the number: `{"page": 2}`, `{"part": "word/document.xml"}`, `{"part": "name"}`.
    `text_searched`: all its text was searched for them. `notes`: what the archive should know (short words). `text_file`: where what can be read in it stands, `text_bytes` of UTF-8 from `text_start` on.
    """

    id: str
    parent: str | None
    role: DocumentRole
    path: str
    name: str
    raw_name: str
    media_type: str
    format: str | None
    size: int
    scratch_file: Path | None
    identity_numbers: tuple[Mapping[str, str | int], ...]
    text_searched: bool
    notes: tuple[str, ...]
    text_file: Path | None = None
    text_start: int = 0
    text_bytes: int = 0

    def text(self) -> str:
        """What can be read in it, fødselsnummer blotted out by the box; as it was when it was answered, until `discard()`."""
        if self.text_file is None:
            return ""
        # no link is followed: the folder was the child's to write in
        with os.fdopen(os.open(self.text_file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            stream.seek(self.text_start)
            return stream.read(self.text_bytes).decode("utf-8", "replace")


@dataclass(frozen=True)
class FormReading:
    """What the form says. `fields`: tag of a content control or name of a field, and its value, as read, in the order of the form: a control
    that was copied stands there again; `payload`: the JSON form; `lines`: what stands on paper, fødselsnummer blotted out.

    `document`: the file it was read from; `carried_in`: the e-mail that carried that file, or None when the form came by itself.
    `fields` and `payload` are the sender's words unchanged: when `OpenedDocument.identity_numbers` names a `field`, do not keep them.
    """

    kind: FormKind
    document: str
    fields: tuple[tuple[str, TagValue], ...]
    payload: Any
    lines: tuple[Line, ...]
    language: str | None
    carried_in: str | None

    @cached_property
    def tags(self) -> Mapping[str, TagValue]:
        """The fields by tag; of several with the same tag the first that is filled in."""
        tags: dict[str, TagValue] = {}
        for tag, value in self.fields:
            if not tags.get(tag):
                tags[tag] = value
        return tags


@dataclass(frozen=True)
class Answer:
    """What one child said about one incoming file."""

    documents: tuple[OpenedDocument, ...]
    findings: tuple[Problem, ...]
    form: FormReading | None


def frame(message: Mapping[str, Any]) -> bytes:
    """One message as it goes over the wire."""
    body = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return struct.pack("!I", len(body)) + body


def text_file_name(folder: str) -> str:
    """Where the texts of an incoming file and of what is in it lie in the submission's scratch folder, one after the other."""
    return f"text-{folder}"


def send_frame(link: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message. Raises OSError."""
    link.sendall(frame(message))


class Frames:
    """Takes bytes as they come and gives whole messages. Raises BadAnswer for one that is too long or no JSON object."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Add bytes; the messages that are complete now."""
        self._buffer += data
        messages = []
        while len(self._buffer) >= 4:
            (length,) = struct.unpack_from("!I", self._buffer)
            if length > self._most_bytes:
                raise BadAnswer("message too long")
            if len(self._buffer) < 4 + length:
                break
            body = bytes(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            try:
                message = json.loads(body)
            except (ValueError, RecursionError) as error:
                raise BadAnswer("no JSON") from error
            if not isinstance(message, dict):
                raise BadAnswer("no object")
            messages.append(message)
        return messages


def read_answer(message: Mapping[str, Any], incoming: Incoming, folder: Path, policy: Policy) -> Answer:
    """Check what a child said about `incoming`, whose extracted files must lie in `folder`. Raises BadAnswer."""
    raw_documents = _list(message.get("documents"), policy.opening.documents + 1)
    documents: list[OpenedDocument] = []
    for number, raw in enumerate(raw_documents):
        documents.append(_document(raw, number, incoming, folder, {document.id for document in documents}))
    if sum(document.text_bytes for document in documents) > 4 * policy.opening.text_characters + len(documents):
        _bad("text")
    if not documents:
        _bad("no document")
    known = {document.id for document in documents}
    findings = tuple(_problem(raw, known, policy) for raw in _list(message.get("findings"), 10_000))
    form = message.get("form")
    return Answer(tuple(documents), findings, None if form is None else _form(form, known, policy))


def _document(raw: Any, number: int, incoming: Incoming, folder: Path, earlier: set[str]) -> OpenedDocument:
    raw = _object(raw)
    first = number == 0
    identifier = incoming.id if first else f"{incoming.id}/{number}"
    parent = raw.get("parent")
    if raw.get("id") != identifier or (parent is not None if first else parent not in earlier):
        _bad("document id or parent")
    size = _whole(raw.get("size"))
    scratch_file = None if first else _scratch_file(folder / str(number), size)
    text_start, text_bytes = _whole(raw.get("text_start")), _whole(raw.get("text_bytes"))
    text_file = _scratch_file(folder.parent / text_file_name(folder.name), text_start + text_bytes, part=True) if text_bytes else None
    document_format = raw.get("format")
    if document_format is not None and not _FORMAT.fullmatch(_text(document_format, 20)):
        _bad("format")
    return OpenedDocument(
        id=identifier,
        parent=parent,
        role=incoming.role if first else "extracted",
        path=_text(raw.get("path"), _MAX_NAME * 4),
        name=_name(raw.get("name")),
        raw_name=_text(raw.get("raw_name"), _MAX_NAME),
        media_type=_text(raw.get("media_type"), 200),
        format=document_format,
        size=incoming.size if first else size,
        scratch_file=scratch_file,
        identity_numbers=tuple(_place(place) for place in _list(raw.get("identity_numbers"), 10_000)),
        text_searched=_boolean(raw.get("text_searched")),
        notes=tuple(_text(note, 200) for note in _list(raw.get("notes"), _MAX_NOTES)),
        text_file=text_file,
        text_start=text_start,
        text_bytes=text_bytes,
    )


def _scratch_file(path: Path, size: int, *, part: bool = False) -> Path:
    """The path, when an ordinary file of that size lies there; ``part``: or a larger one."""
    try:
        found = os.lstat(path)
    except OSError as error:
        raise BadAnswer("extracted file is not there") from error
    if not stat.S_ISREG(found.st_mode) or found.st_size < size or (found.st_size > size and not part) or found.st_nlink != 1:
        _bad("extracted file is not what was said")
    return path


def _problem(raw: Any, known: set[str], policy: Policy) -> Problem:
    raw = _object(raw)
    code, document = _text(raw.get("code"), 40), raw.get("document")
    if not _CODE.fullmatch(code) or code not in policy.outcomes or document not in known:
        _bad("finding")
    return Problem(code, str(document), _place(raw.get("detail")))


def _form(raw: Any, known: set[str], policy: Policy) -> FormReading:
    raw = _object(raw)
    kind, document, carried_in, language = raw.get("kind"), raw.get("document"), raw.get("carried_in"), raw.get("language")
    if kind not in ("docx", "pdf", "json", "none") or document not in known or (carried_in is not None and carried_in not in known):
        _bad("form")
    if language is not None and not _LANGUAGE.fullmatch(_text(language, 3)):
        _bad("language")
    fields = tuple(_field(pair, policy) for pair in _list(raw.get("fields"), policy.opening.form_fields))
    most = policy.opening.form_text_characters
    lines = tuple(_line(line, most) for line in _list(raw.get("lines"), policy.opening.form_lines))
    if sum(len(line.text) + 1 for line in lines) > most:
        _bad("lines")
    return FormReading(
        kind=kind,
        document=str(document),
        fields=fields,
        payload=raw.get("payload"),
        language=language,
        lines=lines,
        carried_in=carried_in,
    )


def _field(raw: Any, policy: Policy) -> tuple[str, TagValue]:
    pair = _list(raw, 2)
    if len(pair) != 2:
        _bad("field")
    tag, value = _text(pair[0], 300), pair[1]
    for part in _list(value, MOST_CHOSEN) if not isinstance(value, (str, bool)) else [value]:
        if not isinstance(part, bool):
            _text(part, policy.opening.form_value_characters)
    return tag, value


def _line(raw: Any, most: int) -> Line:
    """A form has hundreds, so only what is said is looked at: what is as usual is left out."""
    given: dict[str, Any] = {}
    for key, value in _object(raw).items():
        if key == "text":
            given[key] = _text(value, most)
        elif key in _NUMBERS_OF_LINE:
            given[key] = _whole(value)
        elif key in _MARKS_OF_LINE:
            given[key] = _boolean(value)
        elif key == "cell":
            given[key] = _cell(value)
        elif key == "controls":
            given[key] = tuple([_control(control) for control in _list(value, MOST_SPANS)])
        elif key == "marked":
            given[key] = tuple([_span(span) for span in _list(value, MOST_SPANS)])
        elif key == "notes":
            given[key] = tuple([_text(note, most) for note in _list(value, MOST_NOTES_OF_LINE)])
        else:
            _bad("line")
    if "text" not in given:
        _bad("line")
    return Line(**given)


def _cell(raw: Any) -> Cell:
    place = [_whole(number) for number in _list(raw, 5)]
    if len(place) != 5:
        _bad("cell")
    return Cell(*place)


def _control(raw: Any) -> tuple[str, int, int]:
    parts = _list(raw, 3)
    if len(parts) != 3:
        _bad("control")
    return _text(parts[0], 300), _whole(parts[1]), _whole(parts[2])


def _span(raw: Any) -> tuple[int, int]:
    parts = _list(raw, 2)
    if len(parts) != 2:
        _bad("span")
    return _whole(parts[0]), _whole(parts[1])


def _place(raw: Any) -> dict[str, str | int]:
    raw = _object(raw)
    if len(raw) > 6:
        _bad("too many details")
    for key, value in raw.items():
        if not _CODE.fullmatch(key) and key not in ("of", "at"):
            _bad("detail")
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            _bad("detail value")
        if isinstance(value, str):
            _text(value, _MAX_NAME)
    return dict(raw)


def _name(value: Any) -> str:
    name = _text(value, 255)
    if not name or "/" in name or "\\" in name or name in (".", "..") or not name.isprintable():
        _bad("name")
    return name


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        _bad("text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _bad("number")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        _bad("boolean")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        _bad("list")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        _bad("object")
    return value


def _bad(what: str) -> NoReturn:
    raise BadAnswer(what)
