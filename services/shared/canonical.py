"""Canonical JSON (RFC 8785): the bytes that hash chains, signatures and the archive's metadata are made of."""

from __future__ import annotations

import json
from typing import Any

import rfc8785

_LARGEST_INTEGER = 2**53 - 1


def dumps(value: Any) -> bytes:
    """The canonical bytes of a JSON value. Raises rfc8785.CanonicalizationError for what JSON cannot say.

    The reference library walks every string in Python, which was a tenth of what a submission cost. The standard library's encoder writes the same
    bytes, in C, for all but fractions, keys beyond ASCII (their order is by UTF-16) and what must be refused; those are left to the library.
    """
    if not _is_plain(value):
        return rfc8785.dumps(value)
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return rfc8785.dumps(value)


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode


def _is_plain(value: Any) -> bool:
    """Whether both encoders are known to agree."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        return all(type(key) is str and key.isascii() and _is_plain(inner) for key, inner in value.items())
    if kind is list or kind is tuple:
        return all(_is_plain(inner) for inner in value)
    return kind is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER
