"""Real files that others collected: what is inside them according to tools that have nothing to do with us, and what the box finds.

`MOTTAK_COLLECTIONS` names a folder (colons between several) with any files at any depth, such as the unpacked source distributions of PDF, Office and mail
libraries. Nothing of it is kept here.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from services.shared.sandbox import HEAD_BYTES, Box, Incoming, Policy
from services.shared.sandbox.identity import is_text
from services.shared.sandbox.names import extension_of

VARIABLE = "MOTTAK_COLLECTIONS"
TOOLS = ("pdfdetach", "pdfinfo", "7z", "munpack")
_EXTENSIONS = ("pdf", "docx", "xlsx", "pptx", "zip", "eml", "msg", "docm", "xlsm", "pptm", "doc", "xls", "ppt", "odt", "ods")
_TOOL_SECONDS = 30
_LARGEST = 100 << 20
_WHOLE_FILE = frozenset({"file_encrypted", "macro_not_allowed", "type_mismatch", "xml_forbidden", "archive_too_many", "archive_too_large"})


@dataclass(frozen=True)
class Others:
    """What other programs say of a file. `inside`: digest of each file they found in it, with its name there; `objects`: embedded OLE objects, each as the
    contents of its streams; `opens`: None when none was asked; `locked`: one wants a password."""

    inside: dict[str, str] = field(default_factory=dict)
    objects: tuple[tuple[bytes, ...], ...] = ()
    opens: bool | None = None
    locked: bool = False


@dataclass(frozen=True)
class Looked:
    """One file: what the box says of it, and what the others say. `seconds`: of processor time."""

    path: Path
    at_the_door: str | None
    codes: frozenset[str]
    reasons: tuple[str, ...]
    found: frozenset[str]
    without_file: int
    others: Others
    seconds: float

    @property
    def missed(self) -> list[str]:
        """What the others found and the box did not; nothing when the sender was told that the whole file cannot be taken, or each of these by its name."""
        if self.at_the_door is not None or self.codes & _WHOLE_FILE:
            return []
        return [name for digest, name in self.others.inside.items() if digest not in self.found and not self._told(name)]

    def _told(self, name: str) -> bool:
        """Whether a member of a zip was refused by its name: packed in a way that few programs unpack, or to be put where it has no business."""
        return any(
            ("'reason': 'compression'" in reason or reason.startswith("name_not_allowed")) and f"'{name}'" in reason for reason in self.reasons
        )

    @property
    def wrongly_refused(self) -> bool:
        """Another program opens it, and the sender was told that it is damaged or locked."""
        return bool(self.others.opens) and not self.others.locked and bool(self.codes & {"file_corrupt", "file_encrypted"})


def collected() -> Iterator[Path]:
    """The files of the named folders that the policy or its neighbours know by extension, each content once."""
    seen: set[str] = set()
    for folder in os.environ.get(VARIABLE, "").split(":"):
        for path in sorted(Path(folder).rglob("*")) if folder else ():
            if path.is_symlink() or not path.is_file() or extension_of(path.name) not in _EXTENSIONS or not 0 < path.stat().st_size <= _LARGEST:
                continue
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest not in seen:
                seen.add(digest)
                yield path


def look(path: Path, box: Box, policy: Policy) -> Looked:
    """Through the door and the box as an attachment, and through the other tools."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    others = _others(path, head)
    began = _processor_seconds(box)
    with ExitStack() as stack:
        stream = stack.enter_context(path.open("rb"))
        opened = stack.enter_context(box.open_submission([Incoming("d", "attachment", path.name, stream, path.stat().st_size)]))
        seconds = _processor_seconds(box) - began
        files = [document.scratch_file for document in opened.documents if document.scratch_file]
        found = {_digest(file) for file in files}
        contents = [file.read_bytes() for file in files] if others.objects else []
        names = {document.id: document.path for document in opened.documents}
        whole = frozenset(finding.code for finding in opened.findings if finding.document == "d")
        inner = frozenset(f"inside:{finding.code}" for finding in opened.findings if finding.document != "d")
        reasons = tuple(f"{finding.code} {dict(finding.detail)} {names[finding.document]}" for finding in opened.findings)
    without = sum(not _unwrapped(streams, contents) for streams in others.objects)
    return Looked(path, policy.refusal("attachment", path.name, head), whole | inner, reasons, frozenset(found), without, others, seconds)


