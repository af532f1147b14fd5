"""Zip containers with fixed times, so that the same content is the same bytes on any day."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

FIXED_TIME = (2026, 1, 5, 8, 0, 0)


def zip_bytes(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of ``members`` in their order; a name that ends in ``/`` becomes a folder. Names outside ASCII are marked UTF-8."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith("/") else compression
            entry.external_attr = (0o755 if name.endswith("/") else 0o644) << 16
            archive.writestr(entry, data)
    return out.getvalue()


def unzip(data: bytes) -> dict[str, bytes]:
    """All members of a zip that we made ourselves, by name, in order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_members(data: bytes, changes: Mapping[str, bytes]) -> bytes:
    """The same package with members added or replaced, and with fixed times."""
    return zip_bytes({**unzip(data), **changes})
