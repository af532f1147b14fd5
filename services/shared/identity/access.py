"""Default deny: a view is refused unless it says who may use it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import g

from services.shared.identity.tokens import Identity

View = TypeVar("View", bound=Callable[..., Any])


class Scope(StrEnum):
    """What a token may be used for (contract, section 2)."""

    SUBMIT = "nyemetoder:submissions.write"
    QUEUE = "nyemetoder:queue.consume"
    MONITOR = "nyemetoder:monitor.write"
    ARCHIVE = "nyemetoder:archive.read"


def requires(*scopes: Scope) -> Callable[[View], View]:
    """Let those in whose token (or session, for a page) has any of the scopes."""

    def mark(view: View) -> View:
        view.access = frozenset(scopes)  # type: ignore[attr-defined]  # read by the guard in web.application
        return view

    return mark


def open_route(view: View) -> View:
    """Let anybody in. Every such route stands in the list that a test compares."""
    view.access = None  # type: ignore[attr-defined]  # read by the guard in web.application
    return view


def current() -> Identity:
    """Who is asking; only in views that require a scope."""
    identity: Identity = g.identity
    return identity
