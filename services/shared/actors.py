"""Known organisations, as the data in ``schemas/routing`` has them: who takes work, and what kind of submitter somebody is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.shared import words


@dataclass(frozen=True)
class Actor:
    """An actor of the system. ``names`` in nb, nn, en; ``aliases`` are its earlier and short names; ``takes_work``: has a queue."""

    id: str
    names: dict[str, str]
    aliases: tuple[str, ...]
    organisations: tuple[str, ...]
    takes_work: bool

    @property
    def name(self) -> str:
        """Its name in bokmål."""
        return words.choose(self.names, words.DEFAULT)


class Actors:
    """The actor table and the register of known submitters."""

    def __init__(self, actors: list[Actor], kinds: dict[str, str], demo: dict[str, dict[str, Any]]) -> None:
        self._by_id = {actor.id: actor for actor in actors}
        self._by_organisation = {number: actor for actor in actors for number in actor.organisations}
        self._kinds = kinds
        self.demo = demo

    def get(self, actor_id: str) -> Actor | None:
        """By id or alias, whatever the case."""
        wanted = actor_id.casefold()
        for actor in self._by_id.values():
            if wanted == actor.id or wanted in (alias.casefold() for alias in actor.aliases):
                return actor
        return None

    def of_organisation(self, number: str) -> Actor | None:
        """The actor with that organisation number, or None."""
        return self._by_organisation.get(number)

    def kind_of(self, number: str) -> str | None:
        """What kind of submitter an organisation is known to be (``drug_vendor``, ``hospital``, …, or an actor's id), or None."""
        actor = self._by_organisation.get(number)
        return self._kinds.get(number) or (actor.id if actor else None)

    def all(self) -> list[Actor]:
        """Every actor, in the table's order."""
        return list(self._by_id.values())


def load_actors(folder: Path) -> Actors:
    """Read ``actors.json`` and ``submitters.json`` from the folder."""
    table = json.loads((folder / "actors.json").read_text(encoding="utf-8"))["actors"]
    known = json.loads((folder / "submitters.json").read_text(encoding="utf-8"))["submitters"]
    actors = [
        Actor(row["id"], row["names"], tuple(row.get("aliases", ())), tuple(row.get("organisations", ())), bool(row.get("takes_work")))
        for row in table
    ]
    kinds = {row["organisation"]: row["kind"] for row in known}
    return Actors(actors, kinds, {row["demo"]: row for row in known if row.get("demo")})
