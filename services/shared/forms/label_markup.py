"""Text with marks of Markdown in it, pasted into a document: ``## Heading``, ``**Label:** answer``. The marks become the look they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.shared.form_lines import Line

_SEVERAL: Final = 3
_HEADING: Final = re.compile(r"\s*(#{1,6})\s+(\S(?:.*[^\s#])?)[\s#]*$", re.DOTALL)
_STRONG: Final = re.compile(r"\s*(?:[-*+]\s+)?(\*\*|__)(?=\S)(.+?)\1(.*)$", re.DOTALL)


def without_markup(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines as they were meant, when several of them have such marks."""
    mended = [_mended(line) for line in lines]
    return mended if sum(before is not after for before, after in zip(lines, mended, strict=True)) >= _SEVERAL else lines


def _mended(line: Line) -> Line:
    if line.controls or not any(mark in line.text for mark in ("#", "**", "__")):
        return line
    if heading := _HEADING.match(line.text):
        return replace(line, text=heading[2], level=len(heading[1]), marked=())
    if strong := _STRONG.match(line.text):
        return replace(line, text=strong[2] + strong[3], strong=len(strong[2]), marked=())
    return line
