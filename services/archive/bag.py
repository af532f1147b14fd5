"""Export: one archived version as a BagIt 1.0 bag (RFC 8493) in a zip that is made while it is sent.

Digests come from the inventory, so the manifests can go first; every byte is checked against them on its way out. A file that does not fit breaks the stream
before the zip is complete: no reader can take it for a whole bag.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.archive import ocfl
from services.archive.inventory import Inventory
from services.archive.paths import package_names
from services.shared import timestamps
from services.shared.objects import Objects

CHUNK = 256 * 1024
SOURCE_ORGANIZATION = "Sekretariatet for Nye metoder"
NAMES_FILE = "original-names.json"


@dataclass(frozen=True)
class PayloadFile:
    """One file of the bag: its place below ``data/``, the key its bytes lie under, what they must be, and what people called it."""

    name: str
    key: str
    size: int
    sha256: str
    sha512: str
    logical_path: str


@dataclass(frozen=True)
class Bag:
    """A bag that can be sent: everything is known but the bytes themselves."""

    folder: str
    object_id: str
    version: int
    created: str
    bagged: date
    files: tuple[PayloadFile, ...]

    def tag_files(self) -> dict[str, bytes]:
        """The bag's own files but the tag manifest, by name."""
        total = sum(file.size for file in self.files)
        info = {
            "Source-Organization": SOURCE_ORGANIZATION,
            "External-Identifier": self.folder,
            "Internal-Sender-Identifier": self.object_id,
            "Internal-Sender-Description": f"OCFL version v{self.version}, written {self.created}",
            "Bagging-Date": self.bagged.isoformat(),
            "Payload-Oxum": f"{total}.{len(self.files)}",
        }
        names = {f"data/{file.name}": file.logical_path for file in self.files}
        return {
            "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": "".join(f"{label}: {value}\n" for label, value in info.items()).encode(),
            "manifest-sha256.txt": _manifest({f"data/{file.name}": file.sha256 for file in self.files}),
            "manifest-sha512.txt": _manifest({f"data/{file.name}": file.sha512 for file in self.files}),
            NAMES_FILE: (json.dumps(names, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode(),
        }


def prepare(port: Objects, inventory: Inventory, number: int, reference: str, sizes: Mapping[str, int]) -> Bag:
    """Look that everything is there with the size that was stored, cheaply, before a byte is promised. Raises ocfl.ArchiveDamaged.

    ``sizes``: content path -> bytes, as the catalogue knows them.
    """
    root = ocfl.object_root(inventory.object_id)
    files = inventory.files(number)
    names = package_names(files)
    payload = []
    for path, (content, sha512, sha256) in files.items():
        size = port.size(f"{root}/{content}")
        if size is None or size != sizes.get(content, size):
            raise ocfl.ArchiveDamaged(f"{inventory.object_id} {content}: {'missing' if size is None else 'another size'}")
        payload.append(PayloadFile(names[path], f"{root}/{content}", size, sha256, sha512, path))
    payload.sort(key=lambda file: file.name)
    created = inventory.versions[number - 1].created
    return Bag(reference, inventory.object_id, number, created, timestamps.norwegian_date(timestamps.now()), tuple(payload))


def stream(port: Objects, bag: Bag) -> Iterator[bytes]:
    """The zip, a piece at a time, in constant memory. Raises ocfl.ArchiveDamaged in the middle when a file is not what the manifests say."""
    sink = _Sink()
    stamp = timestamps.parse(bag.created).timetuple()[:6]
    tags = bag.tag_files()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # needs only write and flush
        for name, data in tags.items():
            archive.writestr(_entry(f"{bag.folder}/{name}", stamp, len(data)), data)
        yield sink.take()
        for file in bag.files:
            with archive.open(_entry(f"{bag.folder}/data/{file.name}", stamp, file.size), "w") as entry:
                for piece in _checked(port, file):
                    entry.write(piece)
                    yield sink.take()
        manifest = _manifest({name: hashlib.sha256(data).hexdigest() for name, data in tags.items()})
        archive.writestr(_entry(f"{bag.folder}/tagmanifest-sha256.txt", stamp, len(manifest)), manifest)
    yield sink.take()


def _checked(port: Objects, file: PayloadFile) -> Iterator[bytes]:
    """A file's bytes; the last piece is held back until all digests fit."""
    long, short, size = hashlib.sha512(), hashlib.sha256(), 0
    held = b""
    with port.open(file.key) as source:
        while piece := source.read(CHUNK):
            size += len(piece)
            if size > file.size:
                break
            long.update(piece)
            short.update(piece)
            if held:
                yield held
            held = piece
    if (size, long.hexdigest(), short.hexdigest()) != (file.size, file.sha512, file.sha256):
        raise ocfl.ArchiveDamaged(f"{file.key}: its bytes are not those that were archived")
    yield held


def _manifest(digests: Mapping[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def _entry(name: str, stamp: tuple[int, ...], size: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, stamp[:6])  # type: ignore[arg-type]  # six numbers
    entry.compress_type = zipfile.ZIP_STORED
    entry.external_attr = 0o644 << 16
    entry.file_size = size  # tells whether the entry needs 64-bit sizes, which cannot be said afterwards in a stream
    return entry


class _Sink:
    """Where zipfile writes: neither seekable nor readable, emptied after every piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data
