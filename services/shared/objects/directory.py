"""Objects as files under a folder: temporary name, fsync of file and folder, rename."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from services.shared import identifiers
from services.shared.objects.port import CHUNK, Hashing, ObjectExists, ObjectMissing, Objects, ObjectsUnavailable, Readable, Stored, check_key

# Kept free so that the database beside us can still commit when uploads fill the disk.
FREE_BYTES_NEEDED = 64 * 1024 * 1024


class DirectoryObjects:
    """The object port on a folder of a local file system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._root = str(root)
        self._unsynced = _Unsynced()
        # Outside the root: the archive's root may hold nothing that is not its own (OCFL 1.1, 3.1).
        self._unfinished = root.parent / f".{root.name}-unfinished"
        root.mkdir(parents=True, exist_ok=True)
        self._unfinished.mkdir(exist_ok=True)

    def remove_unfinished(self) -> None:
        """Throw away what a killed process left half written. Only for the one process that writes here, at its start."""
        for left_over in self._unfinished.iterdir():
            left_over.unlink(missing_ok=True)

    def put(self, key: str, stream: Readable) -> Stored:
        """See Objects.put."""
        target = self._path(key)
        digests = Hashing()

        def pieces() -> Iterator[bytes]:
            while piece := stream.read(CHUNK):
                digests.update(piece)
                yield piece

        try:
            self._write(target, pieces())
        except OSError as fault:
            if fault.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ObjectsUnavailable("the disk is full") from fault
            raise
        return digests.stored()

    def put_bytes(self, key: str, data: bytes, *, replaces: bytes | None = None) -> bool:
        """See Objects.put_bytes."""
        target = self._path(key)
        try:
            there = self.read_bytes(key)
        except ObjectMissing:
            if replaces is not None:
                raise
            there = None
        if there == data:
            return False
        if there != replaces:
            raise ObjectExists(key)
        self._write(target, (data,))
        return True

    @contextmanager
    def together(self) -> Iterator[None]:
        """See Objects.together. Every file is synced at once, each folder only when the block ends."""
        changed = self._unsynced.folders = set[str]()
        try:
            yield
        finally:
            self._unsynced.folders = None
        for folder in changed:
            _sync_folder(folder)

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """See Objects.open."""
        try:
            file = open(self._path(key), "rb")  # noqa: SIM115 - the caller closes it
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as missing:
            raise ObjectMissing(key) from missing
        file.seek(start)
        return file

    def file(self, key: str) -> BinaryIO:
        """See Objects.file."""
        return self.open(key)

    def read_bytes(self, key: str) -> bytes:
        """See Objects.read_bytes."""
        with self.open(key) as file:
            return file.read()

    def size(self, key: str) -> int | None:
        """See Objects.size."""
        try:
            return os.stat(self._path(key)).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has(self, key: str) -> bool:
        """See Objects.has. A folder that is not mounted any more is noticed at once."""
        return self.size(key) is not None

    def copy_from(self, source: Objects, source_key: str, key: str, known: Stored | None = None) -> Stored:
        """See Objects.copy_from."""
        with source.open(source_key) as stream:
            return self.put(key, stream)

    def list(self, prefix: str) -> Iterator[str]:
        """See Objects.list."""
        folder = self.root / prefix.rpartition("/")[0]
        for base, folders, files in os.walk(folder, onerror=_raise_unless_gone):
            folders.sort()
            for name in sorted(files):
                key = (Path(base) / name).relative_to(self.root).as_posix()
                if key.startswith(prefix):
                    yield key

    def delete(self, key: str) -> None:
        """See Objects.delete."""
        path = Path(self._path(key))
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.root:
                break
            try:
                folder.rmdir()
            except OSError:
                break

    def check(self) -> None:
        """See Objects.check."""
        try:
            if shutil.disk_usage(self.root).free < FREE_BYTES_NEEDED:
                raise ObjectsUnavailable("the disk is nearly full")
        except OSError as fault:
            raise ObjectsUnavailable(str(fault)) from fault

    # Paths are text from here on: a submission touches some thirty files, and Path objects would cost more than hashing its bytes.

    def _path(self, key: str) -> str:
        check_key(key)
        return f"{self._root}/{key}"

    def _write(self, target: str, pieces: Iterable[bytes]) -> None:
        """Write all pieces under a temporary name, sync, and give the file its name only then. Leaves nothing when it fails."""
        temporary = f"{self._unfinished}/{identifiers.new_token()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            try:
                for piece in pieces:
                    _write_all(descriptor, piece)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._settle(temporary, target)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise

    def _settle(self, temporary: str, target: str) -> None:
        """Give a complete, synced file its name, and sync every folder whose entries changed."""
        folder = os.path.dirname(target)
        changed = [folder]
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
            changed.append(folder)
        os.makedirs(changed[0], exist_ok=True)
        os.replace(temporary, target)
        if self._unsynced.folders is not None:
            self._unsynced.folders.update(changed)
            return
        for folder in changed:
            _sync_folder(folder)


class _Unsynced(threading.local):
    """The folders whose entries a thread has changed inside ``together`` and not synced yet; None outside."""

    folders: set[str] | None = None


def _raise_unless_gone(fault: OSError) -> None:
    """A folder that cannot be read must not look like an empty one; one that vanished while we walked is empty."""
    if not isinstance(fault, FileNotFoundError | NotADirectoryError):
        raise fault


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
