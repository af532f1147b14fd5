"""PostgreSQL, from Debian's packages: a cluster of our own in the data folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Final

import psycopg

from services.command.servers.process import NotStarted, ServerMissing, ServerProcess, free_port

SERVER_USER: Final = "postgres"
SUPERUSER: Final = "mottak"
DATABASE: Final = "mottak"
LEFT_SECONDS: Final = 10.0


class Postgres:
    """One cluster, reached on loopback and by a socket in its own folder.

    ``durable`` is for everything but tests: without it a loss of power may lose what was committed. As root the server runs as Debian's ``postgres`` user,
    since it refuses to run as root; the folder's parents must let that user through.
    """

    def __init__(self, folder: Path, *, port: int | None = None, durable: bool = True) -> None:
        self.folder, self.port, self._durable = folder, port or free_port(), durable
        self._programs = programs()
        self._user = SERVER_USER if os.geteuid() == 0 else None
        options = ["-p", str(self.port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]
        if not durable:
            options += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        command = [str(self._programs / "postgres"), "-D", str(folder / "cluster"), *options]
        # SIGINT is PostgreSQL's fast shutdown: it ends sessions instead of waiting for them.
        self.process = ServerProcess("postgres", command, folder, ready=self._answers, stop_signal=signal.SIGINT, user=self._user)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid

    def url(self, database: str = DATABASE) -> str:
        """The SQLAlchemy URL of a database in it."""
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster at first, start it, make the database. Raises NotStarted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            _let_through(self.folder)
        if not (self.folder / "cluster" / "PG_VERSION").exists():
            self._initialise()
        self._end_sessions_left()
        # Both name a process that is gone, or a dead one whose parent has not yet heard of it.
        for lock in (self.folder / "cluster" / "postmaster.pid", self.folder / f".s.PGSQL.{self.port}.lock"):
            lock.unlink(missing_ok=True)
        self.process.start()
        self.create_database(DATABASE)

    def create_database(self, name: str) -> None:
        """Make an empty database if there is none of that name (letters, digits, ``_``)."""
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def copy_database(self, name: str, source: str = DATABASE) -> None:
        """Make a database as a copy of one that nobody is connected to: much faster than migrating each."""
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            names = psycopg.sql.Identifier(name), psycopg.sql.Identifier(source)
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))

    def stop(self) -> None:
        """Stop it; its data stay."""
        self.process.stop()

    def _end_sessions_left(self) -> None:
        """Kill the sessions that outlive a killed server, and wait for their end: a new server beside them would damage the cluster.

        The server knows them by ``postmaster.pid`` alone, which we remove because the number in it may long be another process's. They work in the
        cluster's folder, each in a session of its own, so that the group's end does not reach them.
        """
        deadline = time.monotonic() + LEFT_SECONDS
        while left := _working_in(self.folder / "cluster"):
            if time.monotonic() > deadline:
                raise NotStarted(f"postgres: an earlier server's processes do not end: {left}")
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.02)

    def _initialise(self) -> None:
        shutil.rmtree(self.folder / "cluster", ignore_errors=True)
        arguments = ["-D", str(self.folder / "cluster"), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        arguments += [] if self._durable else ["--no-sync"]
        made = subprocess.run(
            [str(self._programs / "initdb"), *arguments],
            cwd=self.folder,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NotStarted(f"initdb: {made.stderr[-2000:]}")

    def _answers(self) -> bool:
        with psycopg.connect(self._dsn(), connect_timeout=2):
            return True

    def _dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user={SUPERUSER} dbname=postgres"


def _working_in(folder: Path) -> list[int]:
    """Ids of the processes whose current folder this is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
    return found


def _let_through(folder: Path) -> None:
    """Let the server's user walk to its folder through folders of ours; what lies in them stays closed to it. Raises NotStarted."""
    for parent in folder.parents:
        if parent.stat().st_mode & stat.S_IXOTH:
            continue
        if parent == Path.home() or parent.stat().st_uid != os.geteuid():
            raise NotStarted(f"postgres: its user may not enter {parent}; choose a data folder elsewhere (MOTTAK_DATA=)")
        parent.chmod(parent.stat().st_mode | stat.S_IXOTH)


def programs() -> Path:
    """The folder with initdb and postgres: the newest of Debian's, else where PATH says. Raises ServerMissing."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if debian:
        return debian[-1]
    found = shutil.which("initdb")
    if found is None:
        raise ServerMissing("PostgreSQL is not on this machine (on Debian: apt-get install postgresql)")
    return Path(found).resolve().parent
