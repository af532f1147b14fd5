"""An agency with an AMQP client of its own: pika and what stands in brokers.json, and nothing of ours."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pika
import pytest
import requests
from jsonschema import Draft202012Validator
from pika.adapters.blocking_connection import BlockingChannel

from tests.broker_server import until
from tests.end_to_end.agency import delivery_of, send, settled
from tests.end_to_end.material import good_docx, good_json
from tests.end_to_end.system import System, attachment_part

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas" / "messages"
RECEIPT = "no.nyemetoder.mottak.receipt.v1"
SECONDS = 20.0  # "within seconds", on a machine that has other things to do

pytestmark = [pytest.mark.timeout(300), pytest.mark.parametrize("ends", ["real"], indirect=True, scope="session")]


@pytest.fixture
def places(system: System) -> dict[str, dict[str, str]]:
    """Where each agency finds its queue."""
    told: dict[str, dict[str, str]] = json.loads((system.data / "brokers.json").read_text(encoding="utf-8"))
    return told


@contextmanager
def connected(url: str) -> Iterator[BlockingChannel]:
    with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        yield connection.channel()


def message_about(channel: BlockingChannel, place: dict[str, str], submission: str) -> tuple[pika.BasicProperties, bytes]:
    """Take messages until the one about this submission comes."""
    for method, properties, body in channel.consume(place["queue"], inactivity_timeout=SECONDS):
        assert method is not None, "it does not come"
        channel.basic_ack(method.delivery_tag)
        if json.loads(body)["data"].get("submission", {}).get("id") == submission:
            channel.cancel()
            return properties, body
    raise AssertionError


def fetch(system: System, actor: str, address: str) -> requests.Response:
    return requests.get(address, headers={"Authorization": f"Bearer {system.token(actor)}"}, timeout=60)


def test_work_is_a_valid_cloud_event_whose_documents_can_be_fetched_the_moment_it_comes(system: System, places: dict[str, dict[str, str]]) -> None:
    schema = json.loads((SCHEMAS / "work.schema.json").read_text(encoding="utf-8"))
    with connected(places["dmp"]["url"]) as channel:
        sent = send(system, good_docx(), attachment_part(b"et vedlegg", "a.txt"), name="skjema.docx")
        properties, body = message_about(channel, places["dmp"], sent["id"])
        work = json.loads(body)
        files = [(document, fetch(system, "dmp", document["href"])) for document in work["data"]["documents"]]
    faults = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(work)
    assert [fault.message for fault in faults] == []
    assert (properties.content_type, properties.delivery_mode) == ("application/cloudevents+json", 2)
    assert properties.message_id == work["id"] == work["data"]["delivery"]
    assert (work["specversion"], work["subject"]) == ("1.0", sent["reference"])
    assert {document["name"] for document, _ in files} >= {"skjema.docx", "a.txt"}
    for document, answer in files:
        assert (answer.status_code, hashlib.sha256(answer.content).hexdigest()) == (200, document["sha256"])
        assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_the_documents_of_its_work_are_for_nobody_else(system: System, places: dict[str, dict[str, str]]) -> None:
    sent = send(system, good_json())
    with connected(places["dmp"]["url"]) as channel:
        _, body = message_about(channel, places["dmp"], sent["id"])
    href = json.loads(body)["data"]["documents"][0]["href"]
    assert [fetch(system, actor, href).status_code for actor in ("fhi", "forslagsstiller")] == [404, 404]
    assert requests.get(href, timeout=60).status_code == 401


def structured(delivery: str, **attributes: Any) -> tuple[pika.BasicProperties, bytes]:
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/fagsystem", "type": RECEIPT, **attributes}
    event["data"] = {"delivery": delivery, "outcome": "confirmed"}
    return pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2), json.dumps(event).encode()


RECEIPTS: dict[str, Callable[[str], tuple[pika.BasicProperties, bytes]]] = {
    "only what CloudEvents asks for": structured,
    "unset attributes as null": lambda delivery: structured(delivery, subject=None, time=None, datacontenttype=None, traceparent=None),
    "a content type with its character set": lambda delivery: structured(delivery, datacontenttype="application/json; charset=utf-8"),
    "attributes of others": lambda delivery: structured(delivery, time="2026-11-22T11:00:00+01:00", tracestate="a=b", fagsystem="p360"),
    "no properties at all": lambda delivery: (pika.BasicProperties(), structured(delivery)[1]),
}


@pytest.mark.parametrize("name", RECEIPTS)
def test_its_receipt_shows_on_the_submission_within_seconds(name: str, system: System, places: dict[str, dict[str, str]]) -> None:
    view = settled(system, good_json())
    delivery = delivery_of(view, "dmp")["delivery"]
    properties, body = RECEIPTS[name](delivery)
    with connected(places["dmp"]["url"]) as channel:
        channel.confirm_delivery()
        channel.basic_publish(places["dmp"]["receipts"], "hva-som-helst", body, properties, mandatory=True)
    vendor = system.client("leverandor")
    until(lambda: delivery_of(vendor.get(view["links"]["self"]), "dmp")["state"] == "confirmed", "the vendor sees it", seconds=SECONDS)
    until(lambda: vendor.get(view["links"]["self"])["status"] == "confirmed", "its primary has confirmed", seconds=SECONDS)


FORBIDDEN: dict[str, Callable[[BlockingChannel], object]] = {
    "publish work": lambda channel: channel.basic_publish("mottak.work", "mottak.work", b"{}"),
    "publish to a queue": lambda channel: channel.basic_publish("", "mottak.work", b"{}"),
    "declare a queue": lambda channel: channel.queue_declare("min"),
    "declare an exchange": lambda channel: channel.exchange_declare("min"),
    "delete its queue": lambda channel: channel.queue_delete("mottak.work"),
    "delete the exchange": lambda channel: channel.exchange_delete("mottak.receipts"),
    "read the dead letters": lambda channel: channel.basic_get("mottak.dead"),
    "bind more to its queue": lambda channel: channel.queue_bind("mottak.work", "mottak.dead"),
}


def test_it_reaches_nothing_else(system: System, places: dict[str, dict[str, str]]) -> None:
    place = places["dmp"]
    for what, action in FORBIDDEN.items():
        with connected(place["url"]) as channel:
            channel.confirm_delivery()
            with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refusal:
                action(channel)
        assert refusal.value.reply_code == 403, what
    # Whoever is not let in to a virtual host sees no depth of a queue in it.
    for vhost in ("agency-fhi", "agency-sykehusinnkjop", "mottak", "%2F"):
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            pika.BlockingConnection(pika.URLParameters(place["url"].rpartition("/")[0] + f"/{vhost}"))
    assert fetch(system, "dmp", f"{system.url}/api/v1/queues/fhi").status_code == 404
