"""Large files by tus 1.0: in pieces, resumed, checked, thrown away, used once. On a running system with a real server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import select, update

from services.command.up import Running, running
from services.intake.receive import sweep
from services.shared.models import upload_parts, uploads
from services.shared.uploads import prefix_of
from tests.end_to_end.material import good_json
from tests.end_to_end.system import System, free_port, problem_of
from tests.intake.tus import Tus, checksum

TEXT = b"Vedlegg med noen linjer tekst.\n" * 400


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("uploads") / "data", port=free_port()) as started:
        yield started


@pytest.fixture
def tus(system: Running) -> Tus:
    return Tus(system.settings.public_url, system.issuer.token("leverandor"))


@pytest.fixture
def stranger(system: Running) -> Tus:
    return Tus(system.settings.public_url, system.issuer.token("forslagsstiller"))


def submit(
    sender: Tus, *fields: tuple[str, str], form: bytes | None = None, key: str | None = None, path: str = "/api/v1/submissions"
) -> requests.Response:
    """POST /submissions with fields in order; the form, if any, comes first."""
    parts: list[Any] = [("form", ("skjema.json", form))] if form is not None else []
    parts += [(name, (None, value)) for name, value in fields]
    headers = {"Authorization": f"Bearer {sender.token}", **({"Idempotency-Key": key} if key else {})}
    return requests.post(sender.url + path, files=parts, headers=headers, timeout=60)


def shown(sender: Tus, answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    headers = {"Authorization": f"Bearer {sender.token}"}
    view: dict[str, Any] = requests.get(sender.url + answer.headers["Location"], headers=headers, timeout=30).json()
    return view


def pieces_left(system: Running, upload: str) -> list[str]:
    return list(system.context.objects.list(prefix_of(upload)))


def test_the_server_says_what_it_can_do(tus: Tus) -> None:
    answer = requests.options(f"{tus.url}/api/v1/uploads", headers=tus.headers, timeout=30)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {"creation", "expiration", "termination", "checksum"}
    assert set(answer.headers["Tus-Checksum-Algorithm"].split(",")) == {"sha256", "sha1"}
    assert int(answer.headers["Tus-Max-Size"]) == 2040109465


def test_an_upload_in_pieces_becomes_an_attachment_with_the_senders_digest(system: Running, tus: Tus) -> None:
    announced = tus.announce(len(TEXT), "Måledata.txt")
    assert announced.status_code == 201
    assert announced.headers["Tus-Resumable"] == "1.0.0"
    assert announced.headers["Upload-Expires"].endswith("GMT")
    where = announced.headers["Location"]
    first = tus.add(where, 0, TEXT[:5000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "5000")
    progress = tus.progress(where)
    assert (progress.headers["Upload-Offset"], progress.headers["Upload-Length"]) == ("5000", str(len(TEXT)))
    assert progress.headers["Cache-Control"] == "no-store"
    assert progress.headers["Upload-Metadata"].startswith("filename ")
    assert tus.add(where, 5000, TEXT[5000:]).status_code == 204

    upload = where.rpartition("/")[2]
    view = shown(tus, submit(tus, ("upload", upload), form=good_json()))
    attachment = view["documents"][1]
    assert (attachment["name"], attachment["role"], attachment["media_type"]) == ("Måledata.txt", "attachment", "text/plain")
    assert attachment["sha256"] == hashlib.sha256(TEXT).hexdigest()
    assert pieces_left(system, upload) == []


def test_attachments_keep_the_order_in_which_files_and_uploads_were_named(tus: Tus) -> None:
    first, second = tus.upload(TEXT, "b.txt"), tus.upload(TEXT + b"2", "a.txt", pieces=3)
    parts: list[Any] = [
        ("upload", (None, first)),
        ("attachments", ("m.txt", b"imellom")),
        ("upload", (None, second)),
        ("form", ("skjema.json", good_json())),
    ]
    headers = {"Authorization": f"Bearer {tus.token}"}
    view = shown(tus, requests.post(f"{tus.url}/api/v1/submissions", files=parts, headers=headers, timeout=60))
    assert [document["name"] for document in view["documents"]] == ["b.txt", "m.txt", "a.txt", "skjema.json"]


def test_the_form_itself_may_come_by_upload_and_is_read(tus: Tus) -> None:
    form = good_json()
    view = shown(tus, submit(tus, ("form_upload", tus.upload(form, "skjema.json"))))
    assert [(document["role"], document["sha256"]) for document in view["documents"]] == [("form", hashlib.sha256(form).hexdigest())]


def test_a_form_and_an_uploaded_form_are_one_too_many_and_the_upload_stays_usable(tus: Tus) -> None:
    upload = tus.upload(good_json(), "skjema.json")
    problem_of(submit(tus, ("form_upload", upload), form=good_json()), 422, "form_not_single")
    assert submit(tus, ("form_upload", upload)).status_code == 202


def test_what_came_before_the_connection_broke_is_kept_and_the_rest_resumed(tus: Tus) -> None:
    where = tus.announce(len(TEXT)).headers["Location"]
    tus.begin(where, len(TEXT), TEXT[:7000]).close()
    tus.wait_for_offset(where, 7000)
    assert tus.add(where, 7000, TEXT[7000:]).headers["Upload-Offset"] == str(len(TEXT))
    view = shown(tus, submit(tus, ("upload", where.rpartition("/")[2]), form=good_json()))
    assert view["documents"][1]["sha256"] == hashlib.sha256(TEXT).hexdigest()


def test_a_piece_at_another_place_than_where_the_upload_stands_is_refused(tus: Tus) -> None:
    where = tus.announce(len(TEXT)).headers["Location"]
    tus.add(where, 0, TEXT[:100])
    for offset in (0, 99, 101):
        problem_of(tus.add(where, offset, TEXT[offset:]), 409, "upload_offset_mismatch")
    assert tus.offset(where) == 100


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_piece_that_was_changed_on_its_way_is_thrown_away(system: Running, tus: Tus, algorithm: str) -> None:
    where = tus.announce(len(TEXT)).headers["Location"]
    wrong = tus.add(where, 0, TEXT[:-1] + b"?", Upload_Checksum=checksum(algorithm, TEXT))
    problem_of(wrong, 460, "checksum_mismatch")
    assert tus.offset(where) == 0
    assert pieces_left(system, where.rpartition("/")[2]) == []
    assert tus.add(where, 0, TEXT, Upload_Checksum=checksum(algorithm, TEXT)).status_code == 204


@pytest.mark.parametrize("said", ["md5 kAFQmDzST7DWlj99KOF/cg==", "sha256 YQ==", "sha256 ÿ", "sha256", ""])
def test_a_checksum_that_cannot_be_checked_is_refused_before_a_byte_is_kept(tus: Tus, said: str) -> None:
    where = tus.announce(3).headers["Location"]
    problem_of(tus.add(where, 0, b"abc", Upload_Checksum=said.encode("latin-1").decode("latin-1")), 400, "checksum_not_known")
    assert tus.offset(where) == 0


def test_more_than_was_announced_is_refused(tus: Tus) -> None:
    where = tus.announce(10).headers["Location"]
    problem_of(tus.add(where, 0, b"elleve byte"), 413, "upload_too_large")
    assert tus.offset(where) == 0


def test_a_file_larger_than_the_limit_is_refused_when_it_is_announced(tus: Tus) -> None:
    problem_of(tus.announce(2040109466), 413, "upload_too_large")
    assert tus.announce(2040109465).status_code == 201


@pytest.mark.parametrize("length", ["", "-1", "ti", "1e3", "٣", "9" * 30])
def test_a_length_that_is_no_number_of_bytes_is_refused(tus: Tus, length: str) -> None:
    problem_of(tus.announce(0, Upload_Length=length.encode().decode("latin-1")), 400, "upload_header_invalid")


@pytest.mark.parametrize("metadata", ["filename !!!", "a\x7fb YQ==", "filename YQ==,filename YQ==", "filename /w==", "filename AA==", ", "])
def test_metadata_that_cannot_be_read_is_refused(tus: Tus, metadata: str) -> None:
    problem_of(tus.announce(1, None, Upload_Metadata=metadata), 400, "upload_header_invalid")


def test_another_version_of_tus_is_refused_and_ours_is_told(tus: Tus) -> None:
    answer = tus.announce(1, Tus_Resumable="0.2.2")
    problem_of(answer, 412, "tus_version_not_supported")
    assert answer.headers["Tus-Version"] == "1.0.0"


def test_a_piece_of_another_content_type_is_refused(tus: Tus) -> None:
    where = tus.announce(3).headers["Location"]
    problem_of(tus.add(where, 0, b"abc", Content_Type="application/octet-stream"), 415, "upload_piece_expected")


def test_an_upload_of_somebody_else_does_not_exist(tus: Tus, stranger: Tus) -> None:
    where = tus.announce(3).headers["Location"]
    upload = where.rpartition("/")[2]
    assert stranger.progress(where).status_code == 404
    problem_of(stranger.add(where, 0, b"abc"), 404, "upload_unknown")
    problem_of(stranger.end(where), 404, "upload_unknown")
    assert tus.add(where, 0, b"abc").status_code == 204
    problem_of(submit(stranger, ("upload", upload), form=good_json()), 404, "upload_unknown")
    for strange in ("x", "0" * 36, "%00", "..", "a" * 300):
        assert tus.progress(f"/api/v1/uploads/{strange}").status_code == 404


def test_without_a_token_nothing_is_told(tus: Tus) -> None:
    where = tus.announce(3).headers["Location"]
    assert requests.head(tus.url + where, headers={"Tus-Resumable": "1.0.0"}, timeout=30).status_code == 401


def test_an_expired_upload_is_gone_and_the_sweep_leaves_nothing_of_it(system: Running, tus: Tus) -> None:
    where = tus.announce(len(TEXT)).headers["Location"]
    upload = where.rpartition("/")[2]
    tus.add(where, 0, TEXT[:500])
    with system.context.database.write() as tx:
        tx.execute(update(uploads).where(uploads.c.id == upload).values(expires_at="2026-01-01T00:00:00.000000Z"))
    assert tus.progress(where).status_code == 410
    problem_of(tus.add(where, 500, TEXT[500:]), 410, "upload_expired")
    assert pieces_left(system, upload) != []
    sweep(system.context)
    assert tus.progress(where).status_code == 404
    assert pieces_left(system, upload) == []
    with system.context.database.read() as tx:
        assert tx.execute(select(upload_parts).where(upload_parts.c.upload == upload)).all() == []


def test_a_thrown_away_upload_leaves_no_bytes_and_cannot_be_written_to(system: Running, tus: Tus) -> None:
    where = tus.announce(len(TEXT)).headers["Location"]
    tus.add(where, 0, TEXT[:500])
    assert tus.end(where).status_code == 204
    assert tus.progress(where).status_code == 404
    problem_of(tus.add(where, 500, TEXT[500:]), 404, "upload_unknown")
    assert pieces_left(system, where.rpartition("/")[2]) == []


def test_clients_that_can_only_post_say_which_method_they_mean(tus: Tus) -> None:
    where = tus.announce(3).headers["Location"]
    headers = {**tus.headers, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    patched = requests.post(tus.url + where, data=b"abc", headers={**headers, "X-HTTP-Method-Override": "PATCH"}, timeout=30)
    assert (patched.status_code, patched.headers["Upload-Offset"]) == (204, "3")
    problem_of(requests.post(tus.url + where, data=b"", headers=headers, timeout=30), 405, "method_not_allowed")
    assert requests.post(tus.url + where, headers={**headers, "X-HTTP-Method-Override": "DELETE"}, timeout=30).status_code == 204


def test_an_upload_is_used_once(tus: Tus) -> None:
    upload = tus.upload(TEXT)
    assert submit(tus, ("upload", upload), form=good_json()).status_code == 202
    problem_of(submit(tus, ("upload", upload), form=good_json()), 409, "upload_used")
    problem_of(tus.end(f"/api/v1/uploads/{upload}"), 409, "upload_used")
    twice = tus.upload(TEXT)
    problem_of(submit(tus, ("upload", twice), ("upload", twice), form=good_json()), 409, "upload_used")


def test_a_retry_with_the_same_key_and_upload_gets_the_same_answer(tus: Tus) -> None:
    form, upload = good_json(), tus.upload(TEXT, "data.txt")
    first = submit(tus, ("upload", upload), form=form, key="opplasting-1")
    again = submit(tus, ("upload", upload), form=form, key="opplasting-1")
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    same_bytes = tus.upload(TEXT, "data.txt", pieces=2)
    assert submit(tus, ("upload", same_bytes), form=form, key="opplasting-1").json() == first.json()
    problem_of(submit(tus, ("upload", tus.upload(TEXT + b".", "data.txt")), form=form, key="opplasting-1"), 422, "idempotency_key_reused")


def test_an_upload_that_is_not_complete_cannot_be_used_yet(tus: Tus) -> None:
    where = tus.announce(len(TEXT)).headers["Location"]
    tus.add(where, 0, TEXT[:10])
    problem_of(submit(tus, ("upload", where.rpartition("/")[2]), form=good_json()), 409, "upload_incomplete")


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [(b"MZ\x00\x01", "program.exe", 415, "type_not_allowed"), (b"abc", None, 422, "name_not_allowed"), (b"", "tom.txt", 422, "file_empty")],
)
def test_an_uploaded_file_meets_the_same_door_as_one_in_the_body(tus: Tus, data: bytes, name: str | None, status: int, code: str) -> None:
    problem_of(submit(tus, ("upload", tus.upload(data, name)), form=good_json()), status, code)


def test_a_form_by_upload_may_not_be_larger_than_a_form(tus: Tus) -> None:
    problem_of(submit(tus, ("form_upload", tus.upload(b" " * 25_000_001, "skjema.json"))), 413, "file_too_large")


def test_a_check_reads_an_upload_and_leaves_it_to_be_handed_in(tus: Tus) -> None:
    upload = tus.upload(TEXT)
    checked = submit(tus, ("upload", upload), form=good_json(), path="/api/v1/checks")
    assert checked.status_code == 200, checked.text
    assert [document["size"] for document in checked.json()["documents"]][1:] == [len(TEXT)]
    assert submit(tus, ("upload", upload), form=good_json()).status_code == 202


def test_of_two_who_write_the_last_to_begin_wins_and_the_first_is_thrown_away(tus: Tus) -> None:
    """A sender whose connection broke unnoticed comes back: its old connection must not spoil what it sends now."""
    where = tus.announce(len(TEXT)).headers["Location"]
    with tus.begin(where, len(TEXT), b"", "Expect: 100-continue") as old:
        assert old.recv(100).startswith(b"HTTP/1.1 100")  # it has begun
        old.sendall(b"x" * 3000)
        assert tus.add(where, 0, TEXT[:4000]).headers["Upload-Offset"] == "4000"
        old.sendall(b"x" * (len(TEXT) - 3000))
        assert old.recv(100).startswith(b"HTTP/1.1 409")
    assert tus.add(where, 4000, TEXT[4000:]).status_code == 204
    view = shown(tus, submit(tus, ("upload", where.rpartition("/")[2]), form=good_json()))
    assert view["documents"][1]["sha256"] == hashlib.sha256(TEXT).hexdigest()


def test_a_sender_that_falls_silent_is_told_so_and_what_came_is_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    system = System(tmp_path_factory.mktemp("silent") / "data", environment={"MOTTAK_BODY_IDLE_SECONDS": "1"})
    system.start()
    try:
        tus = Tus(system.url, system.token("leverandor"))
        where = tus.announce(len(TEXT)).headers["Location"]
        with tus.begin(where, len(TEXT), TEXT[:600]) as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 408")
        assert tus.offset(where) == 600
    finally:
        assert system.stop() == 0


def test_a_kill_between_pieces_keeps_the_offset_and_50_mb_pass_in_constant_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    system = System(tmp_path_factory.mktemp("killed") / "data")
    system.start()
    try:
        tus = Tus(system.url, system.token("leverandor"))
        block = bytes(range(256)) * 4 * 1024
        size = 50 * len(block)
        first = b"\x89PNG\r\n\x1a\n" + block[8:]
        where = tus.announce(size, "stor.png").headers["Location"]
        assert tus.add(where, 0, first).status_code == 204
        system.kill()
        system.start()
        tus = Tus(system.url, system.token("leverandor"))
        assert tus.offset(where) == len(block)

        assert system.process is not None
        process, before = psutil.Process(system.process.pid), psutil.Process(system.process.pid).memory_info().rss
        peaks = []

        def rest() -> Iterator[bytes]:
            for _ in range(49):
                peaks.append(process.memory_info().rss)
                yield block

        headers = {**tus.headers, "Upload-Offset": str(len(block)), "Content-Type": "application/offset+octet-stream"}
        session = requests.Session()
        request = session.prepare_request(requests.Request("PATCH", system.url + where, headers=headers, data=rest()))
        del request.headers["Transfer-Encoding"]
        request.headers["Content-Length"] = str(size - len(block))
        with session:
            assert session.send(request, timeout=60).status_code == 204
        assert tus.offset(where) == size
        answer = submit(tus, ("upload", where.rpartition("/")[2]), form=good_json())
        peaks.append(process.memory_info().rss)
        assert max(peaks) - before < 24 * 1024 * 1024
        digest = hashlib.sha256(first)
        for _ in range(49):
            digest.update(block)
        assert shown(tus, answer)["documents"][1]["sha256"] == digest.hexdigest()
    finally:
        assert system.stop() == 0
