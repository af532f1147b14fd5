"""What a request to a store elsewhere proves, and how many of them a document costs."""

from __future__ import annotations

import hashlib
import io
import os
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from services.shared.objects import DirectoryObjects, ObjectsUnavailable, s3
from services.shared.objects.s3 import PART_BYTES, S3Objects
from services.shared.objects.signed import SignedRequests


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many requests of each method go out; a try that is repeated counts again."""
    counted: Counter[str] = Counter()
    send = HTTPConnection.putrequest

    def counting(connection: Any, method: str, *arguments: Any, **options: Any) -> Any:
        counted[method] += 1
        return send(connection, method, *arguments, **options)

    monkeypatch.setattr(HTTPConnection, "putrequest", counting)
    return counted


def test_a_document_costs_one_request_each_way_and_a_copy_one_when_the_store_says_of_what(
    bucket: S3Objects, requests: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment in ("_CHECK_HOLDS_SECONDS", "_HAS_SECONDS"):  # longer than any machine takes for this test
        monkeypatch.setattr(s3, moment, 600.0)
    bucket.check()
    requests.clear()
    written = bucket.put("incoming/a", io.BytesIO(os.urandom(PART_BYTES)))
    assert requests == {"PUT": 1}
    bucket.file("incoming/a").close()
    assert requests == {"PUT": 1, "GET": 1}
    bucket.copy_from(bucket, "incoming/a", "kept/a", written)
    assert requests == {"PUT": 2, "GET": 1}
    bucket.copy_from(bucket, "incoming/a", "kept/b")
    assert requests == {"PUT": 3, "GET": 2}, "what the store's answer does not prove is read back"
    requests.clear()
    bucket.put_bytes("kept/inventory", b"{}")
    bucket.put_bytes("kept/inventory", b"{ }", replaces=b"{}")
    assert requests == {"PUT": 2}
    requests.clear()
    assert [bucket.has("kept/inventory") for _ in range(3)] == [True] * 3
    assert requests == {"HEAD": 1}
    requests.clear()
    bucket.check()
    assert requests == {}, "that the bucket was there holds for a moment"


@pytest.mark.parametrize(
    "write",
    [lambda store: store.put_bytes("changed", b"a description"), lambda store: store.put("changed", io.BytesIO(b"a document"))],
    ids=["small bytes", "stream"],
)
def test_what_was_changed_on_its_way_is_refused_by_the_server(
    bucket: S3Objects, monkeypatch: pytest.MonkeyPatch, write: Callable[[S3Objects], object]
) -> None:
    send = HTTPConnection.send

    def changing(connection: Any, data: Any) -> Any:
        return send(connection, b"X" + bytes(data)[1:] if data[:2] == b"a " else data)

    with monkeypatch.context() as way:
        way.setattr(HTTPConnection, "send", changing)
        with pytest.raises(ObjectsUnavailable):
            write(bucket)
    assert bucket.size("changed") is None
    write(bucket)
    assert bucket.read_bytes("changed").startswith(b"a ")


def test_a_copy_whose_answer_names_other_bytes_is_read_back(bucket: S3Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    written = bucket.put("a", io.BytesIO(b"what was received"))
    put = SignedRequests.put

    def garbling(requests: SignedRequests, name: str, body: Any, sha256: str, headers: Any) -> Any:
        """A server that writes other bytes than it was to copy, and honestly tells their tag."""
        copies = "x-amz-copy-source" in headers
        body = b"what was garbled!" if copies else body
        return put(requests, name, body, hashlib.sha256(body).hexdigest() if copies else sha256, {} if copies else headers)

    monkeypatch.setattr(SignedRequests, "put", garbling)
    copied = bucket.copy_from(bucket, "a", "kept/a", written)
    assert copied.sha256 == hashlib.sha256(b"what was garbled!").hexdigest() != written.sha256


def test_an_upload_in_parts_has_no_tag_that_proves_a_copy(bucket: S3Objects, requests: Counter[str]) -> None:
    data = os.urandom(PART_BYTES + 1)
    written = bucket.put("large", io.BytesIO(data))
    requests.clear()
    assert bucket.copy_from(bucket, "large", "kept/large", written) == written
    assert requests == {"PUT": 1, "GET": 1}


def test_a_copy_to_another_store_is_a_stream(bucket: S3Objects, tmp_path: Path) -> None:
    data = os.urandom(PART_BYTES + 10)
    written = bucket.put("a", io.BytesIO(data))
    folder = DirectoryObjects(tmp_path / "folder")
    assert folder.copy_from(bucket, "a", "b") == written
    assert bucket.copy_from(folder, "b", "c") == written
    assert bucket.read_bytes("c") == data
