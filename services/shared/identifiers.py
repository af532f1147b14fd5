"""Ids and references."""

from __future__ import annotations

import secrets
import uuid

import uuid_utils

# No vowels, no 0/1/I/L/O: cannot spell words and survives being read aloud or typed from paper.
REFERENCE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 6


def new_id() -> str:
    """A UUIDv7 (RFC 9562) as text: unique, and sorted by the time it was made."""
    return str(uuid_utils.uuid7())


def new_reference(year: int) -> str:
    """A reference people can read and nobody can guess, e.g. ``NM-2026-7QK4ZD`` (28**6 = 4.8e8 a year; and no route answers for another's)."""
    return f"NM-{year}-" + "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(REFERENCE_LENGTH))


def new_token() -> str:
    """An unguessable secret of 128 bits for leases and the like."""
    return secrets.token_hex(16)


def derived_id(*parts: str) -> str:
    """An id that is a function of its parts (UUIDv5): doing the same work again makes the same ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "mottak:" + "|".join(parts)))
