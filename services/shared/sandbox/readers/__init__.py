"""The readers, one per format. Each is a function `(opening, document) -> None` that hands what it finds back to the opening.

Only the zygote and its children import this package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from services.shared.sandbox.policy import FileType, Policy
from services.shared.sandbox.readers import archive, json_form, mail, office, ole, outlook, pdf, text, tnef, word

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_READERS: dict[str, Callable[[FileOpening, Document], None]] = {
    "docx": word.read,
    "xlsx": office.read,
    "pptx": office.read,
    "pdf": pdf.read,
    "json": json_form.read,
    "zip": archive.read,
    "enlx": archive.read,
    "eml": mail.read,
    "msg": outlook.read,
    "txt": text.read,
    "csv": text.read,
    "png": text.read_image,
    "jpg": text.read_image,
    "gif": text.read_image,
    "asc": text.read,
    "tnef": tnef.read,
}


def reader_of(key: str, role: str) -> Callable[[FileOpening, Document], None] | None:
    """The reader of a type by its key in the policy, for a file sent in a role."""
    if role == "table":
        from services.shared.sandbox.readers import table  # warm already in a box that has it

        return table.read if key == "xlsx" else None
    return _READERS.get(key)


def recognise(document: Document, found: FileType | None, policy: Policy) -> FileType | None:
    """The type once the container was looked into: what kind of package a zip is, what kind of OLE file. Raises Refused."""
    if found is None:
        return None
    if document.stream.read(8) == policy.magic["ole"][0]:
        document.stream.seek(0)
        return ole.recognise(document, policy)
    document.stream.seek(0)
    if found.family == "zip":
        return office.recognise(document, found, policy)
    return found
