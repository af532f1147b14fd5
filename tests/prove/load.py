"""Senders and an agency that go on while the process is killed under them, and remember what they were told."""

from __future__ import annotations

import hashlib
import random
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests
from urllib3.exceptions import NewConnectionError

from samples.content.people import identity_number
from services.shared import timestamps
from tests.end_to_end.material import good_docx, good_json
from tests.end_to_end.system import Part, System, attachment_part, form_part

ENDED = "routed"
PAUSE_SECONDS = 0.8
LETTERS = bytes(ord("a") + number % 26 for number in range(256))


@dataclass
class Sent:
    """One submission as its sender knows it. ``answer`` is what a 202 said, ``refusal`` a problem's code; neither while the answer was cut off.

    ``on_behalf_of``: the organisation that the secretariat sends it for, or None when the supplier sends it.
    """

    key: str
    parts: list[Part]
    ends: str
    answer: dict[str, object] | None = None
    refusal: str | None = None
    cut_off: int = 0
    last_tried: str = ""
    on_behalf_of: str | None = None

    @property
    def digests(self) -> list[str]:
        """SHA-256 of the files, sorted."""
        return sorted(hashlib.sha256(part[1][1]).hexdigest() for part in self.parts)


@dataclass
class Memory:
    """Everything that was sent, in all threads."""

    sent: list[Sent] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    resting: threading.Event = field(default_factory=threading.Event)


def make(chance: random.Random) -> Sent:
    """One submission of its own: mostly good, now and then one that must be refused, corrected or quarantined."""
    key = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    kind = chance.choices(("json", "docx", "refused", "wrong", "identity"), (55, 20, 10, 10, 5))[0]
    attachments = [_attachment(chance, number) for number in range(chance.randint(0, 3))]
    if kind == "docx":
        return Sent(key, [form_part(good_docx(key), "skjema.docx"), *attachments], ENDED)
    form = form_part(good_json(key))
    if kind == "refused":
        return Sent(key, [form, *attachments, attachment_part(b"MZ" + chance.randbytes(50_000), "oppsett.exe")], "refused")
    if kind == "wrong":
        return Sent(key, [form_part(good_json(key, supplier_orgnr="310000018")), *attachments], "needs_correction")
    if kind == "identity":
        return Sent(key, [form, *attachments, attachment_part(f"Pasient {identity_number()}".encode(), "notat.txt")], "quarantined")
    return Sent(key, [form, *attachments], ENDED)


def _attachment(chance: random.Random, number: int) -> Part:
    # Letters only: among so many random digits some would pass for a national identity number.
    data = chance.randbytes(chance.choice((100, 5_000, 60_000, 400_000))).translate(LETTERS)
    return attachment_part(data, f"vedlegg {number} æøå.txt")


class Sender(threading.Thread):
    """Sends one submission after the other. Sends some of those whose answer was cut off again at once, leaves others for the end."""

    def __init__(self, system: System, memory: Memory, seed: str, *, on_behalf_of: str | None = None) -> None:
        super().__init__(name=f"sender-{seed}", daemon=True)
        self._system, self._memory, self._chance = system, memory, random.Random(seed)
        self._on_behalf_of = on_behalf_of

    def run(self) -> None:
        while not self._memory.stopping.is_set():
            submission = make(self._chance)
            submission.on_behalf_of = self._on_behalf_of
            self._memory.sent.append(submission)
            again = self._chance.random() < 0.7
            while not send(self._system, self._memory, submission) and again and not self._memory.stopping.is_set():
                time.sleep(0.2)
            time.sleep(self._chance.uniform(0, PAUSE_SECONDS))


def send(system: System, memory: Memory, submission: Sent) -> bool:
    """Send once; False when there was no answer. What the answer was is remembered; one that contradicts an earlier one is a fault."""
    submission.last_tried = timestamps.now()
    fields, actor = {"note": submission.key}, "leverandor"
    if submission.on_behalf_of is not None:
        fields, actor = {**fields, "on_behalf_of": submission.on_behalf_of}, "sekretariat"
    try:
        response = system.post(actor, submission.parts, fields=fields, Idempotency_Key=f'"{submission.key}"')
    except requests.RequestException as fault:
        submission.cut_off += not _never_arrived(fault)
        return False
    if response.status_code == 202:
        if submission.answer not in (None, response.json()):
            memory.faults.append(f"{submission.key}: another answer to the same: {submission.answer} {response.text}")
        submission.answer = response.json()
    elif response.status_code in (415, 422):
        submission.refusal = response.json()["code"]
    else:
        memory.faults.append(f"{submission.key}: {response.status_code} {response.text[:300]}")
    return True


def _never_arrived(fault: requests.RequestException) -> bool:
    """Whether nobody listened, so that nothing was sent."""
    return isinstance(getattr(fault.args[0] if fault.args else None, "reason", None), NewConnectionError)


class Agency(threading.Thread):
    """Takes DMP's work and confirms it, some of it twice."""

    def __init__(self, system: System, memory: Memory, seed: str) -> None:
        super().__init__(name="agency", daemon=True)
        self._system, self._memory, self._chance = system, memory, random.Random(seed)
        self.confirmed: set[str] = set()

    def run(self) -> None:
        while not self._memory.stopping.is_set():
            if not self.work():
                time.sleep(0.3)

    def work(self) -> bool:
        """Take some work and confirm it; False when there was none or no answer."""
        try:
            taken = self._post("/api/v1/queues/dmp/leases", {"max": 5, "seconds": 30})
            for item in taken["items"]:
                answer = self._post(f"/api/v1/leases/{item['lease']}/confirm", {})
                if self._chance.random() < 0.3 and self._post(f"/api/v1/leases/{item['lease']}/confirm", {}) != answer:
                    self._memory.faults.append(f"{item['lease']}: confirmed again, another answer")
                self.confirmed.add(item["data"]["delivery"])
            return bool(taken["items"])
        except requests.RequestException:
            return False

    def _post(self, path: str, body: dict[str, object]) -> dict[str, list[dict[str, dict[str, str]]]]:
        headers = {"Authorization": f"Bearer {self._system.token('dmp')}"}
        response = requests.post(self._system.url + path, json=body, headers=headers, timeout=(5, 60))
        if response.status_code != 200:
            self._memory.faults.append(f"{path}: {response.status_code} {response.text[:300]}")
            raise requests.RequestException(path)
        answer: dict[str, list[dict[str, dict[str, str]]]] = response.json()
        return answer
