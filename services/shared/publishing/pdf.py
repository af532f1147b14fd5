"""A document as PDF/A-3a and PDF/UA-1: fonts embedded, tagged for screen readers, language and title set; made by Typst.

PDF/A (ISO 19005) takes no character that no font can show: such a character is shown as U+FFFD, and the document says so at its end. Typst
gets every text as data, so nothing in a text is ever markup, and reads no file but its template and the fonts.
"""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.shared import timestamps, words
from services.shared.publishing.document import Document

if TYPE_CHECKING:
    import typst

MOST_CHARACTERS: Final = 200_000  # some 70 pages of text or tables: about half a second and 100 MB
STANDARDS: Final = ("a-3a", "ua-1")
_REGIONS: Final = {"nb": ("nb", "NO"), "nn": ("nn", "NO"), "en": ("en", "GB")}
_NOT_SHOWN: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_REPLACEMENT: Final = "\ufffd"
_NO_CHARACTERS: Final = frozenset({"Co", "Cn", "Cs"})
_TRIES: Final = 4
# How many large ones are made at a time: each may take what MOST_CHARACTERS says, and a process has 512 MB (docker-compose.yml).
_LARGE: Final = 40_000
_LONGEST_WAIT_SECONDS: Final = 10.0
_at_work = threading.BoundedSemaphore(2)


class DocumentTooLong(Exception):
    """The document has more text than a PDF is made of here."""


class Busy(Exception):
    """Others wait for large documents already; try again in some seconds."""


def write_pdf(document: Document) -> bytes:
    """The file; the same document gives the same bytes. Raises DocumentTooLong, Busy."""
    data = _data(document)
    text = json.dumps(data, ensure_ascii=False)
    if len(text) > MOST_CHARACTERS:
        raise DocumentTooLong(len(text))
    data |= _without_private_use(data)
    if len(text) < _LARGE:
        return _compile(document, data)
    if not _at_work.acquire(timeout=_LONGEST_WAIT_SECONDS):
        raise Busy
    try:
        return _compile(document, data)
    finally:
        _at_work.release()


def _compile(document: Document, data: dict[str, Any]) -> bytes:
    # Loaded by the first who asks: few starts see a PDF made.
    import typst

    attached = {name: {"bytes": content.decode("utf-8"), "media_type": kind} for name, (content, kind) in (document.attached or {}).items()}
    moment = timestamps.parse(document.moment).replace(microsecond=0)
    for _ in range(_TRIES):
        try:
            made: bytes = typst.compile(
                _template(),
                font_paths=_fonts(),
                ignore_system_fonts=True,
                sys_inputs={"document": json.dumps({**data, "attached": attached}, ensure_ascii=False)},
                pdf_standards=list(STANDARDS),
                timestamp=moment,
            )
            return made
        except typst.TypstError as fault:
            unknown = _NOT_SHOWN.findall(fault.diagnostic)
            if not unknown:
                raise
            data = _replaced(data, unknown, document.language)
    raise ValueError("a text that no font can show was not found again")


def _data(document: Document) -> dict[str, Any]:
    """The document as the template reads it."""
    moment = timestamps.parse(document.moment).replace(microsecond=0)
    data = {key: value for key, value in asdict(document).items() if key not in ("attached", "moment", "language")}
    return {
        **data,
        "language": _REGIONS[document.language],
        "moment": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "page": words.text("publishing.page", document.language, page="{page}", pages="{pages}"),
    }


def _without_private_use(data: dict[str, Any]) -> dict[str, Any]:
    """PDF/A takes no character whose meaning is private (Unicode category Co) or that is none (Cn, Cs)."""
    return dict(_mapped(data, lambda text: "".join(_REPLACEMENT if unicodedata.category(each) in _NO_CHARACTERS else each for each in text)))


def _replaced(data: dict[str, Any], unknown: list[str], language: str) -> dict[str, Any]:
    # What the fault quotes is written as Rust writes strings: a character it escapes (\u{…}) is meant as itself.
    wanted = {re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), text) for text in unknown}
    pattern = re.compile("|".join(re.escape(text) for text in sorted(wanted, key=len, reverse=True)))
    changed = dict(_mapped(data, lambda text: pattern.sub(_REPLACEMENT, text)))
    told = {"kind": "note", "text": words.text("publishing.not_shown", language, sign=_REPLACEMENT)}
    if told not in changed["blocks"]:
        changed["blocks"] = [*changed["blocks"], told]
    return changed


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    return [_mapped(item, change) for item in value] if isinstance(value, (list, tuple)) else value


@cache
def _template() -> bytes:
    return (files("services.shared.publishing") / "templates" / "document.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Inter, and the ones that Typst brings for mathematics and other scripts; never a font of the machine's, or it would not be the same file everywhere."""
    import fontpkg_inter
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[str(Path(fontpkg_inter.__file__).parent / "files")])
