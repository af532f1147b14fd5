"""Documents of an agency's answer: uploaded first, through the same gate, then documents of the submission and part of its archive. On a running system."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from samples.builders.attachments import pdf_report
from services.command.up import Running, running
from services.routing import answers, receipts
from tests.end_to_end.material import good_json
from tests.end_to_end.system import free_port, problem_of
from tests.intake.tus import Tus

NOTE = b"Egnethetsvurdering: metoden kan vurderes.\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("answers") / "data", port=free_port()) as started:
        yield started


def ask(system: Running, person: str, method: str, path: str, body: Any = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {system.issuer.token(person)}"}
    return requests.request(method, f"{system.settings.public_url}/api/v1{path}", json=body, headers=headers, timeout=60)


def until(found: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


@pytest.fixture
def tus(system: Running) -> Tus:
    return Tus(system.settings.public_url, system.issuer.token("dmp"))


@pytest.fixture
def work(system: Running) -> dict[str, Any]:
    """A piece of work that DMP has leased."""
    headers = {"Authorization": f"Bearer {system.issuer.token('leverandor')}"}
    sent = requests.post(
        f"{system.settings.public_url}/api/v1/submissions", files=[("form", ("skjema.json", good_json()))], headers=headers, timeout=60
    )
    assert sent.status_code == 202, sent.text

    def leased() -> dict[str, Any] | None:
        items = ask(system, "dmp", "POST", "/queues/dmp/leases", {"max": 10}).json()["items"]
        return next((item["data"] for item in items if item["data"]["submission"]["id"] == sent.json()["id"]), None)

    found: dict[str, Any] = until(leased)
    return found


def document(upload: str, data: bytes, name: str = "vurdering.txt", access: str = "public") -> dict[str, str]:
    return {"upload": upload, "name": name, "sha256": hashlib.sha256(data).hexdigest(), "access": access}


def answered(system: Running, work: dict[str, Any], *documents: dict[str, str]) -> requests.Response:
    body = {"outcome": "answered", "case_number": "24/123", "answer": {"conclusion": "egnet", "documents": list(documents)}}
    return ask(system, "dmp", "POST", f"/deliveries/{work['delivery']}/receipts", body)


def view(system: Running, work: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = ask(system, "leverandor", "GET", f"/submissions/{work['submission']['id']}").json()
    return shown


def kept(system: Running, work: dict[str, Any]) -> set[str]:
    """Keys of all bytes that lie with the submission."""
    submission = work["submission"]["id"]
    return set(system.context.objects.list(f"incoming/{submission[-2:]}/{submission}/"))


def test_an_answers_documents_become_documents_of_the_submission_and_of_its_archive(system: Running, tus: Tus, work: dict[str, Any]) -> None:
    upload = tus.upload(NOTE, "hva som helst.txt", pieces=3)
    first = answered(system, work, document(upload, NOTE))
    assert (first.status_code, first.json()["state"]) == (200, "answered"), first.text
    shown = view(system, work)
    answer = shown["documents"][-1]
    assert (answer["role"], answer["name"], answer["access"], answer["media_type"]) == ("answer", "vurdering.txt", "public", "text/plain")
    assert answer["sha256"] == hashlib.sha256(NOTE).hexdigest()
    bytes_of = ask(system, "leverandor", "GET", f"/submissions/{shown['id']}/documents/{answer['id']}")
    assert bytes_of.content == NOTE

    until(lambda: view(system, work)["archive"]["version"] == "v2")
    archived = ask(system, "arkivar", "GET", f"/archive/objects/{view(system, work)['archive']['object']}").json()
    files = [{file["sha256"] for file in version["files"]} for version in archived["versions"]]
    assert [answer["sha256"] in digests for digests in files] == [False, True]


def test_the_same_answer_said_again_is_answered_the_same_and_adds_nothing(system: Running, tus: Tus, work: dict[str, Any]) -> None:
    said = document(tus.upload(NOTE), NOTE)
    first, again = answered(system, work, said), answered(system, work, said)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert [file["role"] for file in view(system, work)["documents"]].count("answer") == 1


def test_a_document_that_is_not_the_one_named_or_not_there_refuses_the_answer(system: Running, tus: Tus, work: dict[str, Any]) -> None:
    before = kept(system, work)
    upload = tus.upload(NOTE)
    other = Tus(tus.url, system.issuer.token("fhi")).upload(NOTE)
    unfinished = tus.announce(100).headers["Location"].rpartition("/")[2]
    problem_of(answered(system, work, document(upload, b"noe annet")), 422, "digest_mismatch")
    problem_of(answered(system, work, document(upload, NOTE), document(other, NOTE)), 422, "upload_unknown")
    problem_of(answered(system, work, document("x", NOTE)), 422, "upload_unknown")
    problem_of(answered(system, work, document(unfinished, NOTE)), 409, "upload_incomplete")
    problem_of(answered(system, work, document(upload, NOTE), document(upload, NOTE)), 409, "upload_used")
    problem_of(answered(system, work, document(upload, NOTE, "vurdering.exe")), 415, "type_not_allowed")
    assert kept(system, work) == before
    assert answered(system, work, document(upload, NOTE)).status_code == 200


def test_a_document_that_may_not_pass_the_gate_refuses_the_answer_and_says_which(system: Running, tus: Tus, work: dict[str, Any]) -> None:
    before, broken, about_somebody = kept(system, work), b"%PDF-1.7\n" + b"ingenting" * 50, b"Pasient 01019012480 er vurdert.\n"
    sent = {"notat.txt": NOTE, "brev.pdf": broken, "pasient.txt": about_somebody}
    documents = [document(tus.upload(data, name), data, name) for name, data in sent.items()]
    problem = problem_of(answered(system, work, *documents), 422, "answer_documents_refused")
    found = {(error["pointer"], error["code"], error["field"]) for error in problem["errors"]}
    assert found == {("/answer/documents/1", "file_corrupt", "brev.pdf"), ("/answer/documents/2", "national_identity_number", "pasient.txt")}
    assert kept(system, work) == before
    assert answered(system, work, documents[0]).status_code == 200


def test_what_is_answered_to_the_bodies_alone_is_not_there_for_whoever_handed_it_in(system: Running, tus: Tus, work: dict[str, Any]) -> None:
    said = [document(tus.upload(NOTE), NOTE, f"{access}.txt", access) for access in ("public", "restricted", "internal")]
    assert answered(system, work, *said).status_code == 200
    seen = {}
    for actor in ("sekretariat", "dmp", "leverandor"):
        shown = ask(system, actor, "GET", f"/submissions/{work['submission']['id']}").json()
        seen[actor] = {file["name"]: file["id"] for file in shown["documents"] if file["role"] == "answer"}
    assert set(seen["dmp"]) == set(seen["sekretariat"]) == {"public.txt", "restricted.txt", "internal.txt"}
    assert set(seen["leverandor"]) == {"public.txt", "restricted.txt"}
    for name, identifier in seen["dmp"].items():
        path = f"/submissions/{work['submission']['id']}/documents/{identifier}"
        statuses = [ask(system, actor, "GET", path).status_code for actor in ("sekretariat", "dmp", "leverandor")]
        assert statuses == [200, 200, 404 if name == "internal.txt" else 200], name


def test_an_upload_that_an_answer_used_cannot_be_used_by_another(system: Running, tus: Tus, work: dict[str, Any]) -> None:
    pdf = pdf_report("Notat", 1)
    said = document(tus.upload(pdf, "notat.pdf"), pdf, "notat.pdf", "internal")
    assert answered(system, work, said).status_code == 200
    assert tus.offset(f"/api/v1/uploads/{said['upload']}") == len(pdf)
    problem_of(tus.end(f"/api/v1/uploads/{said['upload']}"), 409, "upload_used")


def test_an_answer_whose_commit_was_not_heard_of_keeps_its_documents(system: Running, tus: Tus, work: dict[str, Any]) -> None:
    """The connection broke after the database had committed: the bytes stay where the rows say they are."""
    context = system.context
    said = {"delivery": work["delivery"], "outcome": "answered", "answer": {"conclusion": "egnet", "documents": [document(tus.upload(NOTE), NOTE)]}}

    def take_and_break_off() -> None:
        with answers.prepared(context, "dmp", said, "nb") as prepared:
            with context.database.write() as tx:
                receipts.take(tx, "dmp", said, by="DMP", actors=context.actors, documents=prepared)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        take_and_break_off()
    answer = next(each for each in view(system, work)["documents"] if each["role"] == "answer")
    assert ask(system, "dmp", "GET", f"/submissions/{work['submission']['id']}/documents/{answer['id']}").content == NOTE
