"""What an agency's own user may do on the broker: read its work, write receipts, nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from services.routing.broker import definitions
from tests.broker_server import OPERATOR, Broker

AGENCY = "dmp"
FORBIDDEN: dict[str, Callable[[BlockingChannel], object]] = {
    "publish work": lambda channel: channel.basic_publish("mottak.work", "mottak.work", b"{}"),
    "publish to a queue directly": lambda channel: channel.basic_publish("", "mottak.work", b"{}"),
    "publish to our inbox directly": lambda channel: channel.basic_publish("", "mottak.inbox", b"{}"),
    "publish a dead letter": lambda channel: channel.basic_publish("mottak.dead", "", b"{}"),
    "publish to amq.topic": lambda channel: channel.basic_publish("amq.topic", "x", b"{}"),
    "read dead letters": lambda channel: channel.basic_get("mottak.dead"),
    "read receipts": lambda channel: channel.basic_get("mottak.inbox"),
    "consume receipts": lambda channel: channel.basic_consume("mottak.inbox", lambda *_: None),
    "purge receipts": lambda channel: channel.queue_purge("mottak.inbox"),
    "declare a queue": lambda channel: channel.queue_declare("mine"),
    "declare an unnamed queue": lambda channel: channel.queue_declare("", exclusive=True),
    "declare its queue anew": lambda channel: channel.queue_declare("mottak.work", durable=True, arguments=definitions.QUEUES["mottak.work"]),
    "declare an exchange": lambda channel: channel.exchange_declare("mine"),
    "delete its queue": lambda channel: channel.queue_delete("mottak.work"),
    "delete our inbox": lambda channel: channel.queue_delete("mottak.inbox"),
    "delete the work exchange": lambda channel: channel.exchange_delete("mottak.work"),
    "delete the receipts exchange": lambda channel: channel.exchange_delete("mottak.receipts"),
    "bind its queue": lambda channel: channel.queue_bind("mottak.work", "mottak.receipts"),
    "bind our inbox": lambda channel: channel.queue_bind("mottak.inbox", "mottak.work", "mottak.work"),
    "unbind its queue": lambda channel: channel.queue_unbind("mottak.work", "mottak.work", "mottak.work"),
    "unbind our inbox": lambda channel: channel.queue_unbind("mottak.inbox", "mottak.receipts"),
    "bind an exchange to receipts": lambda channel: channel.exchange_bind("mottak.dead", "mottak.receipts"),
    "bind an exchange to work": lambda channel: channel.exchange_bind("amq.topic", "mottak.work", "mottak.work"),
}


@pytest.mark.parametrize("action", FORBIDDEN)
def test_an_agency_may_not(broker_server: Broker, action: str) -> None:
    with broker_server.channel(AGENCY) as channel:
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refusal:
            FORBIDDEN[action](channel)
    assert refusal.value.reply_code == 403


@pytest.mark.parametrize("vhost", ["agency-fhi", "agency-sykehusinnkjop", "/"])
def test_an_agency_cannot_enter_another_virtual_host(broker_server: Broker, vhost: str) -> None:
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(broker_server.agency_url(AGENCY, vhost=vhost.replace("/", "%2F"))))


def test_nobody_enters_with_a_wrong_password_or_as_guest(broker_server: Broker) -> None:
    for user, password in (("agency-dmp", "wrong"), ("guest", "guest")):
        url = definitions.broker_url("127.0.0.1", broker_server.server.port, password, user=user, vhost="agency-dmp")
        with pytest.raises(pika.exceptions.ProbableAuthenticationError):
            pika.BlockingConnection(pika.URLParameters(url))


def test_an_agency_reads_its_work_and_writes_receipts(broker: Broker) -> None:
    with broker.channel(AGENCY, user=definitions.OUR_USER) as ours:
        ours.confirm_delivery()
        ours.basic_publish("mottak.work", "mottak.work", b"work", pika.BasicProperties(delivery_mode=2), mandatory=True)
    with broker.channel(AGENCY) as channel:
        method, _, body = channel.basic_get("mottak.work")
        assert body == b"work"
        channel.basic_ack(method.delivery_tag)
        channel.confirm_delivery()
        channel.basic_publish("mottak.receipts", "whatever", b"receipt", mandatory=True)
    assert [body for _, body in broker.taken(AGENCY, "mottak.inbox")] == [b"receipt"]


def test_work_that_a_consumer_gives_back_too_often_or_rejects_ends_in_the_dead_letters_with_the_cause(broker: Broker) -> None:
    with broker.channel(AGENCY, user=OPERATOR) as ours:
        ours.confirm_delivery()
        for body in (b"poison", b"rejected"):
            ours.basic_publish("mottak.work", "mottak.work", body, pika.BasicProperties(delivery_mode=2), mandatory=True)
    with broker.channel(AGENCY) as channel:
        given = 0
        for method, _, body in channel.consume("mottak.work", inactivity_timeout=2):
            if method is None:
                break
            given += body == b"poison"
            channel.basic_nack(method.delivery_tag, requeue=body == b"poison")
    assert given == definitions.DELIVERY_LIMIT + 1
    dead = {body: properties.headers["x-first-death-reason"] for properties, body in broker.taken(AGENCY, "mottak.dead")}
    assert dead == {b"poison": "delivery_limit", b"rejected": "rejected"}


def test_our_own_user_declares_and_deletes_nothing(broker_server: Broker) -> None:
    for action in (
        lambda channel: channel.queue_delete("mottak.work"),
        lambda channel: channel.queue_declare("more"),
        lambda channel: channel.basic_get("mottak.work"),
    ):
        with broker_server.channel(AGENCY, user=definitions.OUR_USER) as channel, pytest.raises(pika.exceptions.ChannelClosedByBroker):
            action(channel)
