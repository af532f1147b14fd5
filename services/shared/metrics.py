"""What this process counts, for Prometheus. What is a fact about the whole system is asked at scrape time instead (``measures.py``).

Every metric has labels: a value without any is made when its module is read, before a worker's pool could share its values (``shared_by_processes``).
Labels come from closed lists (codes, handlers, agencies, routes), never from what somebody sent. docs/operations.md describes each; a test compares.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import Counter, Histogram, values

_MACHINE_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
_PEOPLE_SECONDS = (60.0, 600.0, 3600.0, 4 * 3600.0, 86400.0, 3 * 86400.0, 7 * 86400.0, 14 * 86400.0, 30 * 86400.0, 90 * 86400.0)
_REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0)

RECEIVED = Counter(
    "mottak_submissions_received_total", "Submissions answered 202, by how they came and the form type asked for", ["channel", "form_type"]
)
REFUSED = Counter("mottak_refused_total", "Requests refused, by problem code", ["code"])
REQUEST_SECONDS = Histogram("mottak_request_seconds", "Time until an answer began", ["method", "route", "status"], buckets=_REQUEST_SECONDS)
ENDED_CHECK = Counter("mottak_checks_total", "Checks of submissions that ended, by form type and the state they led to", ["form_type", "status"])
NEEDS_CORRECTION = Counter("mottak_needs_correction_total", "Submissions that need correction, counted once for each reason", ["form_type", "code"])
FINDINGS = Counter("mottak_findings_total", "Errors and warnings found in submissions", ["code", "severity"])
SCANS = Counter("mottak_scans_total", "Files looked at by the scanner, by verdict", ["verdict"])
JOB_SECONDS = Histogram("mottak_job_seconds", "Time a handler worked", ["handler", "outcome"], buckets=_MACHINE_SECONDS)
STEP_SECONDS = Histogram(
    "mottak_step_seconds", "Time from when a step could begin until it was done, waiting included", ["step"], buckets=_MACHINE_SECONDS
)
AGENCY_SECONDS = Histogram(
    "mottak_agency_response_seconds", "Time from a delivery until what the agency said of it", ["agency", "outcome"], buckets=_PEOPLE_SECONDS
)


def shared_by_processes(folder: Path) -> None:
    """Keep the values of this process, and of each it forks from now on, in files of a folder: whoever reads the folder has the sum of them all.

    For a worker with a pool; call it before anything is counted. The folder is made, and what an earlier process left in it removed.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in folder.glob("*.db"):
        file.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    # The library chooses by its environment when it is first read, which is long before we know our settings.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # the library has no types here
