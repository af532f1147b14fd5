"""The files attached to a PDF: in the name tree, in a portfolio's folders, at paper clips, and associated with the document, a page, an annotation or an
element of its structure (ISO 32000-2, 7.11.4, 12.3.5 and 14.13).

pypdf's own list is not used: it misses attachments of pages and name trees with /Kids, and counts a file twice whose two names differ.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pypdf.errors import FileNotDecryptedError, LimitReachedError
from pypdf.generic import DictionaryObject, StreamObject

from services.shared.sandbox.readers.pdf_objects import Objects, array_of, dictionary_of, plain
from services.shared.sandbox.readers.refused import NoRoom, OutOfBudget, Refused

if TYPE_CHECKING:
    from services.shared.sandbox.opening import Document, FileOpening

_STREAMS = ("/UF", "/F", "/Unix", "/DOS", "/Mac")
_FOLDER_OF_KEY = re.compile(r"<(\d{1,9})>")
_ASSOCIATED = re.compile(rb"/AF\s{0,8}(?:\[|\d{1,10}\s{1,8}\d{1,5}\s{1,8}R)")
_LONGEST_ASSOCIATED = 48
"""The key with what may follow it: an array, or a reference to one. The three letters alone stand in many a picture by chance."""
_CHUNK = 1 << 20


Taken = set[tuple[bytes, str]]
"""Digest and name of the files handed over so far."""


def extract(
    opening: FileOpening, document: Document, objects: Objects, catalog: DictionaryObject, pages: list[DictionaryObject], taken: Taken
) -> None:
    """Hand over every attached file that was not `taken`, once."""
    for number, (raw, key, folder) in enumerate(_candidates(document, objects, catalog, pages), 1):
        specification = dictionary_of(raw)
        if specification is None:
            continue
        name = str(plain(specification.get("/UF")) or plain(specification.get("/F")) or key or f"vedlegg {number}").replace("\\", "/")
        try:
            data = _content(document, specification)
            mark = (hashlib.sha256(data or b"").digest(), name)
            if data is not None and mark not in taken:
                taken.add(mark)
                opening.extract(document, f"{folder}{name}", [data])
        except (OutOfBudget, NoRoom, MemoryError):
            raise
        except LimitReachedError:
            opening.finding(document, "file_too_complex", part=name, reason="limit")
        except FileNotDecryptedError:
            opening.finding(document, "file_encrypted", part=name)
        except Refused as refused:
            opening.finding(document, refused.code, **{**refused.detail, "part": name})
        except Exception as error:  # noqa: BLE001 - a broken stream may raise anything from a filter; the other files are still opened
            opening.finding(document, "file_corrupt", part=name, reason=type(error).__name__)


def _content(document: Document, specification: DictionaryObject) -> bytes | None:
    """The bytes of the file; None when the specification only points elsewhere. Raises Refused and whatever pypdf raises."""
    files = dictionary_of(specification.get("/EF"))
    if files is None:
        document.note("attachment_without_content")
        return None
    stream = next((value for kind in _STREAMS if isinstance(value := plain(files.get(kind)), StreamObject)), None)
    if stream is None:
        raise Refused("file_corrupt", reason="attachment")
    return stream.get_data()


def _candidates(document: Document, objects: Objects, catalog: DictionaryObject, pages: list[DictionaryObject]) -> Iterator[tuple[Any, str, str]]:
    """File specifications with the key they stand under and the folder they lie in (empty, or with a slash at its end)."""
    names = dictionary_of(catalog.get("/Names"))
    if names is not None:
        folders = _folders(objects, catalog)
        for key, value in objects.name_tree(names.get("/EmbeddedFiles")):
            place = _FOLDER_OF_KEY.match(key) if folders else None
            yield value, key[place.end() :] if place else key, folders.get(int(place[1]), "") if place else ""
    for item in array_of(catalog.get("/AF")):
        yield item, "", ""
    for page in pages:
        for annotation in objects.annotations(page):
            if annotation.get("/Subtype") == "/FileAttachment":
                yield annotation.get("/FS"), "", ""
            for item in array_of(annotation.get("/AF")):
                yield item, "", ""
        for item in array_of(page.get("/AF")):
            yield item, "", ""
    structure = dictionary_of(catalog.get("/StructTreeRoot"))
    if structure is not None and _speaks_of_associated_files(document):
        yield from _of_structure(document, objects, structure)


def _of_structure(document: Document, objects: Objects, structure: DictionaryObject) -> Iterator[tuple[Any, str, str]]:
    try:
        for element in objects.tree(structure, "/K"):
            for item in array_of(element.get("/AF")):
                yield item, "", ""
    except Refused:
        document.note("structure_not_looked_through")  # far too deep or too long; nothing of it is shown or kept


def _folders(objects: Objects, catalog: DictionaryObject) -> dict[int, str]:
    """The folders of a portfolio by number: their names from the outermost, a slash after each."""
    collection = dictionary_of(catalog.get("/Collection"))
    found: dict[int, str] = {}
    waiting: list[tuple[Any, str]] = [(collection.get("/Folders"), "")] if collection is not None else []
    seen: set[int] = set()
    root = True
    while waiting:
        raw, above = waiting.pop()
        folder = objects.visit(raw, seen)
        if folder is None:
            continue
        name = str(plain(folder.get("/Name")) or "").replace("/", "_").replace("\\", "_")
        path = "" if root else f"{above}{name}/"  # the outermost folder is the portfolio itself
        root = False
        number = plain(folder.get("/ID"))
        if isinstance(number, int):
            found[int(number)] = path
        waiting += [(folder.get("/Child"), path), (folder.get("/Next"), above)]
    return found


def _speaks_of_associated_files(document: Document) -> bool:
    """Whether the key stands anywhere in the file: most have a structure of thousands of elements and no file at any of them."""
    document.stream.seek(0)
    before = b""
    while chunk := document.stream.read(_CHUNK):
        if _ASSOCIATED.search(before + chunk):
            return True
        before = chunk[-_LONGEST_ASSOCIATED:]
    return False
