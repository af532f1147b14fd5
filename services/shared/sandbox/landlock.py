"""Landlock through ctypes: what a process may touch in the file system, for itself and all its children, for good.

The standard library has no binding. Numbers are from linux/landlock.h; the kernel tells which version (ABI) it has and
rights it does not know are left out. See landlock(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_FILE_RIGHTS_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_RIGHTS = 0b11  # bind and connect TCP, from ABI 4
_SCOPES = 0b11  # abstract UNIX sockets and signals to outside, from ABI 6

READ = _READ_FILE | _READ_DIR
WRITE = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """The kernel's Landlock ABI; 0 where it has none or has it switched off."""
    found: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    return max(found, 0)


def restrict(rules: Iterable[tuple[Path | int, int]]) -> None:
    """Give up everything except what `rules` allow: pairs of (folder as path or open descriptor, `READ` or `WRITE`).

    Layers add up: a later call can only take more away. Binding and connecting TCP, and signals to processes outside, go
    too where the kernel can. The process must have no_new_privs. Raises OSError.
    """
    abi = version()
    if abi == 0:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    handled = max((rights for since, rights in _FILE_RIGHTS_OF_ABI.items() if since <= abi))
    ruleset = _Ruleset(handled, _NETWORK_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    descriptor = _checked(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for place, rights in rules:
            _allow(descriptor, place, rights & handled)
        _checked(_RESTRICT_SELF, ctypes.c_int(descriptor), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _allow(ruleset: int, place: Path | int, rights: int) -> None:
    folder = place if isinstance(place, int) else os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathRule(rights, folder)
        _checked(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        if not isinstance(place, int):
            os.close(folder)


def _checked(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return result
