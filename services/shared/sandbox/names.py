"""File names as people see them. The raw name is always kept beside the clean one."""

from __future__ import annotations

import re
import unicodedata

from services.shared.characters import normalised

_WINDOWS_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|\Z)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_AS_IT_IS = re.compile(r"[A-Za-z0-9_()]+(?:[ .-][A-Za-z0-9_()]+)*")
"""A name that there is nothing to clean in, as most are."""
_SEPARATORS = re.compile(r"[/\\]")
_NAME_BYTES = 255
_MOST_FOLDERS, _PATH_BYTES = 15, 1000


def clean_name(raw_name: str, fallback: str = "fil") -> str:
    """One name without folder parts: NFC, no control, bidi or invisible characters, at most 255 bytes of UTF-8.

    The extension survives the cut. A name with nothing left becomes `fallback`.
    """
    last = _SEPARATORS.split(raw_name)[-1]
    return _clean_part(last) or fallback


def clean_path(raw_path: str) -> str:
    """A name with its folders, each part cleaned, `/` between them; empty, `.` and `..` parts are dropped.

    Of more than 15 folders, or 1000 bytes, only the innermost are kept: no disk takes many more, and thousands of them in each name would be gone through
    wherever names are made unique.
    """
    kept: list[str] = []
    room = _PATH_BYTES
    for raw_part in reversed(_SEPARATORS.split(raw_path)):
        part = "" if raw_part in ("", ".", "..") else _clean_part(raw_part)
        room -= len(part.encode()) + 1 if part else 0
        if kept and (room < 0 or len(kept) > _MOST_FOLDERS):
            break
        if part:
            kept.append(part)
    return "/".join(reversed(kept)) or "fil"


def hostile_path(raw_path: str) -> str | None:
    """Why a name inside an archive is refused (`absolute`, `traversal`, `drive`, `device`, `control`), or None.

    A backslash parts folders, too: older programs on Windows write them so. Nothing is ever written under a refused name; it is refused because whoever
    unpacks the original later may do so.
    """
    if "\0" in raw_path or any(unicodedata.category(character) == "Cc" for character in raw_path):
        return "control"
    if raw_path.startswith(("/", "\\")):
        return "absolute"
    if _DRIVE.match(raw_path):
        return "drive"
    parts = _SEPARATORS.split(raw_path)
    if ".." in parts:
        return "traversal"
    return "device" if any(_WINDOWS_DEVICES.match(part) for part in parts) else None


def unique_path(path: str, taken: set[str]) -> str:
    """`path`, or `path` with ` (2)`, ` (3)` … before the extension when it is taken (compared without case); adds it to `taken`."""
    candidate, number = path, 1
    folder, _, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    while candidate.casefold() in taken:
        number += 1
        numbered = f"{stem} ({number}){dot}{extension}" if stem else f"{name} ({number})"
        candidate = f"{folder}/{numbered}" if folder else numbered
    taken.add(candidate.casefold())
    return candidate


def extension_of(name: str) -> str:
    """The extension in lower case without the dot, or an empty string."""
    stem, _, extension = _clean_part(name).rpartition(".")
    return extension.lower() if stem else ""


def _clean_part(part: str) -> str:
    if len(part) <= _NAME_BYTES and _AS_IT_IS.fullmatch(part) and not _WINDOWS_DEVICES.match(part):
        return part
    composed = normalised("NFC", part.encode("utf-8", "replace").decode("utf-8"))
    # Cc control, Cf format (bidi overrides, zero width), Cs surrogates, Co private, Cn unassigned
    visible = "".join(character for character in composed if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    visible = re.sub(r'[<>:"|?*/\\]', "_", visible)
    visible = re.sub(r"\s+", " ", visible).strip(" ").rstrip(". ").lstrip(".-")
    if _WINDOWS_DEVICES.match(visible):
        visible = f"_{visible}"
    return _cut(visible)


def _cut(name: str) -> str:
    if len(name.encode()) <= _NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = f"{dot}{extension}" if stem and len(extension) <= 10 else ""
    room = _NAME_BYTES - len(tail.encode())
    return name.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + tail
