"""Opening one file that was sent, and what is inside it, and what is inside that. Runs in the child only.

`FileOpening` keeps the books (documents, findings, budgets, names); the readers know the formats and hand members back to it.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

from services.shared.sandbox import names
from services.shared.sandbox.identity import HEAD_BYTES, identify
from services.shared.sandbox.policy import FileType, Policy
from services.shared.sandbox.protocol import text_file_name
from services.shared.sandbox.readers import reader_of, recognise
from services.shared.sandbox.readers.numbers import blot_out, holds_identity_number
from services.shared.sandbox.readers.ole import OleFile
from services.shared.sandbox.readers.package import Package
from services.shared.sandbox.readers.refused import NoRoom, OutOfBudget, Refused

_CHUNK = 1 << 16
_MOST_PLACES = 1000


@dataclass
class Budget:
    """What is left for the whole submission."""

    unpacked_bytes: int
    documents: int
    text_characters: int


@dataclass
class Document:
    """One file while it is being opened. `depth`: how many containers it lies in."""

    id: str
    parent: str | None
    role: str
    path: str
    name: str
    raw_name: str
    size: int
    depth: int
    stream: BinaryIO
    budget: Budget
    file_type: FileType | None = None
    identity_numbers: list[dict[str, str | int]] = field(default_factory=list)
    text_searched: bool = True
    notes: list[str] = field(default_factory=list)
    package: Package | None = None
    compound: OleFile | None = None
    text: list[str] = field(default_factory=list)
    text_start: int = 0
    text_bytes: int = 0

    def note(self, note: str) -> None:
        """Say something about the file once."""
        if note not in self.notes and len(self.notes) < 20:
            self.notes.append(note)

    def search(self, text: str, **place: str | int) -> bool:
        """Look for fødselsnummer in a piece of text, and say whether there are any; only the place is kept."""
        found = holds_identity_number(text)
        if found and len(self.identity_numbers) < _MOST_PLACES and place not in self.identity_numbers:
            self.identity_numbers.append(place)
        return found

    def read(self, text: str, **place: str | int) -> None:
        """As `search`, for text that people read: it is also handed out to be found by, as far as the policy's characters go."""
        found = self.search(text, **place)
        if text and self.budget.text_characters > 0:
            # what lies across the end is blotted out before it is cut: half a number must not be left
            kept = (blot_out(text) if found else text)[: self.budget.text_characters]
            self.budget.text_characters -= len(kept)
            self.text.append(kept)

    def as_answer(self) -> dict[str, Any]:
        """What is told to the worker."""
        return {
            "id": self.id,
            "parent": self.parent,
            "path": self.path[:8000],
            "name": self.name,
            "raw_name": self.raw_name[:2000],
            "size": self.size,
            "media_type": self.file_type.media_type if self.file_type else "application/octet-stream",
            "format": self.file_type.format if self.file_type else None,
            "identity_numbers": self.identity_numbers,
            "text_searched": self.text_searched,
            "notes": self.notes,
            "text_start": self.text_start,
            "text_bytes": self.text_bytes,
        }


