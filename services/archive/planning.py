"""From a snapshot to the files of one archived version."""

from __future__ import annotations

from services.archive import arkivmelding, premis
from services.archive.inventory import METADATA_FOLDER, Content, VersionPlan
from services.archive.snapshot import Snapshot

SUBMISSION_FILE = f"{METADATA_FOLDER}/submission.json"


def plan_version(snapshot: Snapshot) -> VersionPlan:
    """The plan for this event: every document under the path it was given, and the four descriptions of it."""
    files = [
        Content(
            document.logical_path,
            document.row["size"],
            document.row["sha512"],
            document.row["sha256"],
            document.row["object_key"],
            document.row["tag"],
        )
        for document in snapshot.documents
        if document.logical_path is not None
    ]
    described = {
        "submission.json": snapshot.submission_json(),
        "events.jsonl": snapshot.events_jsonl(),
        "premis.xml": premis.build(snapshot),
        "arkivmelding.xml": arkivmelding.build(snapshot),
    }
    files += [Content.of_bytes(f"{METADATA_FOLDER}/{name}", data) for name, data in described.items()]
    return VersionPlan(snapshot.cause, snapshot.at, tuple(files))
