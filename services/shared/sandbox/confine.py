"""What a process of the box gives up. Two layers: the zygote's, inherited by all, and one more in each child.

Every step is irreversible and holds without root. Nothing here knows what a submission is.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.shared.sandbox import landlock
from services.shared.sandbox.policy import Limits

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 4, 38, 22
_SECCOMP_MODE_FILTER = 2
_libc = ctypes.CDLL(None, use_errno=True)

# What the zygote and its children never need: the network, other programs, other processes, the kernel's own tables.
REFUSED_TO_ALL = (
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "pidfd_getfd",
    "mount",
    "umount2",
    "move_mount",
    "fsopen",
    "open_tree",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "keyctl",
    "add_key",
    "request_key",
    "bpf",
    "perf_event_open",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "userfaultfd",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "syslog",
    "quotactl",
    "acct",
    "settimeofday",
    "clock_settime",
    "adjtimex",
    "clock_adjtime",
    "sethostname",
    "setdomainname",
    "open_by_handle_at",
    "name_to_handle_at",
    "fanotify_init",
    "personality",
    "mknod",
    "mknodat",
    "memfd_secret",
    "shmget",
    "shmat",
    "semget",
    "msgget",
    "mq_open",
    "setuid",
    "setgid",
    "setresuid",
    "setresgid",
    "setreuid",
    "setregid",
    "setgroups",
)

# All that opening a file takes: reading, writing in its own folder, memory, time. No new process, no thread, no signal to anyone.
ALLOWED_IN_CHILD = (
    "read",
    "readv",
    "pread64",
    "preadv",
    "write",
    "writev",
    "pwrite64",
    "lseek",
    "_llseek",
    "open",
    "openat",
    "openat2",
    "close",
    "close_range",
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "fstatat64",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "getdents",
    "getdents64",
    "readlink",
    "readlinkat",
    "getcwd",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "ftruncate",
    "fcntl",
    "ioctl",
    "dup",
    "dup2",
    "dup3",
    "fadvise64",
    "mmap",
    "mmap2",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "brk",
    "mincore",
    "membarrier",
    "futex",
    "sched_yield",
    "sched_getaffinity",
    "getrandom",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "times",
    "getrusage",
    "sysinfo",
    "uname",
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "restart_syscall",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "recvmsg",
    "recvfrom",
    "sendmsg",
    "sendto",
    "shutdown",
    "getrlimit",
    "setrlimit",
    "arch_prctl",
    "set_robust_list",
    "rseq",
    "exit",
    "exit_group",
)

# Allowed with 0 as the process it is about, which is oneself: the kernel lets anybody change the limits of any process of the same user.
ALLOWED_FOR_ITSELF = ("prlimit64",)

QUICK_SECONDS = 1.0
"""Of processor time. Nearly every submission is opened in a tenth of it; who takes longer goes behind the others."""
_BEHIND = 15


@dataclass(frozen=True)
class Confinement:
    """What was had. `missing` names what could not be had; `child_filter` is the compiled filter for children, empty without seccomp;
    `readable` are the folders the interpreter needs."""

    missing: tuple[str, ...]
    landlock_abi: int
    child_filter: bytes
    readable: tuple[Path, ...]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def confine_zygote(scratch_root: Path) -> Confinement:
    """First layer: no network, no other programs, no files but the interpreter's own (to read) and the scratch root."""
    missing = []
    readable = tuple(interpreter_folders())
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    child_filter = b""
    try:
        # Compiled before Landlock: libseccomp writes the program to a file.
        base_filter, child_filter = _denying(REFUSED_TO_ALL), _allowing(ALLOWED_IN_CHILD)
    except (ImportError, RuntimeError, OSError):
        missing.append("seccomp")
    abi = landlock.version()
    try:
        landlock.restrict([(folder, landlock.READ) for folder in readable] + [(scratch_root, landlock.WRITE)])
    except OSError:
        abi = 0
        missing.append("landlock")
    if child_filter:
        try:
            _install(base_filter)
        except OSError:
            child_filter = b""
            missing.append("seccomp")
    return Confinement(tuple(missing), abi, child_filter, readable)


def confine_child(confinement: Confinement, scratch: int, limits: Limits, base_memory: int, file_bytes: int) -> None:
    """Second layer, in a fresh child that leads its own session: hard limits, only its own scratch folder, only what opening takes.

    `scratch`: open descriptor of the folder. `base_memory`: bytes of address space the zygote already had.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for kind, value in (
        (resource.RLIMIT_AS, base_memory + limits.memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds_per_file, limits.cpu_seconds + 1))
    if confinement.landlock_abi:
        landlock.restrict([(folder, landlock.READ) for folder in confinement.readable] + [(scratch, landlock.WRITE)])
    if confinement.child_filter:
        _install(confinement.child_filter)


def prepare_to_go_behind() -> None:
    """In the zygote, for its children: what is done when a child has used its quick time."""
    signal.signal(signal.SIGPROF, lambda *_: os.setpriority(os.PRIO_PROCESS, 0, _BEHIND))


def go_behind_when_slow() -> None:
    """In a child, before it is confined: after its quick time it only gets what others leave of the processors, so that files made to burn hold up nobody."""
    signal.setitimer(signal.ITIMER_PROF, QUICK_SECONDS)


def allow_processor_time(seconds: int, limits: Limits) -> None:
    """Move the soft limit on processor time so that the next file gets `seconds`; the hard limit for the whole child stays."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = min(int(used.ru_utime + used.ru_stime) + 1 + seconds, limits.cpu_seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, limits.cpu_seconds + 1))


def interpreter_folders() -> list[Path]:
    """Where modules and code pages that are imported late lie: the standard library and the installed packages."""
    paths = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return sorted(path for path in paths if path.is_dir())


def _denying(names: tuple[str, ...]) -> bytes:
    import pyseccomp

    program = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    return _compiled(program, names, pyseccomp.ERRNO(1))


def _allowing(names: tuple[str, ...]) -> bytes:
    import pyseccomp

    program = pyseccomp.SyscallFilter(pyseccomp.ERRNO(1))
    for name in ALLOWED_FOR_ITSELF:
        program.add_rule(pyseccomp.ALLOW, name, pyseccomp.Arg(0, pyseccomp.EQ, 0))
    behind = (os.PRIO_PROCESS, 0, _BEHIND)
    program.add_rule(pyseccomp.ALLOW, "setpriority", *(pyseccomp.Arg(place, pyseccomp.EQ, value) for place, value in enumerate(behind)))
    return _compiled(program, names, pyseccomp.ALLOW)


def _compiled(program: "pyseccomp.SyscallFilter", names: tuple[str, ...], action: int) -> bytes:  # type: ignore[name-defined]  # noqa: F821, UP037 - loaded late, and only its name is needed here
    import pyseccomp

    for name in names:
        try:
            number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        except (ValueError, RuntimeError):
            continue
        if number >= 0:  # names this architecture does not have resolve to a negative number
            program.add_rule(action, number)
    with tempfile.TemporaryFile() as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()


def _install(compiled: bytes) -> None:
    program = _Program(len(compiled) // 8, compiled)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _prctl(option: int, value: int, pointer: int = 0) -> None:
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), ctypes.c_ulong(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl {option}: {os.strerror(code)}")
