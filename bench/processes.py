"""CPU time and memory of a process and all its descendants, from ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """Process ids of ``root`` and its living descendants."""
    parents = dict(_parents())
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            yield int(folder.name), int(fields[1])


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` from the third (state) on; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def cpu_seconds(root: int) -> dict[str, float]:
    """CPU time so far, by command line: user and system, of the living and of the children they have reaped (``cutime``, ``cstime``)."""
    spent: dict[str, float] = {}
    for pid in tree(root):
        if fields := _stat(pid):
            name = "server" if pid == root else "box"
            spent[name] = spent.get(name, 0.0) + sum(int(value) for value in fields[11:15]) / _TICKS
    return spent


def long_lived(root: int) -> list[int]:
    """The processes that stay: call it when nothing is being opened."""
    return tree(root)


def resident_bytes(pid: int) -> int:
    """Memory that is the process's own now (anonymous pages): files it has mapped can be dropped at any time and are shared."""
    return _status(pid)["RssAnon"]


def peak_bytes(pid: int) -> int:
    """The most memory the process had at once since ``forget_peak`` (``VmHWM``, mapped files included)."""
    return _status(pid)["VmHWM"]


def all_resident_bytes(pid: int) -> int:
    """Memory of the process now, mapped files included (``VmRSS``): what ``peak_bytes`` is compared with."""
    return _status(pid)["VmRSS"]


def forget_peak(pid: int) -> None:
    """Begin to measure the peak anew (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _status(pid: int) -> dict[str, int]:
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1:] == ["kB"]}
