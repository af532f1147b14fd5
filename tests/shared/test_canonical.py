"""Canonical JSON: the quick way writes what the reference library writes."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.shared import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=20)


@given(VALUES)
def test_every_value_gets_the_bytes_of_the_reference_library(value: Any) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    ['\x00\x07\b\t\n\f\r\x1f\x7f"\\/\u2028é€𝄞', {"b": 1, "a": [True, None], "é": 2}, {"\U0001f600": 1, "\ufb33": 2}, 1e21, 1.0, -0.0, (1, "a")],
)
def test_escapes_orders_and_numbers_are_those_of_the_standard(value: Any) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, -(2**60), float("nan"), float("inf"), {1: "a"}, "\ud800", {"a": ["\udc00"]}, object()])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical.dumps(value)
