"""Zip archives: every member is written out under a number and opened in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.shared.sandbox import names
from services.shared.sandbox.readers import safezip
from services.shared.sandbox.readers.refused import Refused

if TYPE_CHECKING:
    import zipfile

    from services.shared.sandbox.opening import Document, FileOpening


def read(opening: FileOpening, document: Document) -> None:
    """Hand over all members. A member with a bad name is refused alone; the others are still opened."""
    limits = opening.policy.opening
    archive = safezip.open_zip(document.stream, entries=limits.archive_entries, member_bytes=limits.member_bytes, total_bytes=limits.unpacked_bytes)
    files = [info for info in archive.infolist() if not _is_folder(info)]
    if files and document.depth >= limits.depth:
        raise Refused("archive_too_deep", limit=limits.depth)
    if files and all(info.flag_bits & 0x1 for info in files):
        raise Refused("file_encrypted")
    for info in files:
        name = safezip.member_name(info)
        reason = names.hostile_path(name) or safezip.special(info)
        if reason:
            opening.finding(document, "name_not_allowed", reason=reason, member=names.clean_path(name))
        elif _left_out(opening, name):
            document.note(f"left_out:{names.clean_path(name)}"[:200])
        else:
            _extract(opening, document, archive, info, name)


def _extract(opening: FileOpening, document: Document, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> None:
    try:
        safezip.refuse_locked(info)
    except Refused as refused:
        opening.finding(document, refused.code, **{**refused.detail, "member": names.clean_path(name)})
        return
    opening.extract(document, name, safezip.member_chunks(archive, info), size=info.file_size)


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """Also as older programs on Windows write one."""
    return info.orig_filename.endswith("/") or (info.orig_filename.endswith("\\") and info.file_size == 0)


def _left_out(opening: FileOpening, name: str) -> bool:
    """What programs leave behind and nobody sends on purpose."""
    parts = name.casefold().split("/")
    return parts[-1] in opening.policy.ignored_names or any(part in opening.policy.ignored_folders for part in parts[:-1])
