"""CPU time and memory of a process and all its descendants, from ``/proc``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

BOX: Final = "box"
_TICKS = os.sysconf("SC_CLK_TCK")
_ZYGOTE = b"services.shared.sandbox.zygote"


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


def named(parts: Mapping[str, int]) -> dict[int, str]:
    """Every living process of a system by name. ``parts``: name -> process id of those that have one.

    A descendant has the name of its nearest named ancestor; a zygote and its children are the box.
    """
    parents = dict(_parents())
    names = {pid: name for name, pid in parts.items()}
    names |= {pid: BOX for pid in parents if _is_zygote(pid)}
    found: dict[int, str] = {}
    for pid in parents:
        line = [pid]
        while line[-1] not in names and parents.get(line[-1], 0) > 1:
            line.append(parents[line[-1]])
        if line[-1] in names and _reaches(line[-1], set(parts.values()), parents):
            found[pid] = names[line[-1]]
    return found


def _is_zygote(pid: int) -> bool:
    try:
        return _ZYGOTE in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _reaches(pid: int, roots: set[int], parents: Mapping[int, int]) -> bool:
    """Whether a process is one of ``roots`` or descends from one: a box may be somebody else's."""
    while pid > 1:
        if pid in roots:
            return True
        pid = parents.get(pid, 0)
    return False


def cpu_seconds(parts: Mapping[str, int]) -> dict[str, float]:
    """CPU time so far by name (see ``named``): user and system, of the living and of the children they have reaped (``cutime``, ``cstime``)."""
    spent = dict.fromkeys([*parts, BOX], 0.0)
    for pid, name in named(parts).items():
        if fields := _stat(pid):
            spent[name] += sum(int(value) for value in fields[11:15]) / _TICKS
    return spent


def peak_bytes(pid: int) -> int:
    """The most memory the process had at once since ``forget_peak`` (``VmHWM``, mapped files included)."""
    return _status(pid)["VmHWM"]


def resident_bytes(pid: int) -> int:
    """Memory of the process now, mapped files included (``VmRSS``): what ``peak_bytes`` is compared with."""
    return _status(pid)["VmRSS"]


def forget_peak(pid: int) -> None:
    """Begin to measure the peak anew (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _status(pid: int) -> dict[str, int]:
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1:] == ["kB"]}
