"""A form examined without a system: what ``mottak check`` loads while its box starts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from services.shared import timestamps
from services.shared.checking import Checking
from services.shared.sandbox import Box
from services.shared.scanner import NoScanner
from services.shared.settings import SCHEMAS
from services.validation.examine import File, Request, examine


def told_about(box: Box, files: Sequence[Path], form_type: str | None, language: str) -> dict[str, Any]:
    """Form type and version, status, errors in a language and skipped rules of a form (the first file) with its attachments, received today.

    Raises BoxCrashed, BoxUnavailable, and OSError for a file that cannot be read.
    """
    today = timestamps.norwegian_date(timestamps.now())
    sent = [_file(str(number), path, "form" if number == 0 else "attachment") for number, path in enumerate(files)]
    result = examine(_checking(box), Request(sent, form_type, None, today, today, None, submitter_is_told=False))
    result.discard()
    return {
        "form_type": result.form_type,
        "form_version": result.form_version,
        "status": result.status,
        "errors": [finding.in_language(language) for finding in result.findings],
        "skipped": result.skipped,
    }


@cache
def _checking(box: Box) -> Checking:
    checking = Checking(SCHEMAS, NoScanner())
    checking.box = box
    return checking


def _file(identifier: str, path: Path, role: str) -> File:
    return File(identifier, role, path.name, path.stat().st_size, lambda: path.open("rb"))
