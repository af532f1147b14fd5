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
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from services.shared.sandbox import HEAD_BYTES, Box, Incoming, Policy
from services.shared.sandbox.names import extension_of

VARIABLE = "MOTTAK_COLLECTIONS"
TOOLS = ("pdfdetach", "pdfinfo", "7z", "munpack")
_EXTENSIONS = ("pdf", "docx", "xlsx", "pptx", "zip", "eml", "msg", "docm", "xlsm", "pptm", "doc", "xls", "ppt", "odt", "ods")
_TOOL_SECONDS = 30
_LARGEST = 100 << 20


@dataclass(frozen=True)
class Looked:
    """One file. `expected`: digest of each file that the other tools found in it, with its name there; `opens`: another program opens it (None: not asked);
    `locked`: another program wants a password."""

    path: Path
    at_the_door: str | None
    codes: frozenset[str]
    reasons: tuple[str, ...]
    expected: dict[str, str] = field(default_factory=dict)
    found: frozenset[str] = frozenset()
    seconds: float = 0.0
    opens: bool | None = None
    locked: bool = False

    @property
    def missed(self) -> dict[str, str]:
        """What the others found and the box did not."""
        return {digest: name for digest, name in self.expected.items() if digest not in self.found}

    @property
    def answered_for(self) -> bool:
        """The sender was told why not all of it was opened."""
        return bool(self.codes) or self.at_the_door is not None


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
    head = path.read_bytes()[:HEAD_BYTES]
    refused = policy.refusal("attachment", path.name, head)
    expected, opens, locked = _others(path, head)
    with ExitStack() as stack:
        stream = stack.enter_context(path.open("rb"))
        opened = stack.enter_context(box.open_submission([Incoming("d", "attachment", path.name, stream, path.stat().st_size)]))
        found = {_digest(document.scratch_file) for document in opened.documents if document.scratch_file}
        names = {document.id: document.path for document in opened.documents}
        reasons = tuple(f"{finding.code} {dict(finding.detail)} {names[finding.document]}" for finding in opened.findings)
        codes = frozenset(finding.code for finding in opened.findings)
    return Looked(path, refused, codes, reasons, expected, frozenset(found), opens=opens, locked=locked)


def _others(path: Path, head: bytes) -> tuple[dict[str, str], bool | None, bool]:
    extension = extension_of(path.name)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        if head.startswith(b"%PDF-") or extension == "pdf":
            said = _run("pdfinfo", str(path))
            locked = b"Incorrect password" in said.stderr
            _run("pdfdetach", "-saveall", "-o", folder, str(path))
            return _digests(target), said.returncode == 0, locked
        if head.startswith(b"PK"):
            said = _run("7z", "x", "-y", "-p", f"-o{folder}", str(path))
            locked = b"Wrong password" in said.stdout + said.stderr
            wanted = None if extension == "zip" else re.compile(r"(?:^|/)embeddings/", re.IGNORECASE)
            return _digests(target, wanted), said.returncode == 0, locked
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            said = _run("7z", "x", "-y", f"-o{folder}", str(path))
            wanted = re.compile(r"__substg1\.0_37010102$") if extension == "msg" else re.compile("(?!)")
            return _digests(target, wanted), said.returncode == 0, (target / "EncryptedPackage").exists()
        if extension == "eml":
            shutil.copy(path, target / "message")
            said = _run("munpack", "-q", "-f", "message", folder=target)
            (target / "message").unlink()
            return {digest: name for digest, name in _digests(target).items() if not name.endswith(".desc")}, None, False
    return {}, None, False


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
