"""Files from outside are opened in the box and then scanned: the one order for submissions, checks and agencies' answers (docs/decisions/0047).

Opened first, because only opening tells what a file unpacks to. What unpacks to more than the policy allows can be taken by nobody, and is not given to the scanner: it would
unpack it, too, for minutes. It counts as not scanned, and what is not scanned is never passed on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.shared.checking import Checking
from services.shared.sandbox import Incoming, Opened, OpenedDocument
from services.shared.scanner import INFECTED, NOT_SCANNED, Verdict

REFUSED: Final = Verdict(NOT_SCANNED, "scan.refused")
COVERED: Final = "redaction_not_real"
CARRIED: Final = "hidden_content"


@dataclass(frozen=True)
class LookedAt:
    """What the box found, and what the scanner says of each file: what was sent, and what was extracted from it.

    An infected file, or one that something infected was found in, has its verdict and nothing else: what the box found in it is in neither ``opened.documents``,
    ``findings``, ``form`` nor ``verdicts``.
    """

    opened: Opened
    verdicts: dict[str, Verdict]


def look_at(checking: Checking, files: Sequence[Incoming], owner: str | None) -> LookedAt:
    """Open and scan what one sender sent. ``owner``: as in ``Box.open_submission``. The caller discards ``opened``.

    Raises what the box and the scanner raise when they cannot work now.
    """
    opened = checking.box.open_submission(files, owner=owner)
    try:
        refused = {root_of(finding.document) for finding in opened.findings if finding.code in checking.policy.unscanned_after}
        verdicts = {file.id: REFUSED if file.id in refused else checking.scanner.scan(file.stream) for file in files}
        opened = _without(opened, _infected(verdicts))
        inside: dict[str, Verdict] = {}
        for document in opened.documents:
            if document.role == "extracted" and document.scratch_file is not None:
                with document.scratch_file.open("rb") as stream:
                    inside[document.id] = REFUSED if root_of(document.id) in refused else checking.scanner.scan(stream)
        # Whoever is handed the outer file is handed what lies in it.
        verdicts |= {root_of(identifier): verdict for identifier, verdict in inside.items() if verdict.scan == INFECTED}
        infected = _infected(verdicts)
        opened = _without(opened, infected)
        verdicts |= {identifier: verdict for identifier, verdict in inside.items() if root_of(identifier) not in infected}
    except BaseException:
        opened.discard()
        raise
    return LookedAt(opened, verdicts)


def root_of(document: str) -> str:
    """The id of the file that was sent, for one found inside it (``<id>/<number>``)."""
    return document.partition("/")[0]


def stops(code: str, *, public: bool) -> bool:
    """Whether what the box found stops a document; ``public``: it may be published.

    Covered text stops a public document, for it cannot be called back. Comments and the like stop none: they may be meant to be there.
    """
    return code != CARRIED and (public or code != COVERED)


def searched_text(document: OpenedDocument, covered: Collection[str | None]) -> str:
    """What a document is found by: its path and its text. Of one whose text is only ``covered`` (ids) the path alone: a hit would show what somebody meant to black out."""
    return f"{document.path}\n{'' if document.id in covered else document.text()}"


def _infected(verdicts: Mapping[str, Verdict]) -> set[str]:
    return {identifier for identifier, verdict in verdicts.items() if verdict.scan == INFECTED}


def _without(opened: Opened, infected: set[str]) -> Opened:
    if not infected:
        return opened
    return replace(
        opened,
        form=None if opened.form and root_of(opened.form.document) in infected else opened.form,
        documents=[document for document in opened.documents if root_of(document.id) not in infected],
        findings=[finding for finding in opened.findings if root_of(finding.document) not in infected],
    )
