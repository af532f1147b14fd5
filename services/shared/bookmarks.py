"""The names of the bookmarks that stand around the controls of a Word form: a second carrier of the tag.

LibreOffice before 7.5 drops the tag of every content control when it saves, but keeps bookmarks. Word allows letters, digits and ``_``, 40 at most.
"""

from __future__ import annotations

from typing import Final

PREFIX: Final = "m__"
MOST_CHARACTERS: Final = 40


def name_of(tag: str) -> str:
    """The bookmark's name for a tag. A longer tag is cut: what is left still begins only one tag of a form."""
    return (PREFIX + tag.replace("/", "__"))[:MOST_CHARACTERS]


def tag_of(name: str) -> str | None:
    """The tag, or the beginning of one; None for a bookmark that is not of a form."""
    return name.removeprefix(PREFIX).replace("__", "/") if name.startswith(PREFIX) else None
