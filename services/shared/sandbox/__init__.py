"""The box: nothing from outside is opened except in here.

    box = Box(Policy.load(), scratch_root)
    box.start()
    with box.open_submission([Incoming(id, "form", "skjema.docx", stream, size), ...]) as opened:
        opened.form, opened.documents, opened.findings

A single-threaded zygote that has imported the parsers forks one child per submission. The child has hard limits, no network, no other programs,
no files but the descriptors it was given and one scratch folder; it is killed as a group when its time is up, and what it says is checked.
This package, `box`, `conversation`, `policy`, `identity`, `names` and `protocol` import no parser; `zygote`, `child`, `opening` and `readers` do and are
imported by nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.shared.sandbox.identity import HEAD_BYTES, identify
from services.shared.sandbox.policy import FileType, Limits, Policy
from services.shared.sandbox.protocol import BoxCrashed, BoxUnavailable, FormReading, Incoming, OpenedDocument, Problem

if TYPE_CHECKING:
    from services.shared.sandbox.box import Box, Opened

__all__ = [
    "HEAD_BYTES",
    "Box",
    "BoxCrashed",
    "BoxUnavailable",
    "FileType",
    "FormReading",
    "Incoming",
    "Limits",
    "Opened",
    "OpenedDocument",
    "Policy",
    "Problem",
    "identify",
]


def __getattr__(name: str) -> Any:
    """The worker's side comes when it is first asked for: the zygote, which imports this package too, stays 20 MB smaller without it."""
    if name in ("Box", "Opened"):
        from services.shared.sandbox import box

        return getattr(box, name)
    raise AttributeError(name)
