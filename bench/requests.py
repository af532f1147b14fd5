"""What the S3 server itself has counted: requests by bucket and kind, from its Prometheus metrics."""

from __future__ import annotations

import re
import urllib.request
from collections import Counter
from typing import Final

from bench.system import System

_LINE: Final = re.compile(
    r'^SeaweedFS_s3_request_total\{bucket="(?P<bucket>[^"]*)",code="(?P<code>\d+)",type="(?P<kind>\w+)"\} (?P<count>\S+)$', re.MULTILINE
)

Counts = Counter[tuple[str, str]]
"""(``incoming`` or ``archive``, kind as the server names it) -> requests. The server counts HEAD as GET, and each part of an upload as PUT."""


def count(system: System) -> Counts:
    """All requests to the two buckets since the server started, refused ones too; empty on ends without an S3 server."""
    told = system.told.get("s3")
    if not told:
        return Counter()
    buckets = {told["bucket"]: "incoming", told["archive_bucket"]: "archive"}
    with urllib.request.urlopen(told["metrics"], timeout=10) as answer:
        lines = answer.read().decode()
    found: Counts = Counter()
    for line in _LINE.finditer(lines):
        if line["bucket"] in buckets:
            found[buckets[line["bucket"]], line["kind"]] += int(float(line["count"]))
    return found
