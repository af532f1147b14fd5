"""The objects of a PDF: pypdf follows no reference by itself, and neither counts nor notices what goes round in circles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from services.shared.sandbox.readers.refused import Refused

_MOST_TREE_DEPTH = 60


class Objects:
    """Goes through the objects of one file, and not through more than `most`. Raises Refused (`file_too_complex`)."""

    def __init__(self, most: int) -> None:
        self._left = most

    def annotations(self, page: DictionaryObject) -> Iterator[DictionaryObject]:
        """The annotations of a page."""
        for raw in array_of(page.get("/Annots")):
            self.spend()
            annotation = dictionary_of(raw)
            if annotation is not None:
                yield annotation

    def name_tree(self, raw: Any) -> Iterator[tuple[str, Any]]:
        """The names of a name tree with their values, in order."""
        root = dictionary_of(raw)
        for node in self.tree(root, "/Kids") if root is not None else ():
            pairs = array_of(node.get("/Names"))
            for position in range(0, len(pairs) - 1, 2):
                self.spend()
                yield str(plain(pairs[position])), pairs[position + 1]

    def tree(self, root: DictionaryObject, children: str) -> Iterator[DictionaryObject]:
        """All nodes in document order; a leaf that stands there twice comes once. Raises Refused for what is too deep, as a node that holds itself."""
        waiting: list[tuple[DictionaryObject, int]] = [(root, 0)]
        seen: set[int] = set()
        while waiting:
            node, depth = waiting.pop()
            self.spend()
            if id(node) in seen and children not in node:
                continue
            if depth > _MOST_TREE_DEPTH:
                raise Refused("file_too_complex", reason="loop")
            seen.add(id(node))
            yield node
            below = plain(node.get(children))
            kids = [kid for kid in map(dictionary_of, below if isinstance(below, ArrayObject) else [below]) if kid is not None]
            waiting.extend((kid, depth + 1) for kid in reversed(kids))

    def visit(self, raw: Any, seen: set[int]) -> DictionaryObject | None:
        """The dictionary, if it is one that was not `seen`."""
        node = dictionary_of(raw)
        if node is None or id(node) in seen:
            return None
        seen.add(id(node))
        self.spend()
        return node

    def spend(self) -> None:
        """Count one more object."""
        self._left -= 1
        if self._left < 0:
            raise Refused("file_too_complex", reason="objects")


def plain(value: Any) -> Any:
    """The object behind a reference, or None; a reference to a reference is followed a few times only."""
    for _ in range(8):
        if not isinstance(value, IndirectObject):
            return value
        value = value.get_object()
    return None


def dictionary_of(value: Any) -> DictionaryObject | None:
    """The dictionary behind a value, or None."""
    found = plain(value)
    return found if isinstance(found, DictionaryObject) else None


def array_of(value: Any) -> list[Any]:
    """The items of the array behind a value; none when it is no array."""
    found = plain(value)
    return list(found) if isinstance(found, ArrayObject) else []