@dataclass
class Form:
    """What a reader found in a file that may be the form."""

    kind: str
    document: Document
    payload: Any = None
    fields: list[tuple[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def says(self, name: str) -> Any:
        """What the form says of itself: its type, version or language."""
        if isinstance(self.payload, dict):
            return self.payload.get(name)
        return next((value for tag, value in self.fields if tag == name and value), None)

    def bounded_lines(self, most_characters: int, most_lines: int) -> list[dict[str, Any]]:
        """The lines without fødselsnummer, as far as so many go; a note of the document says when that is not all."""
        kept, room = [], most_characters
        for line in self.lines[:most_lines]:
            room -= len(line["text"]) + 1
            if room < 0:
                break
            kept.append(line)
        if len(kept) < len(self.lines):
            self.document.note("form_too_long_to_read_whole")
        if not holds_identity_number("\n".join(text for line in kept for text in (line["text"], *line.get("notes", ())))):
            return kept  # seen at once for all: a number does not go on from one line to the next
        return [_blotted(line) for line in kept]


class FileOpening:
    """One incoming file. What is extracted goes to `folder` in `scratch` (an open descriptor); `progress` tells the path being worked on."""

    def __init__(self, policy: Policy, budget: Budget, scratch: int, folder: str, progress: Callable[[str], None]) -> None:
        self.policy = policy
        self._budget = budget
        self._scratch, self._folder_name = scratch, folder
        self._progress = progress
        self._documents: list[Document] = []
        self._findings: list[dict[str, Any]] = []
        self._forms: list[Form] = []
        self._paths: set[str] = set()
        self._text_bytes = 0

    def run(self, file: dict[str, Any], stream: BinaryIO) -> dict[str, Any]:
        """Open `file` (id, role, name, size) from `stream`; what is told to the worker."""
        name = names.clean_name(file["name"])
        root = Document(
            id=file["id"],
            parent=None,
            role=file["role"],
            path=name,
            name=name,
            raw_name=file["name"],
            size=file["size"],
            depth=0,
            stream=stream,
            budget=self._budget,
        )
        self._paths.add(name.casefold())
        left = self._budget.unpacked_bytes
        self._open(root)
        if self._budget.unpacked_bytes < 0:
            self._budget.unpacked_bytes = left  # nothing of it is kept
            return self.only_the_file("archive_too_large", limit=self.policy.opening.unpacked_bytes)
        form = self._form(root)
        return {"documents": [document.as_answer() for document in self._documents], "findings": self._findings[:5000], "form": form}

    def only_the_file(self, code: str, **detail: str | int) -> dict[str, Any]:
        """An answer about the incoming file alone, with one finding, when the whole answer cannot be given."""
        root = self._documents[0]
        root.text_searched = False
        return {"documents": [root.as_answer()], "findings": [{"code": code, "document": root.id, "detail": detail}], "form": None}

    def close(self) -> None:
        """Give the descriptors back."""
        if "_folder" in vars(self):
            os.close(self._folder)
        if "_texts" in vars(self):
            self._texts.close()

    @cached_property
    def _folder(self) -> int:
        """Descriptor of the folder for what is extracted. Made with the first file: most files hold none, and folders are dear."""
        os.mkdir(self._folder_name, 0o700, dir_fd=self._scratch)
        return os.open(self._folder_name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._scratch)

    @property
    def may_be_form(self) -> bool:
        """True while what is opened was sent as the form, or is carried in a file that was."""
        return bool(self._documents) and self._documents[0].role == "form"

    def form_found(self, form: Form) -> None:
        """A reader has found what may be the form."""
        self._forms.append(form)

    def finding(self, document: Document, code: str, **detail: str | int) -> None:
        """Note a problem with a document, once."""
        if code == "type_not_allowed":
            detail.setdefault("allowed", self.policy.welcome("form" if document.role == "form" else "attachment"))
        finding = {"code": code, "document": document.id, "detail": {key: _short(value) for key, value in detail.items()}}
        if finding not in self._findings[-50:]:
            self._findings.append(finding)

    def extract(self, parent: Document, raw_path: str, chunks: Iterable[bytes], *, size: int | None = None) -> None:
        """Write a member of `parent` to the scratch folder, then open it in turn.

        `raw_path`: its name as it stands there, folders and all. `size`: what the container says it is. Raises Refused when it is
        too deep or of another size than said, OutOfBudget when the submission has unpacked too much.
        """
        if parent.depth >= self.policy.opening.depth:
            raise Refused("archive_too_deep", limit=self.policy.opening.depth)
        if self._budget.documents <= 0:
            raise OutOfBudget("archive_too_many", limit=self.policy.opening.documents)
        self._budget.documents -= 1
        path = names.unique_path(f"{parent.path}/{names.clean_path(raw_path)}", self._paths)
        number = len(self._documents)
        stream = os.fdopen(os.open(str(number), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=self._folder), "w+b")
        with stream:
            document = Document(
                id=f"{self._documents[0].id}/{number}",
                parent=parent.id,
                role="extracted",
                path=path,
                name=path.rpartition("/")[2],
                raw_name=raw_path,
                size=0,
                depth=parent.depth + 1,
                stream=stream,
                budget=self._budget,
            )
            self._documents.append(document)
            try:
                self._write(document, chunks, size)
            except Exception as error:
                # the file stays in the books, with as much of it as could be had, and its fault
                document.size = stream.truncate(0)
                self._blame(document, error)
                if isinstance(error, OutOfBudget):
                    raise
                return
            self._progress(path)
            self._open(document)

    def _write(self, document: Document, chunks: Iterable[bytes], size: int | None) -> None:
        for chunk in chunks:
            document.size += len(chunk)
            self._budget.unpacked_bytes -= len(chunk)
            if self._budget.unpacked_bytes < 0:
                raise OutOfBudget("archive_too_large", limit=self.policy.opening.unpacked_bytes)
            if document.size > self.policy.opening.member_bytes:
                raise Refused("archive_too_large", limit=self.policy.opening.member_bytes)
            _store(document.stream, chunk)
        if size is not None and document.size != size:
            raise Refused("file_corrupt", reason="size")
        _store(document.stream, None)

    def _open(self, document: Document) -> None:
        if not self._documents:
            self._documents.append(document)
        document.search(document.raw_name, part="name")
        if document.size == 0:
            if document.role != "extracted":
                self.finding(document, "file_empty")
            document.note("empty")
            return
        try:
            head = document.stream.read(HEAD_BYTES)
            document.stream.seek(0)
            document.file_type = recognise(document, identify(head, document.name, self.policy), self.policy)
            refusal = self._refusal(document)
            if refusal:
                document.text_searched = False
                self.finding(document, refusal, found=document.file_type.key if document.file_type else "unknown")
                return
            reader = reader_of(document.file_type.key, document.role) if document.file_type else None
            if reader:
                reader(self, document)
        except OutOfBudget as error:
            self._blame(document, error)
            if document.role == "extracted":
                raise
        except Exception as error:  # noqa: BLE001 - a broken file may raise anything from a parser
            self._blame(document, error)
        finally:
            document.package = document.compound = None
            self._hand_out_text(document)

    def _hand_out_text(self, document: Document) -> None:
        """The text that was read goes to a file beside the folders, after that of the documents before: it may be too large for an answer."""
        pieces, document.text = document.text, []
        if not pieces:
            return
        data = "\n".join(pieces).encode("utf-8", "replace")
        try:
            self._texts.write(data)
            self._texts.flush()
        except OSError as error:
            raise NoRoom(str(error)) from error
        document.text_start, document.text_bytes = self._text_bytes, len(data)
        self._text_bytes += len(data)

    @cached_property
    def _texts(self) -> BinaryIO:
        """The file for the texts of all documents in the incoming one."""
        return open(text_file_name(self._folder_name), "xb", opener=lambda path, flags: os.open(path, flags, 0o600, dir_fd=self._scratch))

    def _refusal(self, document: Document) -> str | None:
        role = document.role
        if role == "table":
            return "type_not_allowed" if document.file_type is None or document.file_type.key != "xlsx" else None
        if role == "extracted" and self.may_be_form and document.file_type and "form" in document.file_type.roles:
            role = "form"  # the mail that was sent as the form may carry what a form may be
        return self.policy.refusal_of_type(role, document.name, document.file_type)

    def _blame(self, document: Document, error: Exception) -> None:
        document.text_searched = False
        if isinstance(error, Refused):
            self.finding(document, error.code, **error.detail)
        elif isinstance(error, MemoryError):
            self.finding(document, "file_too_complex", reason="memory")
        elif isinstance(error, RecursionError):
            self.finding(document, "file_too_complex", reason="recursion")
        else:
            self.finding(document, "file_corrupt", reason=type(error).__name__)

    def _form(self, root: Document) -> dict[str, Any] | None:
        if root.role != "form":
            return None
        best = max(self._forms, key=_likeness, default=None)
        if best is None:
            return {"kind": "none", "document": root.id, "fields": [], "payload": None, "lines": [], "language": None, "carried_in": None}
        language, limits = best.says("language"), self.policy.opening
        return {
            "kind": best.kind,
            "document": best.document.id,
            "fields": best.fields,
            "payload": best.payload,
            "lines": best.bounded_lines(limits.form_text_characters, limits.form_lines),
            "language": language if isinstance(language, str) and re.fullmatch("[a-z]{2,3}", language) else None,
            "carried_in": None if best.document is root else best.document.parent,
        }


def _blotted(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"text": blot_out(line["text"])} | ({"notes": [blot_out(note) for note in line["notes"]]} if "notes" in line else {})


def _likeness(form: Form) -> tuple[bool, int, int]:
    """How much a file looks like the form: it says what form it is; it has fields; it lies near the top."""
    return (
        form.says("form_type") is not None,
        len(form.fields) + (form.kind == "json"),
        -form.document.depth,
    )


def _store(stream: BinaryIO, chunk: bytes | None) -> None:
    """Write a chunk; None ends the writing."""
    try:
        if chunk is not None:
            stream.write(chunk)
        else:
            stream.flush()
            stream.seek(0)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise Refused("archive_too_large") from error
        raise NoRoom(str(error)) from error


def _short(value: str | int) -> str | int:
    return value[:500] if isinstance(value, str) else value