def _processor_seconds(box: Box) -> float:
    """What the children of the box have used that have ended: the clock on the wall also tells what else the machine does."""
    times = psutil.Process(box.zygote_pid).cpu_times()
    return float(times.children_user + times.children_system)


def _unwrapped(streams: Sequence[bytes], contents: Sequence[bytes]) -> bool:
    """Whether a file that the box found is what the object holds: one of its streams, or a part of one (the package has a head and a tail)."""
    return any(content and any(content in stream for stream in streams) for content in contents)


def _others(path: Path, head: bytes) -> Others:
    extension = extension_of(path.name)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        if head.startswith(b"%PDF-") or extension == "pdf":
            said = _run("pdfinfo", str(path))
            locked = b"Incorrect password" in said.stderr
            sound = _run("pdfdetach", "-saveall", "-o", folder, str(path)).stderr == b""
            return Others(_digests(target) if sound else {}, opens=said.returncode == 0 and sound, locked=locked)
        if head.startswith(b"PK"):
            said = _run("7z", "x", "-y", "-p", f"-o{folder}", str(path))
            sound = said.returncode == 0
            wanted = None if extension == "zip" else re.compile(r"(?:^|/)embeddings/", re.IGNORECASE)
            objects, rest = _objects(target) if extension != "zip" else ((), {})
            inside = {digest: name for digest, name in _digests(target, wanted).items() if digest not in rest}
            return Others(inside if sound else {}, objects, sound, b"Wrong password" in said.stdout + said.stderr)
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            said = _run("7z", "x", "-y", f"-o{folder}", str(path))
            wanted = re.compile(r"__substg1\.0_37010102$") if extension == "msg" else re.compile("(?!)")
            return Others(_digests(target, wanted), (), None, (target / "EncryptedPackage").exists())
        if extension == "eml":
            shutil.copy(path, target / "message")
            said = _run("munpack", "-q", "-f", "message", folder=target)
            if b"ignoring unknown content transfer encoding" in said.stderr:
                return Others()  # what it writes then is not the file
            (target / "message").unlink()
            return Others({digest: name for digest, name in _digests(target).items() if not _left_by_munpack(target / name)})
    return Others()


def _objects(target: Path) -> tuple[tuple[tuple[bytes, ...], ...], dict[str, str]]:
    """Embedded objects that are compound files: the streams of each, and the digests of the compound files."""
    found, digests = [], {}
    for path in sorted(target.rglob("*")):
        if "embeddings" in path.parts and path.is_file() and path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0":
            digests[_digest(path)] = path.name
            with tempfile.TemporaryDirectory() as folder:
                _run("7z", "x", "-y", f"-o{folder}", str(path))
                streams = tuple(stream.read_bytes() for stream in Path(folder).rglob("*") if stream.is_file())
            if any(path.suffix == old for old in (".doc", ".xls", ".ppt")):
                streams += (path.read_bytes(),)
            found.append(streams)
    return tuple(found), digests


def _left_by_munpack(path: Path) -> bool:
    """Its own notes, texts of the mail that have no name, and what it names without a byte in it."""
    unnamed = re.fullmatch(r"part\d+", path.name) is not None and (not path.stat().st_size or is_text(path.read_bytes()[:HEAD_BYTES]))
    return path.suffix == ".desc" or path.name == "tempdesc.txt" or unnamed


def _run(*command: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, timeout=_TOOL_SECONDS, check=False, cwd=folder, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, b"", b"too slow")


def _digests(folder: Path, wanted: re.Pattern[str] | None = None) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and (wanted is None or wanted.search(name)):
            found[_digest(path)] = name
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
