"""Names inside the archive: logical paths (what people called it), physical paths and package names (plain ASCII, ours).

Names come from outside, so none is trusted: they are cleaned, shortened and made unique before they become a path anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from services.shared.characters import normalised

# What is left of a path segment must fit the file systems an object may one day be unpacked on.
SEGMENT_BYTES = 200
ASCII_SEGMENT_LENGTH = 100
FALLBACK_NAME = "uten-navn"
INSIDE_SUFFIX = ".innhold"

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_NORWEGIAN = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "Æ": "Ae", "Ø": "O", "Å": "A", "ß": "ss"})
_EXTENSION = re.compile(r"\.([a-z0-9]{1,8})$")


def clean_segments(path: str) -> list[str]:
    """The safe parts of a path from outside: NFC, no control or direction signs, no ``.`` or ``..``, each at most 200 bytes; never empty."""
    parts = re.split(r"[/\\]+", normalised("NFC", path))
    cleaned = [part for part in (_clean_segment(part) for part in parts) if part]
    return cleaned or [FALLBACK_NAME]


def _clean_segment(part: str) -> str:
    visible = "".join(sign for sign in part if sign not in _BIDIRECTIONAL and unicodedata.category(sign) not in ("Cc", "Cs", "Zl", "Zp"))
    trimmed = visible.strip().rstrip(". ")
    return "" if trimmed in ("", ".", "..") else _shorten(trimmed)


def _shorten(name: str) -> str:
    """Cut the stem, keep the extension, within SEGMENT_BYTES of UTF-8."""
    if len(name.encode()) <= SEGMENT_BYTES:
        return name
    found = _EXTENSION.search(name.lower())
    extension = name[found.start() :] if found else ""
    stem = name[: len(name) - len(extension)].encode()[: SEGMENT_BYTES - len(extension)]
    return stem.decode("utf-8", "ignore").rstrip(". ") + extension


def _folded(path: str) -> str:
    return normalised("NFC", path.casefold())


def _numbered(path: str, number: int) -> str:
    folder, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    return f"{folder}{slash}{stem} ({number}){dot}{extension}" if stem else f"{folder}{slash}{name} ({number})"


def unique_paths(paths: Iterable[str]) -> list[str]:
    """One logical path for each given path, in order: cleaned, and no two equal even where case does not count.

    A file that also is a folder of others (an archive and what was in it) keeps its name; its folder gets ``.innhold`` (OCFL 1.1, 3.5.3.1: paths must not conflict).
    """
    cleaned = ["/".join(clean_segments(path)) for path in paths]
    files = {_folded(path) for path in cleaned}
    taken: set[str] = set()
    next_number: dict[str, int] = {}  # where to go on for a name that came before: many files of one name must not cost the square of their number
    result = []
    for path in cleaned:
        wanted = candidate = _beside_files(path, files)
        number = next_number.get(_folded(wanted), 2)
        while _folded(candidate) in taken:
            candidate = _numbered(wanted, number)
            number += 1
        next_number[_folded(wanted)] = number
        taken.add(_folded(candidate))
        result.append(candidate)
    return _without_folder_conflicts(result)


def _beside_files(path: str, files: set[str]) -> str:
    """Rename every folder of ``path`` that is also the name of a file."""
    *folders, name = path.split("/")
    renamed = [folder + INSIDE_SUFFIX if whole in files else folder for folder, whole in zip(folders, _folders_of(_folded(path)), strict=True)]
    return "/".join([*renamed, name])


def _folders_of(path: str) -> Iterator[str]:
    """The folders of a path, the outermost first. Of a folded path they are folded, too: nothing is composed across a slash."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def _without_folder_conflicts(paths: list[str]) -> list[str]:
    """Last resort for names that were chosen to collide: a file that is still the folder of another is numbered away from it."""
    taken = {_folded(path) for path in paths}
    if not any(folder in taken for path in taken for folder in _folders_of(path)):
        return paths
    folders = {folder for path in taken for folder in _folders_of(path)}
    result = []
    for path in paths:
        candidate, number = path, 2
        while _folded(candidate) in folders or (candidate != path and _folded(candidate) in taken):
            candidate = _numbered(path, number)
            number += 1
        taken.add(_folded(candidate))
        result.append(candidate)
    return result


def extension_of(name: str) -> str:
    """A harmless ASCII extension with its dot (``.pdf``), or an empty text."""
    found = _EXTENSION.search(name.lower())
    return found.group(0) if found else ""


def ascii_segment(name: str) -> str:
    """A name of letters, digits, ``.``, ``_`` and ``-`` that still resembles the original."""
    plain = normalised("NFKD", name.translate(_NORWEGIAN))
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", "".join(sign for sign in plain if not unicodedata.combining(sign))).strip("._-")
    extension = extension_of(kept)
    stem = kept[: len(kept) - len(extension)] if extension else kept
    return (stem[:ASCII_SEGMENT_LENGTH].rstrip("._-") or "fil") + extension


def package_names(logical_paths: Iterable[str]) -> dict[str, str]:
    """Logical path -> the ASCII path it has in a package (a bag, an arkivmelding), without ``%`` (bag readers differ on it) and unique.

    The result depends on the set of paths alone, so that every writer gives the same names.
    """
    ordered = sorted(set(logical_paths))
    plain = ["/".join(ascii_segment(part) for part in path.split("/")) for path in ordered]
    numbered = (path.replace(" (", "_").replace(")", "") for path in unique_paths(plain))
    names = dict(zip(ordered, numbered, strict=True))
    if len({name.casefold() for name in names.values()}) != len(names):  # "a_2.pdf" stood beside two "a.pdf": then the position decides
        return {path: f"{number:05d}/{name}" for number, (path, name) in enumerate(names.items(), start=1)}
    return names
