"""An Office package (OPC, ISO/IEC 29500-2): a zip of parts, with relationships between them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from lxml import etree

from services.shared.sandbox.policy import Policy
from services.shared.sandbox.readers import safezip, xml
from services.shared.sandbox.readers.refused import Refused

CONTENT_TYPES = "[Content_Types].xml"
_HEAD = 1024
_MOST_CONTENT_TYPE_BYTES = 4 << 20


@dataclass(frozen=True)
class Relationship:
    """One line of a .rels part. `part`: which .rels; `kind`: the last word of its type; `external`: it points outside the file."""

    part: str
    kind: str
    target: str
    external: bool


class Package:
    """Reads parts by name, each checked for size and for a DTD. Raises Refused from everything."""

    def __init__(self, stream: BinaryIO, policy: Policy) -> None:
        self._policy = policy
        self.archive = safezip.open_zip(
            stream, entries=policy.opening.package_entries, member_bytes=policy.opening.package_part_bytes, total_bytes=policy.opening.package_bytes
        )
        self.parts: dict[str, zipfile.ZipInfo] = {}
        for info in self.archive.infolist():
            safezip.refuse_locked(info)
            if info.filename.casefold() in self.parts:
                raise Refused("file_corrupt", reason="duplicate part")
            self.parts[info.filename.casefold()] = info

    @property
    def names(self) -> list[str]:
        """The names of all parts as they stand."""
        return [info.filename for info in self.parts.values()]

    def read(self, name: str, most: int | None = None) -> bytes:
        """The bytes of a part. Raises Refused when it is missing or too large."""
        info = self.parts.get(name.casefold())
        if info is None:
            raise Refused("file_corrupt", reason="missing part", part=name)
        return safezip.member_bytes(self.archive, info, most or self._policy.opening.package_part_bytes)

    def xml(self, name: str, most: int | None = None) -> etree._Element:
        """The root element of a part."""
        return xml.parse(self.read(name, most), name)

    def content_types(self) -> bytes:
        """The raw content-type list, checked for a DTD."""
        data = self.read(CONTENT_TYPES, _MOST_CONTENT_TYPE_BYTES)
        if xml.has_doctype(data):
            raise Refused("xml_forbidden", part=CONTENT_TYPES)
        return data

    def relationships(self) -> list[Relationship]:
        """All relationships of all parts."""
        found = []
        for name in self.names:
            if name.lower().endswith(".rels"):
                found += [
                    Relationship(
                        name,
                        element.get("Type", "").rpartition("/")[2],
                        element.get("Target", ""),
                        element.get("TargetMode", "").lower() == "external",
                    )
                    for element in self.xml(name)
                ]
        return found

    def refuse_doctypes(self, already_parsed: set[str]) -> None:
        """Look at the beginning of every XML part that no reader parses."""
        for name in self.names:
            if name.lower().endswith((".xml", ".rels", ".vml")) and name not in already_parsed and not self._plain(name):
                raise Refused("xml_forbidden", part=name)

    def _plain(self, name: str) -> bool:
        info = self.parts[name.casefold()]
        if info.file_size == 0:
            return True
        with self.archive.open(info) as member:
            verdict = xml.starts_with_root(member.read(_HEAD))
        return verdict if verdict is not None else xml.starts_with_root(self.read(name)) is True
