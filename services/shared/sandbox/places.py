"""Places in the box: how many submissions are opened at a time, and how many of them may be one sender's."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """``most`` places. One owner has half of them at most, at least one, so that files made to burn hold up their sender and not the others."""

    def __init__(self, most: int) -> None:
        self._most, self._most_of_one = most, max(1, most // 2)
        self._taken: Counter[str | None] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def one(self, owner: str | None) -> Iterator[None]:
        """A place for the block; waits for it. ``owner``: None for what is no sender's, which may have every place."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_free_for(owner))
            self._taken[owner] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[owner] -= 1
                self._taken += Counter()  # forgets those that have none
                self._changed.notify_all()

    def _is_free_for(self, owner: str | None) -> bool:
        return self._taken.total() < self._most and (owner is None or self._taken[owner] < self._most_of_one)
