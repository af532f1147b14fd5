"""The model of a document: what it says, not how it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading under the title. ``level`` 1 is the highest."""

    text: str
    level: int = 1
    kind: str = "heading"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text."""

    text: str
    kind: str = "paragraph"


@dataclass(frozen=True)
class Note:
    """Something about the document itself, in small print."""

    text: str
    kind: str = "note"


@dataclass(frozen=True)
class Steps:
    """What happens, one thing after the other."""

    items: tuple[str, ...]
    kind: str = "steps"


@dataclass(frozen=True)
class Answer:
    """A question and its answer: paragraphs, or with ``is_list`` one point for each of several."""

    label: str
    texts: tuple[str, ...]
    is_list: bool = False
    kind: str = "answer"


@dataclass(frozen=True)
class Rows:
    """One table for each member of a repeated part: its name, and the answers in it. ``header`` names the two columns."""

    tables: tuple[tuple[str, tuple[Answer, ...]], ...]
    header: tuple[str, str]
    kind: str = "rows"


@dataclass(frozen=True)
class File:
    """A file by name, what it is, and its digest."""

    name: str
    about: str
    digest: str
    kind: str = "file"


Block = Heading | Paragraph | Note | Steps | Answer | Rows | File


@dataclass(frozen=True)
class Document:
    """A whole document.

    ``kicker`` is what kind of document it is; ``facts`` are label and value; ``moment`` (UTC text as elsewhere) is when it is from and the
    only date in the file. ``attached`` are files inside the PDF: name to bytes and media type.
    """

    language: str
    kicker: str
    title: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    moment: str
    author: str = "Nye metoder"
    attached: Mapping[str, tuple[bytes, str]] | None = None
