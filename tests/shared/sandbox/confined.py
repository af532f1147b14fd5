"""A process that gives up what a child of the box gives up, then tries one thing: `python -m tests.shared.sandbox.confined FOLDER DEED`.

Prints `did it` or the name of the error number. Everything it needs is imported before.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from services.shared.sandbox import Policy, confine

_libc = ctypes.CDLL(None, use_errno=True)


def _system_call(number: int, *arguments: int) -> None:
    if _libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "system call")


def deeds(own: int, outside: Path) -> dict[str, Callable[[], object]]:
    """What a taken-over child might try. `own`: descriptor of its scratch folder; `outside`: a file of another submission."""
    parent = os.getppid()
    return {
        "write in own scratch folder": lambda: os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=own),
        "read a module": lambda: Path(os.__file__).read_bytes(),
        "read a password file": lambda: Path("/etc/passwd").read_bytes(),
        "list the root": lambda: list(Path("/").iterdir()),
        "read another submission": outside.read_bytes,
        "write another submission": lambda: outside.write_bytes(b"x"),
        "climb out of the scratch folder": lambda: os.open("../other/file", os.O_RDONLY, dir_fd=own),
        "read the worker's environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "open a network socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "open a local socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "start a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - that it cannot be done is the test
        "fork": os.fork,
        "start a thread": lambda: threading.Thread(target=print).start(),
        "kill its parent": lambda: os.kill(parent, signal.SIGKILL),
        "trace its parent": lambda: _system_call(101, 16, parent, 0, 0),
        "read the parent's memory": lambda: _system_call(310, parent, 0, 0, 0, 0, 0),
        "lower its parent's limits": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (3, 3)),
        "read its parent's limits": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "map its parent's memory": lambda: Path(f"/proc/{parent}/mem").read_bytes(),
        "see who else runs": lambda: list(Path("/proc").iterdir()),
        "signal its parent by thread": lambda: _system_call(234, parent, parent, 0),
        "hold its parent by a descriptor": lambda: _system_call(434, parent, 0),
        "catch faults of memory": lambda: _system_call(323, 0),
        "make a file in memory": lambda: _system_call(319, 0, 0),
        "start a program without a name": lambda: _system_call(322, own, 0, 0, 0, 0x1000),
        "clone": lambda: _system_call(435, 0, 0),
        "share memory with others": lambda: _system_call(29, 0, 4096, 0o1600),
        "change what others may do with its file": lambda: os.fchmod(own, 0o777),
        "make a name space": lambda: _system_call(272, 0x10000000),
        "mount": lambda: _system_call(165, 0, 0, 0, 0, 0),
        "use the key ring": lambda: _system_call(250, 0, 0),
        "load a filter into the kernel": lambda: _system_call(321, 0, 0, 0),
        "make an asynchronous queue": lambda: _system_call(425, 1, 0),
        "raise its limits": lambda: __import__("resource").setrlimit(7, (1 << 20, 1 << 20)),
        "link a file into its folder": lambda: os.link(outside, "y", dst_dir_fd=own),
        "make a symbolic link": lambda: os.symlink("/etc/passwd", "z", dir_fd=own),
        "lock a file": lambda: fcntl.flock(own, fcntl.LOCK_EX),
    }


def main(folder: Path, deed: str) -> None:
    """Confine, do it, print what came of it."""
    policy = Policy.load()
    (folder / "own").mkdir(exist_ok=True)
    (folder / "other").mkdir(exist_ok=True)
    outside = folder / "other" / "file"
    outside.write_bytes(b"secret")
    own = os.open(folder / "own", os.O_RDONLY)
    act = deeds(own, outside)[deed]
    confinement = confine.confine_zygote(folder)
    assert not confinement.missing
    confine.confine_child(confinement, own, policy.limits, 1 << 30, 1 << 20)
    try:
        act()
    except OSError as error:
        print(errno.errorcode[error.errno or 0])
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__)
    else:
        print("did it")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
