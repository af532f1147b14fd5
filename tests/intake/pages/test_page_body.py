"""Taking the form's token off the front of an upload while it streams."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.pages.upload import TOKEN_PART_BYTES, PageBody
from services.shared.problems import Problem
from services.shared.web.multipart import read_parts

TYPE = 'multipart/form-data; boundary="----b0undary"'
DELIMITER = b"------b0undary"


class Pieces:
    """A stream that gives its bytes in pieces of given lengths, then one by one."""

    def __init__(self, data: bytes, lengths: list[int]) -> None:
        self._source, self._lengths = io.BytesIO(data), iter(lengths)

    def read(self, size: int = -1, /) -> bytes:
        return self._source.read(next(self._lengths, 7))


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    return DELIMITER + f'\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + value + b"\r\n"


END = DELIMITER + b"--\r\n"


@given(st.lists(st.integers(1, 60)), st.binary(max_size=300))
def test_whatever_the_pieces_the_rest_is_what_was_sent(lengths: list[int], content: bytes) -> None:
    rest = part("note", "æøå".encode()) + part("form", content.replace(b"--", b"=="), "a.json") + END
    body = PageBody(Pieces(part("csrf_token", b"secret") + rest, lengths), TYPE)
    assert body.take_token() == "secret"
    taken = b""
    while piece := body.read():
        taken += piece
    assert taken == rest
    assert body.fields() == {"note": "æøå"}


def test_fields_that_were_read_before_a_refusal_are_known() -> None:
    body = PageBody(
        io.BytesIO(part("csrf_token", b"s") + part("note", b"Hei") + part("unknown", b"x") + part("form", b"y" * 500_000, "a.pdf") + END), TYPE
    )
    body.take_token()
    parts = read_parts(body, TYPE)
    assert [next(parts).name for _ in range(3)] == ["note", "unknown", "form"]
    assert body.fields() == {"note": "Hei"}


@pytest.mark.parametrize(
    "data",
    [b"", END, part("note", b"x") + END, part("csrf_token", b"s"), b"x" * (TOKEN_PART_BYTES * 20)],
    ids=["nothing", "only the end", "another field first", "cut off", "no multipart"],
)
def test_what_does_not_begin_with_a_token_has_none(data: bytes) -> None:
    assert PageBody(io.BytesIO(data), TYPE).take_token() is None


def test_a_first_part_without_headers_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        PageBody(io.BytesIO(DELIMITER + b"\r\n\r\n\r\n" + END), TYPE).take_token()
    assert refused.value.code == "multipart_malformed"


def test_a_body_that_is_no_multipart_has_no_token() -> None:
    with pytest.raises(Problem) as refused:
        PageBody(io.BytesIO(b"csrf_token=secret\r\n----"), "application/x-www-form-urlencoded").take_token()
    assert refused.value.code == "multipart_expected"
