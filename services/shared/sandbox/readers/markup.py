"""The words of an HTML message, without its markup. Nothing is interpreted: tags and what lies in styles and scripts are left out."""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"<[^<>]*>")
_UNSHOWN = ("style", "script")


def without_markup(text: str) -> str:
    """The text between the tags. Linear in its length, whatever it is."""
    for name in _UNSHOWN:
        text = _without(text, f"<{name}", f"</{name}")
    return html.unescape(_TAG.sub(" ", text))


def _without(text: str, opening: str, closing: str) -> str:
    lowered, kept, at = text.lower(), list[str](), 0
    if len(lowered) != len(text):  # a few capitals are longer in lower case: what to leave out cannot be told by place
        return text
    while (start := lowered.find(opening, at)) >= 0:
        kept.append(text[at:start])
        at = lowered.find(closing, start)
        if at < 0:
            return " ".join(kept)
    return " ".join([*kept, text[at:]])
