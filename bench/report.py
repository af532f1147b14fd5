"""What a person reads: each figure, beside it what was aimed at, and whether that was reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bench.measuring import CLIENTS
from bench.system import EMBEDDED, REAL

MIB: Final = 1024 * 1024
# Highest ratio to the bare script, by ends.
AIM_RATIO: Final = {EMBEDDED: 3.0, REAL: 4.0}
AIM_ARRIVED_MS: Final = {"p50": 100.0, "p99": 500.0}
AIM_CHECK_MS: Final = 150.0
AIM_MEMORY: Final = 64 * MIB
# Writes and reads of the store for each document received, and requests for each archive version besides one for each of its files.
AIM_DOCUMENT: Final = {"PUT": 2.0, "GET": 1.0}
AIM_VERSION: Final = 6.0
# What describes a version is files of it, too (contract, section 5): submission.json, events.jsonl, premis.xml, arkivmelding.xml.
DESCRIPTIONS: Final = 4

# Highest ratio of our reader to the plain library on the same document, and on the text of a PDF of 300 pages to the quickest library.
AIM_READER: Final = 2.0
TEXT: Final = "text of 300 pages.pdf"
AIM_TEXT: Final = 1.3

Row = tuple[str, str, str]
"""What, figure, aim with verdict (empty where nothing was aimed at)."""


def print_table(figures: Mapping[str, Any]) -> None:
    """All figures of a run."""
    files = ", ".join(f"{name} {size / 1000:.0f} kB" for name, size in figures["bytes"].items())
    print(f"a submission: {files}")
    command = figures["check_command_ms"]
    print(f"mottak check, a call with one form of 40 kB: {_both_of(command['first'])}, CPU {command['cpu']:.0f} ms")
    further = command["further"]["p95"]
    print(f"mottak check, each further form of a call: {_both_of(command['further'])}  {_aim(further, AIM_CHECK_MS, f'p95 {AIM_CHECK_MS:.0f} ms')}")
    for ends in (EMBEDDED, REAL):
        if ends in figures:
            _print_rows(f"{ends} ends", list(_rows(ends, figures[ends])))
    if "documents" in figures:
        print_documents(figures["documents"])


def print_documents(figures: Mapping[str, Mapping[str, float]]) -> None:
    """What one document costs (`bench.documents`)."""
    _print_rows("CPU for one document, beside the plain library on it", list(_document_rows(figures)))


def _print_rows(title: str, rows: list[Row]) -> None:
    first, second = max(len(what) for what, _, _ in rows), max(len(figure) for _, figure, aim in rows if aim)
    print(f"\n{title}")
    for what, figure, aim in rows:
        print(f"  {what:{first}}  {figure:{second}}  {aim}".rstrip())


def _document_rows(figures: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    for name, found in figures.items():
        most = AIM_TEXT if name == TEXT else AIM_READER
        told = "{ratio:.2f}: ours {ours_ms:.2f} ms, library {bare_ms:.2f} ms" + ("; alone in a box {box_ms:.1f} ms" if "box_ms" in found else "")
        yield f"{name}, {found['bytes'] / 1000:.0f} kB", told.format_map(found), _aim(found["ratio"], most, str(most))


def _rows(ends: str, figures: Mapping[str, Any]) -> Iterator[Row]:
    cpu, ratio = figures["cpu_ms"], figures["ratio"]
    yield "CPU for each submission, all our processes", f"{sum(cpu.values()):.1f} ms", ""
    yield "  by process", _listed(cpu), ""
    if servers := figures["servers_cpu_ms"]:
        yield "CPU of the servers beside it", f"{sum(servers.values()):.1f} ms", ""
        yield "  by server", _listed(servers), ""
    yield "CPU of the bare script on the same bytes", f"{figures['bare']['cpu_ms']:.1f} ms", ""
    reading = figures["bare_reading"]["cpu_ms"]
    yield "  that also reads the attachments, as we do", f"{reading:.1f} ms, {sum(cpu.values()) / reading:.2f} times that", ""
    yield "ratio", f"{ratio:.2f}", _aim(ratio, AIM_RATIO[ends], f"{AIM_RATIO[ends]:.0f}")
    yield "CPU at rest, for each second", f"{figures['idle_cpu_ms_per_second']:.1f} ms", ""
    yield "CPU for each message the agency took", f"{figures['taken_cpu_ms']:.1f} ms", ""
    yield f"submissions/s, {CLIENTS} senders, until archived and with the agency", f"{figures['per_second']:.1f}", ""
    rate, arrived = f"{figures['calm_per_second']:.1f}/s", figures["arrived_ms"]
    where = "in the agency's RabbitMQ queue" if ends == REAL else "leased by the agency"
    late = max(arrived[name] / most for name, most in AIM_ARRIVED_MS.items())
    yield f"POST -> {where}, at {rate}", _both(arrived), _aim(late, 1.0, f"{_both(AIM_ARRIVED_MS)}")
    yield f"POST -> 202, at {rate}", _both(figures["answered_ms"]), ""
    checks = figures["checks_ms"]
    yield (
        "POST /checks of a form of 40 kB, warm",
        _both_of(checks),
        _aim(checks["p95"], AIM_CHECK_MS, f"p95 {AIM_CHECK_MS:.0f} ms"),
    )
    yield "start until it answers", "first {first:.2f} s, again {again:.2f} s".format_map(figures["start_seconds"]), ""
    if figures["store_requests"]:
        yield from _request_rows(figures)
    if "large" in figures:
        yield from _large_rows(figures["large"])


def _both_of(spread: Mapping[str, float]) -> str:
    return "p50 {p50:.0f}, p95 {p95:.0f} ms".format_map(spread)


def _request_rows(figures: Mapping[str, Any]) -> Iterator[Row]:
    """A copy inside the server is one write of the document; what else the archive's bucket sees belongs to the version. An audit (decision 0054) reads apart from this."""
    documents, incoming, archive = figures["documents"], figures["store_requests"]["incoming"], figures["store_requests"]["archive"]
    for bucket, counts in (("incoming", incoming), ("archive", archive)):
        yield f"S3 requests for each submission, bucket {bucket}", ", ".join(f"{kind} {number:.1f}" for kind, number in counts.items()), ""
    copies = archive.get("COPY", 0.0)
    writes = (incoming.get("PUT", 0.0) + copies) / documents
    yield "  writes for each document (PUT and copy)", f"{writes:.2f}", _aim(writes, AIM_DOCUMENT["PUT"], "2")
    reads = incoming.get("GET", 0.0) / documents
    # Every other second somebody asks whether the bucket is there, however many documents come: no read of one, and less than a twentieth of them.
    yield "  reads for each document (GET, now and then a HEAD)", f"{reads:.2f}", _aim(round(reads, 1), AIM_DOCUMENT["GET"], "1")
    asked, files = sum(archive.values()), copies + DESCRIPTIONS
    yield "  requests to the archive for each version", f"{asked:.1f}, {files:.1f} of them one for each file", ""
    more = asked - files
    yield "  requests for each version beyond one for each file", f"{more:.2f}", _aim(more, AIM_VERSION, "6")


def _large_rows(large: Mapping[str, Any]) -> Iterator[Row]:
    above, idle, size = large["above_idle"], large["idle"], f"{large['size'] // MIB} MiB"
    yield "memory at rest, our processes", f"{sum(idle.values()) / MIB:.0f} MiB", ""
    highest = max(above, key=lambda name: above[name])
    yield (
        f"most above that in one process, {size} attachment",
        f"{above[highest] / MIB:.1f} MiB ({highest})",
        _aim(above[highest], AIM_MEMORY, "64 MiB"),
    )
    yield "  by process", _listed({name: value / MIB for name, value in above.items()}), ""
    told = "202 after {accepted_seconds:.1f} s, archived after {routed_seconds:.1f} s, fetched in {fetched_seconds:.1f} s, CPU {cpu_seconds:.1f} s"
    yield f"the {size} attachment", told.format_map(large), ""


def _aim(figure: float, most: float, told: str) -> str:
    return f"aim {told}: {'met' if figure <= most else 'MISSED'}"


def _both(values: Mapping[str, float]) -> str:
    return f"p50 {values['p50']:.0f} ms, p99 {values['p99']:.0f} ms"


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in sorted(values.items(), key=lambda item: -item[1]) if value >= 0.05)
