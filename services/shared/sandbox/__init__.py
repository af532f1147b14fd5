"""The box: nothing from outside is opened except in here.

    box = Box(Policy.load(), scratch_root)
    box.start()
    with box.open_submission([Incoming(id, "form", "skjema.docx", stream, size), ...]) as opened:
        opened.form, opened.documents, opened.findings

A single-threaded zygote that has imported the parsers forks one child per submission. The child has hard limits, no network, no other programs,
no files but the descriptors it was given and one scratch folder; it is killed as a group when its time is up, and what it says is checked.
This package, `box`, `policy`, `identity`, `names` and `protocol` import no parser; `zygote`, `child`, `opening` and `readers` do and are
imported by nobody else.
"""
from services.shared.sandbox.box import Box, Opened
from services.shared.sandbox.identity import HEAD_BYTES, identify
from services.shared.sandbox.policy import FileType, Limits, Policy
from services.shared.sandbox.protocol import BoxCrashed, BoxUnavailable, FormReading, Incoming, OpenedDocument, Problem

__all__ = ["HEAD_BYTES", "Box", "BoxCrashed", "BoxUnavailable", "FileType", "FormReading", "Incoming", "Limits", "OpenedDocument", "Opened",
           "Policy", "Problem", "identify"]
