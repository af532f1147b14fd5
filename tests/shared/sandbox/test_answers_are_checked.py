"""A child that was taken over may say anything: what does not fit is refused."""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.shared.form_lines import Cell
from services.shared.sandbox import Incoming, Policy
from services.shared.sandbox.protocol import BadAnswer, Frames, read_answer

FILE = Incoming("d", "form", "a.zip", io.BytesIO(b"x"), 1)


def answer() -> dict[str, Any]:
    root = {
        "id": "d", "parent": None, "path": "a.zip", "name": "a.zip", "raw_name": "a.zip", "size": 1, "media_type": "application/zip",
        "format": "x-fmt/263", "identity_numbers": [{"page": 1}], "text_searched": True, "notes": ["x"], "text_start": 0, "text_bytes": 0,
    }  # fmt: skip
    inside = {**root, "id": "d/1", "parent": "d", "path": "a.zip/b.txt", "name": "b.txt", "size": 3, "format": None, "text_start": 3, "text_bytes": 4}
    form = {
        "kind": "docx",
        "document": "d/1",
        "fields": [["a", "x"], ["b", True], ["c", ["y"]]],
        "payload": None,
        "lines": [{"text": "t", "cell": [1, 0, 0, 1, 1], "controls": [["a", 0, 1]], "marked": [[0, 1]], "faded": 1}],
        "language": "nb",
        "carried_in": "d",
    }
    return {"documents": [root, inside], "findings": [{"code": "file_corrupt", "document": "d/1", "detail": {"reason": "x"}}], "form": form}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "1").write_bytes(b"abc")
    (tmp_path / "text-0").write_bytes(b"...text")
    return tmp_path / "0"


def test_an_honest_answer_is_believed(folder: Path, policy: Policy) -> None:
    found = read_answer(answer(), FILE, folder, policy)
    assert found.documents[1].scratch_file == folder / "1"
    assert [document.text() for document in found.documents] == ["", "text"]
    assert found.form
    assert found.form.tags == {"a": "x", "b": True, "c": ["y"]}
    assert found.form.lines[0].cell == Cell(1, 0, 0)
    assert (found.form.lines[0].marked, found.form.lines[0].faded) == (((0, 1),), 1)


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another document's id": lambda said: said["documents"][1].update(id="e/1"),
    "a parent that is not there": lambda said: said["documents"][1].update(parent="d/7"),
    "a wrong size": lambda said: said["documents"][1].update(size=4),
    "a negative size": lambda said: said["documents"][1].update(size=-1),
    "a file that is not there": lambda said: said["documents"].append({**said["documents"][1], "id": "d/2"}),
    "a text that is not there": lambda said: said["documents"][0].update(text_start=7, text_bytes=1),
    "a text that goes on behind the end": lambda said: said["documents"][1].update(text_bytes=5),
    "a text from before the beginning": lambda said: said["documents"][1].update(text_start=-1),
    "a name with folders": lambda said: said["documents"][1].update(name="../b.txt"),
    "a name with control characters": lambda said: said["documents"][1].update(name="b\n.txt"),
    "an invented format": lambda said: said["documents"][1].update(format="<script>"),
    "a code nobody knows": lambda said: said["findings"][0].update(code="all_is_well"),
    "a finding about another file": lambda said: said["findings"][0].update(document="e"),
    "a detail that is an object": lambda said: said["findings"][0].update(detail={"reason": {}}),
    "a form from another file": lambda said: said["form"].update(document="e"),
    "a form of another kind": lambda said: said["form"].update(kind="exe"),
    "a tag that is a number": lambda said: said["form"]["fields"].append(["a", 1]),
    "a field without a value": lambda said: said["form"]["fields"].append(["a"]),
    "a line that is no object": lambda said: said["form"]["lines"].append("x"),
    "a cell without a row": lambda said: said["form"]["lines"].append({"text": "x", "cell": [1]}),
    "a mark without an end": lambda said: said["form"]["lines"].append({"text": "x", "marked": [[1]]}),
    "too much text": lambda said: said["form"].update(lines=[{"text": "x" * 100_000}] * 3),
    "a strange language": lambda said: said["form"].update(language="../"),
    "no documents": lambda said: said.update(documents=[]),
    "too many notes": lambda said: said["documents"][0].update(notes=["x"] * 60),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused(lie: str, folder: Path, policy: Policy) -> None:
    said = answer()
    LIES[lie](said)
    with pytest.raises(BadAnswer):
        read_answer(said, FILE, folder, policy)


def test_a_link_in_the_scratch_folder_is_never_followed(folder: Path, policy: Policy) -> None:
    (folder / "1").unlink()
    (folder / "1").symlink_to("/etc/hostname")
    with pytest.raises(BadAnswer):
        read_answer(answer(), FILE, folder, policy)
    (folder / "1").unlink()
    (folder / "secret").write_bytes(b"abc")
    os.link(folder / "secret", folder / "1")
    with pytest.raises(BadAnswer):
        read_answer(answer(), FILE, folder, policy)


def test_a_text_that_became_a_link_is_never_followed(folder: Path, policy: Policy) -> None:
    found = read_answer(answer(), FILE, folder, policy)
    (folder.parent / "text-0").unlink()
    (folder.parent / "text-0").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic"):
        found.documents[1].text()


def test_messages_are_put_together_from_pieces() -> None:
    body = json.dumps({"at": "d"}).encode()
    frames, whole = Frames(100), (struct.pack("!I", len(body)) + body) * 2
    found = [message for position in range(len(whole)) for message in frames.feed(whole[position : position + 1])]
    assert found == [{"at": "d"}, {"at": "d"}]


@pytest.mark.parametrize(
    "wire", [struct.pack("!I", 101), struct.pack("!I", 2) + b"[]", struct.pack("!I", 1) + b"{", struct.pack("!I", 90) + b"[" * 90]
)
def test_a_message_that_is_too_long_or_no_object_is_refused(wire: bytes) -> None:
    with pytest.raises(BadAnswer):
        Frames(100).feed(wire)
