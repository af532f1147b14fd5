"""The zygote: one process with one thread that has imported the parsers and forks a child for each submission.

Started by `box.py` with one inherited descriptor, a SOCK_SEQPACKET socket. It never reads a file from outside nor a word
about one: for each request it gets three descriptors (the child's link, its own watch, the scratch folder) and forks. The watch tells
it to kill (a byte, or end of file because the worker died) and tells the worker how the child ended.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

sys.modules["PIL"] = None  # type: ignore[assignment]  # pypdf would load it for pictures, which are never decoded here: 5 MB and much code

from services.shared.sandbox import child, confine  # noqa: E402 - after PIL is kept out
from services.shared.sandbox.policy import Policy  # noqa: E402 - after PIL is kept out
from services.shared.sandbox.protocol import EXIT_NO_ROOM, EXIT_OUT_OF_MEMORY, send_frame  # noqa: E402 - after PIL is kept out
from services.shared.sandbox.readers.refused import NoRoom  # noqa: E402 - after PIL is kept out

_FIRST_MESSAGE_BYTES = 1 << 17


@dataclass(frozen=True)
class _Running:
    pid: int
    watch: socket.socket


class Zygote:
    """The loop. Ends when the worker's end of `control` is gone; no child outlives it."""

    def __init__(self, control: socket.socket, policy: Policy, confinement: confine.Confinement, base_memory: int) -> None:
        self._control = control
        self._policy = policy
        self._confinement = confinement
        self._base_memory = base_memory
        self._running: dict[int, _Running] = {}
        self._poll = select.poll()
        self._woken, self._wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)

    def run(self) -> None:
        """Serve until the worker is gone."""
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)
        try:
            while True:
                for descriptor, _ in self._poll.poll():
                    if descriptor == self._woken:
                        os.read(self._woken, 4096)
                        self._reap()
                    elif descriptor == self._control.fileno():
                        if not self._take_request():
                            return
                    elif descriptor in self._running:
                        self._kill(self._running[descriptor])
                        self._poll.unregister(descriptor)
        finally:
            for running in self._running.values():
                self._kill(running)

    def _take_request(self) -> bool:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 16, 3)
        except ConnectionResetError:  # the worker was killed with words of ours unread
            return False
        if not message:
            return False
        link, watch, scratch = descriptors
        worker, pid = os.getpid(), os.fork()
        if pid == 0:
            self._become_child(worker, socket.socket(fileno=link), scratch)
        os.close(link)
        os.close(scratch)
        running = _Running(pid, socket.socket(fileno=watch))
        self._running[watch] = running
        self._poll.register(watch, select.POLLIN)
        return True

    def _become_child(self, zygote: int, link: socket.socket, scratch: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            _close_all_but({0, 1, 2, link.fileno(), scratch})
            os.dup2(0, 2)  # standard input is /dev/null: nothing a file makes a parser say reaches our logs
            child.run(child.Start(link, scratch, self._policy, self._confinement, self._base_memory, zygote))
            code = 0
        except MemoryError:
            code = EXIT_OUT_OF_MEMORY
        except NoRoom:
            code = EXIT_NO_ROOM
        except Exception as error:  # noqa: BLE001 - whatever it was, the worker is told
            with contextlib.suppress(Exception):
                send_frame(link, {"fault": _place_of(error)})
        finally:
            os._exit(code)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for descriptor, running in list(self._running.items()):
                if running.pid == pid:
                    del self._running[descriptor]
                    self._farewell(running, descriptor, status)

    def _farewell(self, running: _Running, descriptor: int, status: int) -> None:
        with contextlib.suppress(KeyError):  # one that was killed on request is no longer polled
            self._poll.unregister(descriptor)
        with contextlib.suppress(OSError):  # the worker may have given up on this one
            running.watch.send(json.dumps({"ended": os.waitstatus_to_exitcode(status)}).encode())
        running.watch.close()

    @staticmethod
    def _kill(running: _Running) -> None:
        for kill in (os.killpg, os.kill):  # the group exists only once the child has called setsid
            with contextlib.suppress(ProcessLookupError):
                kill(running.pid, signal.SIGKILL)


def _place_of(error: BaseException) -> str:
    """Kind and line of an error in our own code. Not its words: they may hold what stands in a file."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    return f"{type(error).__name__} at {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else type(error).__name__


def _close_all_but(kept: set[int]) -> None:
    low = 0
    for high in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        if low < high:  # an empty range would reach the system call as "everything"
            os.closerange(low, high)
        low = high + 1


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")


def main(descriptor: int, scratch_root: Path, *, tables: bool) -> None:
    """Say `ready` with what confinement could be had, then serve."""
    control = socket.socket(fileno=descriptor)
    policy = Policy.parse(control.recv(_FIRST_MESSAGE_BYTES).decode())
    child.warm_up(policy, tables=tables)
    base_memory = _address_space()
    confine.prepare_to_go_behind()
    confinement = confine.confine_zygote(scratch_root)
    try:
        control.send(json.dumps({"ready": True, "missing": confinement.missing, "landlock": confinement.landlock_abi}).encode())
    except BrokenPipeError:
        return  # the worker was killed meanwhile
    gc.collect()
    gc.freeze()  # so that a child's garbage collection does not copy the zygote's pages
    Zygote(control, policy, confinement, base_memory).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), tables="tables" in sys.argv[3:])
