"""A file of the corpora, and what is to become of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Case:
    """A file. `code`: the finding it must get, None for an honest one; `inside`: the paths of what is found in it (honest ones only)."""

    what: str
    file_name: str
    build: Callable[[], bytes]
    code: str | None = None
    inside: tuple[str, ...] = ()
    role: Literal["form", "attachment"] = "attachment"

    def path(self, folder: Path) -> Path:
        """Where `make` writes it."""
        return folder / ("reject" if self.code else "accept") / f"{self.what}{Path(self.file_name).suffix}"
