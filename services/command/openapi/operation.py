"""What an entry of the table of operations says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.command.openapi.shapes import Schema
from services.shared.identity import Scope

JSON = "application/json"


@dataclass(frozen=True)
class Parameter:
    """One parameter. ``where`` is path, query or header."""

    name: str
    where: str
    schema: Schema
    description: str = ""
    required: bool = False


@dataclass(frozen=True)
class Body:
    """What is sent. ``schema`` is None for bytes."""

    schema: Schema | None
    media_type: str = JSON
    required: bool = True
    example: Any = None


@dataclass(frozen=True)
class Answer:
    """What comes back when all is well. ``schema`` is None for bytes of ``media_type`` (or no body when that is None, too); ``headers`` with what they say."""

    description: str
    schema: Schema | None = None
    media_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    other_media_type: str | None = None


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``scopes``: any of them is enough; none means open to all. ``problems``: the codes of each status beside what holds everywhere."""

    method: str
    path: str
    name: str
    tag: str
    summary: str
    scopes: tuple[Scope, ...]
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    problems: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    description: str = ""
