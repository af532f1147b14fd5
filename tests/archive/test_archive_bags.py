"""Bags: valid to an independent validator, whole or visibly broken, any size in constant memory."""

from __future__ import annotations

import io
import json
import socket
import threading
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path
from typing import Any

import bagit
import pytest

from services.archive import ocfl
from services.archive.app import create_app
from services.shared import names
from services.shared.web.server import make_server


def unpacked(data: bytes, folder: Path) -> bagit.Bag:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    (only,) = list(folder.iterdir())
    return bagit.Bag(str(only))


def test_a_bag_is_valid_to_an_independent_validator_and_holds_every_byte(service: Any, tmp_path: Path) -> None:
    submission = service.archived()
    answer = service.get(f"/archive/objects/{submission}/bag")
    assert answer.status_code == 200
    assert answer.content_type == "application/zip"
    bag = unpacked(answer.data, tmp_path / "unpacked")
    bag.validate()
    reference = service.get(f"/archive/objects/{submission}").json["reference"]
    assert bag.version_info == (1, 0)
    assert bag.info["External-Identifier"] == Path(bag.path).name == reference
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{reference}.zip"'
    payload = {path: Path(bag.path, path).read_bytes() for path in bag.payload_files()}
    assert payload["data/original/Anmodning_aeoa.pdf"] == submission.encode() * 100
    assert all(path.isascii() and "%" not in path for path in payload)
    for manifest in ("manifest-sha256.txt", "manifest-sha512.txt"):
        listed = {line.split("  ", 1)[1] for line in Path(bag.path, manifest).read_text(encoding="utf-8").splitlines()}
        assert listed == set(payload)
    told = json.loads(Path(bag.path, "original-names.json").read_text(encoding="utf-8"))
    assert told["data/original/Anmodning_aeoa.pdf"] == "original/Anmodning æøå.pdf"
    assert service.story(submission)[-1].type == names.ARCHIVE_EXPORTED
    assert service.story(submission)[-1].data["version"] == "v1"


def test_an_older_version_can_still_be_had(service: Any, tmp_path: Path) -> None:
    submission = service.archived()
    service.case.document(submission, "svar.pdf", b"answer", role="answer")
    service.case.answered(submission)
    service.work()
    first = unpacked(service.get(f"/archive/objects/{submission}/bag?version=v1").data, tmp_path / "first")
    newest = unpacked(service.get(f"/archive/objects/{submission}/bag").data, tmp_path / "newest")
    assert "data/original/svar.pdf" not in set(first.payload_files())
    assert "data/original/svar.pdf" in set(newest.payload_files())
    newest.validate()
    assert service.get(f"/archive/objects/{submission}/bag?version=v3").status_code == 404


def take_in(pieces: Iterator[bytes], received: bytearray) -> None:
    for piece in pieces:
        received += piece


def test_a_bag_breaks_off_when_a_byte_changed_and_is_no_zip_then(service: Any) -> None:
    submission = service.archived()
    path = service.content_file(submission)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    received = bytearray()
    pieces = service.get(f"/archive/objects/{submission}/bag", buffered=False).response
    with pytest.raises(ocfl.ArchiveDamaged):
        take_in(pieces, received)
    assert received
    assert not zipfile.is_zipfile(io.BytesIO(bytes(received)))


@contextmanager
def served(service: Any) -> Iterator[HTTPConnection]:
    """The application behind the real server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = make_server(create_app(service.context), replace(service.context.settings, port=port))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        yield connection
    finally:
        connection.close()
        server.stop()
        thread.join()


def test_over_the_real_server_a_broken_bag_is_an_incomplete_answer_and_a_whole_one_is_complete(service: Any, tmp_path: Path) -> None:
    sound, harmed = service.archived(), service.archived()
    path = service.content_file(harmed)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    headers = {"Authorization": f"Bearer {service.issuer.token('arkivar')}"}
    with served(service) as connection:
        connection.request("GET", f"/api/v1/archive/objects/{sound}/bag", headers=headers)
        unpacked(connection.getresponse().read(), tmp_path / "sound").validate()
        connection.request("GET", f"/api/v1/archive/objects/{harmed}/bag", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises(IncompleteRead):
            answer.read()


def test_a_missing_or_shortened_file_is_refused_before_a_byte_is_sent(service: Any) -> None:
    submission = service.archived()
    path = service.content_file(submission)
    path.write_bytes(path.read_bytes()[:-1])
    answer = service.get(f"/archive/objects/{submission}/bag")
    assert (answer.status_code, answer.json["code"]) == (500, "archive_damaged")
    path.unlink()
    assert service.get(f"/archive/objects/{submission}/bag").status_code == 500
    assert service.story(submission)[-1].type == names.ARCHIVE_STORED


class Zeros:
    """Many bytes that take no room."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1, /) -> bytes:
        piece = b"\0" * min(self.left, size)
        self.left -= len(piece)
        return piece


def test_a_large_submission_is_archived_and_exported_in_constant_memory(service: Any, tmp_path: Path) -> None:
    size = 50 * 1024 * 1024
    submission = service.case.submission()
    stored = service.case.received.put("incoming/large", Zeros(size))
    values = {"size": size, "sha256": stored.sha256, "sha512": stored.sha512, "object_key": "incoming/large"}
    service.case.document(submission, "stor.pdf", b"", role="form", **values)
    service.case.accept(submission)
    tracemalloc.start()
    try:
        service.work()
        with (tmp_path / "bag.zip").open("wb") as file:
            for piece in service.get(f"/archive/objects/{submission}/bag", buffered=False).response:
                file.write(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024, peak
    with zipfile.ZipFile(tmp_path / "bag.zip") as archive:
        assert archive.testzip() is None
        (large,) = [entry for entry in archive.infolist() if entry.filename.endswith("stor.pdf")]
        assert large.file_size == size
